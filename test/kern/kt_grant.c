/* Memory that changes hands, and spaces that make spaces. */
#include "kerntest.h"

enum { BADGE = 0x5550, R = RIGHT_R, RW = RIGHT_R | RIGHT_W, GIFT = 6 };
enum { CAUSE_LOAD = 13, CAUSE_STORE = 15 };

static err_t grant(uint64_t npages, uint64_t space)
{
    err_t error;
    do
        error = sys_grant(MEM, npages, space, GIFT);
    while (error == ERR_AGAIN);
    return error;
}

static pfn_t tail(void)
{
    return memory_end() - LEAF_PAGES;
}

static bool mappable(uint64_t space, pfn_t frame)
{
    err_t error = sys_map(space, TEST_VA + LARGE, R, frame, 1, MEM);
    sys_unmap(space, TEST_VA + LARGE, 1);
    return error == 1;
}

static int granted(void)
{
    struct prober p;
    const uint64_t space = new_space(BADGE), other = new_space(BADGE + 2);
    const pfn_t first = tail();
    const uint64_t seen = MEMORY_WINDOW + (first << PAGE_SHIFT);
    uint64_t unused;
    CHECK(space != 0 && other != 0 && prober_start(&p, space));
    window(first)[0] = 4711;
    const uint64_t spaces[] = {SELF, space, other};
    for (unsigned i = 0; i < 3; i++) {
        IS(sys_map(spaces[i], TEST_VA, RW, first, 3, MEM), 3);
        IS(sys_map(spaces[i], TEST_VA + 4ul * PAGE_SIZE, RW, first - 1, 1, MEM), 1);
    }
    IS(probe(&p, PROBE_LOAD, seen, 0), CAUSE_LOAD);
    IS(grant(LEAF_PAGES, space), 0);
    for (unsigned i = 0; i < 3; i++)
        IS(sys_next(spaces[i], TEST_VA, &unused), (long)((TEST_VA + 4ul * PAGE_SIZE) | RW));
    IS(probe(&p, PROBE_LOAD, TEST_VA, 0), CAUSE_LOAD);
    IS(probe(&p, PROBE_LOAD, seen, 0), 0);
    IS(p.value, 4711);
    IS(probe(&p, PROBE_STORE, seen, 4712), 0);
    IS(probe(&p, PROBE_STORE, seen + LARGE - 8, 4713), 0);
    IS(probe(&p, PROBE_STORE, seen - 8, 1), CAUSE_STORE);
    CHECK(!mappable(other, first) && !mappable(SELF, memory_end() - 1));
    IS(sys_map(other, TEST_VA, R, first - 1, 2, MEM), ERR_MEMORY);
    CHECK(mappable(other, first - 1));
    IS(destroy(space), 0);
    CHECK(mappable(other, first) && mappable(SELF, memory_end() - 1));
    IS(window(first)[0], 4712);
    IS(window(first)[LARGE / 8 - 1], 4713);
    return 0;
}

static int grant_errors(void)
{
    const uint64_t space = new_space(BADGE), all = info->memory_npages;
    CHECK(space != 0);
    const uint64_t bad[] = {0, 1, 511, 513, all, all + LEAF_PAGES, ~0ul, ~511ul, 1ul << 63};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        IS(sys_grant(MEM, bad[i], space, GIFT), ERR_LENGTH);
    IS(sys_grant(DEV, LEAF_PAGES, space, GIFT), ERR_STATE);
    IS(sys_grant(MEM, LEAF_PAGES, SELF, GIFT), ERR_CAPABILITY);
    IS(sys_grant(EP, LEAF_PAGES, space, GIFT), ERR_CAPABILITY);
    IS(sys_grant(MEM, LEAF_PAGES, EP, GIFT), ERR_CAPABILITY);
    IS(sys_grant(EMPTY_SLOT, LEAF_PAGES, space, GIFT), ERR_CAPABILITY);
    IS(sys_grant(MEM, LEAF_PAGES, space, CALLS), ERR_CAPABILITY);
    IS(sys_grant(MEM, LEAF_PAGES, space, SLOTS_MAX), ERR_CAPABILITY);
    IS(sys_grant(MEM, LEAF_PAGES, space, NO_SLOT), ERR_CAPABILITY);
    CHECK(mappable(space, tail()));
    return 0;
}

