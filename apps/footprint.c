/* footprint: what the kernel and the pager keep about processes and mapped pages.
 *
 * Prints `footprint,KERNEL,WHAT,KERNEL_BYTES,PAGER_BYTES` for a small process that waits (WHAT:
 * process) and for a page that is mapped (page): frames that were taken from the kernel's pool and
 * from the pager's memory, those of the page or of its stores left out. Averages over many, so that
 * tables which several share count for each in part. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { PAGE = 4096, PROCESSES = 256, PAGES = 16384 };

struct taken {
    long kernel, pager; /* frames */
};

static struct taken taken(void)
{
    return (struct taken){sys_statistics(STAT_POOL_TOTAL) - sys_statistics(STAT_POOL_FREE),
                          holstein_statistic(STATISTIC_TOTAL) - holstein_statistic(STATISTIC_FREE)};
}

static void show(const char *what, struct taken before, struct taken after, long n, long own)
{
    printf("footprint,%s,%s,%ld,%ld\n", holstein_statistic(STATISTIC_IN_KERNEL) ? "mono" : "pager",
           what, (after.kernel - before.kernel) * PAGE / n,
           (after.pager - before.pager - own) * PAGE / n);
}

/* Pages of the caller that are its own: so many of what was taken are no book-keeping. */
static long own_pages(void)
{
    uint64_t word[6] = {REQ_PROCESS, (uint64_t)getpid() - 1, INFO_PAGES};
    return holstein_request(word) == getpid() ? (long)word[1] : 0;
}

/* A chain, each forking the next and waiting for it. */
static int processes(void)
{
    struct shared {
        struct taken before, after;
        long own;
    } *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    for (int i = 0; i <= PROCESSES; i++) {
        uint32_t status, cause;
        if (i == 1)
            shared->before = taken();
        pid_t child = fork();
        if (child == 0) {
            if (i > 0)
                shared->own += own_pages();
            continue;
        }
        if (child < 0 || holstein_wait(child, &status, &cause) != child || cause != CAUSE_EXIT)
            status = 1;
        if (i > 0)
            _exit((int)status);
        if (status == 0)
            show("process", shared->before, shared->after, PROCESSES, shared->own);
        return (int)status;
    }
    shared->after = taken();
    _exit(0);
}

static int pages(void)
{
    char *area = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return 1;
    struct taken before = taken();
    for (size_t i = 0; i < PAGES; i++)
        area[i * PAGE] = 1;
    show("page", before, taken(), PAGES, PAGES);
    return 0;
}

int main(void)
{
    return processes() | pages();
}
