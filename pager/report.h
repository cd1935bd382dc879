/* What the pager tells about processes and itself. Lock held. */
#pragma once
#include "process.h"

/* REQ_STATISTICS: the value, or ERR_INVALID. */
err_t report_statistic(const struct process *process, uint64_t which);

/* REQ_PROCESS: the number, 0 or ERR_INVALID, and word[1] to word[5]; or TASK_LATER (task.h). */
err_t report_process(struct process *asker, uint64_t token, uint64_t word[6]);
