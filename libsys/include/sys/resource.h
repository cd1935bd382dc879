/* <sys/resource.h>: what of it there is. */
#pragma once
#include <sys/types.h>

#define PRIO_PROCESS 0

/* Higher values run when lower ones have nothing to do, and equal ones share. Values beyond -8 to
 * 15 are taken as these; `who` 0: the caller. EINVAL, ESRCH, EPERM (init and servers). */
int setpriority(int which, id_t who, int value);
int getpriority(int which, id_t who);
