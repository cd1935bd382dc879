/* The tick and the list of alarms. */
#include "timer.h"
#include "riscv.h"
#include "sbi.h"
#include "sched.h"

uint64_t timer_hz;

enum { ALARMS_MAX = 64 }; /* so few that a walk along all of them is short */

static struct endpoint *alarms; /* earliest first */
static unsigned nalarms;
static uint64_t next_alarm = ~0ul; /* the first one's time, read without the lock */

/* An alarm that another hart sets meanwhile is on that hart's timer. */
static void arm(void)
{
    uint64_t tick = this_hart()->next_tick, alarm = __atomic_load_n(&next_alarm, __ATOMIC_RELAXED);
    sbi_set_timer(alarm < tick ? alarm : tick);
}

bool timer_start(void)
{
    uint64_t now = time_now();
    bool is_tick = now >= this_hart()->next_tick;
    if (is_tick)
        this_hart()->next_tick = now + sched_slice;
    arm();
    return is_tick;
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
        nalarms--;
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
    nalarms--;
    note_next();
}

err_t timer_alarm(struct endpoint *endpoint, uint64_t bits, uint64_t time)
{
    timer_cancel(endpoint);
    if (time == 0)
        return 0;
    if (nalarms == ALARMS_MAX)
        return ERR_POOL;
    nalarms++;
    struct endpoint **link = &alarms;
    while (*link != NULL && (*link)->alarm_time <= time)
        link = &(*link)->alarm_next;
    endpoint->alarm_bits = bits;
    endpoint->alarm_time = time;
    endpoint->alarm_next = *link;
    *link = endpoint;
    note_next();
    arm();
    return 0;
}
