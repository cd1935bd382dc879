/* threadtest: what fork, exec, exit and death mean for a process with several threads. */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "threadtest.h"

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static struct shared *shared; /* word 0: threads that have begun; word 1: steps of the busy ones */

static void *block_at_mutex(void *argument)
{
    shared->word[0]++;
    pthread_mutex_lock(&held);
    return argument;
}

static void *block_at_cond(void *argument)
{
    pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    shared->word[0]++;
    pthread_mutex_lock(&own);
    for (;;)
        pthread_cond_wait(&never, &own);
    return argument;
}

static void *block_at_join(void *thread)
{
    shared->word[0]++;
    return test_joined(thread);
}

static void *never_block(void *argument)
{
    volatile char *area = argument;
    shared->word[0]++;
    for (;;) {
        area[shared->word[1] % 4 * PAGE]++;
        shared->word[1]++;
    }
    return NULL;
}

/* Four others, of which three wait in the kernel, each for something else, and one stores. */
static void start_others(void)
{
    pthread_mutex_lock(&held);
    shared->word[0] = shared->word[1] = 0;
    test_thread(block_at_join, test_thread(block_at_mutex, NULL));
    test_thread(block_at_cond, NULL);
    test_thread(never_block, test_pages(4));
    test_await(&shared->word[0], 4);
    test_await(&shared->word[1], 1);
}

static void *same(void *argument)
{
    return argument;
}

/* The child of a thread has that thread alone, with its stack; it ends when that one returns. */
static void *fork_here(void *argument)
{
    int on_stack = 5;
    pthread_t me = pthread_self();
    pid_t child = test_fork();
    if (child == 0) {
        long steps = shared->word[1];
        CHECK(on_stack == 5 && pthread_equal(me, pthread_self()));
        if ((uintptr_t)argument == 1)
            return NULL;              /* exit(0): it was the last */
        pthread_t thread[OTHERS_MAX]; /* nobody else is there */
        for (int i = 0; i < OTHERS_MAX; i++)
            thread[i] = test_thread(same, NULL);
        for (int i = 0; i < OTHERS_MAX; i++)
            test_joined(thread[i]);
        test_await(&shared->word[1], steps + 1); /* the parent's go on */
        free(malloc(100));
        exit(0);
    }
    test_join(1);
    return NULL;
}

void test_fork_one(void)
{
    shared = test_shared();
    start_others();
    for (uintptr_t round = 0; round < 6; round++)
        test_joined(test_thread(fork_here, (void *)(round % 2)));
    exit(0);
}

static void *exec_here(void *argument)
{
    char *argv[] = {"threadtest", "--exec", argument, NULL};
    execv(argv[0], argv);
    _exit(1);
}

int test_exec_child(const char *argument)
{
    bool joined = test_joined(test_thread(same, &shared)) == &shared;
    return joined && strcmp(argument, "here") == 0 ? 42 : 1;
}

/* A thread execs while others wait and one stores: the new program has one thread, and may make
 * more. */
void test_exec_one(void)
{
    shared = test_shared();
    for (int round = 0; round < 5; round++) {
        int status;
        pid_t child = test_fork();
        if (child == 0) {
            start_others();
            if (round % 2 == 0)
                exec_here("here");
            test_joined(test_thread(exec_here, "here"));
            _exit(2);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
}

static void *exit_here(void *argument)
{
    exit((int)(uintptr_t)argument);
}

/* exit ends the others, whoever calls it. */
void test_exit_all(void)
{
    shared = test_shared();
    for (int round = 0; round < 6; round++) {
        uint32_t status, cause;
        pid_t child = test_fork();
        if (child == 0) {
            start_others();
            if (round % 2 == 0)
                exit(round + 10);
            test_joined(test_thread(exit_here, (void *)(uintptr_t)(round + 10)));
            _exit(2);
        }
        CHECK(holstein_wait(child, &status, &cause) == child);
        CHECK(cause == CAUSE_EXIT && status == (uint32_t)round + 10);
    }
}

void test_kill_all(void)
{
    shared = test_shared();
    for (int round = 0; round < 10; round++) {
        uint32_t status, cause;
        shared->word[2] = 0;
        pid_t child = test_fork();
        if (child == 0) {
            start_others();
            shared->word[2] = 1;
            if (round % 2 == 0)
                block_at_mutex(NULL);
            for (;;) {
                if (fork() == 0)
                    _exit(0);
                wait(NULL);
            }
        }
        test_await(&shared->word[2], 1);
        CHECK(kill(child, SIGKILL) == 0);
        CHECK(holstein_wait(child, &status, &cause) == child && cause == CAUSE_KILLED);
    }
}

static void *fault_here(void *argument)
{
    *(volatile char *)argument = 1;
    return NULL;
}

/* Whatever a thread does there ends all, for an address. */
static void ends_all(void *(*act)(void *))
{
    uint32_t status, cause;
    shared = test_shared();
    pid_t child = test_fork();
    if (child == 0) {
        start_others();
        test_joined(test_thread(act, NULL));
        _exit(2);
    }
    CHECK(holstein_wait(child, &status, &cause) == child && cause == CAUSE_ADDRESS);
}

/* A thread's invalid store ends the process, with its cause. */
void test_fault_all(void)
{
    ends_all(fault_here);
}

static int sink;

static void *recurse(void *argument)
{
    volatile char room[2000];
    room[0] = (char)(uintptr_t)argument;
    if (shared->word[0] != 0)
        recurse((void *)room);
    sink += room[0];
    return NULL;
}

/* A stack that overflows meets its guard, and not its neighbour. */
void test_guard(void)
{
    ends_all(recurse);
}

static void *finish_later(void *argument)
{
    for (int i = 0; i < 100; i++)
        sched_yield();
    shared->word[0]++;
    return argument;
}

/* The first thread ends before the others: the process ends, with 0, when all have. */
void test_last(void)
{
    uint32_t status, cause;
    shared = test_shared();
    pid_t child = test_fork();
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            test_thread(finish_later, NULL);
        pthread_exit(NULL);
    }
    CHECK(holstein_wait(child, &status, &cause) == child);
    CHECK(cause == CAUSE_EXIT && status == 0 && shared->word[0] == 3);
}
