/* Runs of pages in a space: check, change the tables, flush.
 *
 * Each call does at most one leaf table's worth and returns how many pages it did (at least 1), or
 * an error, and then nothing was changed. ERR_ADDRESS: misaligned or not below MEMORY_WINDOW (a
 * space's own window is not its pager's to change). ERR_POOL: no frame for a table. */
#pragma once
#include "space.h"

/* Installs consecutive frames that the caller has checked. An entry that names another frame or
 * has more rights is broken before the new one is made. */
err_t vm_map(struct space *space, uint64_t va, pfn_t first, uint64_t npages, unsigned rights);

/* Sets the rights of the valid entries of a run. */
err_t vm_protect(struct space *space, uint64_t va, uint64_t npages, unsigned rights);

/* Removes entries; a whole span of 2 MiB frees its table, a whole span of 1 GiB in one call all of
 * them (and is done in that call, whatever is in it). Several whole spans go in one call. */
err_t vm_unmap(struct space *space, uint64_t va, uint64_t npages);

/* Takes from the run's entries in `from` all rights but `rights`, and installs the same entries in
 * `to`. On ERR_POOL neither space was changed. */
err_t vm_share(struct space *from, struct space *to, uint64_t va, uint64_t npages, unsigned rights);
/* The first valid entry at or above va: address | rights, with the frame in *frame; or ERR_NONE; or
 * ERR_AGAIN: go on at the address in *frame. */
err_t vm_next(struct space *space, uint64_t va, pfn_t *frame);
