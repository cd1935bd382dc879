/* Map, protect, unmap, share, next: entries, rights, and what other harts still see. */
#include "kerntest.h"

enum { R = RIGHT_R, W = RIGHT_W, X = RIGHT_X, RW = R | W, RWX = R | W | X, BADGE = 0x3330 };
enum { CAUSE_FETCH = 12, CAUSE_LOAD = 13, CAUSE_STORE = 15 };

static uint64_t bare_space(void)
{
    uint64_t slot = new_slot();
    return sys_create(TYPE_SPACE, slot, EP, BADGE, CTL) == 0 ? slot : 0;
}

/* The frame at va if its rights are those, else 0. */
static pfn_t entry_at(uint64_t space, uint64_t va, unsigned rights)
{
    uint64_t frame = 0;
    return sys_next(space, va, &frame) == (long)(va | rights) ? frame : 0;
}

static int rights_seen(void)
{
    struct prober p;
    uint64_t space = new_space(BADGE);
    const pfn_t frame = new_frame();
    CHECK(space != 0 && prober_start(&p, space));
    window(frame)[0] = 0x8082; /* ret */
    window(frame)[1] = 5;
    for (unsigned rights = 0; rights <= RIGHTS_MASK; rights++) {
        bool good = rights != 0 && ((rights & W) == 0 || (rights & R) != 0);
        IS(sys_map(space, TEST_VA, rights, frame, 1, MEM), good ? 1 : ERR_RIGHTS);
        if (!good) {
            IS(sys_protect(space, TEST_VA, rights, 1), ERR_RIGHTS);
            continue;
        }
        for (unsigned round = 0; round < 2; round++) {
            CHECK(entry_at(space, TEST_VA, rights) == frame);
            IS(probe(&p, PROBE_LOAD, TEST_VA + 8, 0), (rights & R) != 0 ? 0 : CAUSE_LOAD);
            IS(probe(&p, PROBE_STORE, TEST_VA + 8, rights), (rights & W) != 0 ? 0 : CAUSE_STORE);
            IS(probe(&p, PROBE_EXECUTE, TEST_VA, 0), (rights & X) != 0 ? 0 : CAUSE_FETCH);
            if ((rights & W) != 0)
                IS(window(frame)[1], rights);
            /* Again, by protect and from every other combination. */
            IS(sys_protect(space, TEST_VA, round == 0 ? RWX : R, 1), 1);
            IS(probe(&p, PROBE_LOAD, TEST_VA, 0), 0);
            IS(sys_protect(space, TEST_VA, rights, 1), 1);
        }
        IS(sys_unmap(space, TEST_VA, 1), 1);
        IS(probe(&p, PROBE_LOAD, TEST_VA, 0), CAUSE_LOAD);
    }
    IS(sys_protect(space, TEST_VA, RWX, 1), 1); /* of nothing makes nothing */
    IS(probe(&p, PROBE_LOAD, TEST_VA, 0), CAUSE_LOAD);
    return 0;
}

static int runs(void)
{
    uint64_t space = bare_space(), other = bare_space(), unused;
    const uint64_t va = TEST_VA + LARGE - 2ul * PAGE_SIZE;
    const pfn_t frame = new_frame();
    CHECK(space != 0 && other != 0);
    for (unsigned i = 0; i < 4; i++)
        new_frame();
    IS(sys_map(space, va, RW, frame, 5, MEM), 2);
    CHECK(entry_at(space, va, RW) == frame && entry_at(space, va + PAGE_SIZE, RW) == frame + 1);
    IS(sys_next(space, TEST_VA + LARGE, &unused), ERR_NONE);
    IS(sys_map(space, va + 2ul * PAGE_SIZE, RW, frame + 2, 3, MEM), 3);
    IS(sys_protect(space, va, R, 5), 2);
    CHECK(entry_at(space, va, R) == frame && entry_at(space, va + PAGE_SIZE, R) == frame + 1);
    CHECK(entry_at(space, va + 2ul * PAGE_SIZE, RW) == frame + 2);
    IS(sys_share(space, other, va, R, 5), 2);
    CHECK(entry_at(other, va + PAGE_SIZE, R) == frame + 1);
    IS(sys_next(other, va + 2ul * PAGE_SIZE, &unused), ERR_NONE);
    IS(sys_unmap(space, va, 5), 2);
    IS(sys_next(space, 0, &unused), (long)((va + 2ul * PAGE_SIZE) | RW));
    CHECK(entry_at(other, va, R) == frame);
    IS(sys_unmap(space, TEST_VA + LARGE, LEAF_PAGES), LEAF_PAGES);
    IS(sys_next(space, 0, &unused), ERR_NONE);
    IS(sys_unmap(space, TEST_VA + LARGE, LEAF_PAGES), LEAF_PAGES);
    IS(sys_unmap(space, TEST_VA + 64 * LARGE * LARGE_PAGES / 64, 3), 3);
    return 0;
}

