/* Threads: states, stop on other harts, copies, priorities, yield. */
#include "kerntest.h"

enum { BADGE = 0x6660, LOW = 5, HIGH = 12 };

static uint64_t nspinners(void)
{
    return (uint64_t)sys_statistics(STAT_HARTS) + 1;
}

static int thread_states(void)
{
    const uint64_t space = new_space(BADGE), thread = new_thread(space, child_count, 8);
    struct reception r = {0};
    CHECK(space != 0 && thread != 0);
    IS(sys_thread_priority(thread, PRIORITIES), ERR_NUMBER);
    IS(sys_thread_priority(thread, ~0u), ERR_NUMBER);
    IS(syscall6(SYS_THREAD_PRIORITY, thread, 1ul << 32, 0, 0, 0, 0, 0), ERR_NUMBER);
    IS(sys_thread_priority(thread, PRIORITIES - 1), 0);
    IS(sys_thread_priority(thread, 0), 0);
    const uint64_t bad[] = {SELF, EP, MEM, EMPTY_SLOT, SLOTS_MAX, NO_SLOT};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        IS(sys_thread_set(bad[i], 0, 0, 0, 0, 0), ERR_CAPABILITY);
        IS(sys_thread_start(bad[i]), ERR_CAPABILITY);
        IS(sys_thread_stop(bad[i]), ERR_CAPABILITY);
        IS(sys_thread_priority(bad[i], 0), ERR_CAPABILITY);
    }
    IS(sys_create_thread(new_slot(), space, PRIORITIES, 0, CTL), ERR_NUMBER);
    IS(sys_create_thread(new_slot(), space, 0, 1, CTL), ERR_TOKEN);
    IS(stop(thread), 0); /* a stopped one too */
    IS(sys_thread_start(thread), 0);
    IS(sys_thread_start(thread), ERR_STATE);
    IS(sys_thread_set(thread, 0, 0, 0, 0, 0), ERR_STATE);
    for (unsigned i = 0; i < 100 && shared[8] == 0; i++)
        sleep_us(1000);
    CHECK(shared[8] > 0);
    IS(sys_thread_start(thread), ERR_STATE);
    IS(sys_thread_set(thread, 0, 0, 0, 0, 0), ERR_STATE);
    IS(stop(thread), 0);
    /* Waiting for an answer is no state to set or start in either. */
    IS(sys_thread_set(thread, (uint64_t)child_call, STACK_VA + PAGE_SIZE, SHARED_VA, 0, 0), 0);
    IS(sys_thread_start(thread), 0);
    CHECK(hear(&r));
    IS(sys_thread_set(thread, 0, 0, 0, 0, 0), ERR_STATE);
    IS(sys_thread_start(thread), ERR_STATE);
    IS(answer(r.token, 0), 0);
    CHECK(until(&shared[0], 1));
    /* Absurd registers are a fault, nothing else. */
    IS(stop(thread), 0);
    const uint64_t pcs[] = {0, 0xffffffff80200000ul, 0x8000000000000000ul, ~0ul, 0x80200000};
    for (unsigned i = 0; i < sizeof pcs / sizeof pcs[0]; i++) {
        IS(sys_thread_set(thread, pcs[i], ~0ul, ~0ul, ~0ul, ~0ul), 0);
        IS(sys_thread_start(thread), 0);
        CHECK(hear(&r));
        CHECK(r.badge == (BADGE | 1) && (r.word[1] == 12 || r.word[1] == 1));
        IS(stop(thread), 0);
    }
    return 0;
}

static int stop_running(void)
{
    const uint64_t space = new_space(BADGE), thread = run_thread(space, child_count, 8, HIGH);
    CHECK(space != 0 && thread != 0);
    for (unsigned round = 0; round < 30; round++) {
        uint64_t before = shared[8];
        for (unsigned i = 0; i < 1000 && shared[8] == before; i++)
            sleep_us(300);
        CHECK(shared[8] != before);
        IS(stop(thread), 0);
        uint64_t count = shared[8];
        for (unsigned i = 0; i < 20000; i++)
            CHECK(shared[8] == count);
        if (round == 0)
            sleep_us(12000);
        IS(shared[8], count);
        IS(sys_thread_start(thread), 0);
    }
    return 0;
}

/* Slot of itself in a1. */
static void own_end(word_t *s, uint64_t slot)
{
    s[2] = (uint64_t)sys_destroy(slot);
    s[1] = 1;
    for (;;)
        continue;
}

static int destroys_itself(void)
{
    uint64_t next_slot_of_thread = new_slot() + 1;
    CHECK(run_thread(SELF, own_end, next_slot_of_thread, ANY_PRIORITY) == next_slot_of_thread);
    CHECK(until(&shared[1], 1));
    IS(shared[2], ERR_STATE);
    IS(sys_thread_start(next_slot_of_thread), ERR_STATE);
    IS(destroy(next_slot_of_thread), 0);
    return 0;
}

