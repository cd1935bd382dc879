/* How processes end: exit, kill, and what the parent learns. All with the lock held. */
#pragma once
#include "process.h"

/* The process ends, now or when the requests of it that run unlocked have come back: the first
 * cause counts. Its space is destroyed, its pages released, its children init's, its parent told.
 * number: of the signal, as whoever asked for it says; it is passed on, and means nothing here. */
void death_exit(struct process *process, uint32_t status);
void death_kill(struct process *process, enum death_cause cause, uint32_t number);

/* REQ_WAIT: true, and the words to answer with; false: the answer comes when a child ends. */
bool death_wait(struct process *process, uint64_t token, uint64_t word[6]);

/* Takes back a process that never ran: what it holds, and its place in the table. */
void death_undo(struct process *process);
