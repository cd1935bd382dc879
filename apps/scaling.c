/* What a second hart is worth: the rate of several workers against that of one, as a ratio of wall
 * times in one run (plain QEMU, on a calm machine with a core for each hart).
 *
 * `scaling` prints for each kind of work a line bench,…,UNIT=permille: workers times the time of
 * one, over the time of all; 2000 for two workers that do not hinder each other. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench_system.h"
#include "testing.h"

enum { RUNS = 9, PAGES = 400, FORKS = 60, WORKERS = 2 };

static struct shared *shared; /* word 0: workers ready; word 1: go; word 2: workers done */
static volatile char *area;

static uint64_t now(void)
{
    uint64_t time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

static void store_to_all(void)
{
    for (int i = 0; i < PAGES; i++)
        area[i * PAGE] = 2;
}

/* First touches of pages of its own. */
static void touch(void)
{
    for (int round = 0; round < 4; round++) {
        area = sbrk(PAGES * PAGE);
        CHECK(area != (volatile char *)-1);
        store_to_all();
        CHECK(sbrk(-PAGES * PAGE) != (void *)-1);
    }
}

/* Copies of pages that all workers share with their parent. */
static void copy(void)
{
    store_to_all();
}

static void storm(void)
{
    for (int i = 0; i < FORKS; i++) {
        if (test_fork() == 0)
            _exit(0);
        test_join(1);
    }
}

/* From the start signal until the last of them is done. */
static uint64_t measure(void (*work)(void), int nworkers)
{
    shared->word[0] = shared->word[1] = shared->word[2] = 0;
    for (int i = 0; i < nworkers; i++) {
        if (test_fork() != 0)
            continue;
        shared->word[0]++;
        while (shared->word[1] == 0)
            sched_yield();
        work();
        shared->word[2]++;
        _exit(0);
    }
    test_await(&shared->word[0], nworkers);
    uint64_t start = now();
    shared->word[1] = 1;
    test_join(nworkers);
    return now() - start;
}

static int by_size(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *name, void (*work)(void), int nworkers)
{
    long ratio[RUNS];
    for (int i = 0; i < RUNS; i++) {
        uint64_t one = measure(work, 1);
        ratio[i] = (long)(one * (uint64_t)nworkers * 1000 / measure(work, nworkers));
    }
    qsort(ratio, RUNS, sizeof ratio[0], by_size);
    printf("bench,%s,%s,%d,%s,%d,permille,%ld,%ld,%ld\n", system_kernel(), system_policy(),
           system_harts(), name, nworkers, ratio[RUNS / 2], ratio[0], ratio[RUNS - 1]);
}

int main(int argc, char **argv)
{
    int nworkers = argc > 1 ? atoi(argv[1]) : WORKERS;
    if (nworkers < 1) {
        printf("usage: scaling [WORKERS]\n");
        return 2;
    }
    shared = test_shared();
    area = test_pages(PAGES);
    report("scale_touch", touch, nworkers);
    report("scale_copy", copy, nworkers);
    report("scale_fork", storm, nworkers);
    return 0;
}
