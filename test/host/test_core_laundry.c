/* Unit tests: frames that are cleared in idle time. */
#include "../../pager/laundry.h"
#include "../../pager/port.h"
#include "check.h"
#include <string.h>

enum { MANY = 2048, TAIL_NPAGES = 512 };

static struct process *p;
static uint64_t next_page;

static void begin(void)
{
    CHECK(fake_boot(MANY, PLENTY) == NULL);
    fake.nwashes = 0;
    p = fake_fork(process_init);
    next_page = (uint64_t)check_mmap(p, 100, false);
    CHECK(fake_audit() == 0);
}

/* A first touch; the page's frame. All of it must be zeros but for what was stored. */
static pfn_t touch(void)
{
    uint64_t va = next_page;
    uint8_t first = 1, last = 1;
    next_page += PAGE_SIZE;
    CHECK(fake_store(p, va + 8, 7) && fake_load(p, va, &first) && first == 0 &&
          fake_load(p, va + PAGE_SIZE - 1, &last) && last == 0 && check_refs(p, va) == 1);
    return entry_frame(*map_find(&p->map, va));
}

static unsigned wash_all(void)
{
    unsigned n = 0;
    while (laundry_wash())
        n++;
    return n;
}

static void test_round(void)
{
    begin();
    CHECK(laundry.npages == LAUNDRY_NPAGES && !laundry_is_ready());
    touch();
    CHECK(laundry.ntaken == 0 && wash_all() == LAUNDRY_NPAGES && wash_all() == 0);
    CHECK(laundry_is_ready() && fake_audit() == 0);
    pfn_t clean = laundry.place[0];
    uint64_t nfree = frames.nfree;
    CHECK(touch() == clean && laundry.ntaken == 1 && frames.nfree == nfree - 1);
    CHECK(laundry.place[0] != clean && fake_audit() == 0 && fake.nwashes == 0);
    for (unsigned i = 1; i < LAUNDRY_NPAGES; i++) {
        CHECK(fake.nwashes == 0);
        touch();
    }
    CHECK(fake.nwashes == 1 && !laundry_is_ready() && fake_audit() == 0);
    touch();
    CHECK(laundry.ntaken == LAUNDRY_NPAGES);
    /* One at a time, more often than there are places: the last clean one is always told of. */
    for (unsigned i = 0; i < 2 * LAUNDRY_NPAGES + 3; i++) {
        CHECK(laundry_wash());
        touch();
        CHECK(fake.nwashes == i + 2 && fake_audit() == 0);
    }
    CHECK(fake_call(p, REQ_STATISTICS, STATISTIC_WASHED, 0, 0) == 3 * LAUNDRY_NPAGES + 3);
    CHECK(wash_all() == LAUNDRY_NPAGES && wash_all() == 0);
    fake_halt();
}

static void test_audit_sees(void)
{
    begin();
    *(char *)port_frame(laundry.place[2]) = 1; /* not washed yet: it may be anything */
    CHECK(fake_audit() == 0 && laundry_wash() && laundry_wash() && fake_audit() == 0);
    *(char *)port_frame(laundry.place[1]) = 1;
    CHECK(fake_audit() == 1);
    *(char *)port_frame(laundry.place[1]) = 0;
    pfn_t kept = laundry.place[5];
    laundry.place[5] = laundry.place[6]; /* one lost, one with two owners */
    CHECK(fake_audit() == 2);
    laundry.place[5] = kept;
    fake_halt();
}

/* As many are free as without the laundry, and who needs one gets all of them. */
static void test_short(void)
{
    begin();
    touch(); /* the leaf is there */
    wash_all();
    check_drain(3);
    touch(), touch(), touch();
    uint64_t pid = p->pid, ntaken = laundry.ntaken;
    CHECK(frames.nfree == 0 && laundry_is_ready());
    CHECK(!fake_store(p, next_page, 1) && laundry.ntaken == ntaken);
    check_refill();
    CHECK(check_died((int64_t)pid, CAUSE_MEMORY) && fake_audit() == 0);
    fake_halt();
}

/* What may be lent stays out: it can be lent at any time. */
static void test_tail(void)
{
    begin();
    touch();
    wash_all();
    check_drain(TAIL_NPAGES);
    CHECK(frames.free == FAKE_FIRST + MANY - TAIL_NPAGES && frames.free == laundry.limit);
    CHECK(touch() >= laundry.limit && laundry.ntaken == 0 && fake_audit() >= 1);
    check_refill();
    CHECK(fake_call(process_init, REQ_KILL, p->pid, KILL_ONE, 0) == 0);
    CHECK(check_died(p->pid, CAUSE_KILLED) && frames_take_tail(TAIL_NPAGES));
    for (pfn_t frame = laundry.limit; frame < FAKE_FIRST + MANY; frame++)
        frame_release(frame);
    fake_halt();
}

static void test_small(void)
{
    CHECK(fake_boot(FEW, PLENTY) == NULL && laundry.npages == 0);
    CHECK(!laundry_wash() && !laundry_is_ready() && fake_audit() == 0);
    fake_halt();
}

void test_laundry(void)
{
    test_round();
    test_audit_sees();
    test_short();
    test_tail();
    test_small();
}
