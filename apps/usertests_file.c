/* usertests: files and directories. */
#include "usertests.h"

#include <dirent.h>
#include <stdio.h>

static void write_read(void)
{
    char text[16];
    int fd = test_file("file", "some text");
    CHECK(read(fd, text, sizeof text) == 9 && memcmp(text, "some text", 9) == 0);
    CHECK(read(fd, text, 1) == 0 && close(fd) == 0 && unlink("file") == 0);
}

static void large(void)
{
    enum { NBYTES = 300000 };
    char *bytes = test_map(NBYTES / PAGE + 1), *again = test_map(NBYTES / PAGE + 1);
    for (int i = 0; i < NBYTES; i++)
        bytes[i] = (char)(i * 7 + i / 1000);
    int fd = open("large", O_RDWR | O_CREAT, 0666);
    CHECK(write(fd, bytes, NBYTES) == NBYTES && lseek(fd, 0, SEEK_SET) == 0);
    CHECK(read(fd, again, NBYTES) == NBYTES && memcmp(bytes, again, NBYTES) == 0);
    CHECK(close(fd) == 0 && unlink("large") == 0);
}

static void seek(void)
{
    char c;
    int fd = test_file("file", "abcdef");
    CHECK(lseek(fd, -1, SEEK_END) == 5 && read(fd, &c, 1) == 1 && c == 'f');
    CHECK(lseek(fd, -2, SEEK_CUR) == 4 && read(fd, &c, 1) == 1 && c == 'e');
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(lseek(fd, INT64_MAX, SEEK_CUR), EINVAL);
    FAILS(lseek(fd, 0, 3), EINVAL);
    CHECK(unlink("file") == 0);
}

static void hole(void)
{
    char c = 1;
    int fd = test_file("file", "a");
    CHECK(lseek(fd, 100000, SEEK_SET) == 100000 && write(fd, "z", 1) == 1);
    CHECK(lseek(fd, 50000, SEEK_SET) == 50000 && read(fd, &c, 1) == 1 && c == 0);
    FAILS((lseek(fd, 1l << 40, SEEK_SET), write(fd, "z", 1)), EFBIG);
    CHECK(unlink("file") == 0);
}

static void append(void)
{
    char text[8];
    close(test_file("file", "ab"));
    int fd = open("file", O_RDWR | O_APPEND), other = open("file", O_RDWR | O_APPEND);
    CHECK(write(fd, "c", 1) == 1 && write(other, "d", 1) == 1 && write(fd, "e", 1) == 1);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, 8) == 5 && memcmp(text, "abcde", 5) == 0);
    CHECK(unlink("file") == 0);
}

static void truncation(void)
{
    char text[8];
    int fd = test_file("file", "abcdef"), again = open("file", O_WRONLY | O_TRUNC);
    CHECK(again >= 0 && read(fd, text, 8) == 0 && write(again, "xy", 2) == 2);
    CHECK(read(fd, text, 8) == 2 && ftruncate(again, 1) == 0 && ftruncate(again, 3) == 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, 8) == 3 && memcmp(text, "x\0\0", 3) == 0);
    FAILS(ftruncate(again, -1), EFBIG);
    CHECK(unlink("file") == 0);
}

