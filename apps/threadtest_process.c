/* threadtest: what fork, exec, exit and death mean for a process with several threads. */
#include <fcntl.h>
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

enum { PIPE_NBYTES = 4096, FILLED = 10, READY, GO }; /* descriptors from 10 on */

static volatile bool about_to_write;

static void *write_page(void *page)
{
    about_to_write = true;
    write(FILLED, page, PIPE_NBYTES);
    return NULL;
}

/* Its transfer page is full of S, while the pipe is read. */
static int write_secret(void)
{
    static char bytes[PIPE_NBYTES];
    memset(bytes, 'S', sizeof bytes);
    int file = open("secret", O_CREAT | O_WRONLY);
    bool good = write(file, bytes, sizeof bytes) == sizeof bytes && close(file) == 0 &&
                unlink("secret") == 0 && write(READY, "S", 1) == 1;
    return good && read(GO, bytes, 1) == 0 ? 0 : 1;
}

/* A write waits at a pipe while the first thread execs: its rest is never taken from the new
 * program's page. (It may be other than A: exec, too, puts a name into the old page.) */
void test_exec_pipe(void)
{
    static char bytes[PIPE_NBYTES];
    int filled[2], ready[2], go[2], status;
    ssize_t n = 0, total = 0;
    CHECK(pipe(filled) == 0 && pipe(ready) == 0 && pipe(go) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        char *argv[] = {"threadtest", "--exec", "secret", NULL};
        dup2(filled[1], FILLED), dup2(ready[1], READY), dup2(go[0], GO);
        for (int i = 0; i < 2; i++)
            close(filled[i]), close(ready[i]), close(go[i]);
        write(FILLED, memset(bytes, 'A', sizeof bytes), PIPE_NBYTES / 2);
        test_thread(write_page, bytes);
        for (int turns = 0; turns < 100; turns += about_to_write)
            sched_yield();
        execv(argv[0], argv);
        _exit(1);
    }
    close(filled[1]), close(ready[1]), close(go[0]);
    CHECK(read(ready[0], bytes, 1) == 1);
    CHECK(read(filled[0], bytes, 1) == 1 && bytes[0] == 'A'); /* now there is room for the rest */
    close(go[1]);
    while ((n = read(filled[0], bytes, sizeof bytes)) > 0)
        for (total += n; n > 0; n--)
            CHECK(bytes[n - 1] != 'S');
    CHECK(n == 0 && total < PIPE_NBYTES);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(filled[0]), close(ready[0]);
}

int test_exec_child(const char *argument)
{
    if (strcmp(argument, "secret") == 0)
        return write_secret();
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