static int bad_runs(void)
{
    uint64_t space = bare_space(), other = bare_space(), unused;
    const pfn_t frame = new_frame();
    static const struct {
        uint64_t va, npages;
        err_t error;
    } bad[] = {
        {TEST_VA + 8, 1, ERR_ADDRESS},
        {TEST_VA + 2048, 1, ERR_ADDRESS},
        {MEMORY_WINDOW, 1, ERR_ADDRESS},
        {MEMORY_WINDOW - PAGE_SIZE, 2, ERR_ADDRESS},
        {USER_LIMIT - PAGE_SIZE, 1, ERR_ADDRESS},
        {USER_LIMIT, 1, ERR_ADDRESS},
        {0xffffffff80200000ul, 1, ERR_ADDRESS},
        {0xfffffffffffff000ul, 1, ERR_ADDRESS},
        {1ul << 63, 1, ERR_ADDRESS},
        {TEST_VA, 0, ERR_LENGTH},
        {0xfffffffffffff000ul, 2, ERR_ADDRESS},
    };
    CHECK(space != 0 && other != 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        IS(sys_map(space, bad[i].va, RW, frame, bad[i].npages, MEM), bad[i].error);
        IS(sys_protect(space, bad[i].va, RW, bad[i].npages), bad[i].error);
        IS(sys_unmap(space, bad[i].va, bad[i].npages), bad[i].error);
        IS(sys_share(space, other, bad[i].va, RW, bad[i].npages), bad[i].error);
    }
    IS(sys_unmap(space, 0, 1ul << 60), ERR_ADDRESS);
    IS(sys_protect(space, TEST_VA, R, ~0ul), ERR_ADDRESS);
    IS(sys_map(space, TEST_VA, R, frame, ~0ul, MEM), ERR_MEMORY);
    IS(sys_share(space, space, TEST_VA, R, 1), ERR_CAPABILITY);
    IS(sys_share(space, other, TEST_VA, W, 1), ERR_RIGHTS);
    IS(sys_share(space, other, TEST_VA, 0, 1), ERR_RIGHTS);
    IS(sys_share(EMPTY_SLOT, other, TEST_VA, R, 1), ERR_CAPABILITY);
    IS(sys_share(space, MEM, TEST_VA, R, 1), ERR_CAPABILITY);
    IS(sys_map(EMPTY_SLOT, TEST_VA, R, frame, 1, MEM), ERR_CAPABILITY);
    IS(sys_map(EP, TEST_VA, R, frame, 1, MEM), ERR_CAPABILITY);
    IS(sys_map(space, TEST_VA, R, frame, 1, EP), ERR_CAPABILITY);
    IS(sys_protect(CTL, TEST_VA, R, 1), ERR_CAPABILITY);
    IS(sys_unmap(SLOTS_MAX, TEST_VA, 1), ERR_CAPABILITY);
    IS(sys_next(NO_SLOT, 0, &unused), ERR_CAPABILITY);
    IS(sys_next(space, 1, &unused), ERR_ADDRESS);
    IS(sys_next(space, 0, &unused), ERR_NONE);
    IS(sys_next(other, 0, &unused), ERR_NONE);
    IS(sys_next(SELF, MEMORY_WINDOW, &unused), ERR_NONE);
    IS(sys_next(SELF, USER_LIMIT, &unused), ERR_NONE);
    IS(sys_next(SELF, 0xfffffffffffff000ul, &unused), ERR_NONE);
    /* Entries far apart are found, each with its rights and frame. */
    IS(sys_map(space, 0, X, frame, 1, MEM), 1);
    IS(sys_map(space, MEMORY_WINDOW - PAGE_SIZE, R, frame, 1, MEM), 1);
    CHECK(entry_at(space, 0, X) == frame);
    IS(sys_next(space, PAGE_SIZE, &unused), (long)((MEMORY_WINDOW - PAGE_SIZE) | R));
    IS(unused, frame);
    return 0;
}

