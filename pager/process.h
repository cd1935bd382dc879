/* Processes: what the pager keeps about each, and the tables to find them by.
 *
 * A process is one frame. It lives from fork to the parent's wait; its space, map and threads end
 * at its death. All under the core's lock.
 *
 * Whoever asks is known by its badge, which the kernel hands over with each message and nobody can
 * forge. It is made of the number, which is not used again while a message could still be on its
 * way, and not of the address: between the kernel's delivery and the core's lock the process may
 * die, and its frame be something else. */
#pragma once
#include "map.h"
#include "policy.h"
#include "protocol.h"
#include "region.h"

enum { THREADS_MAX = 8, PID_BUCKETS = 256, FAMILIES_MAX = 64 };

/* An embryo is a fork's child, or undone: nobody finds it, and it has not run. */
enum process_state { PROCESS_EMBRYO, PROCESS_ALIVE, PROCESS_ZOMBIE };

/* A process that was put under a policy, and its descendants. */
struct family {
    const struct policy *policy;
    uint32_t nmembers;                       /* 0: free */
    uint64_t state[POLICY_STATE_NBYTES / 8]; /* the policy's */
};

struct waiter { /* a thread of this process waits for a child; token 0: none */
    uint64_t token;
    int64_t pid;
};

struct sleeper { /* a thread of this process waits at a word of its memory; token 0: none */
    uint64_t token, address;
};

struct faulted { /* a thread of this process waits for its handler; token 0: none */
    uint64_t token, address, cause, pc;
};

struct process;
struct task;

/* A part of a task. TASK_LATER: there is more; else the first word of the answer, or TASK_SILENT
 * (task.h). */
typedef err_t task_step_t(struct process *process, struct task *task);

/* A request that is done in pieces, and what its steps remember. */
struct task {
    task_step_t *step; /* NULL: there is none */
    task_step_t *undo; /* when the process ends before it; NULL: nothing is left behind */
    uint64_t owner;    /* a token of the thread that asked */
    uint64_t asked[6]; /* the words of its request, */
    uint64_t word[6];  /* and of the answer: the same where a step puts nothing else */
    bool over;         /* only the answer is still to be given */
    union {
        struct task_range {
            uint64_t start, at, end; /* pages: all; from where on they are not done yet */
            err_t result;            /* if all goes well */
        } range;
        struct task_fork {
            struct process *child;
            uint64_t at;     /* below, all was looked at */
            uint32_t region; /* the number of the region where that is */
            uint32_t nleft;  /* leaves that were not looked at */
            uint64_t nspare; /* frames that are kept for the rest */
            pfn_t spare;     /* the first of them: its first word is the next one's number */
            err_t error;
            bool by_leaves; /* whole leaves are shared */
        } fork;
        pfn_t exec; /* the frame with what it remembers (exec.c) */
        struct task_pages {
            uint64_t at, count[4];
            uint32_t pid;
        } pages;
        struct task_kill {
            uint64_t at;     /* badge of the last process that was looked at */
            uint64_t last;   /* number of the last one that was doomed */
            uint32_t doom;   /* this request's */
            uint32_t number; /* to end them with */
        } kill;
    };
};

