/* Requests that take long, in pieces. All with the lock held.
 *
 * A request whose work grows with memory becomes its process's task. It is done piece by piece;
 * after each the lock may be left, and whoever is more urgent runs (request.c). The asker asks
 * again until the task is over. Meanwhile the process is held: whatever its threads ask does a
 * piece of the task instead, and is asked again; their faults too. So nothing of the process
 * changes between two pieces but contents of pages, and a task need not look again at what it has
 * checked.
 *
 * A piece costs some PIECE instructions (port.h). Its parts say beforehand what they cost. */
#pragma once
#include "process.h"

/* The work goes on: ask again. No error of a request. */
#define TASK_LATER ((err_t)INT64_MIN)
/* It is over, and nobody is answered: the asker runs another program, or is no more. */
#define TASK_SILENT ((err_t)INT64_MIN + 1)

/* Starts a piece; what it may cost is counted down. */
void piece_start(void);

/* The piece that is being done, under the core's lock. */
extern struct piece {
    int64_t left;
    bool begun; /* some part of it was done */
} piece;

/* May a part that costs so much still be done in this piece? The first one always. */
static inline bool piece_affords(uint64_t cost)
{
    if (piece.begun && (int64_t)cost > piece.left) {
        piece.left = 0;
        return false;
    }
    piece.left -= (int64_t)cost;
    piece.begun = true;
    return true;
}

/* What was done in this piece cost more than was known before. */
void piece_spend(uint64_t cost);

/* For work that is known to be short: all of it is one piece. */
static inline void piece_start_short(void)
{
    piece.left = INT64_MAX;
    piece.begun = false;
}

/* No: there is nothing more to be done before others have run. */
void piece_end(void);
bool piece_is_over(void);

/* The process's request `word`, which has no task yet, becomes one, and its first pieces are done.
 * TASK_LATER, or what its last step returned. `undo`, or NULL: what to do, piece by piece, when the
 * process ends before its task; 0: it is done. */
err_t task_begin(struct process *process, uint64_t token, const uint64_t word[6], task_step_t *step,
                 task_step_t *undo);

/* One piece of the task, which is not over. TASK_LATER, or its result, and then its answer stands
 * in task.word. The process is held until somebody has taken it. */
err_t task_piece(struct process *process);

/* The answer was given, or is for nobody: the process is not held any more. */
void task_end(struct process *process);
