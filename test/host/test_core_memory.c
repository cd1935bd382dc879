/* Unit tests: faults, shared memory, sbrk, mmap, munmap, room in the kernel's pool. */
#include "check.h"
#include "../../pager/fault.h"
#include <string.h>

enum { RW = RIGHT_R | RIGHT_W };

static void test_touch(void)
{
    struct process *p = check_start();
    int64_t pid = p->pid;
    uint64_t bss = 0x105000, zeros = process_counts_total().zeros;
    uint8_t byte = 1;
    CHECK(fake_load(p, bss + 7, &byte) && byte == 0 && process_counts_total().zeros == zeros + 1);
    CHECK(fake_entry(p, bss, NULL) == RW && check_refs(p, bss) == 1);
    CHECK(fake_store(p, bss, 3) && process_counts_total().zeros == zeros + 1);
    CHECK(fake_load(p, 0x100000, &byte) &&
          byte == fake_program_byte(fake_program_find("a"), 0x100000));
    CHECK(fake_access(p, 0, 0x101000, FAKE_FETCH, &byte));
    CHECK(!fake_store(p, 0x100000, 1) && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

/* Each kills: how the address is meant stands behind it. */
static void test_bad_addresses(void)
{
    static const uint64_t address[] = {
        0,         0xfa000 /* guard */, 0x107000 /* heap's start */, ADDRESS_LIMIT, ~0ul,
        1ul << 38, ADDRESS_LIMIT - 1};
    for (unsigned i = 0; i < sizeof address / sizeof *address; i++) {
        struct process *p = check_start();
        int64_t pid = p->pid;
        uint8_t byte;
        CHECK(!fake_load(p, address[i], &byte) && check_died(pid, CAUSE_ADDRESS));
        check_end();
    }
    static const uint64_t cause[][2] = {
        {0, CAUSE_ALIGNMENT}, {1, CAUSE_ADDRESS},   {2, CAUSE_INSTRUCTION}, {3, CAUSE_INSTRUCTION},
        {4, CAUSE_ALIGNMENT}, {7, CAUSE_ALIGNMENT}, {99, CAUSE_ADDRESS}};
    for (unsigned i = 0; i < sizeof cause / sizeof *cause; i++) {
        struct process *p = check_start();
        int64_t pid = p->pid;
        port_lock();
        fault_answer_t answer = fault_handle(0x100000, cause[i][0], 0, 0, p->badge);
        port_unlock();
        CHECK(answer == 0 && check_died(pid, (unsigned)cause[i][1]));
        check_end();
    }
}

static void test_copy_and_upgrade(void)
{
    struct process *p = check_start(), *q;
    uint64_t va = 0x105000, copies, upgrades;
    uint8_t byte = 0;
    CHECK(fake_store(p, va, 1));
    q = fake_fork(p);
    CHECK(check_refs(p, va) == 2 && fake_entry(p, va, NULL) == RIGHT_R &&
          fake_entry(q, va, NULL) == RIGHT_R);
    copies = process_counts_total().copies, upgrades = process_counts_total().upgrades;
    CHECK(fake_load(q, va, &byte) && byte == 1 && process_counts_total().copies == copies);
    CHECK(fake_store(p, va, 2) && process_counts_total().copies == copies + 1 &&
          check_refs(p, va) == 1 && check_refs(q, va) == 1 &&
          process_counts_total().upgrades == upgrades);
    CHECK(fake_load(q, va, &byte) && byte == 1 && fake_entry(q, va, NULL) == RIGHT_R);
    CHECK(fake_store(q, va, 3) && process_counts_total().copies == copies + 1 &&
          process_counts_total().upgrades == upgrades + 1);
    CHECK(fake_load(p, va, &byte) && byte == 2);
    CHECK(fake_store(p, check_data(), 9) && process_counts_total().copies == copies + 2);
    check_end();
}

static void test_memory_short(void)
{
    struct process *p = check_start();
    uint64_t va = 0x105000;
    CHECK(fake_store(p, va, 1));
    struct process *q = fake_fork(p);
    int64_t pid = q->pid;
    check_drain(0);
    CHECK(!fake_store(q, va, 2) && frames.nfree > 0 && check_refs(p, va) == 1);
    check_refill();
    uint64_t word[6] = {REQ_WAIT, (uint64_t)pid, 1};
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && (int64_t)word[0] == pid &&
          word[2] == CAUSE_MEMORY);
    pid = p->pid;
    check_drain(0);
    CHECK(fake_store(p, va, 3) && !fake_store(p, 0x106000, 1));
    check_refill();
    CHECK(check_died(pid, CAUSE_MEMORY));
    check_end();
}

/* One frame is left, and its page's leaf would need another: nothing of it stays taken. */
static void test_leaf_short(void)
{
    struct process *p = check_start();
    int64_t pid = p->pid;
    check_fill_low(p);
    uint64_t va = (uint64_t)check_mmap(p, 1, false);
    uint8_t byte = 0;
    CHECK((int64_t)va > 0 && map_find(&p->map, va) == NULL);
    check_drain(1);
    CHECK(!fake_load(p, va, &byte));
    check_refill();
    CHECK(check_died(pid, CAUSE_MEMORY));
    check_end();
}

static const struct region *quick(const struct regions *regions, uint64_t va)
{
    const struct region *region = region_near(regions, va);
    return va >= region->start && region->quick != 0 ? region : NULL;
}

/* Where a store looks for its region first: gone, or not to be stored to, it gives nothing. */
static void test_quick(void)
{
    struct process *p = check_start();
    int64_t pid = p->pid;
    uint8_t byte = 0;
    uint64_t va = (uint64_t)check_mmap(p, 1, false);
    CHECK(fake_store(p, 0x105000, 1) && fake_store(p, va, 1) && p->unusual == 0);
    CHECK(quick(&p->regions, va)->start == va);
    CHECK(fake_call(p, REQ_MUNMAP, va, PAGE_SIZE, 0) == 0 && quick(&p->regions, va) == NULL);
    CHECK(!fake_store(p, va, 1) && check_died(pid, CAUSE_ADDRESS));
    check_end();
    p = check_start();
    pid = p->pid;
    CHECK(fake_store(p, 0x105000, 1) && fake_load(p, 0x102000, &byte));
    fake_corrupt(p, 0x100000, 0, 0);
    CHECK(fake_load(p, 0x100000, &byte) && p->unusual == 0 &&
          region_find(&p->regions, 0x100000)->rights == (RIGHT_R | RIGHT_X) &&
          quick(&p->regions, 0x100000) == NULL);
    CHECK(!fake_store(p, 0x100000, 1) && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

/* It is found there wherever it lies, and in whatever order others were stored to: nothing is
 * looked for a second time. */
static bool all_quick(const struct regions *regions)
{
    for (const struct region *r = regions->region, *end = r + regions->n; r != end; r++) {
        bool stores = r->kind == REGION_PRIVATE && (r->rights & RIGHT_W) != 0;
        for (uint64_t va = r->start; va < r->end; va += PAGE_SIZE)
            if (quick(regions, va) != (stores ? r : NULL))
                return false;
    }
    const struct region *heap = region_heap_first(regions), *end = regions->region + regions->n;
    return region_near(regions, ~(uint64_t)(PAGE_SIZE - 1)) == end &&
           (heap == NULL || heap->use == USE_HEAP);
}

/* Code, data and heap that meet, and a stack, shifted by pages against each other. */
static void test_quick_anywhere(void)
{
    for (uint64_t shift = 0; shift < 4096; shift++) {
        uint64_t data = 0x12000, heap = data + ((shift & 15) + 1) * PAGE_SIZE,
                 stack = 0x80000 + (shift >> 4 & 15) * PAGE_SIZE, up = (shift >> 8) * PAGE_SIZE;
        struct regions r, child;
        regions_clear(&r);
        CHECK(all_quick(&r));
        const struct region region[] = {
            {.start = stack + up, .end = stack + up + PAGE_SIZE, .rights = RIGHT_R | RIGHT_W},
            {.start = data + up, .end = heap + up, .rights = RIGHT_R | RIGHT_W},
            {.start = heap + up, .end = heap + up, .rights = RIGHT_R | RIGHT_W, .use = USE_HEAP},
            {.start = 0x10000 + up, .end = data + up, .rights = RIGHT_R | RIGHT_X},
        };
        for (unsigned i = 0; i < 4; i++)
            CHECK(region_add(&r, &region[i]) && all_quick(&r));
        CHECK(region_resize_heap(&r, heap + up + 4 * PAGE_SIZE) && all_quick(&r));
        regions_copy(&child, &r);
        CHECK(all_quick(&child) && child.n == 4);
        CHECK(region_protect(&r, data + up, data + up + PAGE_SIZE, RIGHT_R) == 0 && all_quick(&r));
        CHECK(region_remove(&r, stack + up, stack + up + PAGE_SIZE, USE_IMAGE) && all_quick(&r));
    }
}

static unsigned nasked;

static enum store_verdict count_stores(const struct policy_view *view)
{
    nasked++;
    return view->shared_frame ? STORE_COPY : STORE_UPGRADE;
}

/* The policy hears of every store that has two answers; reclaim knows who has entries. */
static void test_unusual(void)
{
    static const struct policy counting = {.name = "counting", .at_store = count_stores};
    struct process *p = check_start();
    CHECK(fake_nentries(p) > 0 && !p->uncached);
    CHECK(fake_store(p, 0x105000, 1) && p->unusual == 0 && fake_fork(p) != NULL);
    process_set_policy(p, &counting);
    CHECK(fake_store(p, 0x105000, 2) && nasked == 1 && check_refs(p, 0x105000) == 1);
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1 && p->unusual != 0);
    check_end();
}

static void test_shared(void)
{
    struct process *p = check_start();
    uint64_t nfree = frames.nfree, copies = process_counts_total().copies;
    check_fill_low(p);
    uint64_t va = (uint64_t)check_mmap(p, 3, true);
    uint8_t byte = 0;
    CHECK((int64_t)va > 0 && frames.nfree == nfree - 4 && check_refs(p, va) == 1);
    CHECK(fake_store(p, va, 1));
    struct process *q = fake_fork(p);
    CHECK(check_refs(q, va) == 2 && fake_entry(p, va, NULL) == RW && fake_entry(q, va, NULL) == RW);
    CHECK(fake_store(q, va, 2) && fake_load(p, va, &byte) && byte == 2);
    CHECK(fake_store(p, va + PAGE_SIZE, 5) && fake_load(q, va + PAGE_SIZE, &byte) && byte == 5);
    CHECK(process_counts_total().copies == copies && check_refs(p, va + PAGE_SIZE) == 2);
    CHECK(fake_call(q, REQ_MUNMAP, va + PAGE_SIZE, PAGE_SIZE, 0) == 0 &&
          check_refs(p, va + PAGE_SIZE) == 1 && check_refs(p, va) == 2);
    CHECK(fake_load(p, va + PAGE_SIZE, &byte) && byte == 5);
    int64_t pid = q->pid;
    CHECK(!fake_load(q, va + PAGE_SIZE, &byte));
    CHECK(process_find(pid)->cause == CAUSE_ADDRESS && check_refs(p, va) == 1);
    check_end();
}

static int64_t victim;

static void kill_victim(void)
{
    fake.at_unlock = NULL;
    fake.gives_up = true; /* the victim's copy can't go on before this is over */
    CHECK(fake_call(process_init, REQ_KILL, (uint64_t)victim, 0, 0) == FAKE_SILENT);
    fake.gives_up = false;
}

/* Killed while its first page is cleared: it ends when that is done, and the frame goes back. */
static void test_killed_touch(void)
{
    struct process *p = check_start();
    uint64_t nfree = frames.nfree, va = (uint64_t)check_mmap(p, 1, false);
    struct process *child = fake_fork(p);
    victim = child->pid;
    fake.at_unlock = kill_victim;
    CHECK(!fake_store(child, va, 1) && check_died(victim, CAUSE_KILLED));
    CHECK(frames.nfree == nfree && fake_audit() == 0);
    check_end();
}

/* The same while a page is copied for it. */
static void test_killed_copy(void)
{
    struct process *p = check_start();
    CHECK(fake_store(p, 0x105000, 1));
    uint64_t nfree = frames.nfree;
    struct process *child = fake_fork(p);
    victim = child->pid;
    fake.at_unlock = kill_victim;
    CHECK(!fake_store(child, 0x105000, 2) && check_died(victim, CAUSE_KILLED));
    CHECK(frames.nfree == nfree && check_refs(p, 0x105000) == 1 && fake_audit() == 0);
    check_end();
}

/* A page is all zeros at first, also where another thread could look. */
static void test_threaded_touch(void)
{
    struct process *p = check_start();
    uint64_t va = (uint64_t)check_mmap(p, 1, false);
    uint8_t byte = 1;
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1 && fake_store(p, va + 1, 2));
    CHECK(fake_call(p, REQ_MUNMAP, va, PAGE_SIZE, 0) == 0);
    va = (uint64_t)check_mmap(p, 1, false); /* the frame just released comes first */
    CHECK(fake_store(p, va, 3) && fake_load(p, va + 1, &byte) && byte == 0);
    check_end();
}

/* A load copies nothing, whatever the kernel has forgotten. */
static void test_shared_load(void)
{
    struct process *p = check_start();
    uint8_t byte = 0;
    CHECK(fake_store(p, 0x105000, 1));
    struct process *child = fake_fork(p);
    fake_corrupt(child, 0x105000, 0, 0);
    CHECK(fake_load(child, 0x105000, &byte) && byte == 1 && check_refs(p, 0x105000) == 2);
    CHECK(fake_entry(child, 0x105000, NULL) == RIGHT_R);
    check_end();
}

/* The last region, met by a store, is gone after munmap, here and in a child. */
static void test_unmapped_last(void)
{
    struct process *p = check_start();
    check_fill_low(p);
    uint64_t va = (uint64_t)check_mmap(p, 1, false);
    CHECK(fake_store(p, va, 1) && fake_store(p, va, 2));
    CHECK(fake_call(p, REQ_MUNMAP, va, PAGE_SIZE, 0) == 0);
    struct process *child = fake_fork(p);
    int64_t pid = p->pid, child_pid = child->pid;
    CHECK(!fake_store(child, va, 3) && check_died(child_pid, CAUSE_ADDRESS));
    CHECK(!fake_store(p, va, 3) && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

/* A refused mmap leaves as many frames free as there were (I8), whatever it was short of. */
static void test_shared_short(void)
{
    struct process *p = check_start();
    check_fill_low(p);
    for (uint64_t left = 0; left < 5; left++) {
        check_drain(left);
        uint64_t n = p->regions.n;
        CHECK(check_mmap(p, 4, true) == ERR_NOMEM && p->regions.n == n && fake_audit() != 1000);
        CHECK(frames.nfree == left);
        check_refill();
    }
    check_drain(5);
    CHECK(check_mmap(p, 4, true) > 0 && frames.nfree == 0);
    check_refill();
    check_end();
}

static void test_limits(void)
{
    struct process *p = check_start();
    uint64_t free_nbytes = frames.nfree * PAGE_SIZE;
    CHECK(fake_call(p, REQ_SBRK, 0, 0, 0) == 0x107000);
    CHECK(fake_call(p, REQ_SBRK, 100, 0, 0) == 0x107000 && fake_store(p, 0x107fff, 1));
    CHECK(fake_call(p, REQ_SBRK, (uint64_t)-101, 0, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_SBRK, free_nbytes + PAGE_SIZE, 0, 0) == ERR_NOMEM);
    CHECK(fake_call(p, REQ_SBRK, free_nbytes + PAGE_SIZE, 1, 0) == 0x107064);
    CHECK(fake_call(p, REQ_SBRK, -(free_nbytes + PAGE_SIZE), 1, 0) > 0 &&
          p->heap_break == 0x107064);
    CHECK(fake_call(p, REQ_SBRK, ADDRESS_LIMIT, 1, 0) == ERR_NOMEM);
    CHECK(fake_call(p, REQ_SBRK, 1ul << 63, 0, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_SBRK, ~0ul >> 1, 0, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_SBRK, 2 * PAGE_SIZE, 0, 0) == 0x107064 && p->heap_break == 0x109064);
    uint64_t nfree = frames.nfree;
    CHECK(fake_store(p, 0x109fff, 1) && frames.nfree == nfree - 1 && fake_entry(p, 0x109000, NULL));
    CHECK(fake_call(p, REQ_SBRK, -(uint64_t)0x100, 0, 0) == 0x109064 && frames.nfree == nfree &&
          fake_entry(p, 0x109000, NULL) == 0);
    CHECK(fake_call(p, REQ_MMAP, 0, RW, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MMAP, ~0ul, RW, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MMAP, ADDRESS_LIMIT, RW, 0) == ERR_NOMEM);
    CHECK(fake_call(p, REQ_MMAP, 1, RIGHT_W, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MMAP, 1, 8, 0) == ERR_INVALID);
    check_fill_low(p);
    uint64_t va = (uint64_t)fake_call(p, REQ_MMAP, 1, RW, 0);
    CHECK(va == ADDRESS_LIMIT - PAGE_SIZE && fake_store(p, va + 9, 1));
    CHECK(fake_call(p, REQ_MUNMAP, va + 1, 1, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MUNMAP, va, 2 * PAGE_SIZE, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MUNMAP, 0x100000, PAGE_SIZE, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MUNMAP, va, 0, 0) == ERR_INVALID && check_refs(p, va) == 1);
    CHECK(fake_call(p, REQ_MUNMAP, va, ~0ul, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_MUNMAP, va, 1, 0) == 0 && check_refs(p, va) == 0 &&
          fake_entry(p, va, NULL) == 0);
    while (p->regions.n < REGIONS_MAX)
        CHECK(check_mmap(p, 1, false) > 0);
    CHECK(check_mmap(p, 1, false) == ERR_LIMIT);
    CHECK(fake_call(p, 1000, 0, 0, 0) == ERR_NUMBER);
    check_end();
}

/* A fork bomb uses up the kernel's pool: init, which has all its pages, lives through it. */
static void test_pool(void)
{
    struct process *p = check_start();
    uint64_t va = 0x105000;
    uint8_t byte = 0;
    CHECK(fake_store(p, va, 1));
    fake.pool_left = 0;
    struct process *q = fake_fork(p);
    CHECK(q == NULL);
    CHECK(fake_load(p, va, &byte) && byte == 1);
    fake.pool_left = 4;
    q = fake_fork(p);
    CHECK(q != NULL && fake_load(q, va, &byte) && byte == 1 && fake_store(q, va, 2));
    CHECK(fake_load(p, va, &byte) && byte == 1 && fake_store(p, va, 3));
    for (unsigned i = 0; i < 20; i++)
        fake_fork(p);
    while (fake_call(p, REQ_THREAD, 0x100000, 0, 0) > 0)
        ;
    CHECK(fake.pool_left == 0 && fake_audit() == 0);
    CHECK(fake_store(process_init, 0x103000, 1) && !process_init->dying);
    fake.pool_left += PLENTY;
    check_end();
}

void test_memory(void)
{
    test_touch();
    test_bad_addresses();
    test_copy_and_upgrade();
    test_memory_short();
    test_leaf_short();
    test_quick();
    test_quick_anywhere();
    test_unusual();
    test_shared();
    test_unmapped_last();
    test_killed_touch();
    test_killed_copy();
    test_threaded_touch();
    test_shared_load();
    test_shared_short();
    test_limits();
    test_pool();
}
