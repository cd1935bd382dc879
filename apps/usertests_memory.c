/* usertests: memory. */
#include "usertests.h"

#include <signal.h>
#include <stdio.h>

static void sbrk_bytes(void)
{
    char *start = sbrk(0);
    for (int i = 0; i < 5000; i++) {
        char *at = sbrk(1);
        CHECK(at == start + i);
        *at = (char)i;
    }
    for (int i = 0; i < 5000; i++)
        CHECK(start[i] == (char)i);
}

static void sbrk_shrink(void)
{
    char *start = sbrk(10 * PAGE);
    memset(start, 1, 10 * PAGE);
    CHECK(sbrk(-10 * PAGE) == start + 10 * PAGE && sbrk(0) == start);
    CHECK(sbrk(10 * PAGE) == start);
    for (int i = 0; i < 10 * PAGE; i++)
        CHECK(start[i] == 0); /* zeros again */
}

static void sbrk_gone(void)
{
    char *start = sbrk(2 * PAGE);
    memset(start, 1, 2 * PAGE);
    sbrk(-2 * PAGE);
    pid_t child = test_fork();
    if (child == 0)
        exit(((volatile char *)start)[2 * PAGE - 1]);
    test_dies(child, SIGSEGV);
}

static void sbrk_last(void)
{
    char *top = sbrk(0);
    sbrk(PAGE - (uintptr_t)top % PAGE + PAGE);
    sbrk(10);
    sbrk(-20);
    top = sbrk(0);
    strcpy(top - 8, "lastfil");
    int fd = test_file(top - 8, "x");
    CHECK(read(fd, top - 8, 1) == 1 && top[-8] == 'x' && close(fd) == 0);
    CHECK(unlink("lastfil") == 0);
}

static void sbrk_limits(void)
{
    FAILS(sbrk(1l << 31), ENOMEM);
    FAILS(sbrk(1l << 40), EINVAL);
    FAILS(sbrk(-(1l << 40)), EINVAL);
    FAILS(sbrk(PTRDIFF_MAX), EINVAL);
    FAILS(sbrk(PTRDIFF_MIN), EINVAL);
    FAILS(sbrk(-(ptrdiff_t)(uintptr_t)sbrk(0)), EINVAL);
}

static void sbrk_fork(void)
{
    char *start = sbrk(PAGE);
    pid_t child = test_fork();
    char *more = sbrk(PAGE);
    CHECK(more == start + PAGE);
    *start = *more = 1;
    if (child == 0)
        exit(0);
    test_join(child);
}

static void heap_malloc(void)
{
    void *list[200];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 200; i++) {
            size_t n = (size_t)(i * 37 % 3000 + 1);
            CHECK((list[i] = malloc(n)) != NULL);
            memset(list[i], i, n);
        }
        for (int i = 0; i < 200; i++) {
            CHECK(*(unsigned char *)list[i] == (unsigned char)i);
            free(list[i]);
        }
    }
}

static void bss_zero(void)
{
    static char bss[40000];
    for (size_t i = 0; i < sizeof bss; i++)
        CHECK(bss[i] == 0);
}

static int depth(int n, const volatile char *above)
{
    volatile char room[1000];
    room[0] = above == NULL ? 0 : (char)(*above + 1);
    return n == 0 ? room[0] : depth(n - 1, room) + (room[999] = 0);
}

static void stack_grows(void)
{
    CHECK(depth(50, NULL) == 50);
}

static void stack_guard(void)
{
    pid_t child = test_fork();
    if (child == 0)
        exit(depth(100000, NULL));
    test_dies(child, SIGSEGV);
}

static void text_write(void)
{
    pid_t child = test_fork();
    if (child == 0) {
        *(volatile char *)(uintptr_t)text_write = 1;
        exit(0);
    }
    test_dies(child, SIGSEGV);
}

static void null_load(void)
{
    pid_t child = test_fork();
    if (child == 0) {
        uintptr_t nowhere = 0;
        __asm__ volatile("" : "+r"(nowhere));
        exit(*(volatile char *)nowhere);
    }
    test_dies(child, SIGSEGV);
}

static void kernel_memory(void)
{
    static const uintptr_t there[] = {0x80000000, 0x80200000,         0x10000000,
                                      1ul << 38,  0xffffffff80200000, ~0ul - 7,
                                      1ul << 37,  0xffffffc000000000};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        for (int store = 0; store < 2; store++) {
            pid_t child = test_fork();
            if (child == 0) {
                volatile char *at = (volatile char *)there[i];
                exit(store != 0 ? (*at = 1) : *at);
            }
            test_dies(child, SIGSEGV);
        }
    }
}

