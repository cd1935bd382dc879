/* workload [NAME...]: what whole programs cost under the pager policy that they run under.
 *
 * Prints `workload,KERNEL,POLICY,NAME,INSTRUCTIONS,UPGRADES,COPIES,ZEROS,MAPS,AHEAD,PEAK,PAUSE` for
 * each: retired instructions (under -icount shift=0, on one hart); faults by what came of them;
 * pages copied in the fault of a neighbour; frames in use at the peak, as far as the workload
 * looks, above those before it; the longest that one store or fork took. `store` prints its writes'
 * median, 99 % and worst too. Each runs in a process of its own and checks what it reads. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holstein.h"

enum { PAGE = 4096, LARGE = 16384, SMALL = 256, WRITES = 4000, ROUNDS = 20, DEPTH = 5 };

/* What is shared with the processes that a workload forks. */
struct figures {
    uint64_t pause;
    long least; /* free frames, at the peak */
};
static struct figures *figures;

static char *area;

static inline uint64_t now(void)
{
    uint64_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

static void check(bool good, const char *what)
{
    if (good)
        return;
    printf("workload: %s FAILED\n", what);
    exit(1);
}

static void look(void)
{
    long nfree = holstein_statistic(STATISTIC_FREE);
    figures->least = nfree < figures->least ? nfree : figures->least;
}

static uint64_t pause_since(uint64_t start)
{
    uint64_t took = now() - start;
    figures->pause = took > figures->pause ? took : figures->pause;
    return took;
}

static uint64_t store(size_t page, char value)
{
    uint64_t start = now();
    ((volatile char *)area)[page * PAGE] = value;
    return pause_since(start);
}

static void fill(size_t npages)
{
    area = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(area != MAP_FAILED, "memory");
    for (size_t i = 0; i < npages; i++)
        area[i * PAGE] = 1;
}

static pid_t child(void)
{
    uint64_t start = now();
    pid_t pid = fork();
    if (pid != 0)
        pause_since(start);
    check(pid >= 0, "fork");
    return pid;
}

static void reap(void)
{
    uint32_t status, cause;
    check(holstein_wait(-1, &status, &cause) > 0 && cause == CAUSE_EXIT && status == 0, "a child");
}

static size_t next(size_t *state, size_t n)
{
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    return (*state >> 33) % n;
}

static void fork_exit(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (child() == 0)
            _exit(0);
        reap();
    }
}

static void fork_exec(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (child() == 0) {
            execv("true", (char *[]){"true", NULL});
            _exit(1);
        }
        reap();
    }
}

/* Of 64 MiB: all in order, or so many at random. */
static void child_writes(size_t nwrites)
{
    size_t state = 1;
    if (child() == 0) {
        for (size_t i = 0; i < nwrites; i++)
            store(nwrites == LARGE ? i : next(&state, LARGE), 2);
        look();
        _exit(0);
    }
    reap();
    for (size_t i = 0; i < LARGE; i++)
        check(area[i * PAGE] == 1, "the parent's pages");
}

static void child_1(void)
{
    child_writes(LARGE / 100);
}

static void child_10(void)
{
    child_writes(LARGE / 10);
}

static void child_50(void)
{
    child_writes(LARGE / 2);
}

static void child_100(void)
{
    child_writes(LARGE);
}

static void child_reads(void)
{
    if (child() == 0) {
        for (size_t i = 0; i < LARGE; i++)
            check(area[i * PAGE] == 1, "the child's pages");
        look();
        _exit(0);
    }
    reap();
}

/* The last owner stores: upgrades, or copies for nothing. */
static void parent_after(void)
{
    fork_exit();
    for (size_t i = 0; i < LARGE; i++)
        store(i, 3);
    look();
}

static int compare(const void *left, const void *right)
{
    uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;
    return l < r ? -1 : l > r;
}

