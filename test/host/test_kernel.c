/* Kernel parts on the host: page tables and fences, memory ranges, capabilities; then programs of
 * random steps.
 *
 * usage: test_kernel [--seed N]; without it several seeds */
#include "../../kern/memory.h"
#include "../../kern/table.h"
#include "../../kern/tlb.h"
#include "../../kern/vm.h"
#include "host_machine.h"
#include "syscall_steps.h"
#include "vm_steps.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RW = RIGHT_R | RIGHT_W, RX = RIGHT_R | RIGHT_X, FRAME = 0x80400, PROGRAM_NBYTES = 4001 };

static unsigned nchecks, nfailed;

static void check(bool ok, const char *text, int line)
{
    nchecks++;
    if (ok)
        return;
    nfailed++;
    printf("test_kernel.c:%d: not so: %s\n", line, text);
}
#define CHECK(condition) check(condition, #condition, __LINE__)

static struct space *space;
static uint64_t va; /* the page that a hook looks at */
static uint64_t at_fence_entry, at_fence_free;
static bool fenced;

static void watch(void)
{
    if (!fenced) {
        at_fence_entry = host_walk(space->root, va);
        at_fence_free = pool.nfree;
    }
    fenced = true;
}

static void begin(void)
{
    host_start(POOL_RESERVE + 40, 4);
    space = space_make();
    host.hart = 1;
    tlb_activate(space);
    host.hart = 0;
    tlb_activate(space);
    va = 0x40201000;
    fenced = false;
    CHECK(vm_map(space, va, FRAME, 2, RW) == 2);
    CHECK(host_touch(1, va) != 0);
}

static uint64_t other_fences(void)
{
    return host.nfences[1];
}

/* Whatever takes something away fences the harts that run the space, now; the others later. */
static void test_fences(void)
{
    begin();
    uint64_t n = other_fences();
    CHECK(vm_map(space, va, FRAME, 1, RW) == 1 && other_fences() == n);
    CHECK(vm_protect(space, va, 1, RIGHT_R) == 1 && other_fences() == n + 1);
    CHECK((space->stale & 4) != 0 && tlb_nshootdowns > 0);
    CHECK(vm_protect(space, va, 1, RW) == 1 && other_fences() == n + 1);
    host.at_fence = watch; /* break before make */
    CHECK(host_touch(1, va) != 0 && vm_map(space, va, FRAME + 7, 1, RW) == 1);
    CHECK(other_fences() == n + 2 && fenced && at_fence_entry == 0);
    CHECK(table_frame(host_touch(1, va)) == FRAME + 7);
    fenced = false; /* a table goes back after the fence */
    uint64_t before = pool.nfree;
    CHECK(vm_unmap(space, va & ~0x1ffffful, LEAF_PAGES) == LEAF_PAGES && fenced &&
          at_fence_free == before && at_fence_entry == 0 && pool.nfree == before + 1);
    CHECK(vm_map(space, va, FRAME, 1, RW) == 1);
    fenced = false;
    before = pool.nfree;
    CHECK(vm_unmap(space, 0x40000000, LEAF_PAGES * LEAF_PAGES) == LEAF_PAGES * LEAF_PAGES &&
          fenced && at_fence_free == before && pool.nfree == before + 2);
}

static void test_share_fences(void)
{
    begin();
    struct space *to = space_make();
    host.hart = 2;
    tlb_activate(to);
    CHECK(vm_map(to, va, FRAME + 9, 1, RW) == 1 && host_touch(2, va) != 0);
    host.hart = 0;
    uint64_t from_fences = other_fences(), to_fences = host.nfences[2];
    struct space *kept = space;
    space = to;
    fenced = false;
    host.at_fence = watch;
    CHECK(vm_share(kept, to, va, 2, RIGHT_R) == 2);
    CHECK(fenced && at_fence_entry == 0); /* broken before it was made */
    CHECK(other_fences() > from_fences && host.nfences[2] > to_fences);
    CHECK(table_frame(host_touch(2, va)) == FRAME && (host_touch(1, va) & PTE_W) == 0);
    host_check_tlbs();
}

