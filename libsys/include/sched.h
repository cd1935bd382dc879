/* <sched.h>: what of it there is. */
#ifndef _SCHED_H
#define _SCHED_H

/* The next ready thread of the same priority runs; returns 0. */
int sched_yield(void);
#endif
