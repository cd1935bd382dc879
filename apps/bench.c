/* What operations cost, in retired instructions: `bench` measures all, `bench NAME SIZE` one, and
 * `bench placement` some of them with data, heap and stack at 16 places each.
 *
 * Prints `bench,KERNEL,POLICY,HARTS,NAME,SIZE,UNIT,MEDIAN,MIN,MAX`; SIZE is in pages. The
 * calibration, printed first, is what the counter counts with nothing between two readings, and is
 * taken off. Each unit is run once unmeasured, so that what it touches is there, and its effect is
 * checked each time.
 *
 * What is measured stands in a function of its own, measure_NAME, between two readings of the
 * counter, so that a profile finds it. All that this file needs of the system is in bench_system.h:
 * with another one (bench_xv6.h) it measures another kernel. */
#include "bench_system.h"

enum {
    RUNS = 101,
    PAGE = 4096,
    OLD = 'o',
    NEW = 'n',
    PAGES_MAX = 16384,
    PLACEMENTS = 16,

    STATUS_USAGE = 2
};

#define MEASURED static __attribute__((noinline)) int

static const int sizes[] = {0, 64, 1024, 4096, 16384};
static int sample[RUNS];
static int npages, stride = SYSTEM_STRIDE;
static char *area;          /* npages, touched, or one */
static char data[PAGE + 1]; /* whose ends lie in two pages */
static char *mark = data;   /* stored to before a fault is measured: a fault in the data */

static void check(int good, const char *what)
{
    if (good)
        return;
    printf("bench: %s FAILED\n", what);
    _exit(1);
}

/* What the frames and the pager's statistics must have done in between, where they are known. */
static void check_counts(const struct counts *before, struct counts change, const char *what)
{
    struct counts after;
    if (!system_counts(&after))
        return;
    check(after.taken - before->taken == change.taken &&
              after.upgrades - before->upgrades == change.upgrades &&
              after.copies - before->copies == change.copies &&
              after.zeros - before->zeros == change.zeros,
          what);
}

/* All of a page but its first byte is that. */
static int holds(const char *page, char value)
{
    for (int i = 1; i < PAGE; i++)
        if (page[i] != value)
            return 0;
    return 1;
}

MEASURED measure_nothing(void)
{
    long start = counter();
    return (int)(counter() - start);
}

MEASURED measure_store(volatile char *page)
{
    long start = counter();
    *page = NEW;
    return (int)(counter() - start);
}

/* Returns twice, as fork does. */
MEASURED measure_fork(int *child)
{
    long start = counter();
    int pid = fork();
    long end = counter();
    *child = pid;
    return (int)(end - start);
}

/* The child ends at once, or becomes another program. */
MEASURED measure_child(int program, int *status)
{
    long start = counter();
    int child = fork();
    if (child == 0) {
        if (program)
            system_exec();
        _exit(program);
    }
    *status = child < 0 ? child : system_wait();
    return (int)(counter() - start);
}

MEASURED measure_echo(int to, int from, char *byte)
{
    long start = counter();
    write(to, byte, 1);
    read(from, byte, 1);
    return (int)(counter() - start);
}

/* The child ends before the store: the page's last owner upgrades. */
static int run_upgrade(void)
{
    struct counts before;
    memset(area, OLD, PAGE);
    int child = fork();
    if (child == 0)
        _exit(0);
    check(child > 0 && system_wait() == 0, "fault_upgrade: child");
    (*mark)++;
    system_counts(&before);
    int cost = measure_store(area);
    check_counts(&before, (struct counts){.upgrades = 1}, "fault_upgrade: counts");
    check(area[0] == NEW && holds(area, OLD), "fault_upgrade: page");
    return cost;
}

/* The child stores, while its parent has the page too and waits: the child's status is the cost. */
static int run_copy(void)
{
    memset(area, OLD, PAGE);
    int child = fork();
    if (child == 0) {
        struct counts before;
        (*mark)++;
        system_counts(&before);
        int cost = measure_store(area);
        check_counts(&before, (struct counts){.taken = 1, .copies = 1}, "fault_copy: counts");
        check(area[0] == NEW && holds(area, OLD), "fault_copy: child's page");
        _exit(cost);
    }
    int cost = child < 0 ? child : system_wait();
    check(cost > 1, "fault_copy: child");
    check(area[0] == OLD && holds(area, OLD), "fault_copy: parent's page");
    return cost;
}

