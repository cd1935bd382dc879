/* An ordinary program beside a second pager that misbehaves (hostile_pager.c), under the first one.
 *
 * It works before, while and after the other does its misdeed, and ends it in between. Its child
 * waits for a grandchild all the while: a call that the first pager is to answer, and nobody else.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { PAGE = 4096, NPAGES = 8, ROUNDS = 5 };
enum { WAITER_STATUS = 42, WAITED_STATUS = 7 };

static char area[NPAGES * PAGE];
static long second; /* the other pager's number */

static bool holds(char value)
{
    for (unsigned i = 0; i < sizeof area; i += PAGE / 8)
        if (area[i] != value)
            return false;
    return true;
}

/* Stores, forks, compares on both sides. How many forks there were, or -1: something is wrong. */
static int work(void)
{
    int nforks = 0;
    for (char round = 1; round <= ROUNDS; round++) {
        uint32_t status, cause;
        memset(area, round, sizeof area);
        pid_t child = fork();
        if (child == 0) {
            bool good = holds(round);
            memset(area, 100, sizeof area);
            _exit(good && holds(100) ? round : 0);
        }
        if (child > 0 && (holstein_wait(child, &status, &cause) != child || cause != CAUSE_EXIT ||
                          status != (uint32_t)round))
            return -1;
        if (!holds(round))
            return -1;
        nforks += child > 0;
    }
    return nforks;
}

static bool report(const char *when, int nforks, bool good)
{
    printf("neighbour: %s %s forks=%d pool=%ld\n", when, good ? "ok" : "FAILED", nforks,
           sys_statistics(STAT_POOL_FREE));
    fflush(stdout);
    return good;
}

static long end_second(uint64_t mode)
{
    return sys_ask(SLOT_PAGER, REQ_KILL, (uint64_t)second, mode, 0);
}

/* Returns when it is there; when it may begin; when it has done it. Its number. */
static long call_second(void)
{
    return sys_ask(SLOT_SECOND, 0, 0, 0, 0);
}

static pid_t start_waiter(void)
{
    uint32_t status, cause;
    pid_t waiter = fork();
    if (waiter != 0)
        return waiter;
    pid_t child = fork();
    if (child == 0) {
        while (end_second(KILL_PROBE) == 0)
            sys_yield();
        _exit(WAITED_STATUS);
    }
    bool good = child > 0 && holstein_wait(child, &status, &cause) == child &&
                cause == CAUSE_EXIT && status == WAITED_STATUS;
    _exit(good ? WAITER_STATUS : 1);
}

int main(void)
{
    uint32_t status, cause;
    sys_ask(SLOT_PAGER, REQ_CONNECT, SLOT_SECOND, 0, 0); /* a pager without it has given it to us */
    second = call_second();
    pid_t waiter = second > 0 ? start_waiter() : -1;
    int nforks = work();
    bool good = report("before", nforks, waiter > 0 && nforks == ROUNDS);
    call_second();
    call_second();
    nforks = work();
    good = report("meanwhile", nforks, nforks >= 0) && good;
    long ended = end_second(KILL_ONE);
    nforks = work();
    /* Objects keep their frames for others of their type. */
    bool back = sys_statistics(STAT_POOL_FREE) > sys_statistics(STAT_POOL_TOTAL) / 2;
    back = back && (ended == 0 || ended == ERR_SEARCH);
    good = report("after", nforks, nforks == ROUNDS && back) && good;
    bool answered = holstein_wait(waiter, &status, &cause) == waiter && cause == CAUSE_EXIT &&
                    status == WAITER_STATUS;
    printf("neighbour: waiter %s\n", answered ? "ok" : "FAILED");
    return good && answered ? 0 : 1;
}
