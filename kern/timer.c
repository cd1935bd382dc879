/* The tick and the list of alarms. */
#include "timer.h"
#include "riscv.h"
#include "sbi.h"

static uint64_t slice;
static struct notification *alarms; /* earliest first */
static uint64_t next_alarm = ~0ul;  /* the first one's time, read without the lock */

void timer_init(uint64_t ticks_a_slice)
{
    slice = ticks_a_slice;
}

/* An alarm that another hart sets meanwhile is on that hart's timer. */
static void arm(void)
{
    uint64_t tick = this_hart()->next_tick;
    uint64_t alarm = __atomic_load_n(&next_alarm, __ATOMIC_RELAXED);
    sbi_set_timer(alarm < tick ? alarm : tick);
}

uint64_t timer_start(void)
{
    uint64_t now = time_now();
    bool slice_over = now >= this_hart()->next_tick;
    if (slice_over)
        this_hart()->next_tick = now + slice;
    arm();
    return slice_over ? slice : 0;
}

static void note_next(void)
{
    __atomic_store_n(&next_alarm, alarms == NULL ? ~0ul : alarms->alarm_time, __ATOMIC_RELAXED);
}

void timer_alarms(void)
{
    uint64_t now = time_now();
    while (alarms != NULL && alarms->alarm_time <= now) {
        struct notification *due = alarms;
        alarms = due->alarm_next;
        due->alarm_set = false;
        ipc_notify(due, due->alarm_bits);
    }
    note_next();
}

static void take_back(struct notification *notification)
{
    struct notification **link = &alarms;
    while (*link != notification)
        link = &(*link)->alarm_next;
    *link = notification->alarm_next;
    notification->alarm_set = false;
}

void timer_alarm(struct notification *notification, uint64_t bits, uint64_t time)
{
    if (notification->alarm_set)
        take_back(notification);
    if (time == 0) {
        note_next();
        return;
    }
    notification->alarm_bits = bits;
    notification->alarm_time = time;
    notification->alarm_set = true;
    struct notification **link = &alarms;
    while (*link != NULL && (*link)->alarm_time <= time)
        link = &(*link)->alarm_next;
    notification->alarm_next = *link;
    *link = notification;
    note_next();
    arm();
}
