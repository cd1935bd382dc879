/* Calls, answers, tokens, notifications, alarms. */
#include "kerntest.h"

enum { BADGE = 0x1230 };

static int call_reply(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    CHECK(space != 0 && run_thread(space, child_call, 100, ANY_PRIORITY) != 0);
    CHECK(hear(&r));
    IS(r.badge, BADGE);
    for (unsigned i = 0; i < 6; i++)
        IS(r.word[i], 101 + i);
    const uint64_t word[6] = {11, 12, 13, 14, 15, ~0ul};
    IS(sys_reply(r.token, word), 0);
    CHECK(until(&shared[0], 1));
    IS(shared[1], 0);
    for (unsigned i = 0; i < 6; i++)
        IS(shared[2 + i], word[i]);
    return 0;
}

static int call_errors(void)
{
    const uint64_t only_receive = new_slot(), only_call = new_slot(), dead = new_endpoint();
    IS(sys_cap_install(SELF, only_receive, EP, 0, CAP_RECEIVE), 0);
    IS(sys_cap_install(SELF, only_call, EP, 0, CAP_CALL), 0);
    IS(destroy(dead), 0);
    const uint64_t no_call[] = {EMPTY_SLOT, SELF,          MEM,       CTL,       only_receive,
                                dead,       SLOTS_MAX - 1, SLOTS_MAX, 1ul << 32, NO_SLOT};
    for (unsigned i = 0; i < sizeof no_call / sizeof no_call[0]; i++) {
        uint64_t word[6] = {1, 2, 3, 4, 5, 6};
        IS(sys_call(no_call[i], word), ERR_CAPABILITY);
        CHECK(word[0] == 1 && word[5] == 6);
    }
    const uint64_t no_receive[] = {EMPTY_SLOT, SELF, MEM, CTL, only_call, dead, SLOTS_MAX, NO_SLOT};
    for (unsigned i = 0; i < sizeof no_receive / sizeof no_receive[0]; i++) {
        struct reception r = {0};
        sys_reply_receive(&r, no_receive[i], MEM);
        IS(r.token, 0);
        IS(r.badge, NO_BADGE);
        IS(r.word[0], ERR_CAPABILITY);
    }
    /* A stale capability stays dead when its object's place is used again. */
    uint64_t copy = new_slot(), first = new_endpoint(), word[6] = {0};
    IS(sys_cap_install(SELF, copy, first, 0, CAP_CALL | CAP_RECEIVE), 0);
    IS(destroy(first), 0);
    CHECK(new_endpoint() != 0);
    IS(sys_call(copy, word), ERR_CAPABILITY);
    return 0;
}

static int tokens(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    CHECK(space != 0 && run_thread(space, child_call, 0, ANY_PRIORITY) != 0 && hear(&r));
    const uint64_t t = r.token, unit = 1ul << TOKEN_SHIFT;
    const uint64_t forged[] = {0,
                               1,
                               t + 1,
                               t - 1,
                               t + unit,
                               t - unit,
                               t & (unit - 1),
                               unit,
                               ~0ul,
                               ~0ul << TOKEN_SHIFT,
                               t | 1ul << 63};
    for (unsigned i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        IS(answer(forged[i], 1), ERR_TOKEN);
        if (forged[i] == 0)
            continue;
        struct reception bad = {.badge = forged[i]};
        CHECK(!answer_hear(&bad));
        CHECK(bad.badge == NO_BADGE && (err_t)bad.word[0] == ERR_TOKEN);
    }
    IS(shared[0], 0);
    /* A bad slot to wait at: nothing is answered. */
    struct reception bad = {.badge = t};
    sys_reply_receive(&bad, EMPTY_SLOT, MEM);
    IS(bad.word[0], ERR_CAPABILITY);
    IS(answer(t, 5), 0);
    IS(answer(t, 6), ERR_TOKEN);
    CHECK(until(&shared[0], 1));
    IS(shared[2], 5);
    IS(answer(t, 7), ERR_TOKEN);
    return 0;
}

static void child_reply(word_t *s, uint64_t token)
{
    const uint64_t word[6] = {66};
    struct reception r = {.badge = token};
    s[10] = (uint64_t)sys_reply(token, word);
    sys_reply_receive(&r, 6, 0);
    s[11] = r.word[0];
    s[12] = r.badge;
    fence();
    s[13] = 1;
    child_park();
}

static int token_of_another(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE), other = new_space(BADGE + 2), idle = new_endpoint();
    IS(sys_cap_install(other, 6, idle, 0, CAP_RECEIVE), 0);
    CHECK(space != 0 && other != 0 && run_thread(space, child_call, 0, ANY_PRIORITY) && hear(&r));
    CHECK(run_thread(other, child_reply, r.token, ANY_PRIORITY) != 0);
    CHECK(until(&shared[13], 1));
    IS(shared[10], ERR_TOKEN);
    IS(shared[11], ERR_TOKEN);
    IS(shared[12], NO_BADGE);
    IS(answer(r.token, 1), 0);
    CHECK(until(&shared[0], 1));
    return 0;
}

