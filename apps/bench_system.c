/* What bench.c needs of Holstein, and what only Holstein has. */
#include <stdbool.h>

#include "bench_system.h"

#define MEASURED static __attribute__((noinline)) int

static void check_system(bool good, const char *what)
{
    if (good)
        return;
    printf("bench: %s FAILED\n", what);
    _exit(1);
}

MEASURED measure_yield(void)
{
    long start = counter();
    sys_yield();
    return (int)(counter() - start);
}

/* Yield, with nobody else ready. */
int system_syscall(void)
{
    return measure_yield();
}

MEASURED measure_request(pid_t *pid)
{
    long start = counter();
    err_t answer = sys_ask(SLOT_PAGER, REQ_GETPID, 0, 0, 0);
    long end = counter();
    *pid = (pid_t)answer;
    return (int)(end - start);
}

/* The process's own number, asked of the pager: the cheapest request. */
int system_request(void)
{
    pid_t pid;
    int cost = measure_request(&pid);
    check_system(pid == getpid(), "request");
    return cost;
}

enum { ASK, STOP };

MEASURED measure_call(pid_t *answer)
{
    uint64_t word[6] = {ASK};
    long start = counter();
    sys_call(SLOT_PARENT, word);
    long end = counter();
    *answer = (pid_t)word[0];
    return (int)(end - start);
}

/* The least that a server does: it looks whether it is called, answers with the number of who
 * called, and waits for the next. */
static void serve(void)
{
    struct reception r = {0};
    uint64_t asked;
    do {
        sys_reply_receive(&r, SLOT_ENDPOINT, 0);
        asked = r.word[0];
        r.word[0] = BADGE_PID(r.badge);
        r.badge = r.token;
    } while (r.token != 0 && asked != STOP);
    sys_reply(r.token, r.word);
}

/* Call and answer, without payload, between two programs: the parent serves its child. */
int system_ipc(void)
{
    uint64_t word[6] = {REQ_SERVE};
    check_system(holstein_request(word) == 0, "ipc");
    pid_t child = fork();
    if (child == 0) {
        pid_t answer;
        measure_call(&answer); /* the pages it needs are its own from here on */
        int cost = measure_call(&answer);
        check_system(answer == getpid(), "ipc");
        sys_call(SLOT_PARENT, (uint64_t[6]){STOP});
        _exit(cost);
    }
    check_system(child > 0, "ipc");
    serve();
    int cost = system_wait();
    check_system(cost > 1, "ipc");
    return cost;
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
