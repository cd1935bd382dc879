/* stress [-s SEED] [-n STEPS] [-k KILLS]: random calls by several processes at a time.
 *
 * Each process does a step after another: memory that is written and checked, forks, pipes, files,
 * directories, exec, bad pointers. With -k the parent kills them at random moments instead of
 * waiting, and starts others. Afterwards files and memory are as before. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holstein.h"

enum { PAGE = 4096, WORKERS = 4, FDS = 8, SETTLE_SECONDS = 10 };

static uint64_t state;

static unsigned pick(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static _Noreturn void fail(const char *what)
{
    printf("stress: %s FAILED\n", what);
    exit(1);
}

static void memory(void)
{
    unsigned npages = pick(20) + 1;
    char *pages = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE,
                       (pick(4) == 0 ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return;
    for (unsigned i = 0; i < npages; i++)
        pages[i * PAGE + i] = (char)(i + 1);
    if (pick(3) == 0)
        mprotect(pages, npages * PAGE, PROT_READ);
    for (unsigned i = 0; i < npages; i++)
        if (pages[i * PAGE + i] != (char)(i + 1))
            fail("memory");
    if (pick(2) == 0)
        munmap(pages + pick(npages) * PAGE, PAGE);
    munmap(pages, npages * PAGE);
}

static void heap(void)
{
    intptr_t n = (intptr_t)pick(10 * PAGE);
    char *at = sbrk(n);
    if (at == (char *)-1)
        return;
    memset(at, 1, (size_t)n);
    if (sbrk(-n) == (void *)-1)
        fail("sbrk");
}

/* A child whose stores nobody else sees. */
static void forking(void)
{
    static volatile int mark;
    int before = mark = (int)pick(1000);
    pid_t child = fork();
    if (child < 0)
        return;
    if (child == 0) {
        mark++;
        for (unsigned n = pick(3); n > 0; n--)
            memory();
        exit(mark == before + 1 ? 0 : 1);
    }
    int status;
    if (pick(4) == 0)
        kill(child, SIGKILL);
    if (waitpid(child, &status, 0) != child || (WIFEXITED(status) && WEXITSTATUS(status) != 0))
        fail("fork");
    if (mark != before)
        fail("copy-on-write");
}

static void pipes(void)
{
    int ends[2];
    char bytes[3000], again[3000];
    size_t n = pick(sizeof bytes) + 1;
    if (pipe(ends) != 0)
        return;
    memset(bytes, (int)pick(256), n);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        for (int i = 0; i < 3; i++)
            if (write(ends[1], bytes, n) != (ssize_t)n)
                exit(0);
        exit(0);
    }
    close(ends[1]);
    size_t total = 0;
    for (ssize_t got; (got = read(ends[0], again, pick(sizeof again) + 1)) > 0;
         total += (size_t)got)
        if (again[got - 1] != bytes[0])
            fail("pipe");
    close(ends[0]);
    if (child > 0 && (waitpid(child, NULL, 0) != child || total != 3 * n))
        fail("pipe length");
}

static void files(void)
{
    static const char *const names[] = {"s1", "s2", "s3", "sd/s1", "sd/s2", "sd", "../s1"};
    const char *name = names[pick(7)], *other = names[pick(7)];
    char bytes[5000];
    switch (pick(8)) {
    case 0: mkdir("/sd", 0777); break;
    case 1: unlink(name); break;
    case 2: link(name, other); break;
    case 3: chdir(pick(2) == 0 ? "/sd" : "/"); break;
    default: {
        int fd = open(name, O_RDWR | O_CREAT | (pick(3) == 0 ? O_TRUNC : 0), 0666);
        memset(bytes, 'q', sizeof bytes);
        write(fd, bytes, pick(sizeof bytes));
        lseek(fd, (off_t)pick(6000), SEEK_SET);
        ssize_t n = read(fd, bytes, sizeof bytes);
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != 'q' && bytes[i] != 0)
                fail("file");
        if (pick(4) == 0)
            dup2(fd, (int)pick(FDS) + 3);
        close(fd);
    }
    }
}

static void bad_pointers(void)
{
    void *nowhere = (void *)(uintptr_t)((uint64_t)pick(1 << 30) << (pick(34)) | 1ul << 40);
    int fd = open("README", O_RDONLY);
    if (read(fd, nowhere, 10) >= 0 && fd >= 0)
        fail("bad pointer");
    if (open(nowhere, O_RDONLY) >= 0 || pipe(nowhere) >= 0)
        fail("bad pointer");
    close(fd);
}

