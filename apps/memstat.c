/* memstat: pages and faults of every process, and the totals of pager and kernel.
 *
 * own: nobody else has the frame; shared: others have it too; zero: not there yet, zero at the
 * first touch; writable: may be stored to without a fault. Of faults: upgrades, copies, zero-fills,
 * others. */
#include <stdio.h>

#include "holstein.h"
#include "syscall.h"

static void totals(void)
{
    printf("pager: %ld frames, %ld free; upgrades %ld, copies %ld, zero-fills %ld (%ld by frames "
           "cleared in idle time), verdicts replaced %ld\n",
           holstein_statistic(STATISTIC_TOTAL), holstein_statistic(STATISTIC_FREE),
           holstein_statistic(STATISTIC_UPGRADES), holstein_statistic(STATISTIC_COPIES),
           holstein_statistic(STATISTIC_ZEROS), holstein_statistic(STATISTIC_WASHED),
           holstein_statistic(STATISTIC_REPLACED));
    printf("kernel: pool %ld frames, %ld free; shootdowns %ld; harts %ld\n",
           sys_statistics(STAT_POOL_TOTAL), sys_statistics(STAT_POOL_FREE),
           sys_statistics(STAT_SHOOTDOWNS), sys_statistics(STAT_HARTS));
}

int main(void)
{
    printf("%5s %-14s %6s %6s %6s %6s  %6s %6s %6s %6s\n", "PID", "NAME", "own", "shared", "zero",
           "writab", "upgr", "copy", "zfill", "other");
    for (uint64_t pid = 0;;) {
        uint64_t state[6] = {REQ_PROCESS, pid, INFO_STATE};
        uint64_t pages[6] = {REQ_PROCESS, pid, INFO_PAGES};
        uint64_t faults[6] = {REQ_PROCESS, pid, INFO_FAULTS};
        long next = holstein_request(state);
        if (next <= 0)
            break;
        if (holstein_request(pages) == next && holstein_request(faults) == next)
            printf("%5ld %-14.*s %6lu %6lu %6lu %6lu  %6lu %6lu %6lu %6lu\n", next, 14,
                   (const char *)&state[4], pages[1], pages[2], pages[3], pages[4], faults[1],
                   faults[2], faults[3], faults[4]);
        pid = (uint64_t)next;
    }
    totals();
    return 0;
}
