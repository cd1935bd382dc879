/* snapshot: a program that serves its own faults.
 *
 * A thread of it waits for accesses that no right allows. First: a snapshot of an array by
 * write-protection; the first store to a page keeps the old contents before it goes on. Then: an
 * array that grows behind a guard, page by page, where it is touched. */
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "holstein.h"

enum { PAGE = 4096, NPAGES = 24, STACK_NBYTES = 16384 };

static char *array, *kept, *growing;
static bool is_kept[NPAGES];
static _Atomic bool registered;
static _Atomic int nsaved, ngrown, nother;
static char stack[STACK_NBYTES] __attribute__((aligned(16)));

static bool save(char *page)
{
    size_t at = (size_t)(page - array);
    memcpy(kept + at, page, PAGE);
    is_kept[at / PAGE] = true;
    nsaved++;
    return mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0;
}

static bool grow(char *page)
{
    ngrown++;
    return mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0;
}

static void handler(void *nothing)
{
    struct holstein_fault fault;
    (void)nothing;
    if (holstein_fault(HANDLER_REGISTER, &fault) != 0)
        return;
    registered = true;
    for (enum handler_answer answer = HANDLER_WAIT;;) {
        if (holstein_fault(answer, &fault) != 0)
            return;
        char *page = (char *)(fault.address & ~(uint64_t)(PAGE - 1));
        bool good = false;
        if (page >= array && page < array + NPAGES * PAGE)
            good = save(page);
        else if (page >= growing && page < growing + NPAGES * PAGE)
            good = grow(page);
        else
            nother++;
        answer = good ? HANDLER_RESUME : HANDLER_KILL;
    }
}

static char *map(int protection)
{
    return mmap(NULL, (size_t)NPAGES * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int test_snapshot(void)
{
    int wrong = 0;
    memset(array, 'o', (size_t)NPAGES * PAGE);
    mprotect(array, (size_t)NPAGES * PAGE, PROT_READ);
    for (int i = 0; i < NPAGES; i += 2)
        array[i * PAGE + i] = 'n';
    for (int i = 0; i < NPAGES; i++) {
        const char *then = is_kept[i] ? kept + i * PAGE : array + i * PAGE;
        wrong += is_kept[i] != (i % 2 == 0) || array[i * PAGE + i] != (i % 2 == 0 ? 'n' : 'o');
        for (int j = 0; j < PAGE; j++)
            wrong += then[j] != 'o';
    }
    printf("snapshot: snapshot %s saved=%d\n", wrong == 0 && nsaved == NPAGES / 2 ? "ok" : "FAILED",
           nsaved);
    return wrong != 0 || nsaved != NPAGES / 2;
}

static int test_growth(void)
{
    int sum = 0;
    for (int i = 0; i < 5 * PAGE; i += 100)
        growing[i] = 1;
    for (int i = 0; i < 5 * PAGE; i++)
        sum += growing[i];
    bool good = ngrown == 5 && sum == 5 * PAGE / 100 + 1 && nother == 0;
    printf("snapshot: growth %s grown=%d\n", good ? "ok" : "FAILED", ngrown);
    return !good;
}

int main(void)
{
    array = map(PROT_READ | PROT_WRITE);
    kept = map(PROT_READ | PROT_WRITE);
    growing = map(PROT_NONE);
    if (array == MAP_FAILED || kept == MAP_FAILED || growing == MAP_FAILED ||
        holstein_thread(handler, NULL, stack, sizeof stack) < 0) {
        perror("snapshot");
        return 1;
    }
    while (!registered)
        sched_yield();
    return test_snapshot() | test_growth();
}
