/* threadtest: streams that another thread is using, and waits in, when the process forks, execs or
 * ends: nobody waits for it, and the child of a fork has streams that it can use. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "threadtest.h"

enum { PIPE_NBYTES = 4096, PRINTED = 200, BUFFER = 256, OWN_BUFFER = 512 };

static volatile long nprinted;

static void *print(void *stream)
{
    for (;; nprinted++)
        fprintf(stream, "%0*d", PRINTED, 1);
    return NULL;
}

/* From now on a thread waits in the stream, which leads to a pipe that is full. (Nobody can see
 * that it waits; that it does not print any more tells of it.) */
static void start_printing(FILE *stream)
{
    long last;
    test_thread(print, stream);
    do {
        last = nprinted;
        for (int i = 0; i < 200; i++)
            sched_yield();
    } while (nprinted < PIPE_NBYTES / PRINTED || nprinted != last);
}

/* A child whose output goes to a full pipe, read by nobody, while `act` runs there. */
static void ends_with(int wanted, FILE *stream, void (*act)(void))
{
    int ends[2], status;
    CHECK(pipe(ends) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        dup2(ends[1], stream == stdout ? 1 : 2);
        start_printing(stream);
        act();
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == wanted);
    close(ends[0]), close(ends[1]);
}

static void exit_at_once(void)
{
    _exit(3);
}

static void *exit_elsewhere(void *argument)
{
    _exit(4);
    return argument;
}

static void exit_in_thread(void)
{
    test_joined(test_thread(exit_elsewhere, NULL));
}

void test_streams_exit(void)
{
    ends_with(3, stdout, exit_at_once);
    ends_with(3, stderr, exit_at_once);
    ends_with(4, stderr, exit_in_thread);
    if (test_fork() == 0)
        exit(fclose(stdin)); /* it has no lock: there is one thread */
    test_join(1);
}

static void exec_at_once(void)
{
    char *argv[] = {"threadtest", "--exec", "here", NULL};
    execv(argv[0], argv);
}

void test_streams_exec(void)
{
    ends_with(42, stdout, exec_at_once);
    ends_with(42, stderr, exec_at_once);
}

static const char words[] = "own words, more than there would be room for behind the other's";

/* Of a process where a thread waits in the stream: the child can use it. */
static _Noreturn void fork_and_print(FILE *stream, int fd, int told)
{
    int status;
    pid_t child = test_fork();
    if (child == 0) {
        dup2(told, fd);
        CHECK(fprintf(stream, "%s", words) > 0 && fflush(stream) == 0);
        exit_in_thread();
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 4);
    _exit(0);
}

/* Nothing came of what the thread was about to write, that is, of a full buffer. (A part of one
 * would be there if nobody was using the stream at the fork.) */
static void expect_words(int told, int buffer_nbytes)
{
    char bytes[1024];
    int n = 0, nwords = sizeof words - 1;
    for (ssize_t got; (got = read(told, bytes + n, sizeof bytes - (size_t)n)) > 0;)
        n += (int)got;
    CHECK(n >= nwords && n - nwords < buffer_nbytes);
    CHECK(memcmp(bytes + n - nwords, words, (size_t)nwords) == 0);
}

void test_streams_fork(void)
{
    for (int own = 0; own < 2; own++) {
        int full[2], told[2];
        CHECK(pipe(full) == 0 && pipe(told) == 0);
        if (test_fork() == 0) {
            FILE *unused = fdopen(dup(1), "w"), *stream = own != 0 ? fdopen(full[1], "w") : stdout;
            CHECK(unused != NULL && stream != NULL && fclose(unused) == 0);
            dup2(full[1], 1);
            start_printing(stream);
            fork_and_print(stream, own != 0 ? full[1] : 1, told[1]);
        }
        close(told[1]);
        expect_words(told[0], own != 0 ? OWN_BUFFER : BUFFER);
        test_join(1);
        close(told[0]), close(full[0]), close(full[1]);
    }
}
