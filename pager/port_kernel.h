/* The port of the in-kernel baseline: its start, and how a hart goes into the core and comes back.
 */
#pragma once
#include "../kern/ipc.h"

/* Where programs send their requests: an endpoint at which nobody ever waits. */
extern struct endpoint *port_endpoint;

/* What port_lock takes. */
extern struct lock port_core_lock;

/* Maps the memory that the facts name for the core, on this hart too, and makes the endpoint. */
void port_kernel_init(const struct boot_info *info);