static int frames_refused(void)
{
    uint64_t space = bare_space(), unused;
    const pfn_t end = memory_end();
    const struct {
        pfn_t first;
        uint64_t npages, memory;
    } bad[] = {{info->memory_first - 1, 1, MEM},
               {info->memory_first - 1, 2, MEM},
               {0x80000, 1, MEM},
               {0x80200, 1, MEM},
               {0, 1, MEM},
               {end, 1, MEM},
               {end - 1, 2, MEM},
               {~0ul, 1, MEM},
               {~0ul, 2, MEM},
               {info->memory_first, ~0ul, MEM},
               {1ul << 44, 1, MEM},
               {info->memory_first + (1ul << 44), 1, MEM},
               {0x10000, 1, MEM},
               {0x100, 1, DEV},
               {0xff, 2, DEV},
               {0xff, 3, DEV},
               {0xc000, 1, DEV},
               {0xc200, 1, DEV},
               {0xc5ff, 1, DEV},
               {0x2000, 1, DEV},
               {0x200f, 1, DEV},
               {0, info->device_npages, DEV},
               {info->device_npages, 1, DEV},
               {info->memory_first, 1, DEV},
               {~0ul, 2, DEV}};
    CHECK(space != 0);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        IS(sys_map(space, TEST_VA, R, bad[i].first, bad[i].npages, bad[i].memory), ERR_MEMORY);
    IS(sys_next(space, 0, &unused), ERR_NONE);
    IS(sys_map(space, TEST_VA, R, end - 1, 1, MEM), 1);
    IS(sys_map(space, TEST_VA, R, info->memory_first, 1, MEM), 1);
    IS(sys_map(space, TEST_VA, RW, 0x10000, 1, DEV), 1);
    IS(sys_map(SELF, TEST_VA, RW, 0x10000, 1, DEV), 1);
    IS(*(volatile uint8_t *)(TEST_VA + 5) & 0x60, 0x60); /* the UART's line status: idle */
    return 0;
}

/* Stores in a loop; flag in word 3. */
static void child_storer(word_t *s, uint64_t va)
{
    for (uint64_t n = 1;; n++) {
        *(word_t *)va = n;
        s[2] = n;
    }
}

static int narrowed_at_once(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    const pfn_t frame = new_frame();
    word_t *page = window(frame);
    CHECK(space != 0 && sys_map(space, TEST_VA, RW, frame, 1, MEM) == 1);
    CHECK(run_thread(space, child_storer, TEST_VA, ANY_PRIORITY) != 0);
    for (unsigned round = 0; round < 20; round++) {
        uint64_t before = page[0];
        while (page[0] == before)
            sleep_us(500);
        IS(round % 2 == 0 ? sys_protect(space, TEST_VA, R, 1) : sys_unmap(space, TEST_VA, 1), 1);
        uint64_t last = page[0];
        for (unsigned i = 0; i < 20000; i++)
            CHECK(page[0] == last);
        CHECK(hear(&r));
        CHECK(r.badge == (BADGE | 1) && r.word[0] == TEST_VA && page[0] == last);
        r = (struct reception){.badge = r.token, .item = TEST_VA | RW, .frame = frame};
        IS(sys_map(space, TEST_VA, RW, frame, 1, MEM), 1);
        IS(answer(r.badge, 0), 0);
    }
    return 0;
}

/* Once the flag is seen, no load may give what the old frame holds. */
static void child_reader(word_t *s, uint64_t va)
{
    for (uint64_t n = 1;; n++) {
        uint64_t round = s[3];
        fence();
        uint64_t value = *(word_t *)va;
        if (value < round)
            s[4]++;
        s[2] = n;
    }
}

static int remapped_at_once(void)
{
    struct prober p;
    uint64_t space = new_space(BADGE);
    const pfn_t frame[2] = {new_frame(), new_frame()};
    CHECK(space != 0 && prober_start(&p, space));
    for (uint64_t i = 0; i < 4; i++) {
        window(frame[i % 2])[0] = i;
        IS(sys_map(space, TEST_VA, R, frame[i % 2], 1, MEM), 1);
        IS(probe(&p, PROBE_LOAD, TEST_VA, 0), 0);
        IS(p.value, i);
    }
    window(frame[0])[0] = 0;
    IS(sys_map(space, TEST_VA, R, frame[0], 1, MEM), 1);
    CHECK(run_thread(space, child_reader, TEST_VA, ANY_PRIORITY) != 0);
    for (uint64_t i = 1; i <= 40; i++) {
        /* It may have met the hole between break and make: its fault is answered. */
        uint64_t before = shared[2];
        for (unsigned k = 0; shared[2] == before && k < 5000; k++) {
            struct reception r = {0};
            if (hear_within(&r, 500))
                IS(answer(r.token, 0), 0);
        }
        CHECK(shared[2] != before);
        window(frame[i % 2])[0] = i;
        fence();
        IS(sys_map(space, TEST_VA, R, frame[i % 2], 1, MEM), 1);
        shared[3] = i;
        fence();
    }
    sleep_us(8000);
    IS(shared[4], 0);
    return 0;
}

