/* Starting processes that nobody forked: init and the servers. Lock held. */
#ifndef PAGER_LAUNCH_H
#define PAGER_LAUNCH_H
#include "process.h"

/* The first process; NULL, or what is wrong. */
const char *launch_init(const char *arguments);

/* REQ_SERVER: 0, and the answer comes when it is ready; or an error (protocol.h), and then nothing
 * is left of it. */
err_t launch_server(uint64_t token, const uint64_t word[6]);
#endif
