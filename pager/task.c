/* Pieces of work, and the task of a process. */
#include "task.h"
#include "port.h"

struct piece piece;

void piece_start(void)
{
    piece.left = port_piece;
    piece.begun = false;
}

void piece_spend(uint64_t cost)
{
    piece.left -= (int64_t)cost;
}

void piece_end(void)
{
    piece.left = 0;
}

bool piece_is_over(void)
{
    return piece.left <= 0;
}

err_t task_piece(struct process *process)
{
    struct task *task = &process->task;
    err_t result;
    piece_start();
    do
        result = task->step(process, task);
    while (result == TASK_LATER && !piece_is_over());
    if (result == TASK_SILENT) {
        task_end(process);
    } else if (result != TASK_LATER) {
        task->word[0] = (uint64_t)result;
        task->over = true;
    }
    return result;
}

err_t task_begin(struct process *process, uint64_t token, const uint64_t word[6], task_step_t *step,
                 task_step_t *undo)
{
    struct task *task = &process->task;
    task->step = step;
    task->undo = undo;
    task->over = false;
    task->owner = token;
    for (unsigned i = 0; i < 6; i++)
        task->asked[i] = task->word[i] = word[i];
    process->held = true;
    err_t result = task_piece(process);
    if (result != TASK_LATER)
        task_end(process);
    return result;
}

void task_end(struct process *process)
{
    process->task.step = NULL;
    process->held = process->dying;
}
