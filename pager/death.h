/* How processes end: exit, kill, and what the parent learns. All with the lock held.
 *
 * An end is done in pieces (task.h): by the thread that ends its process, which asks or faults
 * again until there is nothing left of it; or by whoever killed it. The first cause counts. From
 * the first piece on the process is `dying` and gets nothing any more. Its pages go, then its
 * children are init's, its space is destroyed, and its parent is told. */
#pragma once
#include "process.h"

/* The process ends itself: by request, or by what it did. number: of the signal, as whoever asked
 * for it says; it is passed on, and means nothing here. True: it is over, and the process may be no
 * more; false: it goes on with the next message. */
bool death_exit(struct process *process, uint32_t status);
bool death_kill(struct process *process, enum death_cause cause, uint32_t number);

/* The next piece, if it is not over; then true. */
bool death_piece(struct process *process);

/* Whoever lacks a frame, or room for a table, first helps one that is dying. False: nobody is. */
bool death_help(void);

/* A request that kills: one that is not the asker; or one and its descendants, or (init) all but
 * the pinned ones. As task_begin; 0 when they are no more. */
err_t death_kill_other(struct process *asker, uint64_t token, const uint64_t word[6],
                       struct process *victim, uint32_t number);
err_t death_kill_many(struct process *asker, uint64_t token, const uint64_t word[6],
                      struct process *first, uint32_t number);

/* Must the process not fork just now, because somebody is killing it, or an ancestor with all its
 * descendants? */
extern uint32_t
    death_nlooking; /* requests to kill many that have not looked at all processes yet */
bool death_is_near(const struct process *process);
static inline bool death_forbids_fork(const struct process *process)
{
    return death_nlooking > 0 && death_is_near(process);
}

/* REQ_WAIT: true, and the words to answer with; false: the answer comes when a child ends. */
bool death_wait(struct process *process, uint64_t token, uint64_t word[6]);

/* Takes back a process that never ran: what it holds, and its place in the table. The part: of one
 * that may be large; true: it is gone. */
void death_undo(struct process *process);
bool death_undo_part(struct process *process);