struct process {
    uint64_t badge; /* even */
    struct process *bucket_next, **bucket_link;
    uint32_t pid;
    uint8_t state;
    union {
        struct {
            bool pinned;   /* fully populated with pages of its own: never short of memory; can't be
                              killed */
            bool dying;    /* to be torn down when `busy` is 0 */
            bool threaded; /* has had a second thread since exec (one that ended may still be
                            * served), or others speak for it */
            bool uncached; /* the kernel holds no entries of it */
            bool asks;     /* its policy has something to say at a fault */
            bool shares_leaves; /* its map may share leaves with others' */
            bool held;          /* dying, or its task is not over (held.h) */
        };
        uint64_t unusual; /* any of these: one look for the faults that are not */
    };
    struct process_counts { /* faults, by what came of them */
        uint64_t upgrades, copies, zeros, maps;
        uint64_t ahead; /* no faults: pages copied in a neighbour's */
    } counts;
    struct map map;
    uint32_t busy;    /* requests of it that run outside the lock */
    uint32_t threads; /* bit mask of its threads */
    uint32_t handle;  /* the port's own numbers: for its space (0: none), for its threads */
    uint32_t thread_handle[THREADS_MAX];
    uint32_t endpoint_handle; /* for what it serves its children at; 0: nothing */
    uint32_t status;          /* zombie: what it exited with */
    uint32_t cause;           /* zombie: enum death_cause */
    uint64_t heap_break;      /* bytes; its region ends on the page boundary above */
    struct family *family;
    const struct policy *policy; /* the family's */
    uint64_t released;           /* below, its pages are gone already; 0 but at its end */
    uint64_t next_own_drop; /* before that fault its own tables are not dropped again for room */
    struct process *parent, *children, *sibling, **sibling_link;
    struct process *next, *previous; /* ring of all processes */
    uint64_t time;                   /* how long it ran in spaces that it left (port_time) */
    uint64_t children_time;          /* of those that it waited for, and that they waited for */
    uint8_t priority;
    uint8_t connected; /* bits: has the capability of that server */
    union {
        struct {
            uint8_t server; /* slot that its clients have it in; 0: no server */
            bool borrows;   /* it is another pager, which holds memory of its own (lend.h) */
        };
        uint16_t apart; /* either of these: no program like others */
    };
    uint16_t place[SERVERS];       /* in that server's table, from SERVER_FIRST on; 0: none */
    uint64_t transfer[SERVERS];    /* address of the page shared with it; 0: none */
    uint64_t land_start, land_end; /* code whose invalid accesses resume at land_target */
    uint64_t land_target;
    uint64_t handler;   /* last request of its handler thread; 0: none */
    bool handler_waits; /* that is not answered yet */
    union {
        char name[NAME_NBYTES]; /* not ended by NUL if it is full */
        uint64_t name_words[NAME_NBYTES / 8];
    };
    struct regions regions;
    struct task task;
    struct process *doomed_next; /* queue of those that are killed (death.c) */
    uint64_t doomed;             /* their number there; 0: not there */
    uint32_t doom;               /* the request that it was looked at for */
    struct waiter waiter[THREADS_MAX];
    struct sleeper sleeper[THREADS_MAX]; /* who came first stands first */
    struct faulted faulted[THREADS_MAX]; /* [0] is being handled if there is a handler */
};

_Static_assert(sizeof(struct process) <= PAGE_SIZE, "a process is one frame");

/* The first process, parent of orphans; NULL before it is made. */
extern struct process *process_init;

extern struct process *process_bucket[PID_BUCKETS]; /* by number; each begins a list */

static inline uint64_t process_badge(uint32_t pid)
{
    return (uint64_t)pid << 1;
}

/* Another badge for the same process: the number, and above it how often this was asked. */
static inline uint64_t process_next_badge(const struct process *process)
{
    return process->badge + (1ul << 33);
}

/* Whom the badge belongs to, alive or zombie; NULL: to nobody any more. */
static inline struct process *process_of(uint64_t badge)
{
    struct process *process = process_bucket[badge >> 1 & (PID_BUCKETS - 1)];
    while (process != NULL && process->badge != badge)
        process = process->bucket_next;
    return process;
}

/* An embryo, child of `parent` (NULL: init, the first, or a server), without map, regions or space.
 * NULL: no frame. */
struct process *process_make(struct process *parent);

/* No thread of it waits for a child or for its handler. */
void process_forget_tokens(struct process *process);

/* Unlinks it and frees its frame; it has neither map nor children. */
void process_free(struct process *process);

/* The child becomes init's. */
void process_adopt(struct process *child);

struct process *process_find(int64_t pid); /* alive or zombie; NULL: none */

/* Nobody else has it, and it has not run. */
static inline bool process_is_embryo(const struct process *process)
{
    return process->state == PROCESS_EMBRYO;
}

/* Founds a family under that policy with this process. False: there are too many; then nothing
 * changed. */
bool process_set_policy(struct process *process, const struct policy *policy);

/* Pages in the maps of its family, shared ones counted for each. */
uint64_t process_family_npages(const struct process *process);

/* Faults of one process; of all since the start. */
static inline uint64_t process_nfaults(const struct process *process)
{
    const struct process_counts *counts = &process->counts;
    return counts->upgrades + counts->copies + counts->zeros + counts->maps;
}
struct process_counts process_counts_total(void);

static inline bool process_is_threaded(const struct process *process)
{
    return process->threaded;
}
