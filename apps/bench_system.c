/* What bench.c needs of Holstein, and what only Holstein has. */
#include "bench_system.h"

#define MEASURED static __attribute__((noinline)) int

MEASURED measure_yield(void)
{
    long start = counter();
    sys_yield();
    return (int)(counter() - start);
}

/* Yield, with nobody else ready. */
int system_syscall(int size)
{
    (void)size;
    return measure_yield();
}

MEASURED measure_request(pid_t *pid)
{
    uint64_t word[6] = {REQ_GETPID};
    long start = counter();
    sys_call(SLOT_PAGER, word);
    long end = counter();
    *pid = (pid_t)word[0];
    return (int)(end - start);
}

/* The process's own number, asked of the pager: the cheapest request. */
int system_request(int size)
{
    (void)size;
    pid_t pid;
    int cost = measure_request(&pid);
    if (pid == getpid())
        return cost;
    printf("bench: request FAILED\n");
    _exit(1);
}

int system_counts(struct counts *counts)
{
    long economy = holstein_statistic(STATISTIC_POLICY);
    *counts = (struct counts){
        .taken = holstein_statistic(STATISTIC_TOTAL) - holstein_statistic(STATISTIC_FREE),
        .upgrades = holstein_statistic(STATISTIC_UPGRADES),
        .copies = holstein_statistic(STATISTIC_COPIES),
        .zeros = holstein_statistic(STATISTIC_ZEROS),
    };
    return economy == (POLICY_IS_LAZY | POLICY_UPGRADES);
}

const char *system_kernel(void)
{
    return holstein_statistic(STATISTIC_IN_KERNEL) != 0 ? "mono" : "pager";
}

const char *system_policy(void)
{
    static uint64_t word[6];
    word[0] = REQ_POLICY_NAME;
    word[1] = ~0ul;
    return holstein_request(word) > 0 ? (const char *)&word[1] : "?";
}

int system_harts(void)
{
    return (int)sys_statistics(STAT_HARTS);
}
