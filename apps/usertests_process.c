/* usertests: processes. */
#include "usertests.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/times.h>

static void exit_status(void)
{
    for (int i = 0; i < 100; i++) {
        int status;
        pid_t child = test_fork();
        if (child == 0)
            exit(i);
        CHECK(wait(&status) == child && WIFEXITED(status) && WEXITSTATUS(status) == i);
    }
}

static void exit_full(void)
{
    static const int statuses[] = {-1, 256, 1 << 30, -300};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        uint32_t status, cause;
        pid_t child = test_fork();
        if (child == 0)
            exit(statuses[i]);
        CHECK(holstein_wait(child, &status, &cause) == child);
        CHECK((int)status == statuses[i] && cause == CAUSE_EXIT);
    }
}

static void wait_none(void)
{
    FAILS(wait(NULL), ECHILD);
    FAILS(waitpid(getpid(), NULL, 0), ECHILD);
    FAILS(waitpid(1, NULL, WNOHANG), ECHILD);
}

static void wait_by_pid(void)
{
    int status;
    pid_t first = test_fork();
    if (first == 0)
        exit(1);
    pid_t second = test_fork();
    if (second == 0)
        exit(2);
    CHECK(waitpid(second, &status, 0) == second && WEXITSTATUS(status) == 2);
    CHECK(waitpid(first, &status, 0) == first && WEXITSTATUS(status) == 1);
}

static void wait_nohang(void)
{
    int ends[2], status;
    CHECK(pipe(ends) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        char c;
        close(ends[1]);
        exit((int)read(ends[0], &c, 1));
    }
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    close(ends[1]);
    while (waitpid(child, &status, WNOHANG) == 0)
        sched_yield();
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void two_children(void)
{
    for (int i = 0; i < 200; i++) {
        pid_t one = test_fork();
        if (one == 0)
            exit(0);
        pid_t two = test_fork();
        if (two == 0)
            exit(0);
        CHECK(wait(NULL) > 0 && wait(NULL) > 0);
    }
}

static void fork_fork(void)
{
    for (int i = 0; i < 3; i++) {
        if (test_fork() != 0)
            continue;
        for (int j = 0; j < 50; j++) {
            pid_t child = test_fork();
            if (child == 0)
                exit(0);
            test_join(child);
        }
        exit(0);
    }
    for (int i = 0; i < 3; i++)
        CHECK(wait(NULL) > 0);
}

static void reparent(void)
{
    for (int i = 0; i < 50; i++) {
        pid_t child = test_fork();
        if (child == 0) {
            if (test_fork() == 0) {
                sched_yield();
                exit(0);
            }
            exit(0);
        }
        test_join(child);
    }
}

static void orphan_parent(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t mine = getpid(), child = test_fork();
    if (child == 0) {
        pid_t middle = getpid();
        CHECK(getppid() == mine);
        if (test_fork() != 0)
            exit(0);
        while (getppid() == middle)
            sched_yield();
        char right = getppid() == 1;
        exit(write(ends[1], &right, 1) != 1);
    }
    test_join(child);
    char right = 0;
    CHECK(read(ends[0], &right, 1) == 1 && right == 1);
}

static void kill_runner(void)
{
    pid_t child = test_fork();
    if (child == 0)
        for (;;)
            __asm__ volatile("");
    CHECK(kill(child, 0) == 0 && kill(child, SIGTERM) == 0);
    test_dies(child, SIGTERM);
    FAILS(kill(child, SIGKILL), ESRCH);
    FAILS(kill(getpid(), NSIG), EINVAL);
    FAILS(kill(getpid(), -1), EINVAL);
}

static void kill_reader(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 50; i++) {
        pid_t child = test_fork();
        if (child == 0) {
            char c;
            exit((int)read(ends[0], &c, 1));
        }
        for (int j = 0; j < i % 5; j++)
            sched_yield();
        CHECK(kill(child, SIGKILL) == 0);
        test_dies(child, SIGKILL);
    }
    char c = 'z';
    CHECK(write(ends[1], &c, 1) == 1 && read(ends[0], &c, 1) == 1 && c == 'z');
}

static void kill_writer(void)
{
    static char bytes[3 * PAGE];
    for (int i = 0; i < 20; i++) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        pid_t child = test_fork();
        if (child == 0) {
            for (;;)
                write(ends[1], bytes, sizeof bytes);
        }
        close(ends[1]);
        char c;
        CHECK(read(ends[0], &c, 1) == 1 && kill(child, SIGKILL) == 0);
        test_dies(child, SIGKILL);
        while (read(ends[0], bytes, sizeof bytes) > 0)
            ;
        close(ends[0]);
    }
}

