/* cowtest: accesses that must kill, that must not, and memory that runs out. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cowtest.h"

static const char constant[] = "constant";

/* CAUSE_EXIT: the access did nothing of note. */
static uint32_t outcome(void (*access)(uintptr_t), uintptr_t address)
{
    uint32_t status, cause;
    pid_t child = test_fork();
    if (child == 0) {
        access(address);
        _exit(0);
    }
    CHECK(holstein_wait(child, &status, &cause) == child);
    CHECK(cause != CAUSE_EXIT || status == 0);
    return cause;
}

static void expect_death(void (*access)(uintptr_t), uintptr_t address, uint32_t expected)
{
    CHECK(outcome(access, address) == expected);
}

static void store(uintptr_t address)
{
    *(volatile char *)address = 1;
}

static void load(uintptr_t address)
{
    (void)*(volatile char *)address;
}

static void jump(uintptr_t address)
{
    ((void (*)(void))address)();
}

static void atomic_add(uintptr_t address)
{
    __asm__ volatile("amoadd.w zero, zero, (%0)" ::"r"(address) : "memory");
}

/* Where misaligned atomics work, this one has to be right. */
static void atomic_misaligned(uintptr_t address)
{
    uint32_t before, after;
    memcpy(&before, (void *)address, sizeof before);
    __asm__ volatile("amoadd.w zero, %0, (%1)" ::"r"(0x01010101), "r"(address) : "memory");
    memcpy(&after, (void *)address, sizeof after);
    CHECK(after == before + 0x01010101);
}

/* No extension will ever give this encoding a meaning. */
static void illegal(uintptr_t address)
{
    (void)address;
    __asm__ volatile(".word 0");
}

static void breakpoint(uintptr_t address)
{
    (void)address;
    __asm__ volatile("ebreak");
}

/* Not `wfi`, which an implementation may let programs execute, as long as it ends soon. */
static void supervisor(uintptr_t address)
{
    (void)address;
    __asm__ volatile(".word 0x18002573" ::: "a0"); /* csrr a0, satp */
}

/* Addresses that nobody may touch: null, unmapped, the kernel's, the pager's, not canonical. */
static const uintptr_t nowhere[] = {
    0,         0x1000,    0x7ffff000,         0x80000000, 0x80200000, 1ul << 37,
    1ul << 38, 1ul << 39, 0xffffffff80200000, ~7ul,       1ul << 63,  0x0000003ffffff000,
};

void test_text(void)
{
    char on_heap[64] = {0};
    expect_death(store, (uintptr_t)test_text, CAUSE_ADDRESS);
    expect_death(store, (uintptr_t)constant, CAUSE_ADDRESS);
    expect_death(atomic_add, (uintptr_t)test_text & ~7ul, CAUSE_ADDRESS);
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        expect_death(store, nowhere[i], CAUSE_ADDRESS);
        expect_death(load, nowhere[i], CAUSE_ADDRESS);
        expect_death(jump, nowhere[i] & ~3ul, CAUSE_ADDRESS);
    }
    expect_death(jump, (uintptr_t)on_heap & ~3ul, CAUSE_ADDRESS);
    expect_death(illegal, 0, CAUSE_INSTRUCTION);
    expect_death(breakpoint, 0, CAUSE_INSTRUCTION);
    expect_death(supervisor, 0, CAUSE_INSTRUCTION);
    uint32_t misaligned = outcome(atomic_misaligned, (uintptr_t)on_heap | 1);
    CHECK(misaligned == CAUSE_ALIGNMENT || misaligned == CAUSE_EXIT);
    CHECK(strcmp(constant, "constant") == 0);
}

__attribute__((noinline)) static unsigned grow(unsigned depth)
{
    volatile char frame[1024];
    frame[0] = (char)depth;
    return depth == 0 ? 0 : grow(depth - 1) + (unsigned)(frame[0] != (char)depth) + 1;
}

static void overflow(uintptr_t depth)
{
    grow((unsigned)depth);
}

/* The stack grows by faults as far as the program's header says, and no further. */
void test_stack(void)
{
    CHECK(grow(700) == 700);
    if (test_fork() == 0) {
        CHECK(grow(800) == 800);
        _exit(0);
    }
    test_join(1);
    expect_death(overflow, 100000, CAUSE_ADDRESS);
}