/* Its later steps may ask for something else than the first: refused, or done as begun. */
static int grant_slot_changed(void)
{
    const uint64_t space = new_space(BADGE), other = new_space(BADGE + 2);
    CHECK(space != 0 && other != 0);
    IS(sys_grant(MEM, LEAF_PAGES, space, GIFT), ERR_AGAIN);
    CHECK(sys_grant(MEM, LEAF_PAGES, other, GIFT) < 0);
    CHECK(sys_grant(MEM, 2 * LEAF_PAGES, space, GIFT) < 0);
    for (unsigned i = 0; i < 20000; i++)
        CHECK(sys_grant(MEM, LEAF_PAGES, space, SLOTS_MAX + 1) < 0);
    IS(grant(LEAF_PAGES, space), 0);
    IS(destroy(space), 0);
    CHECK(mappable(other, tail()));
    return 0;
}

/* The receiver dies between the steps of its grant: nothing is lost. */
static int grant_receiver_died(void)
{
    const uint64_t space = new_space(BADGE), other = new_space(BADGE + 2);
    CHECK(space != 0 && other != 0);
    IS(sys_grant(MEM, LEAF_PAGES, space, GIFT), ERR_AGAIN);
    IS(destroy(space), 0);
    CHECK(mappable(SELF, tail()));
    window(tail())[0] = 1;
    IS(grant(2 * LEAF_PAGES, other), 0);
    IS(destroy(other), 0);
    CHECK(mappable(SELF, tail()) && mappable(SELF, tail() - LEAF_PAGES));
    return 0;
}

/* Dead spaces, whose tables' frames hold other things by now, are not looked through. */
static int grant_after_deaths(void)
{
    uint64_t slot[8], bare = new_slot(), other = new_slot();
    const pfn_t frame = new_frame();
    for (unsigned i = 0; i < 8; i++)
        CHECK((slot[i] = new_space(BADGE)) != 0);
    for (unsigned i = 0; i < 8; i++)
        IS(destroy(slot[i]), 0);
    IS(sys_create(TYPE_SPACE, bare, EP, 2, CTL), 0);
    IS(sys_create(TYPE_SPACE, other, EP, 2, CTL), 0);
    for (uint64_t i = 1; i < 12; i++) { /* other tables in their place, with entries of no use */
        IS(sys_map(bare, i << 30, R, frame, 1, MEM), 1);
        IS(sys_share(bare, other, i << 30, R, 1), 1);
    }
    const uint64_t endpoint = new_slot();
    for (uint64_t k = 0; k < 16; k++) { /* and capabilities of all generations */
        IS(sys_create(TYPE_ENDPOINT, endpoint, 0, 0, CTL), 0);
        for (uint64_t i = 1; i < 12; i++)
            IS(sys_cap_install(bare, 128 * i + k, endpoint, 2, CAP_CALL), 0);
        IS(destroy(endpoint), 0);
    }
    const uint64_t space = new_space(BADGE);
    IS(grant(LEAF_PAGES, space), 0);
    IS(destroy(space), 0);
    CHECK(mappable(SELF, tail()));
    return 0;
}

/* The giver spreads an entry of the tail while the grant sweeps: none is left at the end. */
static int grant_while_sharing(void)
{
    uint64_t space[24], unused;
    const uint64_t receiver = new_space(BADGE);
    for (unsigned i = 0; i < 24; i++) {
        space[i] = new_slot();
        IS(sys_create(TYPE_SPACE, space[i], EP, 2, CTL), 0);
        IS(sys_map(space[i], TEST_VA, RW, tail(), 1, MEM), 1);
    }
    err_t error;
    while ((error = sys_grant(MEM, LEAF_PAGES, receiver, GIFT)) == ERR_AGAIN)
        for (unsigned i = 0; i < 24; i++)
            for (unsigned k = 0; k < 24; k++)
                sys_share(space[i], space[k], TEST_VA, RW, 1);
    IS(error, 0);
    for (unsigned i = 0; i < 24; i++)
        IS(sys_next(space[i], 0, &unused), ERR_NONE);
    IS(sys_map(space[0], TEST_VA, RW, tail() - 1, 1, MEM), 1);
    IS(sys_share(space[0], space[1], TEST_VA, RW, 1), 1); /* works again */
    return 0;
}