static int copied(void)
{
    struct reception r = {0};
    const uint64_t first = new_space(BADGE), second = new_space(BADGE + 2), other = new_endpoint();
    const uint64_t copy = new_slot();
    CHECK(first != 0 && second != 0 && run_thread(first, raw_forked, 0, ANY_PRIORITY) != 0);
    CHECK(hear(&r));
    IS(sys_create_thread(copy, second, ANY_PRIORITY, r.token + 1, CTL), ERR_TOKEN);
    IS(sys_create_thread(copy, second, ANY_PRIORITY, r.token, CTL), 0);
    IS(sys_thread_start(copy), 0);
    CHECK(until(&shared[1], 1));
    IS(shared[0], 77); /* the copy's answer is 0 */
    IS(answer(r.token, 1000), 0);
    CHECK(until(&shared[1], 2));
    IS(shared[0], 77 + 1077);
    /* A fault is no call: there is nothing that a copy could be answered with. */
    CHECK(other != 0 && run_thread(first, (child_t *)0, 0, ANY_PRIORITY) != 0 && hear(&r));
    IS(r.badge, BADGE | 1);
    IS(sys_create_thread(new_slot(), second, ANY_PRIORITY, r.token, CTL), ERR_STATE);
    return 0;
}

static bool progresses(word_t *word)
{
    uint64_t before = *word;
    for (unsigned i = 0; i < 1000; i++) {
        sleep_us(500);
        if (*word != before)
            return true;
    }
    return false;
}

static bool rests(word_t *word)
{
    for (unsigned i = 0; i < 5; i++) { /* a hart may be late: its host has other work */
        sleep_us(12000);
        uint64_t before = *word;
        sleep_us(30000);
        if (*word == before)
            return true;
    }
    return false;
}

static void child_answer_bell(word_t *s, uint64_t argument)
{
    (void)argument;
    for (;;) {
        struct reception r = {0};
        sys_reply_receive(&r, 6, 0);
        s[3] = now();
    }
}

static int priorities(void)
{
    const uint64_t space = new_space(BADGE), n = nspinners(), bell = new_slot(), late = new_slot();
    CHECK(space != 0 && n < 16);
    const uint64_t low = run_thread(space, child_count, 8, LOW);
    CHECK(low != 0 && progresses(&shared[8]));
    for (uint64_t i = 0; i < n; i++)
        CHECK(run_thread(space, child_count, 9 + i, ANY_PRIORITY) != 0);
    CHECK(rests(&shared[8]));
    for (uint64_t i = 0; i < n; i++) /* the equal ones share, by the tick alone */
        CHECK(progresses(&shared[9 + i]));
    CHECK(rests(&shared[8]));
    IS(sys_thread_priority(low, ANY_PRIORITY), 0);
    CHECK(progresses(&shared[8]));
    IS(sys_thread_priority(low, LOW), 0);
    CHECK(rests(&shared[8]));
    IS(sys_thread_priority(low, HIGH), 0);
    CHECK(progresses(&shared[8]));
    IS(sys_thread_priority(low, LOW), 0);
    /* A more urgent one that wakes does not wait for the tick. */
    IS(sys_create(TYPE_ENDPOINT, bell, 0, 0, CTL), 0);
    IS(sys_create(TYPE_ENDPOINT, late, 0, 0, CTL), 0);
    IS(sys_cap_install(space, 6, bell, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(space, child_answer_bell, 0, HIGH) != 0);
    sleep_us(8000);
    unsigned prompt = 0;
    for (unsigned i = 0; i < 20; i++) {
        shared[3] = 0;
        /* An emulator that takes turns goes to the next hart when a timer is due. */
        const uint64_t start = now();
        IS(sys_alarm(late, 1, start + info->timebase_hz / 5000), 0);
        IS(sys_notify(bell, 1), 0);
        /* This hart stays busy if there is another one, which is told to take it. */
        while (n > 2 && shared[3] == 0 && now() < start + info->timebase_hz / 50)
            ;
        for (unsigned k = 0; k < 1000 && shared[3] == 0; k++)
            sleep_us(100);
        CHECK(shared[3] != 0);
        prompt += shared[3] - start < info->timebase_hz / 200;
    }
    CHECK(prompt >= 3); /* in half a tick; a busy host may be slow most of the time */
    return 0;
}

/* Word 8: whose turn it is. Each passes it on and yields until it comes back; word 7: how often. */
static void child_turns(word_t *s, uint64_t me)
{
    const uint64_t n = s[9];
    for (unsigned i = 0; i < s[7]; i++) {
        while (s[8] % n != me)
            sys_yield();
        s[8]++;
    }
    s[10 + me] = 1;
    child_park();
}

static int yield(void)
{
    const uint64_t space = new_space(BADGE), n = nspinners();
    CHECK(space != 0 && n < 16);
    const uint64_t turns = n <= 3 ? 200 : 20; /* many harts share few host cores */
    shared[7] = turns;
    shared[9] = n;
    for (uint64_t i = 0; i < n; i++)
        CHECK(run_thread(space, child_turns, i, ANY_PRIORITY) != 0);
    /* By the tick alone it would take turns * n * 10 ms: too long for few. Many, on a busy host,
     * may take their time. */
    for (uint64_t i = 0; i < n; i++) {
        bool done = until(&shared[10 + i], 1);
        for (unsigned k = 0; n > 3 && !done && k < 8; k++)
            done = until(&shared[10 + i], 1);
        CHECK(done);
    }
    IS(shared[8], turns * n);
    IS(sys_yield(), 0);
    return 0;
}

const struct test thread_tests[] = {
    {"thread-states", thread_states},
    {"stop-running", stop_running},
    {"destroys-itself", destroys_itself},
    {"copied", copied},
    {"priorities", priorities},
    {"yield", yield},
    {0, 0},
};