/* A hart on its way from one space to another is on both. */
static void test_on_its_way(void)
{
    begin();
    struct space *to = space_make();
    CHECK(vm_map(to, va, FRAME + 9, 1, RW) == 1);
    harts[1]->next = to; /* as the fast path leaves both until satp is written */
    to->stale &= ~2ul;
    uint64_t n = other_fences();
    CHECK(vm_protect(to, va, 1, RIGHT_R) == 1 && other_fences() == n + 1 && (to->stale & 2) == 0);
    CHECK(vm_protect(space, va, 1, RIGHT_R) == 1 && other_fences() == n + 2);
    CHECK((tlb_active(space) & 2) != 0 && (tlb_active(to) & 2) != 0);
    harts[1]->next = space;
}

static void test_code(void)
{
    begin();
    uint64_t mine = host.ncode_fences[0], other = host.ncode_fences[1], idle = host.ncode_fences[2];
    CHECK(vm_map(space, 0x1000, FRAME + 3, 1, RX) == 1);
    CHECK(host.ncode_fences[0] == mine + 1 && host.ncode_fences[1] == other + 1);
    CHECK((space->stale & 4) != 0);
    host.hart = 2;
    tlb_activate(space);
    CHECK(host.ncode_fences[2] == idle + 1 && (space->stale & 4) == 0);
    tlb_activate(NULL);
    tlb_activate(space);
    CHECK(host.ncode_fences[2] == idle + 1);
    /* By new rights, and by another space's entry. */
    other = host.ncode_fences[1];
    CHECK(vm_protect(space, va, 1, RX) == 1 && host.ncode_fences[1] == other + 1);
    CHECK(vm_protect(space, va, 1, RIGHT_R) == 1 && host.ncode_fences[1] == other + 1);
    struct space *from = space_make();
    CHECK(vm_map(from, va + PAGE_SIZE, FRAME, 1, RX) == 1 && host.ncode_fences[1] == other + 1);
    CHECK(vm_share(from, space, va + PAGE_SIZE, 1, RX) == 1 && host.ncode_fences[1] == other + 2);
    CHECK(vm_share(from, space, va + PAGE_SIZE, 1, RIGHT_R) == 1 &&
          host.ncode_fences[1] == other + 2);
}

/* A call does several whole leaves, with one fence, and no more than it may. */
static void test_unmap_leaves(void)
{
    begin();
    const uint64_t start = 0x40000000, npages = 20 * LEAF_PAGES;
    for (uint64_t i = 0; i < npages; i += LEAF_PAGES)
        CHECK(vm_map(space, start + i * PAGE_SIZE, FRAME, 1, RW) == 1);
    uint64_t n = other_fences(), before = pool.nfree;
    err_t done = vm_unmap(space, start, npages - 1);
    CHECK(done > LEAF_PAGES && done < (err_t)npages && other_fences() == n + 1);
    CHECK(pool.nfree - before == (uint64_t)done / LEAF_PAGES);
    CHECK(vm_unmap(space, start + (uint64_t)done * PAGE_SIZE, npages - (uint64_t)done) > 0);
    CHECK(host_walk(space->root, start + (npages - LEAF_PAGES) * PAGE_SIZE) == 0);
    CHECK(vm_unmap(space, start + PAGE_SIZE, npages) == LEAF_PAGES - 1);
}

