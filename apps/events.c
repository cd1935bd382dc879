/* events: one of everything that the trace of test/events shows, and how often each happened.
 *
 * Prints its own number, and `events: NAME ok count=N` for forks, execs, exits, kills and deaths
 * for lack of memory that it caused, and for faults, shootdowns and replaced verdicts since the
 * start. Needs two harts: a shootdown takes a second thread that runs while the first one forks. */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { PAGE = 4096, CHILDREN = 3, STORES = 5, SPARE = 96, STACK = 4096, TRIES = 100 };

static volatile char area[STORES * PAGE] __attribute__((aligned(PAGE)));
static char stack[STACK] __attribute__((aligned(16)));
static volatile long turns;
static volatile bool stop, stopped;
static unsigned nforks, nexecs, nexits, nkills, nshort;

static void fail(const char *what)
{
    printf("events: %s FAILED\n", what);
    exit(1);
}

static pid_t child(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    nforks += pid > 0;
    return pid;
}

static void reap(uint32_t wanted, unsigned *count)
{
    uint32_t status, cause;
    if (holstein_wait(-1, &status, &cause) <= 0 || cause != wanted ||
        (cause == CAUSE_EXIT && status != 0))
        fail("wait");
    ++*count;
}

/* Children that store to what they share, and end. */
static void stores(void)
{
    for (int i = 0; i < STORES; i++)
        area[i * PAGE] = 1;
    for (int i = 0; i < CHILDREN; i++) {
        if (child() == 0) {
            for (int j = 0; j < STORES; j++)
                area[j * PAGE] = 2;
            _exit(0);
        }
    }
    for (int i = 0; i < CHILDREN; i++)
        reap(CAUSE_EXIT, &nexits);
    for (int i = 0; i < STORES; i++)
        area[i * PAGE] = 3;
}

static void program(void)
{
    if (child() == 0) {
        execv("true", (char *[]){"true", NULL});
        _exit(1);
    }
    nexecs++;
    reap(CAUSE_EXIT, &nexits);
}

static void killed(void)
{
    pid_t pid = child();
    if (pid == 0)
        for (;;)
            sched_yield();
    if (kill(pid, SIGKILL) != 0)
        fail("kill");
    reap(CAUSE_KILLED, &nkills);
}

/* Nearly all memory in one request, the rest page by page. */
static void short_of_memory(void)
{
    if (child() == 0) {
        long nfree = holstein_statistic(STATISTIC_FREE);
        size_t nbytes = (size_t)(nfree - nfree / 256 - SPARE) * PAGE; /* without its leaves */
        if (mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) ==
            MAP_FAILED)
            _exit(1);
        /* More than there is in two parts, neither of which is refused: the parent runs on, and may
         * take a few pages between this look and the request. */
        ptrdiff_t part = (ptrdiff_t)holstein_statistic(STATISTIC_FREE) / 4 * 3 * PAGE;
        volatile char *more = sbrk(part);
        if (more == (char *)-1 || sbrk(part) == (char *)-1)
            _exit(1);
        for (ptrdiff_t at = 0; at < 2 * part; at += PAGE)
            more[at] = 1;
        _exit(1);
    }
    reap(CAUSE_MEMORY, &nshort);
}

static void spin(void *nothing)
{
    (void)nothing;
    while (!stop)
        turns++;
    stopped = true;
}

/* A fork takes rights away that another hart may have in its TLB, if the thread runs just then. */
static void shootdown(void)
{
    if (holstein_thread(spin, NULL, stack, sizeof stack) < 0)
        fail("thread");
    while (turns == 0)
        sched_yield();
    long before = sys_statistics(STAT_SHOOTDOWNS);
    for (int i = 0; i < TRIES && sys_statistics(STAT_SHOOTDOWNS) == before; i++) {
        if (child() == 0)
            _exit(0);
        reap(CAUSE_EXIT, &nexits);
    }
    stop = true;
    while (!stopped)
        sched_yield();
}

int main(void)
{
    stores();
    program();
    killed();
    short_of_memory();
    shootdown();
    printf("events: self ok pid=%d\n", getpid());
    const struct {
        const char *name;
        long count;
    } lines[] = {{"fork", nforks},
                 {"exec", nexecs},
                 {"exit", nexits},
                 {"kill", nkills},
                 {"memory", nshort},
                 {"upgrade", holstein_statistic(STATISTIC_UPGRADES)},
                 {"copy", holstein_statistic(STATISTIC_COPIES)},
                 {"zero", holstein_statistic(STATISTIC_ZEROS)},
                 {"shootdown", sys_statistics(STAT_SHOOTDOWNS)},
                 {"replaced", holstein_statistic(STATISTIC_REPLACED)}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        printf("events: %s ok count=%ld\n", lines[i].name, lines[i].count);
    return 0;
}