/* A token of a stopped thread, or of one that died, never reaches a later call. */
static int token_stale(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE), thread;
    CHECK(space != 0 && (thread = run_thread(space, child_call, 0, ANY_PRIORITY)) != 0);
    CHECK(hear(&r));
    uint64_t old = r.token;
    IS(stop(thread), 0);
    IS(answer(old, 1), ERR_TOKEN);
    IS(sys_thread_set(thread, (uint64_t)child_call, STACK_VA + PAGE_SIZE, SHARED_VA, 0, 0), 0);
    IS(sys_thread_start(thread), 0);
    CHECK(hear(&r));
    IS(answer(old, 2), ERR_TOKEN);
    IS(answer(r.token, 3), 0);
    CHECK(until(&shared[0], 1));
    IS(shared[2], 3);
    return 0;
}

static int token_of_dead_thread(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE), thread, old[20];
    for (unsigned i = 0; i < 20; i++) {
        CHECK((thread = run_thread(space, child_call, i, ANY_PRIORITY)) != 0 && hear(&r));
        IS(r.word[0], i + 1);
        old[i] = r.token;
        for (unsigned k = 0; k < i; k++)
            IS(answer(old[k], 1), ERR_TOKEN);
        IS(destroy(thread), 0);
    }
    return 0;
}

static int callers_in_order(void)
{
    enum { N = 5 };
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    CHECK(space != 0);
    for (unsigned i = 0; i < N; i++) {
        CHECK(run_thread(space, child_call, 10 * i, ANY_PRIORITY) != 0);
        sleep_us(8000);
    }
    for (unsigned i = 0; i < N; i++) {
        CHECK(hear(&r));
        IS(r.word[0], 10 * i + 1);
        IS(answer(r.token, 0), 0);
    }
    return 0;
}

static void child_call_6(word_t *s, uint64_t argument)
{
    uint64_t word[6] = {argument};
    s[argument] = 1;
    s[argument + 1] = (uint64_t)sys_call(6, word);
    fence();
    s[argument] = 2;
    child_park();
}

static void receive_at(word_t *s, uint64_t argument, uint64_t slot)
{
    struct reception r = {0};
    sys_reply_receive(&r, slot, 0);
    s[argument + 1] = r.word[0];
    s[argument + 2] = r.badge;
    s[argument + 3] = r.token;
    fence();
    s[argument] = 1;
    child_park();
}

static void child_receive_6(word_t *s, uint64_t argument)
{
    receive_at(s, argument, 6);
}

static void child_receive_7(word_t *s, uint64_t argument)
{
    receive_at(s, argument, 7);
}