static void executing(void)
{
    char *argv[] = {"true", NULL};
    pid_t child = fork();
    if (child == 0) {
        execv("/true", argv);
        exit(0);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

static void step(void)
{
    switch (pick(16)) {
    case 0:
    case 1: memory(); break;
    case 2: heap(); break;
    case 3:
    case 4: forking(); break;
    case 5:
    case 6:
    case 7: pipes(); break;
    case 8: bad_pointers(); break;
    case 9: executing(); break;
    case 10: usleep(pick(300)); break;
    case 11: setpriority(PRIO_PROCESS, 0, (int)pick(6)); break;
    default: files();
    }
}

static pid_t start(uint64_t seed, unsigned nsteps)
{
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child > 0)
        return child;
    state = seed * 2654435761u + 1;
    for (unsigned i = 0; i < nsteps; i++)
        step();
    exit(0);
}

static void run(uint64_t seed, unsigned nsteps)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (start(seed * 100 + i, nsteps) < 0)
            fail("start");
    uint32_t status, cause;
    for (unsigned i = 0; i < WORKERS; i++)
        if (holstein_wait(-1, &status, &cause) < 0 || status != 0 || cause != CAUSE_EXIT)
            fail("worker");
}

/* Whoever has the pipe that all of a worker's family inherited is gone, and with him what he had.
 */
static void check_closed(int reader)
{
    char c;
    if (read(reader, &c, 1) != 0 || close(reader) != 0)
        fail("descriptors");
}

/* A random moment: so many turns of a loop, sometimes with the hart left to others. */
static void kill_some(uint64_t seed, unsigned nkills)
{
    pid_t worker[WORKERS];
    int ends[2], reader[WORKERS];
    state = seed;
    for (unsigned k = 0; k < nkills + WORKERS; k++) {
        unsigned at = k % WORKERS;
        if (k >= WORKERS) {
            for (volatile unsigned n = pick(20000); n > 0; n--)
                ;
            holstein_request((uint64_t[6]){REQ_KILL, (uint64_t)worker[at], KILL_FAMILY});
            if (waitpid(worker[at], NULL, 0) != worker[at])
                fail("kill");
            check_closed(reader[at]);
        }
        if (k < nkills) {
            if (pipe(ends) != 0 || (worker[at] = start(seed * 7919 + k, 1u << 30)) < 0)
                fail("start");
            reader[at] = ends[0];
            close(ends[1]);
        }
        if (pick(2) == 0)
            usleep(pick(2000));
    }
}

static void remove_files(void)
{
    static const char *const names[] = {"/s1",    "/s2",    "/s3",    "/sd/s1",
                                        "/sd/s2", "/sd/s3", "/sd/sd", "/sd"};
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
            unlink(names[i]);
}

/* Orphans end a little later. */
static bool is_back(long frames, const uint64_t disk[4])
{
    uint64_t now[4];
    time_t end = time(NULL) + SETTLE_SECONDS;
    do {
        sched_yield();
        holstein_disk(now);
        if (holstein_statistic(STATISTIC_FREE) == frames && memcmp(now, disk, sizeof now) == 0)
            return true;
    } while (time(NULL) <= end);
    printf("frames %ld->%ld blocks %lu->%lu inodes %lu->%lu\n", frames,
           holstein_statistic(STATISTIC_FREE), disk[0], now[0], disk[2], now[2]);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, disk[4];
    unsigned nsteps = 300, nkills = 0;
    for (int c; (c = getopt(argc, argv, "s:n:k:")) != -1;) {
        unsigned long value = strtoul(optarg == NULL ? "" : optarg, NULL, 10);
        if (c == 's')
            seed = value;
        else if (c == 'n')
            nsteps = (unsigned)value;
        else if (c == 'k')
            nkills = (unsigned)value;
        else
            return 2;
    }
    run(seed, 1); /* what is only done once is done now */
    remove_files();
    holstein_disk(disk);
    long frames = holstein_statistic(STATISTIC_FREE);
    if (nkills > 0)
        kill_some(seed, nkills);
    else
        run(seed, nsteps);
    remove_files();
    bool back = is_back(frames, disk);
    printf("stress: %s %s seed=%lu\n", nkills > 0 ? "kills" : "steps", back ? "ok" : "FAILED",
           seed);
    return !back;
}
