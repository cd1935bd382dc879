/* usertests: pipes and descriptors. */
#include "usertests.h"

#include <signal.h>

static void pipe_simple(void)
{
    int ends[2];
    char text[8];
    CHECK(pipe(ends) == 0 && write(ends[1], "hello", 5) == 5);
    CHECK(read(ends[0], text, 3) == 3 && read(ends[0], text + 3, 8) == 2);
    CHECK(memcmp(text, "hello", 5) == 0);
}

/* More than fits, in order, from another process. */
static void pipe_stream(void)
{
    enum { TOTAL = 200000 };
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        static unsigned char bytes[1033];
        close(ends[0]);
        for (int sent = 0; sent < TOTAL;) {
            int n = TOTAL - sent < 1033 ? TOTAL - sent : 1033;
            for (int i = 0; i < n; i++)
                bytes[i] = (unsigned char)((sent + i) % 251);
            CHECK(write(ends[1], bytes, (size_t)n) == n);
            sent += n;
        }
        exit(0);
    }
    close(ends[1]);
    static unsigned char bytes[5000];
    int got = 0;
    for (ssize_t n; (n = read(ends[0], bytes, (size_t)(got % 4999 + 1))) > 0; got += (int)n)
        for (int i = 0; i < n; i++)
            CHECK(bytes[i] == (unsigned char)((got + i) % 251));
    CHECK(got == TOTAL);
    test_join(child);
}

/* What is there is told at once, though it is as much as a request can ask for. */
static void pipe_full(void)
{
    static char bytes[3 * PAGE];
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], bytes, PAGE) == PAGE);
    CHECK(read(ends[0], bytes, sizeof bytes) == PAGE);
    CHECK(write(ends[1], bytes, 100) == 100 && read(ends[0], bytes, sizeof bytes) == 100);
}

static void pipe_end(void)
{
    int ends[2];
    char c;
    CHECK(pipe(ends) == 0 && write(ends[1], "a", 1) == 1 && close(ends[1]) == 0);
    CHECK(read(ends[0], &c, 1) == 1 && read(ends[0], &c, 1) == 0 && read(ends[0], &c, 1) == 0);
}

static void pipe_broken(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    CHECK(signal(SIGPIPE, SIG_IGN) == SIG_DFL);
    FAILS(write(ends[1], "a", 1), EPIPE);
    CHECK(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
}

static int nsignals;

static void count(int number)
{
    nsignals += number == SIGPIPE;
}

/* Who says nothing about it ends; a function that was named is called instead. */
static void pipe_signal(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        write(ends[1], "a", 1);
        exit(0);
    }
    test_dies(child, SIGPIPE);
    signal(SIGPIPE, count);
    FAILS(write(ends[1], "a", 1), EPIPE);
    FAILS(write(ends[1], "a", 1), EPIPE);
    CHECK(nsignals == 2 && raise(SIGPIPE) == 0 && nsignals == 3);
    CHECK(signal(SIGKILL, SIG_IGN) == SIG_ERR && errno == EINVAL);
    CHECK(signal(NSIG, SIG_IGN) == SIG_ERR && signal(-1, SIG_IGN) == SIG_ERR);
    FAILS(raise(NSIG), EINVAL);
}

/* The last reader goes while a writer waits for room. */
static void pipe_broken_late(void)
{
    int ends[2];
    static char bytes[10000];
    CHECK(pipe(ends) == 0 && signal(SIGPIPE, SIG_IGN) == SIG_DFL);
    pid_t child = test_fork();
    if (child == 0) {
        close(ends[0]);
        ssize_t n = write(ends[1], bytes, sizeof bytes);
        CHECK(n < (ssize_t)sizeof bytes);
        FAILS(write(ends[1], bytes, 1), EPIPE);
        exit(0);
    }
    char c;
    CHECK(read(ends[0], &c, 1) == 1 && close(ends[0]) == 0);
    test_join(child);
}

