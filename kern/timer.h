/* Time: the periodic tick of every hart, and alarms of notifications. */
#pragma once
#include "ipc.h"

/* Ticks are in units of the time base. Called once, before the harts start. */
void timer_init(uint64_t ticks_a_slice);

/* Arms this hart's next tick. 0, or how long its slice was that is over. Idle harts keep theirs:
 * under a deterministic emulator a hart that spins for another would otherwise wait for ever.
 * Called without the kernel lock: setting a timer may cost a hart its turn, and with the lock held
 * the others would spin until the tick, come too late, and never get it. */
uint64_t timer_start(void);

/* Sends the alarms that are due. */
void timer_alarms(void);

/* One alarm a notification; time 0 takes it back. */
void timer_alarm(struct notification *notification, uint64_t bits, uint64_t time);