static int shared_entries(void)
{
    struct prober p;
    uint64_t from = new_space(BADGE), to = new_space(BADGE + 2), frame[4], unused;
    CHECK(from != 0 && to != 0 && prober_start(&p, from));
    for (unsigned i = 0; i < 4; i++)
        frame[i] = new_frame();
    const uint64_t va = TEST_VA, step = PAGE_SIZE;
    IS(sys_map(from, va, RW, frame[0], 1, MEM), 1);
    IS(sys_map(from, va + step, R | X, frame[1], 1, MEM), 1);
    IS(sys_map(from, va + 3 * step, RW, frame[3], 1, MEM), 1);
    IS(sys_map(to, va + 2 * step, R, frame[2], 1, MEM), 1);
    IS(probe(&p, PROBE_STORE, va, 1), 0);
    IS(sys_share(from, to, va, RWX, 1), 1); /* never widens */
    CHECK(entry_at(from, va, RW) == frame[0] && entry_at(to, va, RW) == frame[0]);
    IS(sys_share(from, to, va, R | X, 4), 4);
    CHECK(entry_at(from, va, R) == frame[0] && entry_at(to, va, R) == frame[0]);
    CHECK(entry_at(from, va + step, R | X) == frame[1]);
    CHECK(entry_at(to, va + step, R | X) == frame[1]);
    CHECK(entry_at(to, va + 2 * step, R) == frame[2]);
    IS(sys_next(from, va + 2 * step, &unused), (long)((va + 3 * step) | R));
    IS(probe(&p, PROBE_STORE, va, 2), CAUSE_STORE);
    IS(probe(&p, PROBE_LOAD, va, 0), 0);
    IS(p.value, 1);
    IS(sys_share(from, to, va, 0, 1), ERR_RIGHTS);
    IS(probe(&p, PROBE_LOAD, va, 0), 0);
    IS(sys_share(from, to, va + LARGE, R, 7), 7); /* nothing there */
    return 0;
}

static int tables_return(void)
{
    uint64_t space = bare_space();
    const pfn_t frame = new_frame();
    CHECK(space != 0 && sys_map(space, TEST_VA, R, frame, 1, MEM) == 1);
    long before = sys_statistics(STAT_POOL_FREE);
    IS(sys_map(space, TEST_VA + LARGE, R, frame, 1, MEM), 1);
    IS(sys_statistics(STAT_POOL_FREE), before - 1);
    IS(sys_unmap(space, TEST_VA + LARGE, LEAF_PAGES - 1), LEAF_PAGES - 1);
    IS(sys_statistics(STAT_POOL_FREE), before - 1);
    IS(sys_unmap(space, TEST_VA + LARGE, LEAF_PAGES), LEAF_PAGES);
    IS(sys_statistics(STAT_POOL_FREE), before);
    IS(sys_map(space, TEST_VA + LARGE, R, memory_end(), 1, MEM), ERR_MEMORY);
    IS(sys_map(space, TEST_VA + LARGE, W, frame, 1, MEM), ERR_RIGHTS);
    IS(sys_protect(space, TEST_VA + LARGE, R, 1), 1);
    IS(sys_statistics(STAT_POOL_FREE), before); /* what is refused takes nothing */
    IS(sys_map(space, TEST_VA + LARGE, R, frame, 1, MEM), 1);
    IS(destroy(space), 0);
    CHECK(sys_statistics(STAT_POOL_FREE) >= before + 3); /* its root, middle and leaf tables */
    return 0;
}

/* Leaves that were emptied page by page: a look through them is in pieces. */
static int next_in_pieces(void)
{
    enum { LEAVES = 12 };
    const uint64_t space = new_space(BADGE), frame = new_frame(), end = TEST_VA + LEAVES * LARGE;
    uint64_t at = TEST_VA, found;
    unsigned npieces = 0;
    CHECK(space != 0);
    for (uint64_t va = TEST_VA; va < end; va += LARGE) {
        IS(sys_map(space, va, R, frame, 1, MEM), 1);
        IS(sys_unmap(space, va, 1), 1);
    }
    IS(sys_map(space, end, R, frame, 1, MEM), 1);
    while (syscall6(SYS_NEXT, space, at, 0, 0, 0, 0, &found) == ERR_AGAIN) {
        CHECK(found > at && found <= end);
        at = found;
        npieces++;
    }
    CHECK(npieces >= 3 && found == frame);
    IS(sys_next(space, TEST_VA, &found), (long)(end | R));
    IS(sys_next(space, end + PAGE_SIZE, &found), ERR_NONE);
    return 0;
}

const struct test vm_tests[] = {
    {"rights-seen", rights_seen},
    {"runs", runs},
    {"bad-runs", bad_runs},
    {"frames-refused", frames_refused},
    {"narrowed-at-once", narrowed_at_once},
    {"remapped-at-once", remapped_at_once},
    {"shared-entries", shared_entries},
    {"tables-return", tables_return},
    {"next-in-pieces", next_in_pieces},
    {0, 0},
};