/* Two tails, the first one back first: each is mappable when both are. */
static int grants_nested(void)
{
    const uint64_t first = new_space(BADGE), second = new_space(BADGE + 2);
    CHECK(first != 0 && second != 0);
    window(tail())[0] = 1;
    window(tail() - LEAF_PAGES)[0] = 2;
    IS(grant(LEAF_PAGES, first), 0);
    IS(sys_grant(MEM, LEAF_PAGES, first, GIFT), ERR_CAPABILITY); /* taken */
    IS(grant(LEAF_PAGES, second), 0);
    IS(destroy(first), 0);
    CHECK(!mappable(SELF, tail() - LEAF_PAGES));
    IS(destroy(second), 0);
    CHECK(mappable(SELF, tail()) && mappable(SELF, tail() - LEAF_PAGES));
    CHECK(window(tail())[0] == 1 && window(tail() - LEAF_PAGES)[0] == 2);
    IS(grant(2 * LEAF_PAGES, new_space(BADGE)), 0);
    return 0;
}

/* The upper tail comes back while the lower one is on its way: neither is the giver's again before
 * both are. */
static int grant_return_between(void)
{
    const uint64_t first = new_space(BADGE), second = new_space(BADGE + 2);
    const pfn_t upper = tail(), lower = upper - LEAF_PAGES;
    CHECK(first != 0 && second != 0);
    IS(grant(LEAF_PAGES, first), 0);
    IS(sys_grant(MEM, LEAF_PAGES, second, GIFT), ERR_AGAIN);
    IS(destroy(first), 0);
    CHECK(!mappable(SELF, lower) && !mappable(SELF, upper));
    IS(grant(LEAF_PAGES, second), 0);
    CHECK(!mappable(SELF, lower) && !mappable(SELF, upper));
    IS(destroy(second), 0);
    CHECK(mappable(SELF, lower) && mappable(SELF, upper));
    return 0;
}

/* Does what main tells it: destroys its memory, then looks. */
static void child_give_back(word_t *s, uint64_t seen)
{
    s[1] = (uint64_t)sys_destroy(GIFT);
    fence();
    s[0] = 1;
    while (s[2] == 0)
        sys_yield();
    *(word_t *)seen = 99;
    s[3] = 1;
    child_park();
}

static int given_back(void)
{
    struct reception r = {0};
    const uint64_t space = new_space(BADGE), seen = MEMORY_WINDOW + (tail() << PAGE_SHIFT);
    IS(grant(LEAF_PAGES, space), 0);
    CHECK(run_thread(space, child_give_back, seen, ANY_PRIORITY) != 0 && until(&shared[0], 1));
    if ((err_t)shared[1] < 0)
        return 0; /* it can't: only its death returns it */
    CHECK(mappable(SELF, tail()));
    window(tail())[0] = 5;
    shared[2] = 1;
    CHECK(hear(&r));
    IS(r.word[1], CAUSE_STORE);
    IS(window(tail())[0], 5);
    return 0;
}

#define TEXT ((uint64_t)_start)

enum { SUB_EP = 12, SUB_SPACE, SUB_THREAD, SUB_NOTE };

/* Runs in a sub-space that main knows nothing of. */
static void grandchild(word_t *s, uint64_t argument)
{
    uint64_t word[6] = {argument};
    s[20] = (uint64_t)sys_call(CALLS, word);
    fence();
    for (;;)
        s[21]++;
}

/* With the right to create and memory: makes a space of its own and a thread in it. The granted
 * frames hold a copy of this program from the third on. */
