/* Results of calls that land in pages shared with another process: a server writes them into the
 * transfer page, and libsys copies them with ordinary stores, so that the other side can't see
 * them. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cowtest.h"

enum { NPAGES = 8, SHARERS = 3 };

static char *make_file(void)
{
    char *pages = test_pages(NPAGES);
    int fd = open("cowfile", O_RDWR | O_CREAT | O_TRUNC, 0666);
    CHECK(fd >= 0);
    for (int i = 0; i < NPAGES; i++) {
        memset(pages, 'a' + i, PAGE);
        CHECK(write(fd, pages, PAGE) == PAGE);
    }
    CHECK(close(fd) == 0);
    memset(pages, 'x', (size_t)NPAGES * PAGE);
    return pages;
}

static bool all_are(const char *pages, char c)
{
    for (size_t i = 0; i < (size_t)NPAGES * PAGE; i++)
        if (pages[i] != c)
            return false;
    return true;
}

static void read_into(char *pages)
{
    int fd = open("cowfile", O_RDONLY);
    CHECK(fd >= 0 && read(fd, pages, (size_t)NPAGES * PAGE) == NPAGES * PAGE);
    for (int i = 0; i < NPAGES; i++)
        CHECK(pages[i * PAGE] == 'a' + i && pages[i * PAGE + PAGE - 1] == 'a' + i);
    CHECK(close(fd) == 0);
}

/* Each of several sharers reads into the same pages; the others go on seeing theirs. */
static void check_reads(char *pages)
{
    for (int i = 0; i < SHARERS; i++) {
        if (test_fork() == 0) {
            read_into(pages);
            _exit(0);
        }
        CHECK(all_are(pages, 'x'));
    }
    test_join(SHARERS);
    CHECK(all_are(pages, 'x'));
    if (test_fork() == 0) {
        for (int i = 0; i < 100; i++)
            CHECK(all_are(pages, 'x'));
        _exit(0);
    }
    read_into(pages);
    test_join(1);
}

/* The two numbers that pipe() stores, and the bytes that come through it. */
static void check_pipe(char *pages)
{
    int *ends = (int *)(pages + PAGE - 4); /* across two pages */
    memset(pages, 'x', (size_t)NPAGES * PAGE);
    int outer[2];
    CHECK(pipe(outer) == 0);
    if (test_fork() == 0) {
        char c = 0;
        CHECK(pipe(ends) == 0 && ends[0] != ends[1] && write(ends[1], "q", 1) == 1);
        CHECK(read(ends[0], pages + 2 * PAGE, 1) == 1 && pages[2 * PAGE] == 'q');
        CHECK(write(outer[1], "!", 1) == 1 && read(outer[0], &c, 1) == 1 && c == '!');
        _exit(0);
    }
    test_join(1);
    CHECK(all_are(pages, 'x'));
    CHECK(close(outer[0]) == 0 && close(outer[1]) == 0);
}

void test_file(void)
{
    char *pages = make_file();
    check_reads(pages);
    check_pipe(pages);
    CHECK(unlink("cowfile") == 0);
}
