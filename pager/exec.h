/* Exec: another program in the same process. Lock held. */
#pragma once
#include "process.h"

/* Replaces the caller's image by the program that its argument block names, or by the one that it
 * offers in pages (protocol.h, REQ_EXEC). The block becomes the top of the new stack. TASK_SILENT:
 * the process runs the new program, its request is not answered; TASK_LATER (task.h). Everything is
 * checked and made before the old image is touched, so that an error (ERR_INVALID, ERR_NOENT,
 * ERR_NOEXEC, ERR_NOMEM, ERR_POOL, ERR_LIMIT) leaves it as it was. */
err_t exec_process(struct process *process, uint64_t token, const uint64_t word[6]);

/* Calls owner for each frame of an exec that is under way, as often as that owns it. */
void exec_frames(const struct process *process, void (*owner)(pfn_t frame));

/* A process that has no program yet: `name` of the archive, with one argument block of which
 * `argument` is the only argument. */
err_t exec_first(struct process *process, const char *name, const char *argument);

/* The same for one that memory was lent to: instead of arguments it gets a copy of these facts,
 * with its own memory, and the archive to read. */
err_t exec_pager(struct process *process, const char *name, const struct boot_info *facts);
