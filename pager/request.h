/* The pager's requests: decoding of words, the same for messages and for direct calls. */
#pragma once
#include "process.h"

/* Starts the core: frames [first, first + npages) seen through port_window, of which the first
 * image_npages are taken and the archive lies among the rest; the core takes its frame table after
 * the image. Then starts `init` with `arguments`. NULL, or what went wrong. */
const char *request_boot(const struct boot_info *info);

/* Carries out the request in the words and puts the answer there. False: it is not answered now
 * (the process waits, or is no more, or is another program). Lock held. */
bool request_handle(uint64_t badge, uint64_t token, uint64_t word[6]);
