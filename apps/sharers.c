/* sharers N: what a page costs that N processes have, in retired instructions.
 *
 * Prints `bench,KERNEL,POLICY,HARTS,NAME,N,instructions,MEDIAN,MIN,MAX` for a copy (the newest
 * sharer's store), a fork of the newest, the end of a sharer (its exit and its parent's wait), and
 * an upgrade (the oldest's store when the others have gone). Under -icount shift=0. The sharers are
 * a chain: each forks the next and waits for it. */
#include <sys/mman.h>

#include "bench_system.h"

enum { RUNS = 11, PAGE = 4096, SHARERS_MAX = 1000, STATUS_USAGE = 2 };
enum what { COPY, FORK, END, UPGRADE, KINDS };

static const char *const names[KINDS] = {"copy_shared", "fork_shared", "end_shared",
                                         "upgrade_shared"};

/* Seen by all of the chain. */
static int (*sample)[RUNS];
static char page[PAGE] __attribute__((aligned(PAGE)));

static void check(int good, const char *what)
{
    if (good)
        return;
    printf("sharers: %s FAILED\n", what);
    _exit(1);
}

static __attribute__((noipa)) int measure_store(volatile char *at, char value)
{
    long start = counter();
    *at = value;
    return (int)(counter() - start) - 1; /* the first reading */
}

/* The newest of the sharers. */
static void newest(int run)
{
    long start = counter();
    pid_t child = fork();
    long forked = counter();
    if (child == 0)
        _exit(0);
    check(child > 0, "fork");
    long waits = counter();
    check(system_wait() == 0, "wait");
    sample[END][run] = (int)(counter() - waits) - 1;
    sample[FORK][run] = (int)(forked - start) - 1;
    sample[COPY][run] = measure_store(page, 'n');
    _exit(0);
}

/* Sharers from the at-th on. */
static void chain(int at, int n, int run)
{
    for (; at < n; at++) {
        pid_t child = fork();
        if (child == 0)
            continue;
        check(child > 0 && system_wait() == 0, "sharer");
        if (at > 1)
            _exit(0);
        return;
    }
    newest(run);
}

static void sort(int *value)
{
    for (int i = 1; i < RUNS; i++)
        for (int j = i; j > 0 && value[j - 1] > value[j]; j--) {
            int larger = value[j - 1];
            value[j - 1] = value[j];
            value[j] = larger;
        }
}

int main(int argc, char **argv)
{
    int n = argc == 2 ? atoi(argv[1]) : 0;
    sample = mmap(NULL, sizeof *sample * KINDS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                  -1, 0);
    if (n < 2 || n > SHARERS_MAX || sample == MAP_FAILED) {
        printf("usage: sharers N: from 2 to %d\n", SHARERS_MAX);
        return STATUS_USAGE;
    }
    for (int run = -1; run < RUNS; run++) { /* the first is not kept */
        memset(page, 'o', PAGE);
        chain(1, n, run < 0 ? 0 : run);
        int cost = measure_store(page, 'n');
        sample[UPGRADE][run < 0 ? 0 : run] = cost;
        check(page[0] == 'n' && page[1] == 'o', "page");
    }
    for (int what = 0; what < KINDS; what++) {
        sort(sample[what]);
        printf("bench,%s,%s,%d,%s,%d,instructions,%d,%d,%d\n", system_kernel(), system_policy(),
               system_harts(), names[what], n, sample[what][RUNS / 2], sample[what][0],
               sample[what][RUNS - 1]);
    }
    return 0;
}