static void kill_sleeper(void)
{
    pid_t child = test_fork();
    if (child == 0)
        exit((int)sleep(1000));
    CHECK(kill(child, SIGKILL) == 0);
    test_dies(child, SIGKILL);
}

static void kill_nobody(void)
{
    FAILS(kill(1, SIGKILL), EPERM);
    FAILS(kill(2, SIGKILL), EPERM);
    FAILS(kill(0, SIGKILL), ESRCH);
    FAILS(kill(-5, SIGKILL), ESRCH);
    FAILS(kill(INT32_MAX, 0), ESRCH);
}

static void kill_family(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        for (int i = 0; i < 6; i++)
            test_fork();
        write(ends[1], "x", 1);
        for (;;)
            sleep(1);
    }
    char c;
    for (int i = 0; i < 64; i++)
        CHECK(read(ends[0], &c, 1) == 1);
    uint64_t word[6] = {REQ_KILL, (uint64_t)child, KILL_FAMILY};
    close(ends[1]);
    CHECK(holstein_request(word) == 0);
    test_dies(child, SIGKILL);
    CHECK(read(ends[0], &c, 1) == 0); /* the last of them is gone */
}

/* Until ticks have seen it run that long; false: they don't. */
static bool burn(clock_t used)
{
    struct tms t;
    clock_t start = times(&t), wanted = t.tms_utime + used;
    while (t.tms_utime < wanted) {
        for (volatile int i = 0; i < 100000; i++)
            ;
        if (times(&t) - start > 6000)
            return false;
    }
    return true;
}

static void own_time(void)
{
    struct tms t;
    CHECK(times(&t) != (clock_t)-1 && t.tms_cutime == 0 && burn(2));
    pid_t child = test_fork();
    if (child == 0)
        exit(burn(5) ? 0 : 1);
    CHECK(times(&t) != (clock_t)-1 && t.tms_cutime == 0);
    test_join(child);
    CHECK(times(&t) != (clock_t)-1 && t.tms_cutime >= 5 && t.tms_utime >= 2 && t.tms_stime == 0);
}

/* What a child that ends, or execs, leaves in a pipe. */
static void leaves(void (*act)(void), const char *wanted)
{
    char text[64] = "";
    int ends[2];
    size_t n = 0;
    CHECK(pipe(ends) == 0);
    if (test_fork() == 0) {
        CHECK(dup2(ends[1], 1) == 1 && dup2(ends[1], 2) == 2);
        close(ends[0]), close(ends[1]);
        act();
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    CHECK(wait(NULL) > 0 && strcmp(text, wanted) == 0 && close(ends[0]) == 0);
}

static void print_and_leave(void)
{
    printf("lost");
    fprintf(stderr, "told");
    _exit(0);
}

static void print_at_the_end(void)
{
    printf(",at the end");
}

static void print_and_exit(void)
{
    atexit(print_at_the_end);
    printf("kept");
    exit(0);
}

static void print_and_exec(void)
{
    char *const argv[] = {"true", NULL};
    printf("lost");
    fprintf(stderr, "told");
    execv(argv[0], argv);
}

/* Both have what was there at the fork, but of stderr nothing. */
static void print_and_fork(void)
{
    printf("twice,");
    fprintf(stderr, "once,");
    if (test_fork() != 0)
        wait(NULL);
    exit(0);
}

/* exit writes what streams have; _exit and exec do not; and a fork copies it. */
static void exit_streams(void)
{
    leaves(print_and_leave, "told");
    leaves(print_and_exit, "kept,at the end");
    leaves(print_and_exec, "told");
    leaves(print_and_fork, "once,twice,twice,");
}

const struct usertest process_tests[] = {
    {"exit-streams", exit_streams, false}, {"exit-status", exit_status, false},
    {"exit-full", exit_full, false},       {"wait-none", wait_none, false},
    {"wait-by-pid", wait_by_pid, false},   {"wait-nohang", wait_nohang, false},
    {"two-children", two_children, true},  {"fork-fork", fork_fork, true},
    {"reparent", reparent, false},         {"orphan-parent", orphan_parent, false},
    {"kill-runner", kill_runner, false},   {"kill-reader", kill_reader, false},
    {"kill-writer", kill_writer, false},   {"kill-sleeper", kill_sleeper, false},
    {"kill-nobody", kill_nobody, false},   {"kill-family", kill_family, false},
    {"own-time", own_time, false},         {NULL, NULL, false},
};
