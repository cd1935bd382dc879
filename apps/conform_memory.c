/* conform: faults, copies after a fork, the heap, memory that is short. */
#include "conform.h"

#include <string.h>
#include <unistd.h>

enum { AREA_PAGES = 24, CHUNK = 1 << 20 };

static char initialised[3 * PAGE] = {1}, zeroed[3 * PAGE];

/* Each place of memory holds `value`; afterwards `next`. */
static bool exchange(char *heap, char *stack, char value, char next)
{
    char *const place[] = {
        initialised, initialised + 2 * PAGE, zeroed, zeroed + 2 * PAGE, heap, heap + PAGE, stack,
        stack + PAGE};
    bool good = true;
    for (size_t i = 0; i < sizeof place / sizeof place[0]; i++) {
        good = good && *(volatile char *)place[i] == value;
        *(volatile char *)place[i] = next;
    }
    return good;
}

/* Neither sees what the other stores after a fork, whoever stores first, through generations. */
void conform_copies(void)
{
    char stack[2 * PAGE], *heap = test_pages(2);
    memset(initialised, 1, sizeof initialised);
    memset(zeroed, 1, sizeof zeroed);
    memset(stack, 1, sizeof stack);
    for (int round = 0; round < 4; round++) {
        bool parent_first = round % 2 == 0;
        char value = (char)(round + 1);
        pid_t child = test_fork();
        if (child == 0) {
            for (int n = 0; parent_first && n < TURNS; n++)
                sys_yield();
            CHECK(exchange(heap, stack, value, 100));
            if (test_fork() == 0)
                _exit(exchange(heap, stack, 100, 101) ? 0 : 1);
            test_join(1);
            _exit(exchange(heap, stack, 100, 102) ? 0 : 1);
        }
        if (!parent_first)
            test_join(1);
        CHECK(exchange(heap, stack, value, (char)(value + 1)));
        if (parent_first)
            test_join(1);
    }
}

/* Forward and back: what grows is zero, also where something was before. */
void conform_sbrk(void)
{
    const long start = conform_ask(REQ_SBRK, 0, 0), npages = AREA_PAGES;
    const long first = (start + PAGE - 1) & -(long)PAGE;
    CHECK(start > 0 &&
          conform_ask(REQ_SBRK, (uint64_t)(first - start + npages * PAGE), 0) == start);
    char *area = (char *)first;
    for (long i = 0; i < npages * PAGE; i += PAGE / 2) {
        CHECK(area[i] == 0);
        area[i] = (char)(i / PAGE + 1);
    }
    CHECK(conform_ask(REQ_SBRK, (uint64_t)(-10L * PAGE), 0) == first + npages * PAGE);
    CHECK(conform_ask(REQ_SBRK, 0, 0) == first + (npages - 10) * PAGE);
    CHECK(conform_ask(REQ_SBRK, 10 * PAGE, 0) == first + (npages - 10) * PAGE);
    for (long i = 0; i < npages; i++)
        CHECK(area[i * PAGE] == (i < npages - 10 ? i + 1 : 0));
    CHECK(conform_ask(REQ_SBRK, (uint64_t)(first - PAGE * 1024L * 1024), 0) < 0);
    CHECK(conform_ask(REQ_SBRK, (uint64_t)INT64_MIN, 0) < 0 &&
          conform_ask(REQ_SBRK, INT64_MAX, 0) < 0);
    CHECK(conform_ask(REQ_SBRK, 1ul << 40, 0) < 0);
    CHECK(conform_ask(REQ_SBRK, 0, 0) == first + npages * PAGE && area[PAGE] == 2);
    CHECK(conform_ask(REQ_SBRK, (uint64_t)(start - first - npages * PAGE), 0) ==
          first + npages * PAGE);
}

enum { LOAD, STORE, JUMP };

static void wild(int access, uint64_t address)
{
    if (access == LOAD)
        (void)*(volatile char *)address;
    else if (access == STORE)
        *(volatile char *)address = 1;
    else
        ((void (*)(void))address)();
}

/* An access that nothing allows ends that process alone, and its parent learns why. */
void conform_wild(void)
{
    static const char constant = 1;
    const struct {
        uint64_t access, address;
    } accesses[] = {
        {LOAD, 0},
        {STORE, PAGE},
        {JUMP, 16},
        {STORE, (uint64_t)conform_wild & ~1ul}, /* text can't be stored to */
        {STORE, (uint64_t)&constant},
        {JUMP, (uint64_t)zeroed}, /* nor data run */
        {LOAD, (uint64_t)conform_ask(REQ_SBRK, 0, 0) + 64ul * PAGE},
        {LOAD, MEMORY_WINDOW + (0x80400ul << PAGE_SHIFT)},
        {STORE, MEMORY_WINDOW + (0x80400ul << PAGE_SHIFT)},
        {LOAD, USER_LIMIT},
        {STORE, 0x80200000},
        {LOAD, 0xffffffff80200000},
        {STORE, 0xffffffff80200000},
        {JUMP, 0xffffffff80200000},
    };
    for (size_t i = 0; i < sizeof accesses / sizeof accesses[0]; i++) {
        uint32_t status, cause;
        long child = test_fork();
        if (child == 0) {
            wild((int)accesses[i].access, accesses[i].address);
            _exit(0);
        }
        CHECK(conform_wait(child, false, &status, &cause) == child && cause == CAUSE_ADDRESS);
    }
}

/* Other exceptions: an instruction that is none, a break, a privileged one, a misaligned atomic. */
void conform_exceptions(void)
{
    static const uint32_t causes[] = {CAUSE_INSTRUCTION, CAUSE_INSTRUCTION, CAUSE_INSTRUCTION,
                                      CAUSE_ALIGNMENT};
    for (int i = 0; i < 4; i++) {
        uint32_t status, cause;
        long child = test_fork();
        if (child == 0) {
            if (i == 0)
                __asm__ volatile(".word 0");
            else if (i == 1)
                __asm__ volatile("ebreak");
            else if (i == 2)
                __asm__ volatile(".word 0x18002573" ::: "a0"); /* csrr a0, satp */
            else
                __asm__ volatile("amoadd.w zero, zero, (%0)" ::"r"(zeroed + 2) : "memory");
            _exit(0);
        }
        CHECK(conform_wait(child, false, &status, &cause) == child);
        /* Misaligned atomics work on some implementations. */
        CHECK(cause == causes[i] || (causes[i] == CAUSE_ALIGNMENT && cause == CAUSE_EXIT));
    }
}

/* Takes all there is. Whether sbrk says so or a touch ends it, it hits this process alone. */
static void take_everything(void)
{
    const char *first = sbrk(0);
    for (size_t chunk = CHUNK; chunk >= PAGE; chunk /= 16)
        while (sbrk((ptrdiff_t)chunk) != (void *)-1)
            continue;
    for (volatile char *at = sbrk(0); --at >= first; at -= PAGE - 1)
        *at = 1;
    _exit(fork() < 0 ? 0 : 1); /* no room for another one like this */
}

void conform_memory(void)
{
    for (int round = 0; round < 2; round++) {
        uint32_t status, cause;
        const char *area = test_pages(2);
        long child = test_fork();
        if (child == 0)
            take_everything();
        CHECK(conform_wait(child, false, &status, &cause) == child);
        CHECK(cause == CAUSE_MEMORY || (cause == CAUSE_EXIT && status == 0));
        CHECK(area[0] == 1 && area[PAGE] == 1 && test_pages(AREA_PAGES)[PAGE] == 1);
    }
}
