/* Clocks, sleep, priorities, limits. */
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "holstein.h"
#include "libsys.h"
#include "syscall.h"

enum { NS_A_SECOND = 1000000000, TICKS_A_SECOND = 100 };

uint64_t libsys_now(void)
{
    uint64_t now;
    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

uint64_t libsys_timebase(void)
{
    static uint64_t base;
    if (base == 0)
        base = (uint64_t)sys_statistics(STAT_TIMEBASE);
    return base;
}

/* The console answers after a second at the latest. */
static void sleep_until(uint64_t time)
{
    while (libsys_now() < time) {
        long result = libsys_call(SLOT_CONSOLE, (uint64_t[6]){CONSOLE_SLEEP, time});
        if (result < 0)
            sys_yield();
    }
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    struct timespec t;
    (void)left; /* nothing interrupts it */
    if (libsys_copy(&t, wanted, sizeof t) != 0) {
        errno = EFAULT;
        return -1;
    }
    if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= NS_A_SECOND || t.tv_sec > INT_MAX) {
        errno = EINVAL;
        return -1;
    }
    uint64_t base = libsys_timebase();
    uint64_t part = ((uint64_t)t.tv_nsec * base + NS_A_SECOND - 1) / NS_A_SECOND;
    sleep_until(libsys_now() + (uint64_t)t.tv_sec * base + part);
    return 0;
}

unsigned sleep(unsigned seconds)
{
    sleep_until(libsys_now() + seconds * libsys_timebase());
    return 0;
}

int usleep(useconds_t us)
{
    sleep_until(libsys_now() + (uint64_t)us * libsys_timebase() / 1000000);
    return 0;
}

/* Both clocks count from the start of the machine. */
int clock_gettime(clockid_t clock, struct timespec *to)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    uint64_t now = libsys_now(), base = libsys_timebase();
    struct timespec t = {(time_t)(now / base), (long)(now % base * NS_A_SECOND / base)};
    if (libsys_copy(to, &t, sizeof t) == 0)
        return 0;
    errno = EFAULT;
    return -1;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    uint64_t now = libsys_now(), base = libsys_timebase();
    struct timeval t = {(time_t)(now / base), (suseconds_t)(now % base * 1000000 / base)};
    (void)zone;
    if (libsys_copy(to, &t, sizeof t) == 0)
        return 0;
    errno = EFAULT;
    return -1;
}

static clock_t hundredths(uint64_t time)
{
    return (clock_t)(time / (libsys_timebase() / TICKS_A_SECOND));
}

/* As ticks see it: the kernel's work for a process is its own, and so is the pager's where the
 * kernel does that; a pager of its own has the time for itself. Zeros where a pager counts none. */
static void used(uint64_t word[2])
{
    uint64_t request[6] = {REQ_TIMES};
    bool counts = libsys_request(request) >= 0;
    word[0] = counts ? request[0] : 0;
    word[1] = counts ? request[1] : 0;
}

clock_t clock(void)
{
    uint64_t word[2];
    used(word);
    uint64_t base = libsys_timebase();
    return (clock_t)(word[0] / base * CLOCKS_PER_SEC + word[0] % base * CLOCKS_PER_SEC / base);
}

clock_t times(struct tms *to)
{
    uint64_t word[2];
    used(word);
    const struct tms t = {.tms_utime = hundredths(word[0]), .tms_cutime = hundredths(word[1])};
    if (libsys_copy(to, &t, sizeof t) != 0) {
        errno = EFAULT;
        return (clock_t)-1;
    }
    return hundredths(libsys_now());
}

static int nice_of(long priority)
{
    return PRIORITY_DEFAULT - (int)priority;
}

int setpriority(int which, id_t who, int nice)
{
    const int lowest = PRIORITY_DEFAULT - 1, highest = PRIORITY_DEFAULT - PRIORITY_PROGRAM_MAX;
    if (which != PRIO_PROCESS) {
        errno = EINVAL;
        return -1;
    }
    nice = nice > lowest ? lowest : nice < highest ? highest : nice;
    uint64_t word[6] = {REQ_PRIORITY, (uint64_t)who, (uint64_t)(PRIORITY_DEFAULT - nice)};
    return libsys_result(libsys_request(word)) < 0 ? -1 : 0;
}

int getpriority(int which, id_t who)
{
    if (which != PRIO_PROCESS) {
        errno = EINVAL;
        return -1;
    }
    uint64_t word[6] = {REQ_PRIORITY, (uint64_t)who, (uint64_t)-1};
    long priority = libsys_result(libsys_request(word));
    return priority < 0 ? -1 : nice_of(priority);
}

long sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE: return PAGE_SIZE;
    case _SC_CLK_TCK: return TICKS_A_SECOND;
    case _SC_OPEN_MAX: return FDS_MAX;
    case _SC_ARG_MAX: return ARGUMENT_NPAGES_MAX * PAGE_SIZE;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN: return sys_statistics(STAT_HARTS);
    case _SC_PHYS_PAGES: return holstein_statistic(STATISTIC_TOTAL);
    case _SC_AVPHYS_PAGES: return holstein_statistic(STATISTIC_FREE);
    default: errno = EINVAL; return -1;
    }
}
