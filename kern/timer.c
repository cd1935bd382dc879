/* The tick and the list of alarms. */
#include "timer.h"
#include "riscv.h"
#include "sbi.h"

static uint64_t slice;
static struct notification *alarms; /* earliest first */

void timer_init(uint64_t ticks_a_slice)
{
    slice = ticks_a_slice;
}

static void arm(void)
{
    uint64_t next = this_hart()->next_tick;
    if (alarms != NULL && alarms->alarm_time < next)
        next = alarms->alarm_time;
    sbi_set_timer(next);
}

void timer_start(void)
{
    this_hart()->next_tick = time_now() + slice;
    arm();
}

bool timer_interrupt(void)
{
    uint64_t now = time_now();
    while (alarms != NULL && alarms->alarm_time <= now) {
        struct notification *due = alarms;
        alarms = due->alarm_next;
        due->alarm_set = false;
        ipc_notify(due, due->alarm_bits);
    }
    bool slice_over = now >= this_hart()->next_tick;
    if (slice_over)
        this_hart()->next_tick = now + slice;
    arm();
    return slice_over;
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
    if (time == 0)
        return;
    notification->alarm_bits = bits;
    notification->alarm_time = time;
    notification->alarm_set = true;
    struct notification **link = &alarms;
    while (*link != NULL && (*link)->alarm_time <= time)
        link = &(*link)->alarm_next;
    notification->alarm_next = *link;
    *link = notification;
    arm();
}
