/* pages: one fork with three pages and two stores, step by step.
 *
 * Prints `pages,STEP,PROCESS,PAGE,FRAME,OWNERS,REGION,INSTALLED` for each page of parent and child
 * after each step: rights as letters, INSTALLED those of the page-table entry. The two take turns
 * by a word that they share; the child, while there is one, does the looking. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "holstein.h"

enum { PAGE = 4096, PAGES = 3 };

static char area[PAGES * PAGE] __attribute__((aligned(PAGE)));
static volatile int *turn;

static const char *rights(uint64_t mask)
{
    static const char *const text[] = {"-", "r", "w", "rw", "x", "rx", "wx", "rwx"};
    return text[mask & 7];
}

static void look(const char *step, const char *who, pid_t pid)
{
    for (int i = 0; i < PAGES; i++) {
        uint64_t word[6] = {REQ_PROCESS, (uint64_t)pid - 1, INFO_PAGE,
                            (uint64_t)(uintptr_t)&area[i * PAGE]};
        if (holstein_request(word) != pid)
            return;
        printf("pages,%s,%s,%d,%lu,%lu,%s,%s\n", step, who, i, word[1], word[2], rights(word[3]),
               rights(word[4]));
    }
}

static void await(int value)
{
    while (*turn != value)
        sched_yield();
}

static void child(pid_t parent)
{
    look("fork", "parent", parent);
    look("fork", "child", getpid());
    area[0] = 2;
    look("copy", "parent", parent);
    look("copy", "child", getpid());
    *turn = 1;
    await(2);
    look("upgrade", "parent", parent);
    look("upgrade", "child", getpid());
    _exit(area[0] != 2 || area[PAGE] != 1);
}

int main(void)
{
    uint32_t status, cause;
    turn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (turn == MAP_FAILED)
        return 1;
    for (int i = 0; i < PAGES; i++)
        area[i * PAGE] = 1;
    look("start", "parent", getpid());
    fflush(stdout);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(parent);
    if (pid < 0)
        return 1;
    await(1);
    area[0] = 3;
    *turn = 2;
    if (holstein_wait(pid, &status, &cause) != pid || cause != CAUSE_EXIT || status != 0)
        return 1;
    look("exit", "parent", getpid());
    return 0;
}
