/* usertests: exec, priorities, clocks. */
#include "usertests.h"

#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

static void exec_arguments(void)
{
    int ends[2];
    char text[64];
    CHECK(pipe(ends) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        char *argv[] = {"echo", "a", "", "b  c", NULL};
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execv("echo", argv);
        exit(1);
    }
    close(ends[1]);
    ssize_t n = 0, got;
    while ((got = read(ends[0], text + n, sizeof text - (size_t)n)) > 0)
        n += got;
    CHECK(n == 8 && memcmp(text, "a  b  c\n", 8) == 0);
    test_join(child);
}

static void exec_file(void)
{
    static char bytes[PAGE];
    char *argv[] = {"mine", NULL};
    int from = open("true", O_RDONLY), to = open("mine", O_WRONLY | O_CREAT | O_TRUNC, 0777);
    CHECK(from >= 0 && to >= 0);
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        CHECK(write(to, bytes, (size_t)n) == n);
    close(from);
    close(to);
    for (int i = 0; i < 3; i++) {
        pid_t child = test_fork();
        if (child == 0) {
            execv("mine", argv);
            exit(1);
        }
        test_join(child);
    }
    CHECK(unlink("mine") == 0);
}

static void exec_damaged(void)
{
    char *argv[] = {"mine", NULL};
    static char bytes[2 * PAGE];
    int from = open("wc", O_RDONLY);
    CHECK(read(from, bytes, sizeof bytes) == sizeof bytes && close(from) == 0);
    srand(1);
    for (int i = 0; i < 60; i++) {
        static char broken[sizeof bytes];
        memcpy(broken, bytes, sizeof bytes);
        for (int j = 0; j < 8; j++)
            broken[rand() % 400] = (char)rand();
        int to = open("mine", O_WRONLY | O_CREAT | O_TRUNC, 0777);
        CHECK(write(to, broken, sizeof broken) == sizeof broken && close(to) == 0);
        pid_t child = test_fork();
        if (child == 0) {
            execv("mine", argv);
            exit(0);
        }
        CHECK(waitpid(child, NULL, 0) == child);
    }
    CHECK(unlink("mine") == 0);
}

static void exec_keeps_files(void)
{
    int ends[2];
    char c = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        char *argv[] = {"cat", "README", NULL};
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execv("cat", argv);
        exit(1);
    }
    close(ends[1]);
    CHECK(read(ends[0], &c, 1) == 1 && c == '#');
    while (read(ends[0], &c, 1) == 1)
        ;
    test_join(child);
}

static void vfork_works(void)
{
    pid_t child = vfork();
    if (child == 0)
        _exit(0);
    test_join(child);
}

static void priority(void)
{
    CHECK(getpriority(PRIO_PROCESS, 0) == 0);
    CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0 && getpriority(PRIO_PROCESS, (id_t)getpid()) == 5);
    pid_t child = test_fork();
    if (child == 0)
        exit(getpriority(PRIO_PROCESS, 0) != 5);
    test_join(child);
    CHECK(setpriority(PRIO_PROCESS, 0, -100) == 0 && getpriority(PRIO_PROCESS, 0) == -8);
    CHECK(setpriority(PRIO_PROCESS, 0, 100) == 0 && getpriority(PRIO_PROCESS, 0) == 15);
    FAILS(setpriority(PRIO_PROCESS, 999999, 0), ESRCH);
    FAILS(setpriority(PRIO_PROCESS, 1, 0), EPERM);
    FAILS(setpriority(77, 0, 0), EINVAL);
}

static void clocks(void)
{
    struct timespec a, b, wait_for = {0, 20000000};
    struct tms tms;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && nanosleep(&wait_for, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
    CHECK((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >= 20000000);
    clock_t before = times(&tms), wanted = (clock_t)sysconf(_SC_CLK_TCK) / 20;
    clock_t used = tms.tms_utime;
    CHECK(usleep(50000) == 0 && times(&tms) - before >= wanted);
    CHECK(tms.tms_utime - used < wanted); /* sleep is no time that it ran */
    CHECK(times(&tms) - before < 100 * wanted);
    wait_for.tv_nsec = 1000000000;
    FAILS(nanosleep(&wait_for, NULL), EINVAL);
    CHECK(sysconf(_SC_PAGESIZE) == PAGE && sysconf(_SC_NPROCESSORS_ONLN) > 0);
    FAILS(sysconf(12345), EINVAL);
}

const struct usertest exec_tests[] = {
    {"exec-arguments", exec_arguments, false},
    {"exec-file", exec_file, false},
    {"exec-damaged", exec_damaged, true},
    {"exec-keeps-files", exec_keeps_files, false},
    {"vfork", vfork_works, false},
    {"priority", priority, false},
    {"clocks", clocks, false},
    {NULL, NULL, false},
};