static int endpoint_destroyed(void)
{
    uint64_t space = new_space(BADGE), callee = new_endpoint(), rest = new_endpoint();
    CHECK(space != 0 && callee != 0 && rest != 0);
    IS(sys_cap_install(space, 6, callee, 2, CAP_CALL), 0);
    CHECK(run_thread(space, child_call_6, 10, ANY_PRIORITY) != 0);
    CHECK(run_thread(space, child_call_6, 20, ANY_PRIORITY) != 0);
    CHECK(until(&shared[10], 1) && until(&shared[20], 1));
    sleep_us(8000);
    struct reception r = {0};
    sys_reply_receive(&r, callee, MEM); /* one is received, one waits in the queue */
    CHECK(r.token != 0);
    uint64_t at = r.word[0], other = 30 - at;
    IS(destroy(callee), 0);
    CHECK(until(&shared[other], 2));
    IS(shared[other + 1], ERR_DEAD);
    IS(shared[at], 1);
    IS(answer(r.token, 9), 0); /* the answer is still a right */
    CHECK(until(&shared[at], 2));
    IS(shared[at + 1], 0);
    uint64_t second = new_space(BADGE), next = new_endpoint(); /* in the dead one's place */
    IS(sys_cap_install(second, 6, rest, 0, CAP_RECEIVE), 0);
    IS(sys_cap_install(second, 7, next, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(second, child_receive_6, 30, ANY_PRIORITY) != 0);
    CHECK(run_thread(second, child_receive_7, 40, ANY_PRIORITY) != 0);
    sleep_us(8000);
    CHECK(run_thread(space, child_call_6, 50, ANY_PRIORITY) != 0);
    CHECK(until(&shared[50], 2));
    IS(shared[51], ERR_CAPABILITY);
    /* Nor by a capability that lacks the right. */
    IS(sys_cap_remove(space, 6), 0);
    IS(sys_cap_install(space, 6, next, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(space, child_call_6, 60, ANY_PRIORITY) != 0);
    CHECK(until(&shared[60], 2));
    IS(shared[61], ERR_CAPABILITY);
    IS(shared[40], 0);
    IS(destroy(rest), 0);
    CHECK(until(&shared[30], 1));
    IS(shared[31], ERR_DEAD);
    IS(shared[32], NO_BADGE);
    IS(shared[33], 0);
    return 0;
}

static int server_destroyed(void)
{
    uint64_t server = new_space(BADGE), client = new_space(BADGE + 2), callee = new_endpoint();
    CHECK(server != 0 && client != 0 && callee != 0);
    IS(sys_cap_install(server, 6, callee, 0, CAP_RECEIVE), 0);
    IS(sys_cap_install(client, 6, callee, 4, CAP_CALL), 0);
    CHECK(run_thread(server, child_receive_6, 30, ANY_PRIORITY) != 0);
    CHECK(run_thread(client, child_call_6, 10, ANY_PRIORITY) != 0);
    CHECK(until(&shared[30], 1));
    IS(shared[31], 10);
    IS(shared[32], 4);
    CHECK(shared[33] != 0);
    IS(answer(shared[33], 1), ERR_TOKEN);
    IS(destroy(server), 0);
    CHECK(until(&shared[10], 2));
    IS(shared[11], ERR_DEAD);
    return 0;
}

/* A caller is told to call again, and does, with the words that it is told; each token once. */
static int recalled(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    CHECK(space != 0 && run_thread(space, child_call, 100, ANY_PRIORITY) != 0);
    CHECK(hear(&r));
    IS(r.word[0], 101);
    const uint64_t again[6] = {7, 8, 9, 10, 11, 12}, answer[6] = {21, 22, 23, 24, 25, 26};
    uint64_t token = r.token;
    IS(sys_recall(token, again), 0);
    IS(sys_recall(token, again), ERR_TOKEN);
    IS(sys_reply(token, answer), ERR_TOKEN);
    CHECK(hear(&r));
    IS(r.badge, BADGE);
    CHECK(r.token != token);
    for (unsigned i = 0; i < 6; i++)
        IS(r.word[i], again[i]);
    IS(shared[0], 0);
    IS(sys_reply(r.token, answer), 0);
    CHECK(until(&shared[0], 1));
    for (unsigned i = 0; i < 6; i++)
        IS(shared[2 + i], answer[i]);
    return 0;
}

/* A fault can't be recalled: its answer brings it back. */
static int fault_recalled(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    const uint64_t word[6] = {0};
    CHECK(space != 0 && run_thread(space, child_store, 0x700000, ANY_PRIORITY) != 0);
    CHECK(hear(&r));
    CHECK((r.badge & 1) != 0);
    IS(sys_recall(r.token, word), ERR_STATE);
    return 0;
}

/* Something is urgent when a notification waits. */
static int urgent(void)
{
    struct reception r = {0};
    uint64_t endpoint = new_endpoint(), only_call = new_slot();
    IS(sys_cap_install(SELF, only_call, endpoint, 0, CAP_CALL), 0);
    IS(sys_urgent(only_call), ERR_CAPABILITY);
    IS(sys_urgent(NO_SLOT), ERR_CAPABILITY);
    IS(sys_notify(endpoint, 4), 0);
    IS(sys_urgent(endpoint), 1);
    sys_reply_receive(&r, endpoint, MEM);
    IS(r.token, 0);
    IS(sys_urgent(endpoint), 0); /* works for nobody, and nobody is more urgent than this thread */
    return 0;
}

/* A stopped call or receive is started again: it says that it failed, not what it asked. */
static int stopped_call(void)
{
    uint64_t space = new_space(BADGE), callee = new_endpoint(), caller, receiver;
    CHECK(space != 0 && callee != 0);
    IS(sys_cap_install(space, 6, callee, 0, CAP_CALL | CAP_RECEIVE), 0);
    CHECK((caller = run_thread(space, child_call_6, 10, ANY_PRIORITY)) != 0);
    CHECK(until(&shared[10], 1));
    sleep_us(8000);
    IS(stop(caller), 0);
    CHECK((receiver = run_thread(space, child_receive_6, 30, ANY_PRIORITY)) != 0);
    sleep_us(8000);
    IS(shared[30], 0); /* the stopped call is in no queue */
    IS(stop(receiver), 0);
    IS(sys_thread_start(caller), 0);
    CHECK(until(&shared[10], 2));
    CHECK((err_t)shared[11] < 0);
    IS(sys_thread_start(receiver), 0);
    CHECK(until(&shared[30], 1));
    CHECK((err_t)shared[31] < 0 && shared[32] == NO_BADGE && shared[33] == 0);
    return 0;
}

const struct test ipc_tests[] = {
    {"call-reply", call_reply},
    {"call-errors", call_errors},
    {"tokens", tokens},
    {"token-of-another", token_of_another},
    {"token-stale", token_stale},
    {"token-of-dead-thread", token_of_dead_thread},
    {"callers-in-order", callers_in_order},
    {"endpoint-destroyed", endpoint_destroyed},
    {"server-destroyed", server_destroyed},
    {"stopped-call", stopped_call},
    {"recalled", recalled},
    {"fault-recalled", fault_recalled},
    {"urgent", urgent},
    {0, 0},
};
