/* pause KIND MIB [POLICY]: how long another program waits while one asks for something long.
 *
 * A bystander of higher priority sleeps a little, again and again, while its child does what KIND
 * names with so many MiB: fork, exit, munmap, mprotect, shared (mmap), exec (of a file that it
 * offers in pages, and that is none), pages (counted). Its longest lateness is the pause: from when
 * it should have run until it runs. Time is counted in instructions under -icount shift=0, where
 * one takes a nanosecond; what it is late with nobody else there is said too. */
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { PAGE = 4096, MIB = 1 << 20, STEP = 200000, QUIET = 20, ABOVE = -4 };

static _Atomic int *ready;

static long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static long ask(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t word[6] = {a, b, c, d};
    return holstein_request(word);
}

static void fail(const char *what)
{
    printf("pause: %s FAILED\n", what);
    exit(1);
}

/* Sleeps, and how late it is. */
static long lateness(void)
{
    long target = now() + STEP;
    nanosleep(&(struct timespec){0, STEP}, NULL);
    return now() - target;
}

static char *touched(size_t nbytes)
{
    char *area = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        fail("mmap");
    for (size_t i = 0; i < nbytes; i += PAGE)
        area[i] = 1;
    return area;
}

static void offer(char *file, size_t nbytes)
{
    struct argument_block *block = (struct argument_block *)touched(PAGE);
    *block = (struct argument_block){.nbytes = sizeof *block + 2, .argc = 1, .path = "x"};
    uint64_t word[6] = {REQ_EXEC, (uint64_t)block, PAGE, (uint64_t)file, nbytes};
    if (holstein_request(word) != ERR_NOEXEC)
        fail("exec");
}

static void attack(const char *kind, size_t nbytes)
{
    bool shared = strcmp(kind, "shared") == 0, pages = strcmp(kind, "pages") == 0;
    char *area = shared ? NULL : pages ? sbrk((intptr_t)nbytes) : touched(nbytes);
    *ready = 1;
    usleep(1000);
    if (strcmp(kind, "fork") == 0) {
        pid_t child = fork();
        if (child <= 0)
            _exit(child < 0);
        waitpid(child, NULL, 0);
    } else if (strcmp(kind, "munmap") == 0) {
        munmap(area, nbytes);
    } else if (strcmp(kind, "mprotect") == 0) {
        mprotect(area, nbytes, PROT_READ);
    } else if (shared) {
        mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    } else if (pages) {
        ask(REQ_PROCESS, (uint64_t)getpid() - 1, INFO_PAGES, 0);
    } else if (strcmp(kind, "exec") == 0) {
        offer(area, nbytes);
    } else if (strcmp(kind, "exit") != 0) {
        fail("no such kind");
    }
    _exit(0);
}

static long longest(const char *kind, size_t nbytes, const char *policy)
{
    long worst = 0, late;
    int status;
    *ready = 0;
    pid_t child = fork();
    if (child == 0) {
        setpriority(PRIO_PROCESS, 0, 0);
        if (holstein_policy(policy) != 0)
            fail(policy);
        attack(kind, nbytes);
    }
    while (!*ready)
        usleep(1000);
    while (waitpid(child, &status, WNOHANG) == 0)
        if ((late = lateness()) > worst)
            worst = late;
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(kind);
    return worst;
}

static const struct {
    const char *kind, *policy;
} all[] = {{"fork", "cow"},    {"exit", "cow"},       {"munmap", "cow"},  {"mprotect", "cow"},
           {"shared", "cow"},  {"exec", "cow"},       {"pages", "cow"},   {"fork", "eager"},
           {"exit", "eager"},  {"fork", "tables"},    {"exit", "tables"}, {"munmap", "tables"},
           {"exec", "tables"}, {"mprotect", "tables"}};

int main(int argc, char **argv)
{
    if (argc != 4) {
        printf("usage: pause KIND|all MIB POLICY|CEILING\n");
        return 2;
    }
    bool each = strcmp(argv[1], "all") == 0;
    size_t nbytes = (size_t)atoi(argv[2]) * MIB;
    long ceiling = each ? atol(argv[3]) : LONG_MAX, quiet = 0, late;
    int failed = 0;
    ready = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setpriority(PRIO_PROCESS, 0, ABOVE);
    for (int i = 0; i < QUIET; i++)
        if ((late = lateness()) > quiet)
            quiet = late;
    printf("pause: nothing else: %ld\n", quiet);
    for (unsigned i = 0; i < (each ? sizeof all / sizeof all[0] : 1); i++) {
        const char *kind = each ? all[i].kind : argv[1], *policy = each ? all[i].policy : argv[3];
        long worst = longest(kind, nbytes, policy);
        bool ok = worst <= ceiling;
        printf("pause: %s-%s %s worst=%ld\n", kind, policy, ok ? "ok" : "FAILED", worst);
        failed |= !ok;
    }
    return failed;
}
