/* usertests: bad pointers and numbers, and exhaustion. */
#include "usertests.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

#include "libsys.h"
#include "syscall.h"

static void *const bad[] = {(void *)8,           (void *)0x80000000,         (void *)0x80200000,
                            (void *)(1ul << 38), (void *)0xffffffff80200000, (void *)(~0ul - 9),
                            (void *)~0ul};
enum { BAD = sizeof bad / sizeof *bad };

static void bad_read(void)
{
    int fd = open("README", O_RDONLY);
    for (int i = 0; i < BAD; i++)
        FAILS(read(fd, bad[i], 100), EFAULT);
    FAILS(read(fd, (void *)(uintptr_t)bad_read, 100), EFAULT);
}

static void bad_write(void)
{
    int ends[2], fd = test_file("file", "");
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < BAD; i++) {
        FAILS(write(fd, bad[i], 9000), EFAULT);
        FAILS(write(ends[1], bad[i], 9000), EFAULT);
        FAILS(write(1, bad[i], 100), EFAULT);
    }
    CHECK(unlink("file") == 0);
}

/* A buffer whose end is not there: what was possible is done. */
static void bad_edge(void)
{
    char *pages = test_map(2);
    int fd = test_file("file", "");
    CHECK(munmap(pages + PAGE, PAGE) == 0);
    memset(pages, 'e', PAGE);
    FAILS(write(fd, pages + PAGE - 10, 20), EFAULT);
    CHECK(write(fd, pages, 2 * PAGE) == PAGE && unlink("file") == 0);
}

/* A file's bytes as far as they find room are delivered and told; the others are read next. */
static void bad_room_file(void)
{
    char *pages = test_map(2), *none = pages + PAGE, text[32];
    int fd = test_file("file", "0123456789abcdef");
    CHECK(mprotect(none, PAGE, PROT_READ) == 0);
    FAILS(read(fd, none, 4), EFAULT);
    CHECK(lseek(fd, 0, SEEK_CUR) == 0);
    CHECK(read(fd, none - 6, 10) == 6 && memcmp(none - 6, "012345", 6) == 0);
    CHECK(lseek(fd, 0, SEEK_CUR) == 6);
    CHECK(read(fd, text, sizeof text) == 10 && memcmp(text, "6789abcdef", 10) == 0);
    CHECK(read(fd, none - 6, 10) == 0 && ftruncate(fd, 3 * PAGE) == 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, pages, 2 * PAGE) == PAGE);
    CHECK(lseek(fd, 0, SEEK_CUR) == PAGE);
    FAILS(read(99, none, 4), EBADF);
    CHECK(read(fd, none, 0) == 0 && unlink("file") == 0);
}

/* The same for a pipe, where nothing could be read again. */
static void bad_room_pipe(void)
{
    char *pages = test_map(2), *none = pages + PAGE, text[32];
    int ends[2];
    CHECK(pipe(ends) == 0 && mprotect(none, PAGE, PROT_READ) == 0);
    FAILS(read(ends[0], none, 4), EFAULT); /* and does not wait */
    CHECK(write(ends[1], "0123456789abcdef", 16) == 16);
    FAILS(read(ends[0], none, 4), EFAULT);
    for (int i = 0; i < BAD; i++)
        FAILS(read(ends[0], bad[i], 100), EFAULT);
    CHECK(read(ends[0], none - 6, 10) == 6 && memcmp(none - 6, "012345", 6) == 0);
    CHECK(read(ends[0], text, sizeof text) == 10 && memcmp(text, "6789abcdef", 10) == 0);
}

/* And for what was typed: 0123456789 and the end of the line. */
static void bad_room_console(void)
{
    char *none = test_map(2) + PAGE, text[32];
    CHECK(mprotect(none, PAGE, PROT_READ) == 0);
    FAILS(read(0, none, 4), EFAULT);
    CHECK(read(0, none - 6, 10) == 6 && memcmp(none - 6, "012345", 6) == 0);
    FAILS(read(0, none, 4), EFAULT);
    CHECK(read(0, text, sizeof text) == 5 && memcmp(text, "6789\n", 5) == 0);
}