static void exclusive(void)
{
    close(test_file("file", "a"));
    FAILS(open("file", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
    FAILS(open("none", O_RDONLY | O_CREAT | O_DIRECTORY, 0666), EINVAL); /* and makes no file */
    FAILS(open("none", O_RDONLY), ENOENT);
    CHECK(unlink("file") == 0);
    FAILS(open("file", O_RDWR), ENOENT);
}

static void access_rights(void)
{
    char c;
    int out = open("file", O_WRONLY | O_CREAT, 0666), in = open("file", O_RDONLY);
    FAILS(read(out, &c, 1), EBADF);
    FAILS(write(in, "a", 1), EBADF);
    CHECK(unlink("file") == 0);
}

static void unlink_open(void)
{
    char text[8];
    int fd = test_file("file", "still");
    CHECK(unlink("file") == 0);
    FAILS(open("file", O_RDONLY), ENOENT);
    CHECK(read(fd, text, 8) == 5 && memcmp(text, "still", 5) == 0);
    int other = test_file("file", "new");
    CHECK(read(other, text, 8) == 3 && unlink("file") == 0);
}

static void links(void)
{
    struct stat stat_of;
    close(test_file("one", "abc"));
    CHECK(link("one", "two") == 0 && stat("two", &stat_of) == 0 && stat_of.st_nlink == 2);
    FAILS(link("one", "two"), EEXIST);
    FAILS(link("none", "three"), ENOENT);
    FAILS(link(".", "three"), EPERM);
    CHECK(unlink("one") == 0 && stat("two", &stat_of) == 0 && stat_of.st_nlink == 1);
    CHECK(stat_of.st_size == 3 && unlink("two") == 0);
    FAILS(unlink("two"), ENOENT);
}

static void directories(void)
{
    char path[64];
    CHECK(mkdir("dir", 0777) == 0 && mkdir("dir/sub", 0777) == 0);
    FAILS(mkdir("dir", 0777), EEXIST);
    FAILS(mkdir("none/dir", 0777), ENOENT);
    FAILS(unlink("dir"), ENOTEMPTY);
    close(test_file("dir/sub/file", "x"));
    CHECK(chdir("dir/sub") == 0 && getcwd(path, sizeof path) == path);
    CHECK(strcmp(path, "/dir/sub") == 0 && unlink("../../dir//sub/./file") == 0);
    CHECK(chdir("..") == 0 && rmdir("sub") == 0 && chdir("/") == 0 && rmdir("dir") == 0);
    FAILS(chdir("dir"), ENOENT);
    FAILS(chdir("README"), ENOTDIR);
    FAILS(open("README/x", O_RDONLY), ENOTDIR);
    FAILS(open("README/", O_RDONLY), ENOTDIR);
}

static void current_removed(void)
{
    char path[64];
    CHECK(mkdir("dir", 0777) == 0 && chdir("dir") == 0 && rmdir("../dir") == 0);
    FAILS(open("file", O_WRONLY | O_CREAT, 0666), ENOENT);
    FAILS(mkdir("sub", 0777), ENOENT);
    FAILS(chdir(".."), ENOENT);
    FAILS(getcwd(path, sizeof path) == NULL ? -1 : 0, ENOENT);
    CHECK(chdir("/") == 0);
}

static void dots(void)
{
    CHECK(mkdir("dir", 0777) == 0);
    FAILS(unlink("dir/."), EINVAL);
    FAILS(unlink("dir/.."), EINVAL);
    FAILS(unlink("/"), EBUSY);
    FAILS(unlink("."), EINVAL);
    CHECK(chdir("/../..") == 0 && rmdir("dir") == 0);
}

static void names(void)
{
    close(test_file("fourteen-chars", "a"));
    FAILS(open("fifteen-letters", O_WRONLY | O_CREAT, 0666), ENAMETOOLONG);
    FAILS(open("", O_WRONLY | O_CREAT, 0666), ENOENT);
    CHECK(unlink("fourteen-chars") == 0);
    char path[400];
    memset(path, '/', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    FAILS(open(path, O_RDONLY), ENAMETOOLONG);
}

static void read_directory(void)
{
    CHECK(mkdir("dir", 0777) == 0 && chdir("dir") == 0);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        close(test_file(name, ""));
    }
    bool seen[40] = {false};
    int n = 0;
    DIR *dir = opendir(".");
    CHECK(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL; n++)
        if (entry->d_name[0] == 'f')
            seen[atoi(entry->d_name + 1)] = true;
    CHECK(n == 42 && closedir(dir) == 0);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        CHECK(seen[i] && unlink(name) == 0);
    }
    CHECK(chdir("/") == 0 && rmdir("dir") == 0);
    FAILS(opendir("README") == NULL ? -1 : 0, ENOTDIR);
    FAILS(open(".", O_RDWR), EISDIR);
}

static void device(void)
{
    struct stat stat_of;
    int fd = open("console", O_RDWR);
    CHECK(fd >= 0 && isatty(fd) == 1 && fstat(fd, &stat_of) == 0 && S_ISCHR(stat_of.st_mode));
    CHECK(write(fd, "", 0) == 0);
    FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
    CHECK(isatty(open("README", O_RDONLY)) == 0);
}

static void stdio(void)
{
    FILE *file = fopen("stdio", "w");
    CHECK(file != NULL && fprintf(file, "%d %s\n", 42, "text") == 8 && fclose(file) == 0);
    int number = 0;
    char text[8];
    file = fopen("stdio", "r");
    CHECK(file != NULL && fscanf(file, "%d %7s", &number, text) == 2 && fclose(file) == 0);
    CHECK(number == 42 && strcmp(text, "text") == 0 && unlink("stdio") == 0);
}

static void shared_file(void)
{
    enum { WRITERS = 3, PIECES = 50 };
    int fd = test_file("file", "");
    char bytes[10], count[WRITERS] = {0};
    for (int w = 0; w < WRITERS; w++) {
        if (test_fork() != 0)
            continue;
        memset(bytes, 'a' + w, sizeof bytes);
        for (int i = 0; i < PIECES; i++)
            CHECK(write(fd, bytes, sizeof bytes) == sizeof bytes);
        exit(0);
    }
    while (wait(NULL) > 0)
        ;
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    for (int i = 0; i < WRITERS * PIECES; i++) {
        CHECK(read(fd, bytes, sizeof bytes) == sizeof bytes && bytes[9] == bytes[0]);
        count[bytes[0] - 'a']++;
    }
    for (int w = 0; w < WRITERS; w++)
        CHECK(count[w] == PIECES);
    CHECK(unlink("file") == 0);
}

/* A program of the archive that is written to becomes a file like any other. */
static void archive_file(void)
{
    static char before[PAGE], after[PAGE];
    int fd = open("README", O_RDWR);
    CHECK(read(fd, before, PAGE) == PAGE && lseek(fd, 1, SEEK_SET) == 1 && write(fd, "#", 1) == 1);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, after, PAGE) == PAGE && after[1] == '#');
    CHECK(lseek(fd, 1, SEEK_SET) == 1 && write(fd, before + 1, 1) == 1);
}

const struct usertest file_tests[] = {
    {"archive-file", archive_file, false},
    {"write-read", write_read, false},
    {"large", large, false},
    {"seek", seek, false},
    {"hole", hole, false},
    {"append", append, false},
    {"truncate", truncation, false},
    {"exclusive", exclusive, false},
    {"access", access_rights, false},
    {"unlink-open", unlink_open, false},
    {"links", links, false},
    {"directories", directories, false},
    {"current-removed", current_removed, false},
    {"dots", dots, false},
    {"names", names, false},
    {"read-directory", read_directory, false},
    {"device", device, false},
    {"stdio", stdio, false},
    {"shared-file", shared_file, false},
    {NULL, NULL, false},
};