/* Without ASID bits every space has number 0: each switch fences. */
static void test_no_asids(void)
{
    host_start(POOL_RESERVE + 40, 0);
    struct space *one = space_make(), *two = space_make();
    CHECK(one->satp >> SATP_ASID_SHIFT == two->satp >> SATP_ASID_SHIFT);
    CHECK(vm_map(one, 0x1000, FRAME, 1, RW) == 1 && vm_map(two, 0x1000, FRAME + 1, 1, RW) == 1);
    for (unsigned i = 0; i < 4; i++) {
        tlb_activate(i % 2 == 0 ? one : two);
        CHECK(table_frame(host_touch(0, 0x1000)) == FRAME + i % 2);
    }
    host_start(POOL_RESERVE + 40, 1); /* numbers used up: 0 again, and nothing breaks */
    struct space *many[4];
    for (unsigned i = 0; i < 4; i++) {
        many[i] = space_make();
        CHECK(vm_map(many[i], 0x1000, FRAME + i, 1, RW) == 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        tlb_activate(many[i % 4]);
        CHECK(table_frame(host_touch(0, 0x1000)) == FRAME + i % 4);
    }
}

static bool inside(uint64_t first, uint64_t n, uint64_t low, uint64_t size)
{
    return (__uint128_t)first >= low && (__uint128_t)first + n <= (__uint128_t)low + size;
}

/* All combinations of small numbers and of numbers around the ends of 64 bits. */
static void test_ranges(void)
{
    static const uint64_t value[] = {0,  1,  2,  7,  8,  9,  10,        11,        12,   15,
                                     16, 17, 18, 19, 20, 21, 1ul << 52, 1ul << 63, -2ul, -1ul};
    enum { N = sizeof value / sizeof *value };
    host_start(POOL_RESERVE + 40, 4);
    /* Ends in the middle of frame 10. */
    const struct ranges kept = {1, {{(9ul << PAGE_SHIFT) + 8, PAGE_SIZE}}};
    memory_keep(&kept);
    struct memory memory = {.first = 8, .npages = 10}, devices = memory;
    devices.device = true;
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j++) {
            uint64_t first = value[i], n = value[j];
            bool covered = inside(first, n, 8, 10);
            CHECK(memory_covers(&memory, first, n) == covered &&
                  memory_holds(&memory, first, n) == covered);
            bool touches = covered && n > 0 && first < 11 && first + n > 9;
            if (n > 0)
                CHECK(memory_holds(&devices, first, n) == (covered && !touches));
        }
    }
    memory_keep(NULL);
}

/* A memory in two pieces holds both, and neither what is between nor a run over their ends. */
static void test_two_runs(void)
{
    host_start(POOL_RESERVE + 40, 4);
    struct space *holder = space_make();
    const struct frame_run other = {2 * LEAF_PAGES, LEAF_PAGES};
    struct memory memory = {.first = 8, .npages = 10, .holder = holder}, strange = memory;
    CHECK(memory_add(&memory, &other));
    CHECK(memory_holds(&memory, 8, 10) && memory_holds(&memory, other.first, LEAF_PAGES));
    CHECK(memory_holds(&memory, other.first + LEAF_PAGES - 1, 1));
    CHECK(!memory_holds(&memory, other.first + LEAF_PAGES - 1, 2));
    CHECK(!memory_holds(&memory, other.first - 1, 1) && !memory_holds(&memory, 18, 1));
    CHECK(!memory_holds(&memory, other.first - 1, 2) && !memory_holds(&memory, other.first, ~0ul));
    CHECK(!memory_holds(&strange, other.first, 1));
    CHECK(host_walk(holder->root, MEMORY_WINDOW + (other.first << PAGE_SHIFT)) != 0);
    CHECK(host_walk(holder->root, MEMORY_WINDOW + ((other.first - 1) << PAGE_SHIFT)) == 0);
}

static void test_slots(void)
{
    host_start(POOL_RESERVE + 9, 4);
    struct space *s = space_make();
    CHECK(space_slot(s, SLOTS_INLINE - 1, false) == &s->caps[SLOTS_INLINE - 1]);
    CHECK(space_slot(s, SLOTS_INLINE, false) == NULL && space_slot(s, SLOTS_MAX, true) == NULL);
    CHECK(space_slot(s, ~0ul, true) == NULL);
    struct cap *last = space_slot(s, SLOTS_MAX - 1, true);
    CHECK(last != NULL && last == space_slot(s, SLOTS_MAX - 1, false));
    CHECK(last == &s->cap_frames[SLOTS_MAX / CAPS_A_FRAME - 1][CAPS_A_FRAME - 1]);
    CHECK(space_slot(s, SLOTS_MAX - CAPS_A_FRAME - 1, false) == NULL);
    struct object *o = pool_object(TYPE_ENDPOINT);
    *last = cap_make(o, TYPE_ENDPOINT, CAP_CALL | CAP_RECEIVE, 0);
    CHECK(space_cap(s, SLOTS_MAX - 1, TYPE_ENDPOINT, CAP_CALL) == last);
    CHECK(space_cap(s, SLOTS_MAX - 1, TYPE_ENDPOINT, CAP_CALL | CAP_MANAGE) == NULL);
    CHECK(space_cap(s, SLOTS_MAX - 1, TYPE_THREAD, CAP_CALL) == NULL);
    o->dying = true;
    CHECK(space_object(s, SLOTS_MAX - 1, TYPE_ENDPOINT, CAP_CALL) == NULL);
    o->dying = false;
    CHECK(space_object(s, SLOTS_MAX - 1, TYPE_ENDPOINT, CAP_CALL) == o);
    pool_object_free(o);
    CHECK(space_object(s, SLOTS_MAX - 1, TYPE_ENDPOINT, CAP_CALL) == NULL);
    CHECK(pool_object(TYPE_ENDPOINT) == o); /* the same place, a newer object */
    CHECK(space_object(s, SLOTS_MAX - 1, TYPE_ENDPOINT, CAP_CALL) == NULL);
}

