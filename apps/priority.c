/* priority [SECONDS]: a higher priority runs first, and equal ones share.
 *
 * Counters run for a while on each hart; what they have counted shows what they got. Then, on one
 * hart, one counts beside another program that asks the pager in a loop for the longest thing it
 * can, or that gives way just before each tick: it must have 40 to 60 % of what it counts alone. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { COUNTERS_MAX = 24, BUSINESS = -4, HIGH = 0, LOW = 5, MIB = 1 << 20 };
enum { HEAP = 64 * MIB, SHARED = 16 * MIB, TICKS_A_SECOND = 100 };

static _Atomic unsigned long *count;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start(int number, int nice, double end)
{
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (child > 0)
        return;
    setpriority(PRIO_PROCESS, 0, nice);
    while (seconds() < end)
        for (int i = 0; i < 1000; i++)
            count[number]++;
    exit(0);
}

/* So many of each priority, from the same moment on. Returns what all of the first kind, and of the
 * second, have counted. */
static void race(int n, int nice, int m, int other_nice, double length, unsigned long got[2])
{
    double end = seconds() + length;
    got[0] = got[1] = 0;
    for (int i = 0; i < n + m; i++)
        count[i] = 0;
    for (int i = 0; i < n; i++)
        start(i, nice, end);
    for (int i = n; i < n + m; i++)
        start(i, other_nice, end);
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < n + m; i++)
        got[i >= n] += count[i];
}

static int judge(const char *name, int good, unsigned long a, unsigned long b)
{
    printf("priority: %s %s first=%lu second=%lu\n", name, good ? "ok" : "FAILED", a, b);
    return !good;
}

/* The pages of a large heap are counted. */
static void ask_for_pages(double end)
{
    sbrk(HEAP);
    while (seconds() < end) {
        uint64_t word[6] = {REQ_PROCESS, (uint64_t)getpid() - 1, INFO_PAGES};
        holstein_request(word);
    }
}

static void map_shared(double end)
{
    while (seconds() < end) {
        void *area = mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        munmap(area, SHARED);
    }
}

/* Runs for most of a slice, and gives way. */
static void yield_before_ticks(double end)
{
    while (seconds() < end) {
        double until = seconds() + 0.9 / TICKS_A_SECOND;
        while (seconds() < until)
            ;
        sys_yield();
    }
}

/* What one counts in that time, beside somebody else or alone. */
static unsigned long count_beside(void (*other)(double end), double length)
{
    double end = seconds() + length;
    pid_t child = other == NULL ? -1 : fork();
    if (child == 0) {
        setpriority(PRIO_PROCESS, 0, HIGH);
        other(end);
        _exit(0);
    }
    count[0] = 0;
    start(0, HIGH, end);
    while (wait(NULL) > 0)
        ;
    return count[0];
}

static int share(const char *name, void (*other)(double end), double length)
{
    unsigned long alone = count_beside(NULL, length), got = count_beside(other, length);
    return judge(name, got > alone * 4 / 10 && got < alone * 6 / 10, got, alone);
}

int main(int argc, char **argv)
{
    double length = argc > 1 ? strtod(argv[1], NULL) : 0.5;
    int nharts = (int)sysconf(_SC_NPROCESSORS_ONLN), n = nharts < 8 ? nharts : 8, failed = 0;
    unsigned long got[2];
    count = mmap(NULL, COUNTERS_MAX * sizeof *count, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setpriority(PRIO_PROCESS, 0, BUSINESS); /* this process keeps the time of all */
    race(n, HIGH, n, LOW, length, got);
    failed |= judge("higher-first", got[0] > 20 * got[1], got[0], got[1]);
    race(n, HIGH, n, HIGH, length, got);
    unsigned long more = got[0] > got[1] ? got[0] : got[1], less = got[0] + got[1] - more;
    failed |= judge("equal-share", more < 3 * less, got[0], got[1]);
    if (nharts > 1)
        return failed;
    failed |= share("share-pages", ask_for_pages, length);
    failed |= share("share-mmap", map_shared, length);
    failed |= share("share-yield", yield_before_ticks, length);
    return failed;
}
