/* What the fast path must leave to the slow one: each of these would be wrong if it did not. */
#include "kerntest.h"

enum { BADGE = 0x3330, LOW = 4, HIGH = 6, CAUSE_STORE = 15 };
static const uint64_t RW = RIGHT_R | RIGHT_W;

/* A child that waits for the answer to its fault at TEST_VA, where a table is. */
static uint64_t faulting_child(struct reception *r)
{
    uint64_t space = new_space(BADGE);
    if (space == 0 || sys_map(space, TEST_VA + PAGE_SIZE, RIGHT_R, new_frame(), 1, MEM) != 1 ||
        run_thread(space, child_store, TEST_VA, ANY_PRIORITY) == 0 || !hear(r) ||
        r->word[1] != CAUSE_STORE)
        return 0;
    return r->token;
}

/* An answer with an entry and another pc. */
static int fast_new_pc(void)
{
    struct reception r = {0};
    uint64_t token = faulting_child(&r);
    CHECK(token != 0);
    r = (struct reception){.word = {(uint64_t)child_landing},
                           .badge = token,
                           .item = TEST_VA | RW,
                           .frame = new_frame()};
    CHECK(answer_hear(&r));
    IS(r.word[0], 1234);
    IS(shared[0], 0);
    return 0;
}

/* A notification that came before the answer is heard before what comes after it. */
static int fast_notification(void)
{
    struct reception r = {0};
    uint64_t token = faulting_child(&r);
    CHECK(token != 0);
    IS(sys_notify(EP, 6), 0);
    r = (struct reception){.badge = token, .item = TEST_VA | RW, .frame = new_frame()};
    sys_reply_receive(&r, EP, MEM);
    CHECK(r.badge == 0 && r.word[0] == 6);
    CHECK(hear(&r));
    CHECK(r.badge == BADGE && r.word[0] == 5);
    return 0;
}

static void child_take(word_t *s, uint64_t argument)
{
    struct reception r = {0};
    (void)argument;
    s[1] = 1;
    sys_reply_receive(&r, 6, 0);
    s[2] = 1;
    child_park();
}

/* Another endpoint where the fault's has been hears nothing. */
static int fast_stale_endpoint(void)
{
    uint64_t first = new_endpoint(), space = new_slot(), other = new_space(BADGE), thread;
    CHECK(first != 0 && other != 0);
    IS(sys_create(TYPE_SPACE, space, first, 2, CTL), 0);
    CHECK(map_text(space) && (thread = new_thread(space, child_store, TEST_VA)) != 0);
    IS(destroy(first), 0);
    uint64_t second = new_endpoint();
    IS(sys_cap_install(other, 6, second, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(other, child_take, 0, ANY_PRIORITY) != 0 && until(&shared[1], 1));
    sleep_us(8000);
    IS(sys_thread_start(thread), 0);
    sleep_us(8000);
    IS(shared[2], 0);
    IS(sys_thread_start(thread), 0); /* it was stopped */
    return 0;
}

/* Writes down which of the children it is; one that has called calls again. */
static void child_order(word_t *s, uint64_t argument)
{
    uint64_t word[6] = {0};
    if (argument == LOW)
        sys_call(CALLS, word);
    s[argument] = ++s[0];
    if (argument == LOW)
        sys_call(CALLS, word);
    child_park();
}

/* On one hart: who is answered waits for whoever is more urgent. */
static int fast_urgent(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    if (sys_statistics(STAT_HARTS) > 1)
        return 0;
    CHECK(run_thread(space, child_order, LOW, LOW) != 0 && hear(&r));
    CHECK(run_thread(space, child_order, HIGH, HIGH) != 0);
    r = (struct reception){.badge = r.token};
    CHECK(answer_hear(&r));
    IS(shared[HIGH], 1);
    IS(shared[LOW], 2);
    return 0;
}

/* Stores to two pages: one that is there, and one that never is. */
static void child_storer(word_t *s, uint64_t va)
{
    (void)s;
    for (uint64_t n = 1;; n++)
        *(word_t *)va = n;
}

/* Answers r->badge and hears of a fault at the address; one that the map allows already (a hart
 * need not know of a right that was added) is resumed. */
static bool answer_hear_at(struct reception *r, uint64_t va)
{
    while (answer_hear(r)) {
        if (r->word[0] == va)
            return true;
        *r = (struct reception){.badge = r->token};
    }
    return false;
}

/* An answer that takes a right away from another page, which a thread on another hart stores to. */
static int fast_narrows(void)
{
    const uint64_t absent = TEST_VA + 3 * PAGE_SIZE, space = new_space(BADGE);
    const pfn_t frame = new_frame();
    word_t *page = window(frame);
    struct reception faulter = {0}, storer = {0};
    CHECK(space != 0 && sys_map(space, TEST_VA, RW, frame, 1, MEM) == 1);
    CHECK(run_thread(space, child_storer, TEST_VA, ANY_PRIORITY) != 0);
    CHECK(run_thread(space, child_storer, absent, ANY_PRIORITY) != 0 && hear(&faulter));
    for (unsigned round = 0; round < 20; round++) {
        /* It faults again, and is who this thread served last. */
        faulter = (struct reception){.badge = faulter.token};
        CHECK(answer_hear_at(&faulter, absent));
        const uint64_t before = page[0];
        while (page[0] == before)
            sleep_us(500);
        faulter =
            (struct reception){.badge = faulter.token, .item = TEST_VA | RIGHT_R, .frame = frame};
        sys_reply_receive(&faulter, EP, MEM);
        const uint64_t last = page[0];
        for (unsigned i = 0; i < 20000; i++)
            CHECK(page[0] == last);
        CHECK(hear(&storer));
        if (storer.word[0] == absent) {
            const struct reception other = storer;
            storer = faulter;
            faulter = other;
        }
        CHECK(storer.word[0] == TEST_VA && faulter.word[0] == absent && page[0] == last);
        IS(sys_map(space, TEST_VA, RW, frame, 1, MEM), 1);
        IS(answer(storer.token, 0), 0);
    }
    return 0;
}

const struct test fast_tests[] = {
    {"fast-new-pc", fast_new_pc},
    {"fast-notification", fast_notification},
    {"fast-stale-endpoint", fast_stale_endpoint},
    {"fast-urgent", fast_urgent},
    {"fast-narrows", fast_narrows},
    {0, 0},
};
