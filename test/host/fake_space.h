/* What the files of the fake machine share: its spaces. */
#pragma once
#include "fake.h"

enum { FAKE_SPACES = 64, SPACE_COST = 2 };
enum fake_thread_state { THREAD_NONE, THREAD_STOPPED, THREAD_RUNS };

struct fake_thread {
    enum fake_thread_state state;
    uint64_t token; /* of the call or fault that it waits in; 0: none */
    uint64_t life;  /* another number when it is made and when it gets other registers */
    uint64_t reply[6];
    struct port_registers registers;
};

struct fake_leaf {
    uint32_t n, nstorable;           /* entries; those of private pages that allow stores */
    uint64_t valid[LEAF_PAGES / 64]; /* a bit an entry, to find the next one fast */
    uint64_t entry[LEAF_PAGES];      /* frame << 3 | rights */
    bool is_private[LEAF_PAGES];
};

struct fake_space {
    const struct process *owner; /* NULL: free */
    struct fake_leaf *leaf[LEAVES];
    uint64_t has_leaf[LEAVES / 64];
    struct fake_thread thread[THREADS_MAX];
    uint64_t badge[SERVER_FIRST + SERVERS]; /* of the capabilities of servers */
    bool writes;                            /* may write to the console */
    uint64_t time;                          /* that it ran */
};

extern struct fake_space fake_space[FAKE_SPACES];
/* Of each frame: entries, and those of private pages that allow stores. */
extern uint32_t fake_nmapped[FAKE_NPAGES_MAX], fake_nstorable[FAKE_NPAGES_MAX];

struct fake_space *fake_space_of(const struct process *process);
static inline void fake_mark(uint64_t *bits, uint64_t at, bool on)
{
    bits[at / 64] = (bits[at / 64] & ~(1ul << at % 64)) | (uint64_t)on << at % 64;
}
/* The first bit that is set, from `at` on; `limit`: none. */
static inline uint64_t fake_next_bit(const uint64_t *bits, uint64_t at, uint64_t limit)
{
    while (at < limit) {
        uint64_t word = bits[at / 64] >> at % 64;
        if (word != 0)
            return at + (uint64_t)__builtin_ctzl(word);
        at = (at / 64 + 1) * 64;
    }
    return limit;
}
uint64_t fake_find(const struct fake_space *space, uint64_t va); /* 0: none */
void fake_install(struct fake_space *space, uint64_t va, pfn_t frame, unsigned rights);
void fake_unmap(struct fake_space *space, uint64_t va, uint64_t npages);

/* Faults that are being served: until its answer a process's only thread can't use the old entry of
 * that page, which may so point at a frame that is free already. */
enum { FAKE_PENDING_MAX = 4 };
struct fake_pending {
    const struct fake_space *space; /* NULL: free */
    uint64_t va;
};
extern struct fake_pending fake_pending[FAKE_PENDING_MAX];
uint32_t fake_nharmless(pfn_t frame);

/* Should this call fail, which takes so much of the pool? */
bool fake_fails(uint64_t pool);
void fake_boot_lock(bool on);