/* Frames for tables are left when objects find none (POOL_RESERVE). */
static void test_pool(void)
{
    host_start(POOL_RESERVE + 3, 4);
    unsigned n = 0;
    for (unsigned type = TYPE_SPACE; type <= TYPE_ENDPOINT; type++)
        while (pool_object(type) != NULL)
            n++;
    CHECK(n > 0 && pool.nfree == POOL_RESERVE - 1);
    while (pool_frame() != NULL)
        ;
    CHECK(pool.nfree == 0);
}

/* What the giver mapped of the tail is gone before the receiver has it; it returns with its death.
 */
static void test_grant(void)
{
    begin();
    struct space *child = space_make(), *receiver = space_make();
    struct memory *memory = memory_make(space, FRAME, 2048, false);
    struct cap *cap = space_slot(receiver, 1, false);
    child->creator = receiver->creator = space;
    CHECK(vm_map(child, 0x1000, FRAME, 1, RW) == 1);
    CHECK(vm_map(child, 0x2000, FRAME + 2047, 1, RW) == 1 && vm_map(child, 0x3000, 5, 1, RW) == 1);
    CHECK(memory_grant(memory, 513, receiver, 1) == ERR_LENGTH);
    CHECK(memory_grant(memory, 2048, receiver, 1) == ERR_LENGTH);
    err_t error = memory_grant(memory, 512, receiver, 1);
    CHECK(error == ERR_AGAIN && !memory_holds(memory, FRAME + 2047, 1));
    CHECK(space_cap(receiver, 1, TYPE_MEMORY, 0) == NULL); /* not yet */
    for (unsigned i = 0; error == ERR_AGAIN && i < 1000; i++)
        error = memory_grant(memory, 512, receiver, 1);
    CHECK(error == 0 && host_walk(child->root, 0x1000) != 0 && host_walk(child->root, 0x3000) != 0);
    CHECK(host_walk(child->root, 0x2000) == 0);
    struct memory *tail = space_object(receiver, 1, TYPE_MEMORY, 0);
    CHECK(tail != NULL && cap->object == &tail->object && memory_holds(tail, FRAME + 1536, 512));
    CHECK(!memory_holds(tail, FRAME + 1535, 1) && memory_holds(memory, FRAME, 1536));
    memory_return(tail);
    CHECK(memory_holds(memory, FRAME, 2048));
}

static uint8_t next_byte(uint64_t *state)
{
    *state = *state * 6364136223846793005ul + 1442695040888963407ul;
    return (uint8_t)(*state >> 40);
}

static uint64_t random_programs(uint64_t seed)
{
    static uint8_t bytes[PROGRAM_NBYTES];
    static char repeat[60];
    uint64_t state = seed * 2654435761u;
    snprintf(repeat, sizeof repeat, "test_kernel --seed %lu", seed);
    host.repeat = repeat;
    for (unsigned i = 0; i < PROGRAM_NBYTES; i++)
        bytes[i] = next_byte(&state);
    uint64_t nsteps = vm_steps(bytes, PROGRAM_NBYTES);
    nsteps += syscall_steps(bytes, PROGRAM_NBYTES);
    host.repeat = NULL;
    return nsteps;
}

int main(int argc, char **argv)
{
    enum { SEEDS = 200 };
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, nsteps = 0;
    if (seed != 0) {
        random_programs(seed);
        return 0;
    }
    test_fences();
    test_share_fences();
    test_on_its_way();
    test_code();
    test_unmap_leaves();
    test_no_asids();
    test_ranges();
    test_two_runs();
    test_slots();
    test_pool();
    test_grant();
    /* Where one of these fails, random programs say nothing more. */
    for (seed = 1; nfailed == 0 && seed <= SEEDS; seed++)
        nsteps += random_programs(seed);
    printf("kernel: %u checks, %u failed; %lu random steps\n", nchecks, nfailed, nsteps);
    return nfailed != 0;
}