static int run_zero(void)
{
    struct counts before;
    char *page = sbrk(PAGE);
    check(page != (char *)-1, "fault_zero: sbrk");
    (*mark)++;
    system_counts(&before);
    int cost = measure_store(page);
    check_counts(&before, (struct counts){.taken = 1, .zeros = 1}, "fault_zero: counts");
    check(page[0] == NEW && holds(page, 0), "fault_zero: page");
    return cost;
}

/* All pages the first time; then one of each `stride`, so that the kernel has something to narrow
 * in each leaf table. */
static void touch(void)
{
    int step = area[0] == OLD ? stride : 1;
    for (long i = 0; i < npages; i += step)
        area[i * PAGE] = OLD;
}

static int touched(void)
{
    for (long i = 0; i < npages; i++)
        if (area[i * PAGE] != OLD)
            return 0;
    return 1;
}

static int run_fork(void)
{
    int child;
    touch();
    int cost = measure_fork(&child);
    if (child == 0)
        _exit(!touched());
    check(child > 0 && system_wait() == 0 && touched(), "fork: pages");
    return cost;
}

static int run_child(int program)
{
    int status;
    touch();
    int cost = measure_child(program, &status);
    check(status == 0 && touched(), "child");
    return cost;
}

static int run_life(void)
{
    return run_child(0);
}

static int run_program(void)
{
    return run_child(1);
}

/* The child sends bytes back, each one more than it got, until there are no more. */
static void echo(const int there[2], const int back[2])
{
    char byte;
    close(there[1]);
    for (; read(there[0], &byte, 1) == 1; write(back[1], &byte, 1))
        byte++;
    _exit(0);
}

static int run_pipe(void)
{
    int there[2], back[2];
    char byte = OLD;
    check(pipe(there) == 0 && pipe(back) == 0, "pipe");
    int child = fork();
    if (child == 0)
        echo(there, back);
    measure_echo(there[1], back[0], &byte); /* both have what they need from here on */
    int cost = measure_echo(there[1], back[0], &byte);
    for (int i = 0; i < 2; i++)
        check(close(there[i]) == 0 && close(back[i]) == 0, "pipe: close");
    check(byte == OLD + 2 && system_wait() == 0, "pipe: byte");
    return cost;
}

static const struct benchmark {
    const char *name;
    int (*run)(void); /* one unit of work: what the counter counted; 0: not on this system */
    int sized, placed;
} benchmarks[] = {
    {"syscall", system_syscall, 0, 0},
    {"ipc", system_ipc, 0, 1},
    {"request", system_request, 0, 1},
    {"fault_upgrade", run_upgrade, 0, 1},
    {"fault_copy", run_copy, 0, 1},
    {"fault_zero", run_zero, 0, 1},
    {"fork", run_fork, 1, 1},
    {"fork_exit_wait", run_life, 1, 0},
    {"fork_exec_wait", run_program, 1, 0},
    {"pipe", run_pipe, 0, 0},
};
enum {
    BENCHMARKS = sizeof benchmarks / sizeof benchmarks[0],
    SIZES = sizeof sizes / sizeof sizes[0],
};

static void sort(int n)
{
    for (int i = 1; i < n; i++) {
        int value = sample[i], j = i;
        for (; j > 0 && sample[j - 1] > value; j--)
            sample[j] = sample[j - 1];
        sample[j] = value;
    }
}

static int calibrate(int nruns)
{
    for (int i = 0; i < nruns; i++)
        sample[i] = measure_nothing();
    sort(nruns);
    return sample[nruns / 2];
}

/* Sorted samples; the result is the calibration. */
static __attribute__((noinline)) int measure(const struct benchmark *benchmark, int nruns)
{
    int calibration = calibrate(nruns);
    area = sbrk((npages > 0 ? npages : 1) * PAGE);
    check(area != (char *)-1, "sbrk");
    sample[0] = benchmark->run(); /* not kept; stored, so that each run begins alike */
    for (int i = 0; i < nruns; i++)
        sample[i] = benchmark->run();
    sort(nruns);
    return calibration;
}

