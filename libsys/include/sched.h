/* <sched.h>: what of it there is. */
#pragma once

/* The next ready thread of the same priority runs; returns 0. */
int sched_yield(void);
