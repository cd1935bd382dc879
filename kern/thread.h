/* Threads and harts: registers, states, who may run where. All fields: under the kernel lock,
 * but x[], which belongs to the hart that runs the thread. */
#pragma once
#include "lock.h"
#include "offsets.h"
#include "pool.h"
#include "riscv.h"

struct space;

enum { REG_SP = 2, REG_TP = 4, REG_T0 = 5, REG_A0 = 10, REG_BADGE = 16, REG_TOKEN, REG_T3 = 28 };

enum thread_state {
    THREAD_STOPPED,      /* no queue; token refused */
    THREAD_RUNNING,      /* on a hart, or its hart is in the kernel for it */
    THREAD_READY,        /* in a ready queue */
    THREAD_RECEIVING,    /* in an endpoint's queue of receivers */
    THREAD_CALL_QUEUED,  /* in an endpoint's queue of callers */
    THREAD_FAULT_QUEUED, /* the same with a fault: registers stay as they are */
    THREAD_CALL_SERVED,  /* received by `server`, waits for its answer */
    THREAD_FAULT_SERVED,
    THREAD_CALL_LATE, /* the same, and its slice is over: the fast path does not resume it */
    THREAD_FAULT_LATE,
};

/* A queue of threads. Empty: head is NULL, and tail is not looked at; nor is the first one's prev.
 */
struct queue {
    struct thread *head, *tail;
};

struct thread {
    struct object object;
    uint64_t x[32];    /* x[0]: the pc; at THREAD_PC */
    struct hart *hart; /* where it runs or last ran; at THREAD_HART */
    uint32_t priority; /* at THREAD_PRIORITY */
    uint32_t state;
    struct space *space;
    struct thread *space_next; /* the space's list */
    struct thread *next, *prev;
    struct queue *queue; /* while it is in one */
    bool stop_wanted;    /* another hart waits for it to leave user mode */
    uint64_t fault_value, fault_cause;
    uint64_t badge;        /* of the message it waits with, in a queue */
    struct space *server;  /* served: who may answer; NULL: the kernel's own pager */
    struct thread *served; /* whose message it received last, or itself: nobody's since */
    uint64_t used;         /* how much of its slice, in the time base */
};

struct hart {
    uint64_t stack_top;     /* at HART_STACK */
    struct thread *current; /* the thread that trapped last, or NULL when idle; at HART_CURRENT */
    struct space *space;    /* whose tables it walks, or NULL: the kernel's */
    uint64_t bit;           /* 1 << index, in masks of harts */
    uint64_t id;            /* the firmware's number; at HART_ID */
    struct space *next;     /* whose it is about to walk: the same but for a moment (tlb.c) */
    uint64_t next_tick;
    uint64_t since; /* from then on nobody was charged with its time */
    uint64_t asked; /* by others, without the lock (remote.c); 0: nothing */
    uint32_t plic_context;
    bool idle;
};

static inline bool thread_is_queued(const struct thread *thread)
{
    return thread->state >= THREAD_READY && thread->state <= THREAD_FAULT_QUEUED;
}

static inline bool thread_is_served(const struct thread *thread)
{
    return thread->state >= THREAD_CALL_SERVED;
}

static inline bool thread_in_fault(const struct thread *thread)
{
    return thread->state == THREAD_FAULT_QUEUED || thread->state == THREAD_FAULT_SERVED ||
           thread->state == THREAD_FAULT_LATE;
}

_Static_assert(offsetof(struct thread, x) == THREAD_PC &&
                   offsetof(struct thread, hart) == THREAD_HART &&
                   offsetof(struct thread, priority) == THREAD_PRIORITY &&
                   offsetof(struct hart, stack_top) == HART_STACK &&
                   offsetof(struct hart, current) == HART_CURRENT &&
                   offsetof(struct hart, id) == HART_ID,
               "offsets.h");
_Static_assert(sizeof(struct thread) <= LARGE_OBJECT, "slab");

enum { HARTS_MAX = 64 };
extern struct hart *harts[HARTS_MAX];
extern uint32_t nharts;
extern uint64_t hart_bits; /* of all harts */
extern struct lock kernel_lock;

static inline struct hart *this_hart(void)
{
    return thread_pointer();
}

void queue_append(struct queue *queue, struct thread *thread);
void queue_prepend(struct queue *queue, struct thread *thread);
void queue_remove(struct thread *thread); /* from the queue it is in */

/* A receive of this thread brings no message: bits of a notification, or an error and NO_BADGE. */
static inline void thread_heard(struct thread *thread, uint64_t word, uint64_t badge)
{
    thread->x[REG_A0] = word;
    thread->x[REG_BADGE] = badge;
    thread->x[REG_TOKEN] = 0;
    thread->served = thread;
}

/* All registers of a thread that does not run; those not given become 0. */
void thread_set(struct thread *thread, uint64_t pc, uint64_t sp, uint64_t a0, uint64_t a1,
                uint64_t tp);

/* Its last message's token is object.serial: the thread's place, and above it a count that goes on
 * through death and rebirth: a stale token can't come to mean a later call (of the next 2^40). */
static inline uint64_t thread_new_token(struct thread *thread)
{
    return thread->object.serial += 1ul << TOKEN_SHIFT;
}

/* The thread that a token's place names, whatever its state; NULL: no thread has been there. */
static inline struct thread *thread_of_token(uint64_t token)
{
    return pool_object_at(TYPE_THREAD, (token & ((1ul << TOKEN_SHIFT) - 1)) - 1);
}

/* A stopped thread of the space, with the registers of one that waits for the answer to a call, as
 * if it had been answered with zeros, or (NULL) all zeros. NULL: pool used up. */
struct thread *thread_make(struct space *space, uint32_t priority, const struct thread *source);