static void show(const char *name, const char *suffix, int median, int min, int max)
{
    printf("bench,%s,%s,%d,%s%s,%d,instructions,%d,%d,%d\n", system_kernel(), system_policy(),
           system_harts(), name, suffix, npages, median, min, max);
}

/* In a process of its own, so that each starts with the same small program. */
static void run(const struct benchmark *benchmark, int nruns)
{
    int child = fork();
    if (child > 0) {
        check(system_wait() == 0, benchmark->name);
        return;
    }
    check(child == 0, "fork");
    int calibration = measure(benchmark, nruns);
    show(benchmark->name, "", sample[nruns / 2] - calibration, sample[0] - calibration,
         sample[nruns - 1] - calibration);
    exit(0);
}

/* Data in one page or another, and heap and stack some pages further: among them the heap right
 * behind the data, and, for what might be remembered by some bits of an address, 32 pages behind. A
 * fork pays for each page of the heap, and moves it by less. The status is the median. */
static void run_placed(const struct benchmark *benchmark, int nruns, int place)
{
    int near = place % 2, heap = benchmark->sized ? place / 2 % 4 : place / 2 + (near ? 0 : 24);
    volatile char *room = __builtin_alloca((unsigned)(place * 3 % 8 * PAGE + 1));
    room[0] = 0;
    mark = near ? data + PAGE : data;
    check(sbrk(heap * PAGE) != (char *)-1, "placement: sbrk");
    int calibration = measure(benchmark, nruns);
    _exit(sample[nruns / 2] - calibration);
}

/* The median of the placements' medians with the least and the most of them; then the most. */
static void run_placements(const struct benchmark *benchmark, int nruns)
{
    for (int place = 0; place < PLACEMENTS; place++) {
        int child = fork();
        if (child == 0)
            run_placed(benchmark, nruns, place);
        sample[place] = child < 0 ? child : system_wait();
        check(sample[place] > 1, benchmark->name);
    }
    sort(PLACEMENTS);
    int worst = sample[PLACEMENTS - 1];
    show(benchmark->name, "@median", sample[PLACEMENTS / 2], sample[0], worst);
    show(benchmark->name, "@worst", worst, worst, worst);
}

static void show_calibration(void)
{
    int median = calibrate(RUNS);
    printf("bench: calibration %d (min %d, max %d)\n", median, sample[0], sample[RUNS - 1]);
    if (sample[0] != 1 || sample[RUNS - 1] != 1)
        printf("bench: the counter does not count instructions: start with -icount shift=0\n");
}

int main(int argc, char **argv)
{
    int size = argc > 2 ? atoi(argv[2]) : 0, nruns = argc > 3 ? atoi(argv[3]) : RUNS, found = 0;
    stride = argc > 4 ? atoi(argv[4]) : SYSTEM_STRIDE;
    if (size < 0 || size > PAGES_MAX || nruns < 1 || nruns > RUNS || stride < 1) {
        printf("usage: bench [NAME [SIZE [RUNS [STRIDE]]]]: to %d pages, to %d runs\n", PAGES_MAX,
               RUNS);
        exit(STATUS_USAGE);
    }
    system_start();
    show_calibration();
    int all = argc == 1, placed = !all && strcmp(argv[1], "placement") == 0;
    npages = size;
    for (int b = 0; b < BENCHMARKS; b++) {
        if (benchmarks[b].run == 0 ||
            !(all || (placed ? benchmarks[b].placed : strcmp(argv[1], benchmarks[b].name) == 0)))
            continue;
        found = 1;
        if (placed)
            run_placements(&benchmarks[b], nruns);
        for (int s = 0; !placed && s < (all && benchmarks[b].sized ? SIZES : 1); s++) {
            npages = all ? sizes[s] : size;
            run(&benchmarks[b], nruns);
        }
    }
    if (!found)
        printf("bench: no benchmark %s\n", argv[1]);
    exit(found ? 0 : STATUS_USAGE);
}
