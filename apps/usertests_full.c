/* usertests: nothing is left, and afterwards everything is there again. */
#include "usertests.h"

#include <signal.h>
#include <stdio.h>

static void full_fds(void)
{
    int n = 3;
    while (open("README", O_RDONLY) >= 0)
        n++;
    CHECK(errno == EMFILE && n == 32);
    int ends[2];
    close(31);
    FAILS(pipe(ends), EMFILE);
    CHECK(open("README", O_RDONLY) == 31);
}

static void full_open_files(void)
{
    for (int i = 0; i < 40; i++) {
        pid_t child = test_fork();
        if (child > 0) {
            test_join(child);
            exit(0);
        }
        while (open("README", O_RDONLY) >= 0)
            ;
        if (errno == ENFILE)
            exit(0);
        CHECK(errno == EMFILE);
        for (int fd = 3; fd < 6; fd++)
            close(fd); /* what stays open is the parent's */
        if (i == 39)
            exit(0);
    }
}

static void full_pipes(void)
{
    int ends[2];
    for (int i = 0; i < 30; i++) {
        pid_t child = test_fork();
        if (child > 0) {
            test_join(child);
            exit(0);
        }
        for (int fd = 3; fd < 32; fd++)
            close(fd);
        while (pipe(ends) == 0)
            ;
        CHECK(errno == EMFILE || errno == ENFILE);
        if (errno == ENFILE)
            exit(0);
    }
}

static void full_disk(void)
{
    static char bytes[16 * PAGE];
    char name[16];
    int nfiles = 0, full = 0;
    for (; nfiles < 100 && !full; nfiles++) {
        snprintf(name, sizeof name, "full%d", nfiles);
        int fd = open(name, O_WRONLY | O_CREAT, 0666);
        CHECK(fd >= 0);
        for (int i = 0; i < 20 && !full; i++)
            full = write(fd, bytes, sizeof bytes) != sizeof bytes;
        if (full)
            FAILS(write(fd, bytes, sizeof bytes), ENOSPC);
        close(fd);
    }
    CHECK(full);
    int fd = open("one-more", O_WRONLY | O_CREAT, 0666);
    if (fd >= 0) {
        FAILS(write(fd, "x", 1), ENOSPC);
        unlink("one-more");
    }
    while (nfiles-- > 0) {
        snprintf(name, sizeof name, "full%d", nfiles);
        CHECK(unlink(name) == 0);
    }
}

static void full_inodes(void)
{
    char name[16];
    int n = 0, fd;
    CHECK(mkdir("full", 0777) == 0 && chdir("full") == 0);
    for (;; n++) {
        snprintf(name, sizeof name, "i%d", n);
        fd = open(name, O_WRONLY | O_CREAT, 0666);
        if (fd < 0)
            break;
        close(fd);
    }
    CHECK(errno == ENOSPC && n > 500);
    FAILS(mkdir("more", 0777), ENOSPC);
    while (n-- > 0) {
        snprintf(name, sizeof name, "i%d", n);
        CHECK(unlink(name) == 0);
    }
    CHECK(chdir("/") == 0 && rmdir("full") == 0);
}

static void full_processes(void)
{
    int ends[2], n = 0;
    CHECK(pipe(ends) == 0);
    for (;; n++) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            char c;
            close(ends[1]);
            exit((int)read(ends[0], &c, 1));
        }
    }
    CHECK((errno == EAGAIN || errno == ENOMEM) && n > 50);
    close(ends[1]);
    while (n-- > 0)
        CHECK(wait(NULL) > 0);
}

static void full_memory(void)
{
    pid_t child = test_fork();
    if (child == 0) {
        for (size_t nbytes = 1 << 30; nbytes >= PAGE; nbytes /= 2)
            while (sbrk((ptrdiff_t)nbytes) != (void *)-1)
                memset((char *)sbrk(0) - nbytes, 1, nbytes);
        exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child &&
          (WIFEXITED(status) || WTERMSIG(status) == SIGKILL));
}

/* Files and pipes work on while there is no memory: their server needs none. */
static void full_memory_files(void)
{
    pid_t child = test_fork();
    if (child == 0) {
        char c = 0;
        int ends[2], fd = test_file("file", "");
        CHECK(pipe(ends) == 0);
        for (size_t nbytes = 1 << 30; nbytes >= PAGE; nbytes /= 2)
            while (sbrk((ptrdiff_t)nbytes) != (void *)-1)
                ;
        for (int i = 0; i < 10; i++)
            CHECK(write(ends[1], "p", 1) == 1 && read(ends[0], &c, 1) == 1 && c == 'p' &&
                  write(fd, "f", 1) == 1);
        CHECK(unlink("file") == 0);
        exit(0);
    }
    test_join(child);
}

static void full_regions(void)
{
    int n = 0;
    for (; n < 200; n++) {
        int protection = n % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE;
        if (mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            break;
    }
    CHECK(errno == EAGAIN && n > 20 && n < 200);
    pid_t child = test_fork();
    if (child == 0)
        exit(0);
    test_join(child);
}

const struct usertest full_tests[] = {
    {"full-fds", full_fds, false},         {"full-open-files", full_open_files, true},
    {"full-pipes", full_pipes, true},      {"full-disk", full_disk, true},
    {"full-inodes", full_inodes, true},    {"full-processes", full_processes, true},
    {"full-memory", full_memory, true},    {"full-memory-files", full_memory_files, true},
    {"full-regions", full_regions, false}, {NULL, NULL, false},
};
