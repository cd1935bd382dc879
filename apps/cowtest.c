/* Tests of copy-on-write as programs see it: `cowtest` runs all, `cowtest NAME…` those named.
 *
 * Prints `cowtest: NAME ok` or `cowtest: NAME FAILED why` for each. A test runs in a process of its
 * own, and the frames in use after it must be those before. *Meaning* holds under every policy;
 * what *economy* asserts (copies, upgrades, frames) only under policies that declare it. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cowtest.h"

enum { MIB = 1 << 20 };

bool test_lazy_fork, test_upgrades;

void test_fail(const char *file, int line, const char *why)
{
    (void)file;
    printf("(line %d: %s) ", line, why);
    fflush(stdout);
    _exit(1);
}

long test_free_pages(void)
{
    return holstein_statistic(STATISTIC_FREE);
}

char *test_pages(size_t npages)
{
    char *area = sbrk((ptrdiff_t)(npages * PAGE));
    CHECK(area != (char *)-1);
    for (size_t i = 0; i < npages; i++)
        area[i * PAGE] = 1;
    return area;
}

struct shared *test_shared(void)
{
    struct shared *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    return shared;
}

void test_await(_Atomic long *word, long value)
{
    while (*word < value)
        sched_yield();
}

void test_join(int nchildren)
{
    for (int i = 0; i < nchildren; i++) {
        uint32_t status, cause;
        CHECK(holstein_wait(-1, &status, &cause) > 0);
        CHECK(cause == CAUSE_EXIT && status == 0);
    }
}

pid_t test_fork(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    return child;
}

/* More than half of memory, touched; the child lives. A policy that copies at fork may refuse. */
static void simple(void)
{
    size_t npages = (size_t)holstein_statistic(STATISTIC_TOTAL) * 5 / 9;
    char *area = test_pages(npages);
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < npages; i += 7)
            CHECK(area[i * PAGE] == 1);
        area[0] = 2;
        CHECK(area[0] == 2);
        _exit(0);
    }
    CHECK(child > 0 || (!test_lazy_fork && errno == ENOMEM));
    if (child > 0)
        test_join(1);
    CHECK(area[0] == 1);
}

static void fill(char *area, size_t npages, char value)
{
    for (size_t i = 0; i < npages; i++)
        for (size_t at = 0; at < PAGE; at += 512)
            area[i * PAGE + at] = (char)(value + (char)i);
}

static void check_filled(const char *area, size_t npages, char value)
{
    for (size_t i = 0; i < npages; i++)
        for (size_t at = 0; at < PAGE; at += 512)
            CHECK(area[i * PAGE + at] == (char)(value + (char)i));
}

/* Parent, child and grandchild all store to the whole of a large area. */
static void three(void)
{
    size_t npages = (size_t)test_free_pages() / 5;
    if (npages > 32u * MIB / PAGE)
        npages = 32u * MIB / PAGE;
    char *area = test_pages(npages);
    struct shared *shared = test_shared();
    fill(area, npages, 10);
    if (test_fork() == 0) {
        if (test_fork() == 0) {
            check_filled(area, npages, 10);
            fill(area, npages, 30);
            shared->word[0]++;
            test_await(&shared->word[0], 3);
            check_filled(area, npages, 30);
            _exit(0);
        }
        fill(area, npages, 20);
        shared->word[0]++;
        test_await(&shared->word[0], 3);
        check_filled(area, npages, 20);
        test_join(1);
        _exit(0);
    }
    fill(area, npages, 40);
    shared->word[0]++;
    test_await(&shared->word[0], 3);
    check_filled(area, npages, 40);
    test_join(1);
    check_filled(area, npages, 40);
}

/* Many processes fork and write at once. */
static void forkfork(void)
{
    enum { CHILDREN = 8, ROUNDS = 6, PAGES = 24 };
    char *area = test_pages(PAGES);
    for (int c = 0; c < CHILDREN; c++) {
        if (test_fork() != 0)
            continue;
        for (int round = 0; round < ROUNDS; round++) {
            fill(area, PAGES, (char)(c * 16 + round));
            if (test_fork() == 0) {
                check_filled(area, PAGES, (char)(c * 16 + round));
                fill(area, PAGES, (char)(c * 16 + round + 100));
                check_filled(area, PAGES, (char)(c * 16 + round + 100));
                _exit(0);
            }
            fill(area, PAGES, (char)(c * 16 + round + 50));
            check_filled(area, PAGES, (char)(c * 16 + round + 50));
            test_join(1);
        }
        _exit(0);
    }
    test_join(CHILDREN);
    CHECK(area[0] == 1);
}