/* The child whose end could not be told is still there. */
static void bad_room_wait(void)
{
    char *pages = test_map(2), *none = pages + PAGE;
    int status, *edge = (int *)(uintptr_t)(none - 2);
    CHECK(mprotect(none, PAGE, PROT_READ) == 0);
    pid_t child = test_fork();
    if (child == 0)
        exit(7);
    FAILS(waitpid(child, (int *)(uintptr_t)none, 0), EFAULT);
    FAILS(waitpid(child, edge, WNOHANG), EFAULT);
    FAILS(wait(bad[0]), EFAULT);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void bad_names(void)
{
    struct stat stat_of;
    for (int i = 0; i < BAD; i++) {
        FAILS(open(bad[i], O_RDONLY), EFAULT);
        FAILS(unlink(bad[i]), EFAULT);
        FAILS(mkdir(bad[i], 0777), EFAULT);
        FAILS(chdir(bad[i]), EFAULT);
        FAILS(link("README", bad[i]), EFAULT);
        FAILS(link(bad[i], "x"), EFAULT);
        FAILS(stat(bad[i], &stat_of), EFAULT);
    }
    char *pages = test_map(2);
    munmap(pages + PAGE, PAGE);
    memset(pages, 'x', PAGE);
    FAILS(open(pages + PAGE - 4, O_RDONLY), EFAULT);
}

static void bad_results(void)
{
    for (int i = 0; i < BAD; i++) {
        FAILS(pipe(bad[i]), EFAULT);
        FAILS(fstat(1, bad[i]), EFAULT);
        FAILS(getcwd(bad[i], 100) == NULL ? -1 : 0, EFAULT);
        FAILS(clock_gettime(CLOCK_REALTIME, bad[i]), EFAULT);
        FAILS(nanosleep(bad[i], NULL), EFAULT);
        FAILS(times(bad[i]), EFAULT);
        pid_t child = test_fork();
        if (child == 0)
            exit(0);
        FAILS(waitpid(child, bad[i], 0), EFAULT);
        test_join(child);
    }
}

static void bad_exec(void)
{
    char *const argv[] = {"echo", bad[3], NULL};
    for (int i = 0; i < BAD; i++) {
        FAILS(execv(bad[i], argv), EFAULT);
        FAILS(execv("echo", bad[i]), EFAULT);
    }
    FAILS(execv("echo", argv), EFAULT);
}

static void bad_fds(void)
{
    static const int fds[] = {-1, 3, 31, 32, 1 << 16, INT32_MAX, INT32_MIN};
    char c;
    struct stat stat_of;
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        FAILS(read(fds[i], &c, 1), EBADF);
        FAILS(write(fds[i], &c, 1), EBADF);
        FAILS(lseek(fds[i], 0, SEEK_SET), EBADF);
        FAILS(fstat(fds[i], &stat_of), EBADF);
        FAILS(dup(fds[i]), EBADF);
        FAILS(ftruncate(fds[i], 0), EBADF);
        CHECK(isatty(fds[i]) == 0);
    }
}

