/* Unit tests: the audit sees what is broken by hand, and names it. */
#include "check.h"
#include <string.h>

enum { PAGE = 0x105000 };

static struct process *p, *q;

static void begin(void)
{
    p = check_start();
    CHECK(fake_store(p, PAGE, 1));
    q = fake_fork(p);
    CHECK(fake_audit() == 0);
    fake.lenient = true;
}

static void finish(void)
{
    CHECK(fake_audit() == 0);
    fake.lenient = false;
    check_end();
}

static void test_counts(void)
{
    begin();
    pfn_t frame = entry_frame(*map_find(&p->map, PAGE));
    entry_t *entry = map_find(&q->map, PAGE);
    frame_hold(frame); /* I1: too high */
    CHECK(fake_audit() == 1);
    frame_release(frame);
    frame_of(frame)->refs--; /* I1: too low */
    CHECK(fake_audit() == 1);
    frame_of(frame)->refs++;
    pfn_t lost = frame_take(); /* owned by nobody */
    CHECK(fake_audit() == 1);
    frame_release(lost);
    frames.nfree++; /* I2 */
    CHECK(fake_audit() >= 1);
    frames.nfree--;
    pfn_t head = frames.free;
    const struct frame free_one = *frame_of(head);
    frame_of(head)->refs = 1; /* I2: on the list, in use (the tally then breaks its link) */
    CHECK(fake_audit() >= 1);
    *frame_of(head) = free_one;
    entry_t kept = *entry; /* I2: owner of a free frame; and I1, I7 */
    *entry = entry_make(frames.free);
    CHECK(fake_audit() >= 2);
    *entry = entry_make(frames.first + frames.npages + 5); /* not ours */
    CHECK(fake_audit() >= 2);
    *entry = kept;
    q->map.npages++;
    CHECK(fake_audit() == 1);
    q->map.npages--;
    q->map.nleaves++;
    CHECK(fake_audit() == 1);
    q->map.nleaves--;
    finish();
}

static void test_entries(void)
{
    begin();
    pfn_t frame, other;
    uint8_t byte;
    CHECK(fake_load(p, PAGE, &byte) && fake_load(q, PAGE, &byte) && fake_load(p, 0x100000, &byte));
    fake_entry(p, PAGE, &frame);
    fake_corrupt(p, PAGE, frame, RIGHT_R | RIGHT_W); /* I3 */
    CHECK(fake_audit() == 1);
    fake_corrupt(p, PAGE, frame, RIGHT_R | RIGHT_X); /* I4 */
    CHECK(fake_audit() == 1);
    fake_entry(p, 0x100000, &other);
    fake_corrupt(p, PAGE, other, RIGHT_R); /* I7: another frame */
    CHECK(fake_audit() == 1);
    fake_corrupt(p, PAGE, frame, RIGHT_R);
    fake_corrupt(p, 0x700000, frame, RIGHT_R); /* I7: no page there */
    CHECK(fake_audit() == 1);
    fake_corrupt(p, 0x700000, frame, 0);
    fake_corrupt(p, 0x106000, frame, RIGHT_R); /* I7: a leaf, but no page */
    CHECK(fake_audit() == 1);
    fake_corrupt(p, 0x106000, frame, 0);
    struct regions kept = p->regions; /* I5, and I4: entries in no region */
    for (uint32_t i = 0; i < p->regions.n; i++)
        if (p->regions.region[i].start == 0x103000)
            p->regions.region[i].end = PAGE;
    CHECK(fake_audit() >= 1);
    p->regions = kept;
    fake.nprinted = 0;
    for (uint64_t i = 0; i < 100; i++)
        fake_corrupt(p, 0x700000 + i * PAGE_SIZE, frame, RIGHT_R);
    CHECK(fake_audit() == 100 && fake.nprinted == 20);
    for (uint64_t i = 0; i < 100; i++)
        fake_corrupt(p, 0x700000 + i * PAGE_SIZE, frame, 0);
    uint64_t word[6] = {REQ_AUDIT};
    CHECK(fake_request(process_init, 0, word) == FAKE_ANSWERED && word[0] == 0 &&
          word[2] == frames.nfree && word[1] == word[2] + word[3] + word[4]);
    word[0] = REQ_AUDIT;
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && (int64_t)word[0] == ERR_PERMISSION);
    finish();
}

void test_audit(void)
{
    test_counts();
    test_entries();
}