/* 300 sharers of one page at once: more than 8 bits can count. */
static void wide(void)
{
    enum { SHARERS = 300 };
    struct shared *shared = test_shared();
    char *page = test_pages(1);
    long copies = holstein_statistic(STATISTIC_COPIES);
    for (int i = 0; i < SHARERS; i++) {
        if (test_fork() != 0)
            continue;
        test_await(&shared->word[0], 1);
        CHECK(page[0] == 1);
        page[0] = (char)(i % 100 + 2);
        CHECK(page[0] == (char)(i % 100 + 2) && page[PAGE - 1] == 0);
        _exit(0);
    }
    shared->word[0] = 1;
    test_join(SHARERS);
    CHECK(page[0] == 1);
    if (test_lazy_fork)
        CHECK(holstein_statistic(STATISTIC_COPIES) - copies >= SHARERS);
    page[0] = 3;
    CHECK(page[0] == 3);
}

/* The last owner keeps the frame: nothing is allocated, nothing is copied. */
static void last(void)
{
    char *page = test_pages(1);
    if (test_fork() == 0) {
        CHECK(page[0] == 1);
        _exit(0);
    }
    test_join(1);
    long frames = test_free_pages(), copies = holstein_statistic(STATISTIC_COPIES);
    long upgrades = holstein_statistic(STATISTIC_UPGRADES);
    *(volatile char *)page = 2;
    long upgraded = holstein_statistic(STATISTIC_UPGRADES) - upgrades;
    CHECK(page[0] == 2);
    if (test_upgrades) {
        CHECK(test_free_pages() == frames);
        CHECK(holstein_statistic(STATISTIC_COPIES) == copies);
        CHECK(!test_lazy_fork || upgraded >= 1);
    }
}

/* Sharers of a page that was shared before they were born. */
static void chain(void)
{
    enum { DEPTH = 12 };
    char *page = test_pages(1);
    page[1] = 0;
    for (int depth = 1; depth <= DEPTH; depth++) {
        pid_t child = test_fork();
        if (child != 0) {
            uint32_t status, cause;
            char before = page[1];
            CHECK(holstein_wait(child, &status, &cause) == child);
            CHECK(cause == CAUSE_EXIT && status == 0 && page[1] == before);
            page[1] = 99;
            CHECK(page[0] == 1 && page[1] == 99);
            if (depth > 1)
                _exit(0);
            return;
        }
        CHECK(page[0] == 1 &&
              page[1] == (depth % 2 == 0 ? depth - 1 : (depth > 1 ? depth - 2 : 0)));
        if (depth % 2 == 1)
            page[1] = (char)depth; /* every other generation stores before it forks */
    }
    _exit(0);
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"simple", simple},
    {"three", three},
    {"forkfork", forkfork},
    {"wide", wide},
    {"last", last},
    {"chain", chain},
    {"text", test_text},
    {"stack", test_stack},
    {"oom", test_oom},
    {"atomic", test_atomic},
    {"stale", test_stale},
    {"threads", test_threads},
    {"waiters", test_waiters},
    {"torn", test_torn},
    {"execs", test_execs},
    {"mmap", test_mmap},
    {"sbrk", test_sbrk},
    {"exec", test_exec},
    {"deep", test_deep},
    {"bad", test_bad},
    {"kill", test_kill},
    {"serve", test_serve},
    {"file", test_file},
};
enum { TESTS = sizeof tests / sizeof tests[0], OWN_PAGES_MAX = 8 };

static bool run(size_t i)
{
    long before = test_free_pages();
    printf("cowtest: %s ", tests[i].name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        tests[i].function();
        _exit(0);
    }
    uint32_t status = 0, cause = 0;
    bool ok = child > 0 && holstein_wait(child, &status, &cause) == child;
    if (!ok || cause != CAUSE_EXIT || status != 0) {
        printf("FAILED status=%lu cause=%s\n", (unsigned long)status, holstein_cause(cause));
        return false;
    }
    /* Orphans of a test end on their own; what they hold returns then. A policy without an economy
     * may give this process a page more than once. */
    long after = test_free_pages(), own = test_lazy_fork || test_upgrades ? 0 : OWN_PAGES_MAX;
    for (int turn = 0; turn < 10000 && (after > before || after < before - own); turn++) {
        sched_yield();
        after = test_free_pages();
    }
    if (after > before + own || after < before - own) {
        printf("FAILED frames=%ld before=%ld\n", after, before);
        return false;
    }
    printf("ok\n");
    return true;
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (argc == 3 && strcmp(argv[1], "--exec") == 0)
        return test_exec_child(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--die") == 0)
        *(volatile char *)NULL = 0; /* what does the run report then? */
    long flags = holstein_statistic(STATISTIC_POLICY);
    test_lazy_fork = (flags & POLICY_IS_LAZY) != 0;
    test_upgrades = (flags & POLICY_UPGRADES) != 0;
    for (int a = 1; a < argc; a++) {
        size_t i = 0;
        while (i < TESTS && strcmp(tests[i].name, argv[a]) != 0)
            i++;
        if (i == TESTS) {
            printf("cowtest: no test %s\n", argv[a]);
            return 2;
        }
        failed += !run(i);
    }
    for (size_t i = 0; argc == 1 && i < TESTS; i++)
        failed += !run(i);
    return failed == 0 ? 0 : 1;
}
