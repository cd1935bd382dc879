/* Messages of a process that is held: it is dying, or its task is not over (task.h). Lock held. */
#pragma once
#include "process.h"

/* Is there work to be done before anything else is served? A task that is over holds only who might
 * begin another one. */
static inline bool held_works(const struct process *process)
{
    return process->held && (process->dying || !process->task.over);
}

/* A piece of that work. TASK_LATER: there is more of it; TASK_SILENT: the thread that asked is no
 * more, or runs another program; else the task is over. */
err_t held_piece(struct process *process);