static void mmap_private(void)
{
    char *pages = test_map(4);
    memset(pages, 1, 4 * PAGE);
    pid_t child = test_fork();
    if (child == 0) {
        memset(pages, 2, 4 * PAGE);
        exit(0);
    }
    test_join(child);
    for (int i = 0; i < 4 * PAGE; i++)
        CHECK(pages[i] == 1);
}

static void mmap_shared(void)
{
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    pid_t child = test_fork();
    if (child == 0) {
        pages[0] = 1;
        pages[PAGE] = 2;
        exit(0);
    }
    test_join(child);
    CHECK(pages[0] == 1 && pages[PAGE] == 2);
}

static void munmap_part(void)
{
    char *pages = test_map(3);
    memset(pages, 1, 3 * PAGE);
    CHECK(munmap(pages + PAGE, PAGE) == 0);
    CHECK(pages[0] == 1 && pages[2 * PAGE] == 1);
    pid_t child = test_fork();
    if (child == 0)
        exit(((volatile char *)pages)[PAGE]);
    test_dies(child, SIGSEGV);
}

static void mprotect_read(void)
{
    char *pages = test_map(2);
    pages[0] = pages[PAGE] = 1;
    CHECK(mprotect(pages, PAGE, PROT_READ) == 0);
    pages[PAGE] = 2;
    pid_t child = test_fork();
    if (child == 0) {
        pages[0] = 2;
        exit(0);
    }
    test_dies(child, SIGSEGV);
    CHECK(mprotect(pages, PAGE, PROT_READ | PROT_WRITE) == 0 && pages[0] == 1);
    pages[0] = 3;
    CHECK(pages[0] == 3);
}

static void mprotect_none(void)
{
    char *pages = test_map(1);
    pages[0] = 7;
    CHECK(mprotect(pages, PAGE, PROT_NONE) == 0);
    pid_t child = test_fork();
    if (child == 0) {
        CHECK(mprotect(pages, PAGE, PROT_READ | PROT_WRITE) == 0 && pages[0] == 7);
        pages[0] = 8;
        exit(0);
    }
    test_join(child);
    child = test_fork();
    if (child == 0)
        exit(*(volatile char *)pages);
    test_dies(child, SIGSEGV);
    CHECK(mprotect(pages, PAGE, PROT_READ) == 0 && pages[0] == 7);
}

/* A part of the heap; what is taken away by sbrk takes its rights along. */
static void mprotect_heap(void)
{
    char *start = sbrk(PAGE - (uintptr_t)sbrk(0) % PAGE);
    start = sbrk(3 * PAGE);
    memset(start, 1, 3 * PAGE);
    CHECK(mprotect(start + PAGE, 2 * PAGE, PROT_READ) == 0 && start[PAGE] == 1);
    start[0] = 2;
    CHECK(sbrk(PAGE) == start + 3 * PAGE);
    start[3 * PAGE] = 2;
    pid_t child = test_fork();
    if (child == 0) {
        start[2 * PAGE] = 2;
        exit(0);
    }
    test_dies(child, SIGSEGV);
    CHECK(sbrk(-2 * PAGE) == start + 4 * PAGE && sbrk(PAGE) == start + 2 * PAGE);
    CHECK(start[PAGE] == 1 && start[2 * PAGE]++ == 0);
}

static void cow_chain(void)
{
    char *pages = test_map(8);
    memset(pages, 0, 8 * PAGE);
    for (int level = 1; level <= 5; level++) {
        pid_t child = test_fork();
        if (child > 0) {
            test_join(child);
            for (int i = 0; i < 8; i++)
                CHECK(pages[i * PAGE] == level - 1);
            exit(0);
        }
        for (int i = 0; i < 8; i++)
            pages[i * PAGE]++;
    }
}

const struct usertest memory_tests[] = {
    {"sbrk-bytes", sbrk_bytes, false},
    {"sbrk-shrink", sbrk_shrink, false},
    {"sbrk-gone", sbrk_gone, false},
    {"sbrk-last", sbrk_last, false},
    {"sbrk-limits", sbrk_limits, false},
    {"sbrk-fork", sbrk_fork, false},
    {"malloc", heap_malloc, false},
    {"bss", bss_zero, false},
    {"stack", stack_grows, false},
    {"stack-guard", stack_guard, false},
    {"text-write", text_write, false},
    {"null", null_load, false},
    {"kernel-memory", kernel_memory, false},
    {"mmap-private", mmap_private, false},
    {"mmap-shared", mmap_shared, false},
    {"munmap-part", munmap_part, false},
    {"mprotect-read", mprotect_read, false},
    {"mprotect-none", mprotect_none, false},
    {"mprotect-heap", mprotect_heap, false},
    {"cow-chain", cow_chain, false},
    {NULL, NULL, false},
};