static void bad_maps(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    CHECK(mmap(NULL, 0, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, ~0ul, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, 1ul << 31, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(NULL, PAGE, 64, anonymous, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap((void *)0x40000000, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0) == MAP_FAILED);
    CHECK(mmap(NULL, PAGE, PROT_READ, anonymous, -1, 1) == MAP_FAILED && errno == EINVAL);
    void *here = sbrk(0), *other = mmap(here, PAGE, PROT_READ, anonymous, 0, PAGE);
    CHECK(other != MAP_FAILED && munmap(other, PAGE) == 0); /* a hint, and a file that is none */
    FAILS(munmap((void *)1, PAGE), EINVAL);
    FAILS(munmap((void *)0x70000000, PAGE), EINVAL);
    FAILS(mprotect((void *)0x70000000, PAGE, PROT_READ), EINVAL);
    FAILS(mprotect(test_map(1), 2 * PAGE + (1ul << 40), PROT_READ), EINVAL);
}

static void bad_choices(void)
{
    struct timespec t;
    FAILS(clock_gettime(12345, &t), EINVAL);
    FAILS(clock_gettime((clockid_t)-1, &t), EINVAL);
    FAILS(clock_gettime((clockid_t)2, &t), EINVAL); /* the time of this process alone */
    CHECK(clock_gettime(CLOCK_REALTIME, &t) == 0 && clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    FAILS(waitpid(-1, NULL, 1 << 20), EINVAL);
    FAILS(waitpid(-1, NULL, WNOHANG | WUNTRACED), ECHILD);
}

/* A stream tells an error from the end. */
static void bad_streams(void)
{
    int ends[2], keep = dup(1);
    CHECK(pipe(ends) == 0 && dup2(ends[0], 0) == 0 && close(ends[1]) == 0);
    CHECK(fgetc(stdin) == EOF && feof(stdin) && !ferror(stdin));
    clearerr(stdin);
    CHECK(close(0) == 0 && fgetc(stdin) == EOF && ferror(stdin) && !feof(stdin));
    CHECK(printf("lost") == 4 && close(1) == 0);
    bool failed = fflush(stdout) != 0 && ferror(stdout);
    CHECK(dup2(keep, 1) == 1 && failed);
}

/* Every request of the files server with every absurd number. */
static void bad_words(void)
{
    static const uint64_t absurd[] = {0,    1,         3,         40,        4096,
                                      4097, 1ul << 31, 1ul << 32, 1ul << 63, ~0ul};
    enum { ABSURD = sizeof absurd / sizeof *absurd };
    int ends[2];
    CHECK(pipe(ends) == 0 && mkdir("bad", 0777) == 0 && chdir("bad") == 0);
    memset(libsys_page(), 0, PAGE); /* no name there */
    for (uint64_t request = 0; request < FILES_REQUESTS + 2; request++) {
        for (int i = 0; i < ABSURD * ABSURD; i++) {
            uint64_t word[6] = {request, absurd[i % ABSURD], absurd[i / ABSURD],
                                absurd[i % ABSURD]};
            bool blocks = request == FILES_READ && word[1] == (uint64_t)ends[0];
            bool closes = request == FILES_CLOSE || request == FILES_DUP;
            if (!blocks && !closes && request != FILES_PIPE)
                sys_call(SLOT_FILES, word);
        }
    }
    for (int fd = 3; fd < 32; fd++)
        close(fd);
    CHECK(chdir("/") == 0 && rmdir("bad") == 0);
    for (uint64_t request = 0; request < 8; request++)
        for (int i = 0; i < ABSURD; i++)
            if (request > CONSOLE_SLEEP)
                CHECK(sys_call(SLOT_CONSOLE, (uint64_t[6]){request, absurd[i]}) != 1);
}

const struct usertest typed_test = {"bad-room-console", bad_room_console, false};
const struct usertest bad_tests[] = {
    {"bad-read", bad_read, false},
    {"bad-write", bad_write, false},
    {"bad-edge", bad_edge, false},
    {"bad-names", bad_names, false},
    {"bad-results", bad_results, false},
    {"bad-exec", bad_exec, false},
    {"bad-fds", bad_fds, false},
    {"bad-maps", bad_maps, false},
    {"bad-choices", bad_choices, false},
    {"bad-streams", bad_streams, false},
    {"bad-words", bad_words, false},
    {"bad-room-file", bad_room_file, false},
    {"bad-room-pipe", bad_room_pipe, false},
    {"bad-room-wait", bad_room_wait, false},
    {NULL, NULL, false},
};
