/* The pager's requests: decoding of words, the same for messages and for direct calls. */
#pragma once
#include "process.h"

/* Starts the core: frames [first, first + npages) seen through port_window, of which the first
 * image_npages are taken and the archive lies among the rest; the core takes its frame table after
 * the image. Then starts `init` with `arguments`. NULL, or what went wrong. */
const char *request_boot(const struct boot_info *info);

enum request_outcome {
    REQUEST_SILENT,   /* not answered now: the process waits, is no more, or is another program */
    REQUEST_ANSWERED, /* by the words */
    REQUEST_AGAIN,    /* to be asked again, with the words as they were (port_recall) */
};

/* Carries out the request in the words and puts the answer there; or a piece of it (task.h). Lock
 * held. */
enum request_outcome request_handle(uint64_t badge, uint64_t token, uint64_t word[6]);

/* After REQUEST_AGAIN: should it be asked again by its thread, when that runs again? Else here and
 * now: nothing else is urgent. Lock held, and left for a moment. */
bool request_gives_way(uint64_t badge);
