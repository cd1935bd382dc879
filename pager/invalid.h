/* Accesses that no region allows: a landing, the process's own handler, or its end. */
#pragma once
#include "fault.h"

struct invalid {
    uint64_t address, cause, pc;
};

/* What becomes of it. Lock held. */
fault_answer_t invalid_access(struct process *process, uint64_t token, struct invalid access);

/* REQ_HANDLER: 0, and the words to answer with; TASK_SILENT: the answer comes with a fault, or the
 * process is dead; TASK_LATER: it is dying (task.h); ERR_INVALID. Lock held. */
err_t invalid_wait(struct process *process, uint64_t token, uint64_t word[6]);

/* The thread that made this request ends: if it was the handler, there is none any more. True: a
 * fault waits for it, and must end the process. Lock held. */
bool invalid_leave(struct process *process, uint64_t token);
