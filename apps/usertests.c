/* Tests of what programs may rely on: memory, processes, pipes, files, bad arguments, exhaustion.
 *
 * usertests [-q] [NAME]...: all, without the slow ones, or some. Each runs in a process of its own;
 * afterwards free frames, and free blocks and inodes of the file system, must be those before. */
#include "usertests.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

enum { SETTLE_SECONDS = 5 };

static const struct usertest *const groups[] = {memory_tests, process_tests, exec_tests, pipe_tests,
                                                file_tests,   bad_tests,     full_tests};
enum { GROUPS = sizeof groups / sizeof *groups };

_Noreturn void test_fail(const char *file, int line, const char *why)
{
    const char *name = strrchr(file, '/');
    printf("(%s:%d errno %d: %s) ", name == NULL ? file : name + 1, line, errno, why);
    exit(1);
}

pid_t test_fork(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    return child;
}

void test_join(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void test_dies(pid_t child, int by)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == by);
}

char *test_map(size_t npages)
{
    char *pages =
        mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    return pages;
}

int test_file(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

struct figures {
    long frames;
    uint64_t blocks, inodes;
};

static struct figures figures(void)
{
    uint64_t disk[4] = {0};
    holstein_disk(disk);
    return (struct figures){holstein_statistic(STATISTIC_FREE), disk[0], disk[2]};
}

/* Orphans end a little later: their new parent has to wait for them. */
static bool are_back(const struct figures *before, struct figures *now)
{
    time_t end = time(NULL) + SETTLE_SECONDS;
    for (;;) {
        *now = figures();
        if (memcmp(before, now, sizeof *now) == 0)
            return true;
        if (time(NULL) > end)
            return false;
        sched_yield();
    }
}

static bool run(const struct usertest *test)
{
    struct figures before = figures(), after;
    uint32_t status = 1, cause = CAUSE_EXIT;
    pid_t child = fork();
    if (child == 0) {
        test->run();
        exit(0);
    }
    if (child > 0)
        holstein_wait(child, &status, &cause);
    bool back = are_back(&before, &after);
    if (status == 0 && cause == CAUSE_EXIT && back) {
        printf("usertests: %s ok\n", test->name);
        return true;
    }
    printf("\nusertests: %s FAILED status=%d cause=%s frames=%ld->%ld blocks=%ld->%ld "
           "inodes=%ld->%ld\n",
           test->name, (int)status, holstein_cause(cause), before.frames, after.frames,
           (long)before.blocks, (long)after.blocks, (long)before.inodes, (long)after.inodes);
    return false;
}

static bool is_wanted(const struct usertest *test, bool quick, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], test->name) == 0)
            return true;
    return argc == 0 && !(quick && test->slow);
}

/* What is only done once is done now: pages touched, a file of the archive copied. */
static void warm_up(void)
{
    int fd = open("README", O_RDWR);
    CHECK(fd >= 0 && write(fd, "#", 1) == 1);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "-q") == 0;
    int first = quick ? 2 : 1, nrun = 0, nfailed = 0;
    pid_t child = test_fork();
    if (child == 0) {
        warm_up();
        exit(0);
    }
    test_join(child);
    if (argc > 1 && strcmp(argv[1], typed_test.name) == 0)
        return !run(&typed_test);
    for (int g = 0; g < GROUPS; g++) {
        for (const struct usertest *test = groups[g]; test->name != NULL; test++) {
            if (!is_wanted(test, quick, argc - first, argv + first))
                continue;
            nrun++;
            nfailed += !run(test);
        }
    }
    if (nrun == 0)
        printf("usertests: no such test\n");
    printf("usertests: %d run, %d failed\n", nrun, nfailed);
    return nfailed != 0 || nrun == 0;
}
