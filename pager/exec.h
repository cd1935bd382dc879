/* Exec: another program in the same process. Lock held. */
#pragma once
#include "process.h"

/* Replaces the caller's image by the program that its argument block names, or by the one that it
 * offers in pages (protocol.h, REQ_EXEC). The block becomes the top of the new stack. 0: the
 * process runs the new program, its request is not answered. Everything is checked and made before
 * the old image is touched, so that an error (ERR_INVALID, ERR_NOENT, ERR_NOEXEC, ERR_NOMEM) leaves
 * it as it was. */
err_t exec_process(struct process *process, const uint64_t word[6]);

/* A process that has no program yet: `name` of the archive, with one argument block of which
 * `argument` is the only argument. */
err_t exec_first(struct process *process, const char *name, const char *argument);

/* The same for one that memory was lent to: instead of arguments it gets a copy of these facts,
 * with its own memory, and the archive to read. */
err_t exec_pager(struct process *process, const char *name, const struct boot_info *facts);
