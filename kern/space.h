/* Address spaces: tables, ASID, capability table; the other objects' shapes stand with their code.
 */
#pragma once
#include "pool.h"

struct endpoint;

/* Names an object from inside a space. Empty: type TYPE_NONE. 32 bytes: a slot's address is one
 * shift away. */
struct cap {
    struct object *object; /* NULL for TYPE_CONTROL */
    uint64_t badge;
    uint64_t key; /* the object's when the capability was made, not dying */
    union {
        struct {
            uint8_t type, rights;
        };
        uint16_t type_rights; /* as cap_type_rights puts them */
    };
};

static inline uint16_t cap_type_rights(unsigned type, unsigned rights)
{
    return (uint16_t)(type | rights << 8);
}

#define NO_SPAN (~0ul)
enum { RECENT_LEAVES = 2, CAPS_A_FRAME = PAGE_SIZE / sizeof(struct cap), LINE_MAX = 96 };

struct space {
    struct object object;
    uint64_t *root;
    uint64_t satp;  /* mode, ASID, root frame */
    uint64_t stale; /* harts that must fence this ASID and their fetch before they run it again */
    uint32_t asid, looked_at; /* at its end: each slot for spaces, then for all else, then each
                                 place of a thread that may wait for its answer */
    struct recent_leaf {
        uint64_t span; /* of 2 MiB whose leaf table was used last; NO_SPAN: none */
        uint64_t *leaf;
    } recent[RECENT_LEAVES]; /* by the span's low bits; for fast_reply.c */
    struct cap fault;        /* the endpoint for its faults, with a badge whose bit 0 is set */
    uint8_t line_nbytes;
    bool serves;      /* has received a message: threads may wait for its answer */
    bool owns;        /* has made an object */
    bool holds_power; /* has held the right to power off: the machine ends with it */
    uint32_t ngrants; /* grants under way of memory that it holds */
    uint64_t time;    /* of the slices that ended while a thread of it ran, in the time base */
    struct thread *threads;
    struct space *creator; /* whose word its entries are written on; NULL: the kernel's */
    struct cap caps[SLOTS_INLINE];
    struct cap **cap_frames; /* a pool frame of pointers to frames of slots, or NULL */
    char line[LINE_MAX];     /* console output that has no newline yet */
};

_Static_assert(sizeof(struct cap) == 32, "shift");
_Static_assert(sizeof(struct space) <= 512, "slab");

/* The kernel's own root. Every space shares its entries from kernel_first on; both stand before the
 * first space is made. */
extern uint64_t *kernel_root;
extern unsigned kernel_first;

void space_init_asids(void); /* once: how many ASID bits the hart has */

/* Some of its tables are about to be freed: none is remembered. */
void space_forget_leaves(struct space *space);

/* A space with nothing in its lower half, or NULL: pool used up. */
struct space *space_make(void);

/* Its faults go to the endpoint, and its slot 0 may call there, with that badge (even). */
void space_set_pager(struct space *space, struct endpoint *endpoint, uint64_t badge);

/* Frees tables piecewise; true while more is left; false: the space is gone. No thread may be left.
 */
bool space_free_piece(struct space *space);

struct cap cap_make(struct object *object, unsigned type, unsigned rights, uint64_t badge);

/* Does it name an object that is not gone (it may be dying)? Not for TYPE_NONE. */
bool cap_is_alive(const struct cap *cap);

/* The place of a slot, or NULL: beyond the table. With `make`, room is taken from the pool. */
struct cap *space_slot(struct space *space, uint64_t slot, bool make);

/* A free slot, to put something into. ERR_CAPABILITY: it is taken, or beyond the table; ERR_POOL.
 */
err_t space_free_slot(struct space *space, uint64_t slot, struct cap **cap);

/* What the slot names if it is alive, of that type and grants all those rights; else NULL. */
struct cap *space_cap(struct space *space, uint64_t slot, unsigned type, unsigned rights);
void *space_object(struct space *space, uint64_t slot, unsigned type, unsigned rights);

/* The slot of an object that dies with this space, spaces first, or NULL. The space is dying and
 * has no thread: nothing appears any more in slots that were looked at, so none is twice. */
struct cap *space_owned(struct space *space);
