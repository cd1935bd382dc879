/* What programs of tests share: each test in a process of its own, judged by how it ends and by the
 * frames that are free then. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"

enum { OWN_PAGES_MAX = 8, ORPHANS_SECONDS = 10 };

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

bool test_frames_are(long before)
{
    long more = test_free_pages() - before;
    return test_lazy_fork || test_upgrades ? more == 0 : labs(more) <= OWN_PAGES_MAX;
}

pid_t test_fork(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    return child;
}

static bool run(const char *program, const struct test *test)
{
    printf("%s: %s ", program, test->name);
    fflush(stdout); /* by now it has the page that files need, if it needs one */
    long before = test_free_pages();
    pid_t child = fork();
    if (child == 0) {
        test->function();
        _exit(0);
    }
    uint32_t status = 0, cause = 0;
    bool ok = child > 0 && holstein_wait(child, &status, &cause) == child;
    if (!ok || cause != CAUSE_EXIT || status != 0) {
        printf("FAILED status=%lu cause=%s\n", (unsigned long)status, holstein_cause(cause));
        return false;
    }
    /* Orphans of a test end on their own; what they hold returns then. Each turn is a little longer
     * than the last: one that kept in step with the ticks of a deterministic emulator could have a
     * lock at every end of this hart's turn, and the hart on which they end never get it. */
    time_t limit = time(NULL) + ORPHANS_SECONDS;
    for (unsigned turn = 0; !test_frames_are(before) && time(NULL) < limit; turn++) {
        for (volatile unsigned i = turn % 127; i > 0; i--)
            ;
        sched_yield();
    }
    if (!test_frames_are(before)) {
        printf("FAILED frames=%ld before=%ld\n", test_free_pages(), before);
        return false;
    }
    printf("ok\n");
    return true;
}

int test_main(const struct test *tests, size_t ntests, int argc, char **argv)
{
    int failed = 0;
    long flags = holstein_statistic(STATISTIC_POLICY);
    test_lazy_fork = (flags & POLICY_IS_LAZY) != 0;
    test_upgrades = (flags & POLICY_UPGRADES) != 0;
    for (int a = 1; a < argc; a++) {
        size_t i = 0;
        while (i < ntests && strcmp(tests[i].name, argv[a]) != 0)
            i++;
        if (i == ntests) {
            printf("%s: no test %s\n", argv[0], argv[a]);
            return 2;
        }
        failed += !run(argv[0], &tests[i]);
    }
    for (size_t i = 0; argc == 1 && i < ntests; i++)
        failed += !run(argv[0], &tests[i]);
    return failed == 0 ? 0 : 1;
}
