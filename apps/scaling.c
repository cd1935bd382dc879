/* What a second hart is worth: the time that several workers take, beside the time of one, in one
 * run (plain QEMU, on a calm machine with a core for each hart).
 *
 * `scaling` prints two lines bench,…,WORKERS,ticks for each kind of work: the times of one worker
 * and of all, each of which does the same. test/scaling makes ratios of them. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench_system.h"
#include "testing.h"

/* A run is short, to fit between two turns of whatever else the host does. */
enum {
    RUNS = 51,
    PAGES = 200,
    FORKS = 20,
    TURNS = 500000,
    TRIES = 20,
    WORKERS = 2,
    WORKERS_MAX = 8
};

/* Words of the shared page: workers there; when each began; when each was done. */
enum { READY, BEGUN, DONE = BEGUN + WORKERS_MAX };

static struct shared *shared;
static volatile char *area;

static long now(void)
{
    long time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

static void store_to_all(void)
{
    for (int i = 0; i < PAGES; i++)
        area[i * PAGE] = 2;
}

/* No fault at all: what the host gives. */
static void spin(void)
{
    for (volatile int i = 0; i < TURNS; i++)
        ;
}

/* First touches of pages of its own. */
static void touch(void)
{
    area = sbrk(PAGES * PAGE);
    CHECK(area != (volatile char *)-1);
    store_to_all();
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

/* From when the first begins until the last is done; how they end is not in it. False: they did
 * not begin together, so that each had the machine for itself for a while. */
static bool measure(void (*work)(void), int nworkers, long *time)
{
    shared->word[READY] = 0;
    for (int i = 0; i < nworkers; i++) {
        if (test_fork() != 0)
            continue;
        shared->word[READY]++;
        while (shared->word[READY] < nworkers)
            ;
        shared->word[BEGUN + i] = now();
        work();
        shared->word[DONE + i] = now();
        _exit(0);
    }
    test_join(nworkers);
    long first = shared->word[BEGUN], begun = first, done = shared->word[DONE];
    for (int i = 1; i < nworkers; i++) {
        long began = shared->word[BEGUN + i], ended = shared->word[DONE + i];
        first = began < first ? began : first;
        begun = began > begun ? began : begun;
        done = ended > done ? ended : done;
    }
    *time = done - first;
    return begun - first < (done - first) / 16;
}

/* Of a busy host what it gives is taken in the end. */
static long measure_together(void (*work)(void), int nworkers)
{
    long time;
    for (int i = 0; !measure(work, nworkers, &time) && i < TRIES; i++)
        ;
    return time;
}

static int by_size(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return x < y ? -1 : x > y;
}

static void print_times(const char *name, int nworkers, long time[RUNS])
{
    qsort(time, RUNS, sizeof time[0], by_size);
    printf("bench,%s,%s,%d,%s,%d,ticks,%ld,%ld,%ld\n", system_kernel(), system_policy(),
           system_harts(), name, nworkers, time[RUNS / 2], time[0], time[RUNS - 1]);
}

/* In turn, so that whatever else the host does slows both. */
static void report(const char *name, void (*work)(void), int nworkers)
{
    long one[RUNS], all[RUNS];
    for (int i = 0; i < RUNS; i++) {
        one[i] = measure_together(work, 1);
        all[i] = measure_together(work, nworkers);
    }
    print_times(name, 1, one);
    print_times(name, nworkers, all);
}

int main(int argc, char **argv)
{
    int nworkers = argc > 1 ? atoi(argv[1]) : WORKERS;
    if (nworkers < 1 || nworkers > WORKERS_MAX) {
        printf("usage: scaling [WORKERS]\n");
        return 2;
    }
    shared = test_shared();
    area = test_pages(PAGES);
    report("scale_spin", spin, nworkers);
    report("scale_touch", touch, nworkers);
    report("scale_copy", copy, nworkers);
    report("scale_fork", storm, nworkers);
    return 0;
}
