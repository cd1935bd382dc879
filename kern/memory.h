/* Memory objects: which frames a pager may name. Kernel memory is part of none.
 *
 * A grant splits the tail off one, for another space to hold. The giver loses it first: its window
 * shrinks, and entries that it made for others in that tail are dropped (they are a cache). */
#pragma once
#include "../libsys/freestanding/ranges.h"
#include "space.h"

struct memory {
    struct object object;
    pfn_t first;
    uint64_t npages;
    bool device;           /* no window, no grant; never the kernel's own devices */
    bool returned;         /* its holder is dead, it waits to be joined to `parent` */
    struct space *holder;  /* where its window is */
    struct memory *parent; /* what it was split off, or NULL */
    struct memory *lent;   /* what was split off it, lowest address first */
    struct memory *lent_next;
    uint64_t sweep_index; /* a grant under way: next space and address to look at */
    uint64_t sweep_va;
    struct memory *granting; /* the tail of a grant under way, or NULL */
};

_Static_assert(sizeof(struct memory) <= 128, "slab");

/* Right of a capability to memory that is not a device's, so that fast_reply.c need not ask. */
enum { MEMORY_PLAIN = CAP_CALL };

/* Registers that no memory of a device may cover from now on. */
void memory_keep(const struct ranges *registers);

/* Gives the memory another run of frames, apart from its own: so much of the machine's memory as
 * does not lie in one piece. Once, at boot, and for one memory alone. The run is not granted, and
 * an entry for one of its frames takes the slow path. False: pool used up. */
bool memory_add(struct memory *memory, const struct frame_run *run);

/* A memory with its window in `holder` (none for devices); NULL: pool used up. */
struct memory *memory_make(struct space *holder, pfn_t first, uint64_t npages, bool device);

static inline bool memory_covers(const struct memory *memory, pfn_t first, uint64_t npages)
{
    return first >= memory->first && npages <= memory->npages &&
           first - memory->first <= memory->npages - npages;
}

/* May its holder map these frames? */
bool memory_holds(const struct memory *memory, pfn_t first, uint64_t npages);

/* Gives the last npages (a multiple of LEAF_PAGES, less than all) to `receiver`, whose slot is
 * free. ERR_AGAIN: more to do, repeat; ERR_LENGTH, ERR_STATE (devices; another grant is under way),
 * ERR_POOL. The first step takes the frames from the giver, the last gives them. */
err_t memory_grant(struct memory *memory, uint64_t npages, struct space *receiver, uint64_t slot);

/* The holder is dead or gives it back: its frames return to what it was split off. */
void memory_return(struct memory *memory);