/* Several writers' pieces stay whole. */
static void pipe_whole(void)
{
    enum { WRITERS = 4, PIECES = 100, NBYTES = 512 };
    int ends[2], count[WRITERS] = {0};
    char bytes[NBYTES];
    CHECK(pipe(ends) == 0);
    for (int w = 0; w < WRITERS; w++) {
        if (test_fork() != 0)
            continue;
        memset(bytes, w, sizeof bytes);
        for (int i = 0; i < PIECES; i++)
            CHECK(write(ends[1], bytes, sizeof bytes) == sizeof bytes);
        exit(0);
    }
    close(ends[1]);
    for (int i = 0; i < WRITERS * PIECES; i++) {
        for (int n = 0; n < NBYTES;) {
            ssize_t got = read(ends[0], bytes + n, (size_t)(NBYTES - n));
            CHECK(got > 0);
            n += (int)got;
        }
        for (int n = 1; n < NBYTES; n++)
            CHECK(bytes[n] == bytes[0]);
        count[(int)bytes[0]]++;
    }
    CHECK(read(ends[0], bytes, 1) == 0);
    for (int w = 0; w < WRITERS; w++)
        CHECK(count[w] == PIECES && wait(NULL) > 0);
}

static void pipe_ends_only(void)
{
    int ends[2];
    char c;
    CHECK(pipe(ends) == 0);
    FAILS(write(ends[0], "a", 1), EBADF);
    FAILS(read(ends[1], &c, 1), EBADF);
    FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    struct stat stat;
    CHECK(fstat(ends[0], &stat) == 0 && S_ISFIFO(stat.st_mode) && !isatty(ends[0]));
}

static void pipe_ping_pong(void)
{
    int there[2], back[2];
    CHECK(pipe(there) == 0 && pipe(back) == 0);
    pid_t child = test_fork();
    char c = 0;
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &c, 1) == 1) {
            c++;
            CHECK(write(back[1], &c, 1) == 1);
        }
        exit(0);
    }
    for (int i = 0; i < 500; i++) {
        char sent = (char)i;
        CHECK(write(there[1], &sent, 1) == 1 && read(back[0], &c, 1) == 1 && c == (char)(i + 1));
    }
    close(there[1]);
    test_join(child);
}

static void dup_lowest(void)
{
    int a = open("README", O_RDONLY), b = dup(a);
    CHECK(a == 3 && b == 4 && close(a) == 0 && dup(b) == 3);
}

static void dup_offset(void)
{
    int a = test_file("dupfile", "abcdef"), b = dup(a);
    char c;
    CHECK(read(a, &c, 1) == 1 && c == 'a' && read(b, &c, 1) == 1 && c == 'b');
    CHECK(lseek(b, 4, SEEK_SET) == 4 && read(a, &c, 1) == 1 && c == 'e');
    CHECK(unlink("dupfile") == 0);
}

static void dup2_cases(void)
{
    int a = test_file("dupfile", "abc");
    CHECK(dup2(a, 20) == 20 && dup2(a, a) == a && close(20) == 0);
    FAILS(dup2(a, -1), EBADF);
    FAILS(dup2(a, 32), EBADF);
    FAILS(dup2(19, 5), EBADF);
    FAILS(dup(-1), EBADF);
    CHECK(unlink("dupfile") == 0);
}

static void fork_offset(void)
{
    int fd = test_file("offfile", "abcdef");
    char c;
    pid_t child = test_fork();
    if (child == 0)
        exit(read(fd, &c, 1) != 1 || c != 'a');
    test_join(child);
    CHECK(read(fd, &c, 1) == 1 && c == 'b' && unlink("offfile") == 0);
}

static void fork_close(void)
{
    int fd = test_file("offfile", "abcdef");
    char c;
    pid_t child = test_fork();
    if (child == 0)
        exit(close(fd));
    test_join(child);
    CHECK(read(fd, &c, 1) == 1 && c == 'a' && unlink("offfile") == 0);
}

static void close_twice(void)
{
    int fd = open("README", O_RDONLY);
    CHECK(close(fd) == 0);
    FAILS(close(fd), EBADF);
    FAILS(close(-1), EBADF);
    FAILS(close(1 << 30), EBADF);
}

const struct usertest pipe_tests[] = {
    {"pipe", pipe_simple, false},
    {"pipe-stream", pipe_stream, false},
    {"pipe-full", pipe_full, false},
    {"pipe-end", pipe_end, false},
    {"pipe-broken", pipe_broken, false},
    {"pipe-signal", pipe_signal, false},
    {"pipe-broken-late", pipe_broken_late, false},
    {"pipe-whole", pipe_whole, false},
    {"pipe-ends", pipe_ends_only, false},
    {"pipe-ping-pong", pipe_ping_pong, false},
    {"dup", dup_lowest, false},
    {"dup-offset", dup_offset, false},
    {"dup2", dup2_cases, false},
    {"fork-offset", fork_offset, false},
    {"fork-close", fork_close, false},
    {"close-twice", close_twice, false},
    {NULL, NULL, false},
};
