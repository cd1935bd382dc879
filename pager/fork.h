/* Fork: a child with the same pages, shared until somebody stores. */
#pragma once
#include "process.h"

/* The child's number, or ERR_NOMEM, ERR_POOL, ERR_LIMIT, ERR_TOKEN, and then nothing changed but
 * for rights that the parent's entries lost (a store brings them back). Lock held; token: the
 * request. */
err_t fork_process(struct process *parent, uint64_t token);
