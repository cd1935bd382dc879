/* The tick and the list of alarms. */
#include "timer.h"
#include "riscv.h"
#include "sbi.h"

uint64_t timer_hz, timer_slice;

static struct endpoint *alarms;    /* earliest first */
static uint64_t next_alarm = ~0ul; /* the first one's time, read without the lock */

/* An alarm that another hart sets meanwhile is on that hart's timer. */
static void arm(void)
{
    uint64_t tick = this_hart()->next_tick, alarm = __atomic_load_n(&next_alarm, __ATOMIC_RELAXED);
    sbi_set_timer(alarm < tick ? alarm : tick);
}

uint64_t timer_start(void)
{
    uint64_t now = time_now();
    bool slice_over = now >= this_hart()->next_tick;
    if (slice_over)
        this_hart()->next_tick = now + timer_slice;
    arm();
    return slice_over ? timer_slice : 0;
}

static void note_next(void)
{
    __atomic_store_n(&next_alarm, alarms == NULL ? ~0ul : alarms->alarm_time, __ATOMIC_RELAXED);
}

void timer_alarms(void)
{
    uint64_t now = time_now();
    while (alarms != NULL && alarms->alarm_time <= now) {
        struct endpoint *due = alarms;
        alarms = due->alarm_next;
        due->alarm_time = 0;
        ipc_notify(due, due->alarm_bits);
    }
    note_next();
}

void timer_cancel(struct endpoint *endpoint)
{
    struct endpoint **link = &alarms;
    if (endpoint->alarm_time == 0)
        return;
    while (*link != endpoint)
        link = &(*link)->alarm_next;
    *link = endpoint->alarm_next;
    endpoint->alarm_time = 0;
    note_next();
}

void timer_alarm(struct endpoint *endpoint, uint64_t bits, uint64_t time)
{
    timer_cancel(endpoint);
    if (time == 0)
        return;
    struct endpoint **link = &alarms;
    while (*link != NULL && (*link)->alarm_time <= time)
        link = &(*link)->alarm_next;
    endpoint->alarm_bits = bits;
    endpoint->alarm_time = time;
    endpoint->alarm_next = *link;
    *link = endpoint;
    note_next();
    arm();
}
