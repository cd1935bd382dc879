/* Requests that change regions: sbrk, mmap, munmap. Lock held. Errors are results, and then nothing
 * changed. */
#pragma once
#include "process.h"

/* The old break. More than is free is refused (a check, not a reservation), but `beyond`:
 * ERR_NOMEM, as where the next region begins; below the heap's start: ERR_INVALID. */
err_t mmap_sbrk(struct process *process, int64_t increment, bool beyond);

/* Anonymous memory; shared memory is populated at once. ERR_NOMEM, ERR_INVALID (size 0 or absurd,
 * rights), ERR_LIMIT (too many regions). */
err_t mmap_map(struct process *process, uint64_t nbytes, uint64_t rights, bool shared);

/* What mmap_map gave, in whole pages, or a part of it. ERR_INVALID. */
err_t mmap_unmap(struct process *process, uint64_t address, uint64_t nbytes);

/* New rights (none at all: no access) for whole pages that lie in regions. ERR_INVALID, ERR_LIMIT.
 */
err_t mmap_protect(struct process *process, uint64_t address, uint64_t nbytes, uint64_t rights);