/* No frame for a copy: that process ends, its frames return, the others go on. */
void test_oom(void)
{
    struct shared *shared = test_shared();
    size_t npages = (size_t)test_free_pages() * 3 / 5;
    char *area = test_pages(npages);
    errno = 0; /* its page is ours from here on */
    long frames = test_free_pages();
    pid_t idle = fork();
    if (idle < 0) {
        CHECK(!test_lazy_fork); /* it has no room to copy: refused, and nothing is lost */
        CHECK(test_frames_are(frames) && area[(npages - 1) * PAGE] == 1);
        return;
    }
    if (idle == 0) {
        shared->word[1] = 1;
        test_await(&shared->word[0], 1);
        CHECK(area[(npages - 1) * PAGE] == 1);
        _exit(0);
    }
    test_await(&shared->word[1], 1);
    /* The first time this process itself stores to pages that it shares with the idle one. */
    for (int round = 0; round < 2; round++) {
        long before = test_free_pages();
        pid_t child = test_fork();
        if (child == 0) {
            for (size_t i = 0; i < npages; i++)
                area[i * PAGE] = 2;
            _exit(0);
        }
        uint32_t status, cause;
        CHECK(holstein_wait(child, &status, &cause) == child);
        CHECK(cause == CAUSE_MEMORY);
        CHECK(round == 0 || test_frames_are(before));
    }
    for (size_t i = 0; i < npages; i++)
        CHECK(area[i * PAGE] == 1);
    shared->word[0] = 1;
    test_join(1);
    area[0] = 3;
    CHECK(area[0] == 3);
}

static uint64_t load_misaligned(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void store_misaligned(char *at, uint64_t value)
{
    __asm__ volatile("sd %0, (%1)" ::"r"(value), "r"(at) : "memory");
}

static long conditional_add(long *word, long value)
{
    long old, failed;
    __asm__ volatile("1: lr.d %0, (%2)\n add %1, %0, %3\n sc.d %1, %1, (%2)\n bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed)
                     : "r"(word), "r"(value)
                     : "memory");
    return old;
}

static void atomics_in_child(char *area)
{
    long *word = (long *)area;
    CHECK(__atomic_fetch_add(&word[1], 5, __ATOMIC_SEQ_CST) == 100);
    CHECK(word[1] == 105);
    CHECK(conditional_add((long *)(area + PAGE) + 1, 7) == 100);
    CHECK(((long *)(area + PAGE))[1] == 107);
    CHECK(__atomic_exchange_n((long *)(area + 2 * PAGE) + 1, 9, __ATOMIC_SEQ_CST) == 100);
    /* One store, two shared pages: both are copied, and no half is lost. */
    char *edge = area + 4 * PAGE - 3;
    store_misaligned(edge, 0x1122334455667788);
    CHECK(load_misaligned(edge) == 0x1122334455667788);
    /* An atomic where there is nothing yet. */
    long *fresh = (long *)sbrk(PAGE);
    CHECK(__atomic_fetch_add(fresh, 3, __ATOMIC_SEQ_CST) == 0 && *fresh == 3);
}

void test_atomic(void)
{
    enum { PAGES = 6 };
    char *area = test_pages(PAGES);
    for (int i = 0; i < PAGES; i++)
        ((long *)(area + i * PAGE))[1] = 100;
    uint64_t edge = load_misaligned(area + 4 * PAGE - 3);
    if (test_fork() == 0) {
        atomics_in_child(area);
        _exit(0);
    }
    test_join(1);
    for (int i = 0; i < PAGES; i++)
        CHECK(((long *)(area + i * PAGE))[1] == 100);
    CHECK(load_misaligned(area + 4 * PAGE - 3) == edge);
    /* Only the second page of a store is shared: the first must not be taken away again. */
    if (test_fork() == 0) {
        area[2 * PAGE] = 1;
        store_misaligned(area + 3 * PAGE - 4, ~0ul);
        CHECK(load_misaligned(area + 3 * PAGE - 4) == ~0ul);
        _exit(0);
    }
    test_join(1);
}

/* More first touches than the pager has frames to clear find one that was cleared in idle time:
 * so they were cleared, used up, and cleared again. What a dead child left is not seen. The first
 * of all tests, for a frame that could be lent does not come in. */
void test_idle(void)
{
    enum { PAGES = 16, WANTED = 40, TURNS = 200 };
    long washed = holstein_statistic(STATISTIC_WASHED);
    int turns = 0;
    if (test_fork() == 0) {
        memset(sbrk(2 * PAGES * PAGE), 0xee, 2 * PAGES * PAGE);
        _exit(0);
    }
    test_join(1);
    while (holstein_statistic(STATISTIC_WASHED) - washed < WANTED && turns++ < TURNS) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        char *area = sbrk(PAGES * PAGE);
        for (int i = 0; i < PAGES * PAGE; i += PAGE)
            area[i + PAGE - 1] = 0x11;
        for (int i = 0; i < PAGES * PAGE; i++)
            CHECK(area[i] == (i % PAGE == PAGE - 1 ? 0x11 : 0));
        sbrk(-PAGES * PAGE);
    }
    CHECK(turns < TURNS);
}
