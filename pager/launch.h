/* Starting processes that nobody forked: init, the servers, another pager. Lock held. */
#pragma once
#include "process.h"

/* The first process; NULL, or what is wrong. What the kernel told us stays where it is. */
const char *launch_init(const struct boot_info *info);

/* REQ_SERVER: 0, and the answer comes when it is ready; or an error (protocol.h), and then nothing
 * is left of it. */
err_t launch_server(uint64_t token, const uint64_t word[6]);

/* REQ_PAGER: its number; or an error (protocol.h), and then nothing is left of it. */
err_t launch_pager(const uint64_t word[6]);
