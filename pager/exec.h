/* Exec: another program in the same process, from the boot archive. Lock held. */
#ifndef PAGER_EXEC_H
#define PAGER_EXEC_H
#include "process.h"

/* The archive's bytes, through the window; its frames have a count of their own (its entries). */
void exec_init(const void *archive, uint64_t nbytes);

/* Replaces the caller's image by the program that its argument block names (protocol.h), which
 * becomes the top of the new stack. 0: the process runs the new program, its request is not
 * answered. Everything is checked and made before the old image is touched, so that an error
 * (ERR_INVALID, ERR_NOENT, ERR_NOEXEC, ERR_NOMEM) leaves it as it was. */
err_t exec_process(struct process *process, uint64_t address, uint64_t nbytes);

/* The first process: `name` with one argument block of which `argument` is the only argument. */
err_t exec_first(struct process *process, const char *name, const char *argument);

/* Recounts the archive's frames for the audit: calls owner(frame) for each. */
void exec_archive_frames(void (*owner)(pfn_t frame));
#endif
