/* Queues of threads, and the kernel's table of harts. */
#include "thread.h"
#include "space.h"

struct hart *harts[HARTS_MAX];
uint32_t nharts;
uint64_t hart_bits;
struct lock kernel_lock;

void queue_append(struct queue *queue, struct thread *thread)
{
    thread->queue = queue;
    thread->next = NULL;
    thread->prev = queue->tail;
    if (queue->head != NULL)
        queue->tail->next = thread;
    else
        queue->head = thread;
    queue->tail = thread;
}

void queue_prepend(struct queue *queue, struct thread *thread)
{
    thread->queue = queue;
    thread->next = queue->head;
    if (queue->head != NULL)
        queue->head->prev = thread;
    else
        queue->tail = thread;
    queue->head = thread;
}

void queue_remove(struct thread *thread)
{
    struct queue *queue = thread->queue;
    if (queue->head == thread)
        queue->head = thread->next;
    else
        thread->prev->next = thread->next;
    if (thread->next != NULL)
        thread->next->prev = thread->prev;
    else
        queue->tail = thread->prev;
}

void thread_set(struct thread *thread, uint64_t pc, uint64_t sp, uint64_t a0, uint64_t a1,
                uint64_t tp)
{
    for (unsigned i = 0; i < 32; i++)
        thread->x[i] = 0;
    thread->x[0] = pc;
    thread->x[REG_SP] = sp;
    thread->x[REG_A0] = a0;
    thread->x[REG_A0 + 1] = a1;
    thread->x[REG_TP] = tp;
}

struct thread *thread_make(struct space *space, uint32_t priority, const struct thread *source)
{
    struct thread *thread = pool_object(TYPE_THREAD);
    if (thread == NULL)
        return NULL;
    thread->object.serial |= (uint64_t)((char *)thread - pool.base) / LARGE_OBJECT + 1;
    thread->served = thread;
    thread->space = space;
    thread->space_next = space->threads;
    thread->priority = priority;
    space->threads = thread;
    if (source == NULL)
        return thread;
#pragma GCC unroll 32
    for (unsigned i = 0; i < 32; i++)
        if (i < REG_A0 || i > REG_A0 + 6)
            thread->x[i] = source->x[i];
    return thread;
}
