/* cowtest: several threads in one space. Only the first may use stdio. */
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cowtest.h"

enum { STACK = 16 * PAGE };

/* A new one for each thread: the last one may still stand on its own when it has said that it is
 * done. */
static void *stack(void)
{
    void *area = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    return area;
}

struct storm {
    struct shared *shared;  /* word 0: run; word 1: rounds made */
    volatile long *page[4]; /* private pages that it stores to */
};

static void store_for_ever(void *argument)
{
    struct storm *storm = argument;
    for (long value = 1; storm->shared->word[0] != 0; value++) {
        for (int i = 0; i < 4; i++)
            *storm->page[i] = value;
        storm->shared->word[1] = value;
    }
    storm->shared->word[2] = 1;
}

/* A second thread stores on another hart while the first forks: nothing that it stores after the
 * fork shows in the child, whose pages must stand still. */
void test_stale(void)
{
    enum { FORKS = 24, LOOKS = 30 };
    static struct storm storm;
    storm.shared = test_shared();
    char *area = test_pages(4);
    for (int i = 0; i < 4; i++)
        storm.page[i] = (volatile long *)(area + i * PAGE);
    storm.shared->word[0] = 1;
    CHECK(holstein_thread(store_for_ever, &storm, stack(), STACK) > 0);
    test_await(&storm.shared->word[1], 1);
    for (int f = 0; f < FORKS; f++) {
        long round = storm.shared->word[1];
        if (test_fork() == 0) {
            long seen[4];
            for (int i = 0; i < 4; i++)
                seen[i] = *storm.page[i];
            test_await(&storm.shared->word[1], round + 50); /* it has stored since */
            for (int look = 0; look < LOOKS; look++) {
                for (int i = 0; i < 4; i++)
                    CHECK(*storm.page[i] == seen[i]);
                if (look % 10 == 0)
                    sched_yield(); /* on one hart, the other's turn */
            }
            _exit(0);
        }
        test_await(&storm.shared->word[1], round + 2); /* it still stores */
        test_join(1);
    }
    storm.shared->word[0] = 0;
    test_await(&storm.shared->word[2], 1);
}

static void bump(void *argument)
{
    struct storm *storm = argument;
    for (int i = 0; i < 500; i++)
        for (int p = 0; p < 4; p++)
            __atomic_fetch_add((long *)storm->page[p], 1, __ATOMIC_SEQ_CST);
    storm->shared->word[3]++;
}

/* Threads fault on the same shared pages at once: no increment may land in a page that another
 * thread's copy replaced. */
void test_threads(void)
{
    enum { THREADS = 3, ROUNDS = 8 };
    static struct storm storm;
    storm.shared = test_shared();
    char *area = test_pages(4);
    for (int i = 0; i < 4; i++)
        storm.page[i] = (volatile long *)(area + i * PAGE);
    for (int round = 0; round < ROUNDS; round++) {
        storm.shared->word[0] = 1;
        pid_t child = test_fork();
        if (child == 0) {
            test_await(&storm.shared->word[1], 1);
            _exit(0);
        }
        for (int i = 0; i < 4; i++)
            *storm.page[i] = 0;
        child = test_fork(); /* the pages are shared with this one */
        if (child == 0) {
            test_await(&storm.shared->word[1], 1);
            for (int i = 0; i < 4; i++)
                CHECK(*storm.page[i] == 0);
            _exit(0);
        }
        storm.shared->word[3] = 0;
        for (int i = 0; i < THREADS; i++)
            CHECK(holstein_thread(bump, &storm, stack(), STACK) > 0);
        test_await(&storm.shared->word[3], THREADS);
        for (int i = 0; i < 4; i++)
            CHECK(*storm.page[i] == 500 * THREADS);
        storm.shared->word[1] = 1;
        test_join(2);
        storm.shared->word[1] = 0;
    }
}

static void wait_for_any(void *argument)
{
    struct storm *storm = argument;
    uint32_t status, cause;
    storm->shared->word[4] = holstein_wait(-1, &status, &cause) < 0 ? 1 : 2;
}

/* Two threads wait for one child: one gets it, the other learns that there is none. */
void test_waiters(void)
{
    static struct storm storm;
    uint32_t status, cause;
    storm.shared = test_shared();
    for (int round = 0; round < 10; round++) {
        storm.shared->word[0] = storm.shared->word[4] = 0;
        if (test_fork() == 0) {
            test_await(&storm.shared->word[0], 1);
            _exit(0);
        }
        CHECK(holstein_thread(wait_for_any, &storm, stack(), STACK) > 0);
        for (int i = 0; i < round; i++)
            sched_yield();
        storm.shared->word[0] = 1;
        bool got_it = holstein_wait(-1, &status, &cause) > 0;
        test_await(&storm.shared->word[4], 1);
        CHECK(got_it == (storm.shared->word[4] == 1));
    }
}

static void store_in_order(void *argument)
{
    struct storm *storm = argument;
    for (long value = 1; storm->shared->word[0] != 0; value++) {
        *storm->page[0] = value;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        *storm->page[1] = value;
        storm->shared->word[1] = value;
    }
    storm->shared->word[2] = 1;
}

/* A fork while another thread stores shows the child one moment: the second page is never ahead. */
void test_torn(void)
{
    enum { FORKS = 24, APART = 64 };
    static struct storm storm;
    storm.shared = test_shared();
    char *area = test_pages(APART);
    storm.page[0] = (volatile long *)area;
    storm.page[1] = (volatile long *)(area + (APART - 1) * PAGE);
    *storm.page[0] = *storm.page[1] = 0;
    storm.shared->word[0] = 1;
    CHECK(holstein_thread(store_in_order, &storm, stack(), STACK) > 0);
    for (int f = 0; f < FORKS; f++) {
        test_await(&storm.shared->word[1], storm.shared->word[1] + 10);
        if (test_fork() == 0) {
            CHECK(*storm.page[1] <= *storm.page[0]);
            _exit(0);
        }
        test_join(1);
    }
    storm.shared->word[0] = 0;
    test_await(&storm.shared->word[2], 1);
}

/* Threads fault while another one execs: nothing of theirs reaches the new program. */
void test_execs(void)
{
    enum { ROUNDS = 20 };
    static struct storm storm;
    char *argv[] = {"cowtest", "--exec", "an argument", NULL};
    storm.shared = test_shared();
    char *area = test_pages(4);
    for (int i = 0; i < 4; i++)
        storm.page[i] = (volatile long *)(area + i * PAGE);
    for (int round = 0; round < ROUNDS; round++) {
        storm.shared->word[0] = 1;
        storm.shared->word[1] = 0;
        int status;
        pid_t child = test_fork();
        if (child == 0) {
            CHECK(holstein_thread(store_for_ever, &storm, stack(), STACK) > 0);
            CHECK(holstein_thread(store_for_ever, &storm, stack(), STACK) > 0);
            test_await(&storm.shared->word[1], 1);
            if (fork() == 0) /* their pages are shared again, so each store faults */
                _exit(0);
            execv("cowtest", argv);
            _exit(1);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
}