/* A store of keys and values that is served while children write snapshots of it. */
static void snapshots(void)
{
    static uint64_t latency[WRITES];
    size_t state = 7;
    int gate[2];
    check(pipe(gate) == 0, "pipe");
    for (int i = 0; i < WRITES; i++) {
        if (i % (WRITES / 4) == 0) {
            if (i > 0) {
                write(gate[1], "x", 1);
                reap();
            }
            if (child() == 0) {
                char byte;
                read(gate[0], &byte, 1);
                look();
                _exit(0);
            }
        }
        latency[i] = store(next(&state, LARGE), (char)i);
    }
    write(gate[1], "x", 1);
    reap();
    qsort(latency, WRITES, sizeof *latency, compare);
    printf("workload: a write's latency: median %lu, 99 %% %lu, worst %lu\n", latency[WRITES / 2],
           latency[WRITES * 99 / 100], latency[WRITES - 1]);
}

static void grow_tree(int depth)
{
    for (int i = 0; i < 2 && depth > 0; i++)
        if (child() == 0) {
            for (size_t page = (size_t)depth; page < SMALL; page += 7)
                store(page, (char)depth);
            grow_tree(depth - 1);
            _exit(0);
        }
    look();
    for (int i = 0; i < 2 && depth > 0; i++)
        reap();
}

static void tree(void)
{
    grow_tree(DEPTH);
}

/* Untouched memory that is read all over, and stored to here and there. */
static void sparse(void)
{
    size_t state = 3;
    area = mmap(NULL, (size_t)LARGE * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0);
    check(area != MAP_FAILED, "memory");
    for (size_t i = 0; i < LARGE; i++)
        check(((volatile char *)area)[i * PAGE] == 0, "zeros");
    for (size_t i = 0; i < LARGE / 100; i++)
        store(next(&state, LARGE), 1);
    look();
}

static const struct {
    const char *name;
    void (*function)(void);
    size_t npages; /* touched before */
} workloads[] = {
    {"fork-bare", fork_exit, 0},
    {"fork-exit", fork_exit, SMALL},
    {"fork-exec", fork_exec, SMALL},
    {"child-reads", child_reads, LARGE},
    {"child-1", child_1, LARGE},
    {"child-10", child_10, LARGE},
    {"child-50", child_50, LARGE},
    {"child-100", child_100, LARGE},
    {"parent-after", parent_after, LARGE},
    {"snapshots", snapshots, LARGE},
    {"tree", tree, SMALL},
    {"sparse", sparse, 0},
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static const char *policy_name(void)
{
    static uint64_t word[6];
    word[0] = REQ_POLICY_NAME;
    word[1] = ~0ul;
    check(holstein_request(word) > 0, "policy");
    return (const char *)&word[1];
}

static void run(size_t w)
{
    static const uint64_t which[] = {STATISTIC_UPGRADES, STATISTIC_COPIES, STATISTIC_ZEROS,
                                     STATISTIC_MAPS, STATISTIC_AHEAD};
    enum { WHICH = sizeof which / sizeof *which };
    long before[WHICH];
    if (workloads[w].npages > 0)
        fill(workloads[w].npages);
    long nfree = holstein_statistic(STATISTIC_FREE);
    *figures = (struct figures){.least = nfree};
    for (unsigned i = 0; i < WHICH; i++)
        before[i] = holstein_statistic(which[i]);
    uint64_t start = now();
    workloads[w].function();
    uint64_t took = now() - start;
    printf("workload,%s,%s,%s,%lu", holstein_statistic(STATISTIC_IN_KERNEL) ? "mono" : "pager",
           policy_name(), workloads[w].name, took);
    for (unsigned i = 0; i < WHICH; i++)
        printf(",%ld", holstein_statistic(which[i]) - before[i]);
    printf(",%ld,%lu\n", nfree - figures->least, figures->pause);
}

int main(int argc, char **argv)
{
    figures = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(figures != MAP_FAILED, "memory");
    for (size_t w = 0; w < WORKLOADS; w++) {
        bool wanted = argc == 1;
        for (int a = 1; a < argc; a++)
            wanted = wanted || strcmp(argv[a], workloads[w].name) == 0;
        if (wanted && fork() == 0) {
            run(w);
            exit(0);
        }
        if (wanted)
            reap();
    }
    return 0;
}
