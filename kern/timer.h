/* Time: the periodic tick of every hart, and alarms at endpoints. */
#pragma once
#include "ipc.h"

extern uint64_t timer_hz; /* the time base; set once, before the harts start */

/* Arms this hart's next tick. True: it was time for one. Idle harts keep theirs:
 * under a deterministic emulator a hart that spins for another would otherwise wait for ever.
 * Called without the kernel lock: setting a timer may cost a hart its turn, and with the lock held
 * the others would spin until the tick, come too late, and never get it. */
bool timer_start(void);

/* Sends the alarms that are due. */
void timer_alarms(void);

/* One alarm an endpoint: bits for its notification, at a time (0: none any more). ERR_POOL: too
 * many are set; then the endpoint has none. */
err_t timer_alarm(struct endpoint *endpoint, uint64_t bits, uint64_t time);
void timer_cancel(struct endpoint *endpoint);
