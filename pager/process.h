/* Processes: what the pager keeps about each, and the tables to find them by.
 *
 * A process is one frame, aligned, so that its address is an even badge (the kernel hands it back
 * with each message, and nobody can forge it). It lives from fork to the parent's wait; its space,
 * map and threads end at its death. All under the core's lock. */
#ifndef PAGER_PROCESS_H
#define PAGER_PROCESS_H
#include "map.h"
#include "policy.h"
#include "protocol.h"
#include "region.h"

enum { THREADS_MAX = 8, PID_BUCKETS = 256 };

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE };

struct waiter { /* a thread of this process waits for a child; token 0: none */
    uint64_t token;
    int64_t pid;
};

struct process {
    uint32_t pid;
    uint8_t state;
    bool pinned; /* fully populated with pages of its own: never short of memory; can't be killed */
    bool dying;  /* to be torn down when `busy` is 0 */
    bool threaded;    /* has had a second thread since exec: one that ended may still be served */
    bool cached;      /* the kernel may hold entries of it */
    uint32_t busy;    /* requests of it that run outside the lock */
    uint32_t threads; /* bit mask of its threads */
    uint32_t handle;  /* the port's own number for it */
    uint32_t status;  /* zombie: what it exited with */
    uint32_t cause;   /* zombie: enum death_cause */
    uint64_t heap_break; /* bytes; its region ends on the page boundary above */
    struct map map;
    const struct policy *policy;
    uint64_t nfaults;
    uint64_t next_own_drop; /* before that fault its own tables are not dropped again for room */
    struct process *parent, *children, *sibling, **sibling_link;
    struct process *next, *previous; /* ring of all processes */
    struct process *bucket_next, **bucket_link;
    struct waiter waiter[THREADS_MAX];
    struct regions regions;
};

_Static_assert(sizeof(struct process) <= PAGE_SIZE, "a process is one frame");

/* The first process, parent of orphans; NULL before it is made. */
extern struct process *process_init;

/* A child of `parent` (NULL: the first), without map, regions or space. NULL: no frame. */
struct process *process_make(struct process *parent);

/* Unlinks it and frees its frame; it has neither map nor children. */
void process_free(struct process *process);

/* The child becomes init's. */
void process_adopt(struct process *child);

struct process *process_find(int64_t pid); /* alive or zombie; NULL: none */

/* Is a pointer that was kept across an unlock still a process that lives? */
bool process_is_alive(const struct process *process);

static inline bool process_is_threaded(const struct process *process)
{
    return process->threaded;
}
#endif
