/* Requests that change regions: sbrk, mmap, munmap, mprotect (protocol.h), with their words. Lock
 * held. An error is the result, and then nothing changed. What is large is done in pieces: then
 * TASK_LATER (task.h). */
#pragma once
#include "process.h"

/* The old break. More than is free is refused (a check, not a reservation), but beyond: ERR_NOMEM,
 * as where the next region begins; below the heap's start: ERR_INVALID. */
err_t mmap_sbrk(struct process *process, uint64_t token, const uint64_t word[6]);

/* Anonymous memory; shared memory is populated before the answer. ERR_NOMEM, ERR_INVALID (size 0
 * or absurd, rights), ERR_LIMIT (too many regions). */
err_t mmap_map(struct process *process, uint64_t token, const uint64_t word[6]);

/* What mmap_map gave, in whole pages, or a part of it. ERR_INVALID, ERR_LIMIT, ERR_NOMEM. */
err_t mmap_unmap(struct process *process, uint64_t token, const uint64_t word[6]);

/* New rights (none at all: no access) for whole pages that lie in regions. ERR_INVALID, ERR_LIMIT.
 */
err_t mmap_protect(struct process *process, uint64_t token, const uint64_t word[6]);