static void child_maker(word_t *s, uint64_t first)
{
    uint64_t bad = 0, npages = s[30];
    for (uint64_t slot = SUB_EP; slot <= SUB_NOTE; slot++)
        bad |= sys_create(TYPE_ENDPOINT, slot, 0, 0, CALLS) == 0;
    bad |= sys_create(TYPE_ENDPOINT, SUB_EP, 0, 0, 7) != 0;
    bad |= sys_create(TYPE_SPACE, SUB_SPACE, SUB_EP, 0x70, 7) != 0;
    bad |= sys_create(TYPE_THREAD, SUB_THREAD, SUB_SPACE, 0, 7) != 0;
    bad |= sys_create(TYPE_ENDPOINT, SUB_NOTE, 0, 0, 7) != 0;
    bad |= sys_map(SUB_SPACE, TEXT, RIGHT_R | RIGHT_X, first + 2, npages, GIFT) != (long)npages;
    bad |= sys_map(SUB_SPACE, STACK_VA, RW, first, 1, GIFT) != 1;
    bad |= sys_map(SUB_SPACE, SHARED_VA, RW, first + 1, 1, GIFT) != 1;
    bad |= sys_map(SUB_SPACE, TEST_VA, R, first - 1, 1, GIFT) != ERR_MEMORY;
    s[2] = (uint64_t)sys_cap_install(SUB_SPACE, CALLS, CALLS, 0x9990, CAP_CALL);
    if (s[2] != 0)
        bad |= sys_cap_install(SUB_SPACE, CALLS, CALLS, BADGE, CAP_CALL) != 0;
    bad |= sys_thread_set(SUB_THREAD, (uint64_t)grandchild, STACK_VA + PAGE_SIZE, SHARED_VA, 7,
                          0) != 0;
    bad |= sys_thread_start(SUB_THREAD) != 0;
    s[1] = bad;
    fence();
    s[0] = 1;
    struct reception r = {0};
    sys_reply_receive(&r, SUB_EP, GIFT);
    child_park();
}

static int subtree(void)
{
    long left[3];
    for (unsigned round = 0; round < 3; round++) {
        struct reception r = {0};
        const pfn_t first = tail();
        const uint64_t space = new_space(BADGE);
        uint64_t npages = 0, frame;
        for (; sys_next(SELF, TEXT + npages * PAGE_SIZE, &frame) ==
               (long)((TEXT + npages * PAGE_SIZE) | R | RIGHT_X);
             npages++)
            for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
                window(first + 2 + npages)[i] = window(frame)[i];
        for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
            window(first + 1)[i] = 0;
        shared[0] = shared[1] = 0;
        shared[30] = npages;
        IS(sys_cap_install(space, 7, CTL, 0, CONTROL_CREATE), 0);
        IS(grant(LEAF_PAGES, space), 0);
        CHECK(run_thread(space, child_maker, first, ANY_PRIORITY) != 0 && until(&shared[0], 1));
        IS(shared[1], 0);
        CHECK(hear(&r));
        IS(r.word[0], 7);
        IS(r.badge, BADGE); /* a badge is changed by nobody but the endpoint's maker */
        IS(answer(r.token, 0), 0);
        sleep_us(8000);
        uint64_t count = 0;
        for (err_t done = 1; done != 0;) {
            done = sys_destroy(space);
            CHECK(done >= 0 || done == ERR_AGAIN);
            if (count != 0 || !mappable(SELF, first))
                continue;
            /* It is back: nobody runs in it any more. */
            count = window(first + 1)[21];
            CHECK(count > 0);
            sleep_us(8000);
            IS(window(first + 1)[21], count);
        }
        CHECK(count != 0);
        left[round] = sys_statistics(STAT_POOL_FREE);
    }
    IS(left[2], left[1]);
    return 0;
}

const struct test grant_tests[] = {
    {"granted", granted},
    {"grant-errors", grant_errors},
    {"grant-slot-changed", grant_slot_changed},
    {"grant-receiver-died", grant_receiver_died},
    {"grant-after-deaths", grant_after_deaths},
    {"grant-while-sharing", grant_while_sharing},
    {"grants-nested", grants_nested},
    {"grant-return-between", grant_return_between},
    {"given-back", given_back},
    {"subtree", subtree},
    {0, 0},
};
