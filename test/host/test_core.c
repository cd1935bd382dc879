/* Unit tests of the core: what they share, frames, maps and regions. */
#include "check.h"
#include "../../pager/install.h"
#include <stdio.h>
#include <string.h>

unsigned check_count, check_failed;
static pfn_t drained[FAKE_NPAGES_MAX];
static unsigned ndrained;

void check_that(bool ok, const char *text, const char *file, int line)
{
    check_count++;
    if (ok)
        return;
    check_failed++;
    printf("%s:%d: not so: %s\n", file, line, text);
}

struct process *check_start(void)
{
    return check_start_in(FEW);
}

struct process *check_start_in(uint64_t npages)
{
    const char *problem = fake_boot(npages, PLENTY);
    if (problem != NULL)
        fake_breach(problem, 0);
    struct process *child = fake_fork(process_init);
    CHECK(child != NULL && fake_exec(child, check_stack(), "a") == FAKE_SILENT);
    CHECK(fake_audit() == 0);
    return child;
}

void check_end(void)
{
    fake.at_unlock = fake.at_install = NULL;
    fake.at_map = NULL;
    CHECK(fake_audit() == 0);
    fake_halt();
}

uint64_t check_data(void)
{
    return 0x103010;
}

uint64_t check_stack(void)
{
    return 0xfe000;
}

unsigned check_refs(const struct process *process, uint64_t va)
{
    const entry_t *entry = map_find(&process->map, va);
    return entry == NULL || *entry == 0 ? 0 : frame_refs(entry_frame(*entry));
}

int64_t check_mmap(struct process *process, uint64_t npages, bool shared)
{
    return fake_call(process, REQ_MMAP, npages * PAGE_SIZE, RIGHT_R | RIGHT_W, shared);
}

void check_fill_low(struct process *process)
{
    for (uint64_t npages = 32; npages > 0; npages /= 2) {
        int64_t va;
        while ((va = check_mmap(process, npages, false)) > 0 && va < 1 << LEAF_SHIFT)
            ;
        CHECK(fake_call(process, REQ_MUNMAP, (uint64_t)va, npages * PAGE_SIZE, 0) == 0);
    }
}

bool check_died(int64_t pid, unsigned cause)
{
    const struct process *p = process_find(pid);
    if (p == NULL || p->state != PROCESS_ZOMBIE)
        return false;
    bool right = p->cause == cause && p->map.root == NULL && p->handle == 0;
    uint64_t word[6] = {REQ_WAIT, (uint64_t)pid, 1};
    fake_request(p->parent, 0, word);
    return right && (int64_t)word[0] == pid && word[2] == cause && process_find(pid) == NULL;
}

void check_drain(uint64_t left)
{
    while (frames.nfree > left)
        drained[ndrained++] = frame_take();
}

void check_refill(void)
{
    while (ndrained > 0)
        frame_release(drained[--ndrained]);
}

static void test_frames(void)
{
    enum { N = 10, HOLDS = 70000 };
    static struct frame table[N];
    const struct frame_table kept = frames;
    const struct frame_run run = {100, N}, own[] = {{100, 2}, {105, 2}};
    frames_init(table, &run, 1, own, 2);
    CHECK(frames.nfree == 6 && frame_refs(100) == 1 && frame_refs(102) == 0 &&
          frame_refs(105) == 1);
    for (pfn_t expected = 102; expected < 105; expected++)
        CHECK(frame_take() == expected);
    for (pfn_t expected = 107; expected < 110; expected++)
        CHECK(frame_take() == expected);
    CHECK(frame_take() == NO_FRAME && frames.nfree == 0);
    for (unsigned i = 0; i < HOLDS; i++)
        frame_hold(103);
    CHECK(frame_refs(103) == HOLDS + 1);
    for (unsigned i = 0; i < HOLDS; i++)
        frame_release(103);
    CHECK(frame_refs(103) == 1 && frames.nfree == 0);
    frame_hold(103);
    CHECK(frame_refs(103) == 2);
    frame_release(103);
    frame_release(103);
    CHECK(frame_refs(103) == 0 && frames.nfree == 1 && frame_take() == 103);
    CHECK(frame_is_held(100) && frame_is_held(109) && !frame_is_held(99) && !frame_is_held(110));
    frames = kept;
}

static pfn_t between;
static unsigned nbetween;

static void note_between(pfn_t frame)
{
    between += frame;
    nbetween++;
}

/* Memory in three runs, the main one in the middle: its frames are taken first. */
static void test_runs(void)
{
    static struct frame table[30];
    const struct frame_table kept = frames;
    const struct boot_info info = {
        .memory_first = 110, .memory_npages = 8, .other = {{100, 4}, {125, 5}}, .nothers = 2};
    struct frame_run run[FRAME_RUNS_MAX], own = {110, 2};
    unsigned nruns = frames_runs(&info, run);
    struct frame_run span = frames_span(run, nruns);
    CHECK(nruns == 3 && span.first == 100 && span.npages == 30);
    frames_init(table, run, nruns, &own, 1);
    CHECK(frames.npages == 17 && frames.nfree == 15 && frames.first == 100 && frames.limit == 130);
    for (pfn_t frame = 104; frame < 110; frame++)
        CHECK(frame_refs(frame) == 1 && frame_refs(frame + 14) == 1);
    frames_between(note_between);
    CHECK(nbetween == 13 && between == (104 + 109) * 3 + (118 + 124) * 7 / 2);
    CHECK(frame_take() == 112 && frames_take_tail(4) && frames.nfree == 10);
    CHECK(frame_take() == 113 && frame_take() == 100);
    frames = kept;
}

