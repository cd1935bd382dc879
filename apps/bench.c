/* What operations cost, in retired instructions: `bench` runs all, `bench NAME SIZE` one.
 *
 * Prints `bench,KERNEL,POLICY,HARTS,NAME,SIZE,UNIT,MEDIAN,MIN,MAX`. Only under `-icount shift=0`
 * does the counter count instructions; the calibration, printed first, is what an empty measurement
 * counts, and is taken off. SIZE is in pages. Each result is checked: what was copied was copied,
 * what was upgraded took no frame. */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { RUNS = 101, PAGE = 4096, PAGES_MAX = 16384 };

static uint64_t sample[RUNS], calibration;
static char *area;
static uint32_t unused_status, unused_cause;

static inline uint64_t now(void)
{
    uint64_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

static _Noreturn void fail(const char *what)
{
    printf("bench: %s FAILED\n", what);
    exit(1);
}

static void check(bool good, const char *what)
{
    if (!good)
        fail(what);
}

static long figure(uint64_t which)
{
    return holstein_statistic(which);
}

static pid_t must_fork(void)
{
    pid_t child = fork();
    check(child >= 0, "fork");
    return child;
}

static void reap(void)
{
    check(holstein_wait(-1, &unused_status, &unused_cause) > 0 && unused_status == 0, "wait");
}

static void touch(size_t npages, char value)
{
    for (size_t i = 0; i < npages; i++)
        area[i * PAGE] = value;
}

static void syscall_run(int i, size_t size)
{
    (void)size;
    uint64_t start = now();
    sys_yield();
    sample[i] = now() - start;
}

static void request_run(int i, size_t size)
{
    (void)size;
    uint64_t word[6] = {REQ_GETPID}, start = now();
    sys_call(SLOT_PAGER, word);
    sample[i] = now() - start;
    check(word[0] > 1, "request");
}

static void fault_upgrade_run(int i, size_t size)
{
    (void)size;
    volatile char *page = area + i * PAGE;
    *page = 1;
    if (must_fork() == 0)
        _exit(0);
    reap();
    long frames = figure(STATISTIC_FREE), copies = figure(STATISTIC_COPIES);
    uint64_t start = now();
    *page = 2;
    sample[i] = now() - start;
    check(*page == 2, "upgrade");
    check(figure(STATISTIC_FREE) == frames && figure(STATISTIC_COPIES) == copies, "upgrade");
}

/* The child holds the page until it is killed, and tells whether it still sees the old bytes. */
static void fault_copy_run(int i, size_t size)
{
    (void)size;
    volatile char *page = area + i * PAGE;
    *page = 1;
    long copies = figure(STATISTIC_COPIES);
    pid_t child = must_fork();
    if (child == 0) {
        while (figure(STATISTIC_COPIES) == copies)
            sched_yield();
        _exit(*page == 1 ? 0 : 1);
    }
    uint64_t start = now();
    *page = 2;
    sample[i] = now() - start;
    check(*page == 2 && figure(STATISTIC_COPIES) > copies, "copy");
    reap();
}

static void fault_zero_run(int i, size_t size)
{
    (void)size;
    volatile char *page = sbrk(PAGE);
    check(page != (char *)-1, "sbrk");
    uint64_t start = now();
    *page = 1;
    sample[i] = now() - start;
    check(page[1] == 0, "zero");
}

static void fork_run(int i, size_t size)
{
    touch(size, 1);
    uint64_t start = now();
    pid_t child = fork();
    if (child == 0)
        _exit(size > 0 && area[(size - 1) * PAGE] != 1);
    sample[i] = now() - start;
    check(child > 0, "fork");
    reap();
}

static void fork_exit_wait_run(int i, size_t size)
{
    touch(size, 1);
    uint64_t start = now();
    if (must_fork() == 0)
        _exit(0);
    reap();
    sample[i] = now() - start;
}

static void fork_exec_wait_run(int i, size_t size)
{
    (void)size;
    static char *const argv[] = {"true", NULL};
    uint64_t start = now();
    if (must_fork() == 0) {
        execv(argv[0], argv);
        _exit(1);
    }
    reap();
    sample[i] = now() - start;
}

static const struct {
    const char *name;
    void (*run)(int i, size_t size);
    bool sized;
} benchmarks[] = {
    {"syscall", syscall_run, false},
    {"request", request_run, false},
    {"fault_upgrade", fault_upgrade_run, false},
    {"fault_copy", fault_copy_run, false},
    {"fault_zero", fault_zero_run, false},
    {"fork", fork_run, true},
    {"fork_exit_wait", fork_exit_wait_run, true},
    {"fork_exec_wait", fork_exec_wait_run, false},
};
enum { BENCHMARKS = sizeof benchmarks / sizeof benchmarks[0] };

static int compare(const void *left, const void *right)
{
    uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;
    return l < r ? -1 : l > r;
}

static const char *policy_name(void)
{
    static uint64_t word[6];
    word[0] = REQ_POLICY_NAME;
    word[1] = ~0ul;
    check(holstein_request(word) > 0, "policy");
    return (const char *)&word[1];
}

static void report(const char *name, size_t size)
{
    qsort(sample, RUNS, sizeof sample[0], compare);
    printf("bench,%s,%s,%ld,%s,%lu,instructions,%lu,%lu,%lu\n",
           figure(STATISTIC_IN_KERNEL) != 0 ? "mono" : "pager", policy_name(),
           sys_statistics(STAT_HARTS), name, (unsigned long)size, sample[RUNS / 2] - calibration,
           sample[0] - calibration, sample[RUNS - 1] - calibration);
}

/* In a process of its own, so that each starts with the same small program. */
static void run(size_t b, size_t size)
{
    if (must_fork() > 0) {
        reap();
        return;
    }
    size_t npages = size > RUNS ? size : RUNS;
    area = sbrk((ptrdiff_t)(npages * PAGE));
    check(area != (char *)-1, "memory");
    benchmarks[b].run(0, size); /* the first touches what the others find */
    for (int i = 0; i < RUNS; i++)
        benchmarks[b].run(i, size);
    report(benchmarks[b].name, size);
    exit(0);
}

static void calibrate(void)
{
    for (int i = 0; i < RUNS; i++) {
        uint64_t start = now();
        sample[i] = now() - start;
    }
    qsort(sample, RUNS, sizeof sample[0], compare);
    calibration = sample[RUNS / 2];
    printf("bench: calibration %lu (min %lu, max %lu)\n", calibration, sample[0], sample[RUNS - 1]);
    if (sample[0] != 1 || sample[RUNS - 1] != 1)
        printf("bench: the counter does not count instructions here: -icount shift=0 is missing\n");
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {0, 64, 1024, 4096, 16384};
    size_t wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, nrun = 0;
    if (wanted > PAGES_MAX) {
        printf("bench: at most %d pages\n", PAGES_MAX);
        return 2;
    }
    calibrate();
    for (size_t b = 0; b < BENCHMARKS; b++) {
        if (argc > 1 && strcmp(argv[1], benchmarks[b].name) != 0)
            continue;
        nrun++;
        if (argc > 1 || !benchmarks[b].sized) {
            run(b, wanted);
            continue;
        }
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            run(b, sizes[s]);
    }
    if (nrun == 0)
        printf("bench: no benchmark %s\n", argv[1]);
    return nrun == 0 ? 2 : 0;
}
