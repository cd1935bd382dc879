/* Fork: a child with the same pages, shared until somebody stores. */
#pragma once
#include "process.h"

/* The child's number, or ERR_NOMEM, ERR_POOL, ERR_LIMIT, ERR_TOKEN, and then nothing changed but
 * for rights that the parent's entries lost (a store brings them back); or TASK_LATER (task.h).
 * What the child sees is one moment of its parent's memory, though other threads of that may run
 * between pieces. Lock held; token and word: the request. */
err_t fork_process(struct process *parent, uint64_t token, const uint64_t word[6]);

/* Calls owner for each frame that a fork which is under way keeps for its copies. */
void fork_frames(const struct process *process, void (*owner)(pfn_t frame));
