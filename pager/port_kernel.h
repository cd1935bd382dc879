/* The port of the in-kernel baseline: its start, and how a hart goes into the core and comes back.
 */
#ifndef PAGER_PORT_KERNEL_H
#define PAGER_PORT_KERNEL_H
#include "../kern/ipc.h"

/* Where programs send their requests: an endpoint at which nobody ever waits. */
extern struct endpoint *port_endpoint;

/* Maps frames [first, first + npages) for the core, on this hart too, and makes the endpoint. */
void port_kernel_init(pfn_t first, uint64_t npages);
#endif
