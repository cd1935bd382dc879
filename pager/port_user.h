/* The user-level pager's own slots, and the start of its port. */
#pragma once
#include "../libsys/freestanding/abi.h"

enum { PORT_SLOT_ENDPOINT = 4, LOOPS_MAX = 8 };

/* Makes the endpoint that programs call and fault to. ERR_POOL. */
err_t port_user_init(const struct boot_info *info);

/* A thread of the pager's own that begins at `start`, on the stack that ends at `top`; from here on
 * the core's lock is one. ERR_POOL. */
err_t port_user_thread(unsigned number, void (*start)(void), void *top);

/* The same below every program, outside the lock: for laundry_wash. It waits until there is
 * something to clear. */
err_t port_user_washer(void (*start)(void), void *top);
void port_user_wait_to_wash(void);
