/* Time: the periodic tick of every hart, and alarms of notifications. */
#ifndef KERN_TIMER_H
#define KERN_TIMER_H
#include "ipc.h"

/* Ticks are in units of the time base. Called once, before the harts start. */
void timer_init(uint64_t ticks_a_slice);

/* Arms this hart's next tick. Idle harts keep theirs: under a deterministic emulator a hart that
 * spins for another would otherwise wait for ever. */
void timer_start(void);

/* The timer interrupt: alarms that are due are sent; true: this hart's slice is over. */
bool timer_interrupt(void);

/* One alarm a notification; time 0 takes it back. */
void timer_alarm(struct notification *notification, uint64_t bits, uint64_t time);
#endif
