/* Tests of copy-on-write as programs see it: `cowtest` runs all, `cowtest NAME…` those named.
 *
 * Prints `cowtest: NAME ok` or `cowtest: NAME FAILED why` for each. A test runs in a process of its
 * own, and the frames in use after it must be those before. *Meaning* holds under every policy;
 * what *economy* asserts (copies, upgrades, frames) only under policies that declare it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cowtest.h"

enum { MIB = 1 << 20 };

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

static const struct test tests[] = {
    {"idle", test_idle},
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

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--exec") == 0)
        return test_exec_child(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--die") == 0)
        *(volatile char *)NULL = 0; /* what does the run report then? */
    return test_main(tests, sizeof tests / sizeof tests[0], argc, argv);
}
