/* Races between processes, each over and over: which of them a run meets is the schedule's affair
 * (test/races). `racetest` runs all, `racetest NAME…` those named. */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

enum { AREA = 12 }; /* pages that a test stores to */

static void fill(volatile char *area, char value)
{
    for (int i = 0; i < AREA; i++)
        area[i * PAGE] = area[i * PAGE + PAGE - 1] = value;
}

static void check(const volatile char *area, char value)
{
    for (int i = 0; i < AREA; i++)
        CHECK(area[i * PAGE] == value && area[i * PAGE + PAGE - 1] == value);
}

/* Killed, or ended as it should: nothing else may happen to a process here. */
static void reap(int nchildren)
{
    for (int i = 0; i < nchildren; i++) {
        uint32_t status, cause;
        CHECK(holstein_wait(-1, &status, &cause) > 0);
        CHECK(cause == CAUSE_KILLED || (cause == CAUSE_EXIT && status == 0));
    }
}

/* Parent and child store to all pages as soon as the fork returns, and so do their next forks. */
static void storefork(void)
{
    enum { ROUNDS = 20 };
    volatile char *area = test_pages(AREA);
    for (char round = 0; round < ROUNDS; round++) {
        fill(area, round);
        for (char child = 1; child <= 2; child++) {
            if (test_fork() == 0) {
                check(area, round);
                fill(area, (char)(round + child + 50));
                check(area, (char)(round + child + 50));
                _exit(0);
            }
        }
        fill(area, (char)(round + 100));
        check(area, (char)(round + 100));
        test_join(2);
        check(area, (char)(round + 100));
    }
}

/* Processes are killed while they copy, at another moment each time; what they shared stays. */
static void killcopy(void)
{
    enum { ROUNDS = 40 };
    volatile char *area = test_pages(AREA);
    struct shared *shared = test_shared();
    fill(area, 7);
    for (int round = 0; round < ROUNDS; round++) {
        shared->word[0] = 0;
        pid_t child = test_fork();
        if (child == 0) {
            shared->word[0] = 1;
            for (char value = 0;; value++) {
                if (test_fork() == 0)
                    _exit(0);
                fill(area, value);
                check(area, value);
                while (waitpid(-1, NULL, WNOHANG) > 0)
                    ;
            }
        }
        test_await(&shared->word[0], 1);
        for (int i = 0; i < round; i++)
            sched_yield();
        CHECK(kill(child, SIGKILL) == 0);
        reap(1);
        check(area, 7);
    }
}

/* All sharers of each page store at once: one of them is the last, and keeps the frame. */
static void sharers(void)
{
    enum { ROUNDS = 12, SHARERS = 4 };
    volatile char *area = test_pages(AREA);
    struct shared *shared = test_shared();
    for (int round = 0; round < ROUNDS; round++) {
        fill(area, (char)round);
        shared->word[0] = 0;
        for (char who = 0; who < SHARERS; who++) {
            if (test_fork() != 0)
                continue;
            shared->word[0]++;
            while (shared->word[0] < SHARERS)
                sched_yield();
            for (int i = 0; i < AREA; i++) {
                CHECK(area[i * PAGE] == (char)round);
                area[i * PAGE] = (char)(who + 60);
            }
            for (int i = 0; i < AREA; i++)
                CHECK(area[i * PAGE] == who + 60 && area[i * PAGE + PAGE - 1] == (char)round);
            _exit(0);
        }
        test_join(SHARERS);
        check(area, (char)round);
    }
}

/* A tree of forks, each of whose nodes stores before and after its own. */
static void grow(volatile char *area, int depth)
{
    enum { BRANCHES = 3 };
    for (int branch = 0; depth > 0 && branch < BRANCHES; branch++) {
        char value = (char)(depth * 10 + branch);
        fill(area, value);
        if (test_fork() == 0) {
            check(area, value);
            grow(area, depth - 1);
            _exit(0);
        }
        fill(area, 100);
        check(area, 100);
    }
    if (depth > 0)
        test_join(BRANCHES);
}

static void tree(void)
{
    enum { DEPTH = 3 };
    volatile char *area = test_pages(AREA);
    grow(area, DEPTH);
    check(area, 100);
}

/* Two processes kill each other: each dies of it, or has ended before. */
static void mutual(void)
{
    enum { ROUNDS = 30 };
    struct shared *shared = test_shared();
    char *area = test_pages(AREA);
    for (int round = 0; round < ROUNDS; round++) {
        shared->word[0] = shared->word[1] = 0;
        for (int who = 0; who < 2; who++) {
            if (test_fork() != 0)
                continue;
            shared->word[who] = getpid();
            while (shared->word[1 - who] == 0)
                sched_yield();
            fill(area, (char)round);
            kill((pid_t)shared->word[1 - who], SIGKILL);
            _exit(0);
        }
        reap(2);
    }
}

/* A process whose descendants fork without end is killed with all of them. */
static void bomb(void)
{
    enum { ROUNDS = 4, NODES = 30 };
    volatile char *area = test_pages(AREA);
    for (int round = 0; round < ROUNDS; round++) {
        struct shared *shared = test_shared(); /* another: this round's end stays said */
        pid_t child = test_fork();
        while (child == 0) {
            if (shared->word[1] != 0)
                _exit(0);
            shared->word[0]++;
            fill(area, (char)shared->word[0]);
            if (fork() < 0)
                sched_yield();
        }
        test_await(&shared->word[0], NODES);
        uint64_t word[6] = {REQ_KILL, (uint64_t)child, KILL_FAMILY};
        CHECK((long)holstein_request(word) == 0);
        shared->word[1] = 1; /* whoever was handed to init ends by itself */
        reap(1);
    }
}

/* exec while the parent kills it, and while its child shares all its pages. */
static void killexec(void)
{
    enum { ROUNDS = 24 };
    char *argv[] = {"true", NULL};
    volatile char *area = test_pages(AREA);
    for (int round = 0; round < ROUNDS; round++) {
        fill(area, (char)round);
        pid_t child = test_fork();
        if (child == 0) {
            if (test_fork() == 0) {
                check(area, (char)round);
                fill(area, 99);
                _exit(0);
            }
            execv(argv[0], argv);
            _exit(1);
        }
        for (int i = 0; i < round * 3; i++)
            sched_yield();
        kill(child, SIGKILL);
        reap(1);
        check(area, (char)round);
    }
}

static const struct test tests[] = {
    {"storefork", storefork}, {"killcopy", killcopy}, {"sharers", sharers},   {"tree", tree},
    {"mutual", mutual},       {"bomb", bomb},         {"killexec", killexec},
};

int main(int argc, char **argv)
{
    return test_main(tests, sizeof tests / sizeof tests[0], argc, argv);
}
