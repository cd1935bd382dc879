/* What is done when a held process asks, or faults. */
#include "held.h"
#include "death.h"
#include "task.h"

err_t held_piece(struct process *process)
{
    if (process->dying)
        return death_piece(process) ? TASK_SILENT : TASK_LATER;
    return task_piece(process);
}