static void test_map(void)
{
    struct map map;
    fake_boot(FEW, PLENTY);
    uint64_t nfree = frames.nfree;
    CHECK(map_init(&map) && map.npages == 0 && frames.nfree == nfree - 1);
    pfn_t first = frame_take(), second = frame_take();
    CHECK(map_find(&map, 0x1000) == NULL && map_put(&map, 0x1ff000, first) &&
          map_put(&map, 0x200000, second) && map.npages == 2 && map.nleaves == 2);
    CHECK(frames.nfree == nfree - 5 && *map_find(&map, 0x1ff000) == entry_make(first) &&
          *map_find(&map, 0x200000) == entry_make(second) && *map_find(&map, 0x1fe000) == 0);
    map_clear(&map, 0x1ff000, 0x201000);
    CHECK(map.npages == 0 && frame_refs(first) == 0 && map.nleaves == 2);
    map_clear(&map, 0, 0x400000);
    CHECK(map.nleaves == 0 && frames.nfree == nfree - 1);
    CHECK(map_put(&map, ADDRESS_LIMIT - PAGE_SIZE, frame_take()));
    map_destroy(&map);
    CHECK(frames.nfree == nfree && map.root == NULL);
    check_drain(1);
    CHECK(map_init(&map) && map_make(&map, 0) == NULL && !map_put(&map, 0, first));
    map_destroy(&map);
    check_drain(0);
    CHECK(!map_init(&map));
    check_refill();
    check_end();
}

static bool add(struct regions *r, uint64_t start, uint64_t end)
{
    return region_add(r,
                      &(struct region){.start = start, .end = end, .rights = 3, .use = USE_MMAP});
}

/* Small ones lie below a low stack and its guard, as long as there is room. */
static void test_low_regions(void)
{
    static struct regions r;
    const struct region stack = {.start = 0xf0000, .end = 0x100000, .use = USE_STACK};
    CHECK(region_add(&r, &stack) && region_gap(&r, 0x1000, ADDRESS_LIMIT) == 0xdf000);
    CHECK(region_gap(&r, 0x21000, ADDRESS_LIMIT) == ADDRESS_LIMIT - 0x21000);
    CHECK(add(&r, 0x10000, 0xdf000) && region_gap(&r, 0x1000, ADDRESS_LIMIT) == 0xdf000);
    CHECK(region_gap(&r, 0x2000, ADDRESS_LIMIT) == ADDRESS_LIMIT - 0x2000);
    CHECK(region_remove(&r, 0x10000, 0x12000, USE_MMAP) &&
          region_gap(&r, 0x2000, ADDRESS_LIMIT) == 0x10000 &&
          region_gap(&r, 0x3000, ADDRESS_LIMIT) == ADDRESS_LIMIT - 0x3000);
}

static void test_regions(void)
{
    static struct regions r;
    CHECK(region_find(&r, 0) == NULL && region_gap(&r, 0x1000, 0x8000) == 0x7000);
    CHECK(add(&r, 0x4000, 0x6000) && add(&r, 0x1000, 0x2000) && add(&r, 0x7000, 0x7000));
    CHECK(!add(&r, 0x5000, 0x7000) && !add(&r, 0x3000, 0x5000) && !add(&r, 0x1000, 0x9000));
    CHECK(r.n == 3 && region_find(&r, 0x4000) == &r.region[1] && region_find(&r, 0x5fff) != NULL &&
          region_find(&r, 0x6000) == NULL && region_find(&r, 0x3fff) == NULL);
    CHECK(region_gap(&r, 0x1000, 0x8000) == 0x7000);
    CHECK(region_gap(&r, 0x2000, 0x8000) == 0x2000);
    CHECK(region_gap(&r, 0x3000, 0x8000) == 0);
    CHECK(region_room(&r, &r.region[0], 0x8000) == 0x4000 &&
          region_room(&r, &r.region[2], 0x8000) == 0x8000);
    CHECK(add(&r, 0x7000, 0x9000) && region_remove(&r, 0x7000, 0x9000, USE_MMAP) && r.n == 3);
    CHECK(!region_remove(&r, 0x4000, 0x7000, USE_MMAP) &&
          !region_remove(&r, 0x3000, 0x5000, USE_MMAP) &&
          !region_remove(&r, 0x4000, 0x5000, USE_HEAP) && r.n == 3);
    CHECK(add(&r, 0x9000, 0xd000) && region_remove(&r, 0xa000, 0xb000, USE_MMAP) && r.n == 5 &&
          region_find(&r, 0xa000) == NULL && region_find(&r, 0xb000)->end == 0xd000 &&
          region_find(&r, 0x9000)->end == 0xa000);
    for (uint64_t at = 0x100000; r.n < REGIONS_MAX; at += 0x4000)
        CHECK(add(&r, at, at + 0x3000));
    struct regions full = r;
    CHECK(!add(&r, 0x50000, 0x51000) && !region_remove(&r, 0x101000, 0x102000, USE_MMAP) &&
          memcmp(&full, &r, sizeof r) == 0);
    CHECK(region_remove(&r, 0x101000, 0x103000, USE_MMAP) && r.n == REGIONS_MAX);
}

int main(void)
{
    fake.quiet = true;
    fake.repeat = "test_core";
    test_frames();
    test_runs();
    test_map();
    test_regions();
    test_low_regions();
    test_memory();
    test_processes();
    test_exec();
    test_windows();
    test_audit();
    test_services();
    test_policies();
    test_leaves();
    test_lending();
    test_laundry();
    test_pieces();
    printf("core: %u checks, %u failed\n", check_count, check_failed);
    return check_failed != 0;
}
