/* Processes: what the pager keeps about each, and the tables to find them by.
 *
 * A process is one frame. It lives from fork to the parent's wait; its space, map and threads end
 * at its death. All under the core's lock.
 *
 * Whoever asks is known by its badge, which the kernel hands over with each message and nobody can
 * forge. It is made of the number, which is not used again while a message could still be on its
 * way, and not of the address: between the kernel's delivery and the core's lock the process may
 * die, and its frame be something else. */
#ifndef PAGER_PROCESS_H
#define PAGER_PROCESS_H
#include "map.h"
#include "policy.h"
#include "protocol.h"
#include "region.h"

enum { THREADS_MAX = 8, PID_BUCKETS = 512 };

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE };

struct waiter { /* a thread of this process waits for a child; token 0: none */
    uint64_t token;
    int64_t pid;
};

struct process {
    uint64_t badge; /* even */
    struct process *bucket_next, **bucket_link;
    uint32_t pid;
    uint8_t state;
    bool pinned; /* fully populated with pages of its own: never short of memory; can't be killed */
    bool dying;  /* to be torn down when `busy` is 0 */
    bool threaded;    /* has had a second thread since exec: one that ended may still be served */
    bool cached;      /* the kernel may hold entries of it */
    uint32_t busy;    /* requests of it that run outside the lock */
    uint32_t threads; /* bit mask of its threads */
    uint32_t handle;  /* the port's own numbers: for its space (0: none), for its threads */
    uint32_t thread_handle[THREADS_MAX];
    uint32_t status;     /* zombie: what it exited with */
    uint32_t cause;      /* zombie: enum death_cause */
    uint64_t heap_break; /* bytes; its region ends on the page boundary above */
    struct map map;
    const struct policy *policy;
    uint64_t nfaults;
    uint64_t next_own_drop; /* before that fault its own tables are not dropped again for room */
    struct process *parent, *children, *sibling, **sibling_link;
    struct process *next, *previous; /* ring of all processes */
    struct waiter waiter[THREADS_MAX];
    struct regions regions;
};

_Static_assert(sizeof(struct process) <= PAGE_SIZE, "a process is one frame");

/* The first process, parent of orphans; NULL before it is made. */
extern struct process *process_init;

extern struct process *process_bucket[PID_BUCKETS]; /* by number; each begins a list */

static inline uint64_t process_badge(uint32_t pid)
{
    return (uint64_t)pid << 1;
}

/* Whom the badge belongs to, alive or zombie; NULL: to nobody any more. */
static inline struct process *process_of(uint64_t badge)
{
    struct process *process = process_bucket[badge >> 1 & (PID_BUCKETS - 1)];
    while (process != NULL && process->badge != badge)
        process = process->bucket_next;
    return process;
}

/* A child of `parent` (NULL: the first), without map, regions or space. NULL: no frame. */
struct process *process_make(struct process *parent);

/* Unlinks it and frees its frame; it has neither map nor children. */
void process_free(struct process *process);

/* The child becomes init's. */
void process_adopt(struct process *child);

struct process *process_find(int64_t pid); /* alive or zombie; NULL: none */

static inline bool process_is_threaded(const struct process *process)
{
    return process->threaded;
}
#endif
