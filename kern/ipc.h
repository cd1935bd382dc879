/* Endpoints: where threads meet.
 *
 * A call blocks until a receiver has taken the message and answered it; the answer is a right that
 * is used once, named by a token (struct thread: index and count of messages). Each endpoint has a
 * notification too: a word of bits that waits for nobody; a receive takes it before any message. */
#pragma once
#include "space.h"
#include "thread.h"

struct endpoint {
    struct object object;
    struct queue receivers, callers;
    uint64_t bits;                   /* its notification, while nobody has received it */
    uint64_t alarm_bits, alarm_time; /* 0: none is set */
    struct endpoint *alarm_next;
    bool hears_faults, lent; /* of a space, or others may receive here: never both */
};

_Static_assert(sizeof(struct endpoint) <= 128, "slab");

/* The running thread's call (THREAD_CALL_QUEUED: a0-a5) or fault (THREAD_FAULT_QUEUED) goes to a
 * receiver that waits, or to the queue; either way the thread no longer runs. */
void ipc_send(struct thread *thread, struct endpoint *endpoint, uint64_t badge,
              enum thread_state state);

/* Its fault, to its space's endpoint; if that is dead, or it has none, the thread stops. */
void ipc_send_fault(struct thread *thread, uint64_t cause, uint64_t value);

/* The thread that a token names, if it waits for an answer from `server`; else NULL. */
struct thread *ipc_answerable(struct space *server, uint64_t token);

/* Gives the answer (six words) and makes the thread ready. */
void ipc_answer(struct thread *thread, const uint64_t word[6]);

/* Makes the caller ready to make its call again, in slot 0 and with these words. */
void ipc_recall(struct thread *thread, const uint64_t word[6]);

/* The running thread takes what waits (its registers are set), or blocks. */
void ipc_receive(struct thread *thread, struct endpoint *endpoint);

/* Adds the bits, and wakes a receiver that waits. */
void ipc_notify(struct endpoint *endpoint, uint64_t bits);

/* Wakes those that wait at the endpoint, which nobody can call any more, with ERR_DEAD: a few at a
 * time. True: there are more. */
bool ipc_close_piece(struct endpoint *endpoint);

/* Threads that wait for an answer of a server, of which no thread is left, get ERR_DEAD: likewise.
 */
bool ipc_server_died_piece(struct space *server);
