/* Memory lent to another pager: a process here that has processes of its own. Lock held throughout.
 *
 * It holds the last frames of our memory until it ends, sees them through a window, and may make
 * objects; what it does with them is between it and the kernel. One at a time: a memory object
 * shrinks and grows at its end alone. */
#pragma once
#include "process.h"

/* To a process that is still without program: npages frames, cleared, and an endpoint in
 * SLOT_ENDPOINT. ERR_INVALID (no whole leaves), ERR_LIMIT (there is one), ERR_NOMEM (not all of
 * them are free), ERR_POOL; after an error lend_return undoes a part. */
err_t lend_memory(struct process *process, uint64_t npages);

/* The end of its space: the frames are ours again. */
void lend_return(struct process *process);

/* What is told to it of its memory, as the kernel told us of ours. */
void lend_describe(struct boot_info *info);

/* The right to call it, in SLOT_SECOND. ERR_SEARCH: there is none; ERR_POOL. */
err_t lend_connect(struct process *process);

/* Recounts the frames that are lent for the audit: calls owner(frame) for each. */
void lend_frames(void (*owner)(pfn_t frame));
