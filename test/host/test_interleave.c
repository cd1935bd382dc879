/* Two requests at once, in every order.
 *
 * Each runs as a coroutine that stops wherever the other could run: before the core's lock is taken
 * and at each release of it, before each access to memory, and, for accesses that an entry allows
 * (hardware takes no lock), at each call down. All schedules are tried, one after the other. What
 * can be seen at the end must be what one order of the two, one after the other, would have shown.
 *
 * Where a policy copies a page that has one owner, two threads may rob each other for ever: there
 * only schedules with few changes are tried.
 *
 * usage: test_interleave [--only SCENE[,POLICY,NFREE,ACTOR,OP,OP]]; NFREE -1: no lack of frames */
#include "coroutine.h"
#include "interleave.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 200, ANY_NUMBER = 1000, FEW_CHANGES = 4, OBSERVED = 600 };

static struct actor {
    enum actor_is who;
    const struct op *op;
    bool done, locked; /* locked: stopped inside the lock */
    bool waits;        /* its process is held: nothing changes before the other goes on */
    bool at_access;    /* the next it does is this access */
    const struct process *process;
    uint64_t va;
    unsigned needed;
    int64_t result;
} actor[COROUTINES];

static struct setting setting;
static unsigned running;
static struct {
    unsigned char taken, of;
} choice[DEPTH];
static unsigned nchosen, nplanned;
static uint64_t nschedules, npairs;

static void stop_here(bool locked)
{
    actor[running].locked = locked;
    coroutine_yield();
    actor[running].locked = false;
}

static void at_unlock(void)
{
    if (fake_nfaults() == 0 && setting.nfree == PLENTY_FREE && fake_audit() != 0)
        fake_breach("audit", 0);
    stop_here(false);
}

static void at_delivery(void)
{
    stop_here(false);
}

static void at_call(void)
{
    stop_here(true);
}

static void at_again(void)
{
    actor[running].waits = true;
    stop_here(false);
}

static void at_access(const struct process *process, uint64_t va, unsigned needed)
{
    struct actor *me = &actor[running];
    me->at_access = true;
    me->process = process;
    me->va = va;
    me->needed = needed;
    stop_here(false);
    me->at_access = false;
}

static void body(unsigned number)
{
    struct actor *me = &actor[number];
    unsigned thread;
    struct process *process = interleave_process(me->who, &thread);
    me->result = GONE;
    if (process != NULL)
        me->result = me->op->run(process, thread, (uint8_t)(0x10 + number));
}

/* Inside the other's lock only an access that an entry allows can happen. */
static bool may_run(const struct actor *me, const struct actor *other)
{
    return !me->done && (!me->waits || other->done) &&
           (!other->locked || (me->at_access && fake_may_access(me->process, me->va, me->needed)));
}

static unsigned choose(unsigned of)
{
    if (of == 1)
        return 0;
    if (nchosen == DEPTH)
        fake_breach("test: a schedule too long", nchosen);
    if (nchosen == nplanned) {
        choice[nplanned].taken = 0;
        choice[nplanned++].of = (unsigned char)of;
    }
    return choice[nchosen++].taken;
}

/* Goes to the next schedule; false: that was the last. */
static bool next_schedule(void)
{
    while (nplanned > 0 && choice[nplanned - 1].taken + 1 == choice[nplanned - 1].of)
        nplanned--;
    if (nplanned > 0)
        choice[nplanned - 1].taken++;
    return nplanned > 0;
}

/* The scene is checked when it is set up for the first time. */
static void begin(bool again)
{
    fake.lenient = again;
    interleave_begin(&setting);
    fake.lenient = false;
    nchosen = 0;
    for (unsigned i = 0; i < COROUTINES; i++) {
        actor[i] = (struct actor){.who = actor[i].who, .op = actor[i].op};
        coroutine_start(i, body);
    }
}

static void observe(char *text)
{
    int n = 0;
    /* Whether a thread that is no more had its answer is nobody's business. */
    for (unsigned i = 0, thread; i < COROUTINES; i++) {
        int64_t seen = interleave_process(actor[i].who, &thread) == NULL ? GONE : actor[i].result;
        n += snprintf(text + n, OBSERVED - (uint64_t)n, "%ld ", (long)seen);
    }
    interleave_observe(text + n, OBSERVED - (uint64_t)n);
}

static unsigned other_one;

static void run_other(void)
{
    body(other_one);
}

/* One after the other; in the middle of the other, between two requests of it; alone. */
enum order { AFTER, BETWEEN, ALONE, ORDERS };

static void run_in_order(unsigned first, enum order order, char *text)
{
    begin(false);
    other_one = 1 - first;
    actor[other_one].result = ERR_AGAIN;
    interleave_between = order == BETWEEN ? run_other : NULL;
    body(first);
    interleave_between = NULL;
    if (order == AFTER)
        run_other();
    observe(text);
    interleave_end();
}

/* Does the policy copy pages that have one owner? */
static bool robs(unsigned policy)
{
    return policy_list[policy]->at_store != NULL;
}

/* Those that between them give every verdict; all of them would take too long. */
static bool explored(unsigned policy)
{
    static const char *const names[] = {"cow", "eager", "mixed", "illegal", "tables"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(policy_list[policy]->name, names[i]) == 0)
            return true;
    return false;
}

static void run_schedule(char *text)
{
    begin(true);
    fake.at_unlock = at_unlock;
    fake.at_call = at_call;
    fake.at_delivery = at_delivery;
    fake.at_again = at_again;
    fake.at_access = at_access;
    unsigned nchanges = 0, most = robs(setting.policy) ? FEW_CHANGES : ANY_NUMBER;
    running = choose(2);
    do {
        struct actor *me = &actor[running], *other = &actor[1 - running];
        bool keep = may_run(me, other), change = may_run(other, me);
        if (!keep || (change && nchanges < most && choose(2) == 1)) {
            running = 1 - running;
            nchanges++;
        }
        actor[1 - running].waits = false;
        actor[running].done = !coroutine_resume(running);
    } while (!actor[0].done || !actor[1].done);
    fake.at_unlock = fake.at_call = fake.at_delivery = fake.at_again = NULL;
    fake.at_access = NULL;
    observe(text);
    if (!interleave_is_sane())
        fake_breach("a page shows what nobody stored", 0);
    interleave_end();
    nschedules++;
}

/* The outcomes of both orders, and of one alone where the other was told to ask again. */
static void explore_pair(void)
{
    char expected[2 * ORDERS][OBSERVED], seen[OBSERVED];
    for (unsigned i = 0; i < 2 * ORDERS; i++)
        run_in_order(i % 2, (enum order)(i / 2), expected[i]);
    nplanned = 0;
    do {
        run_schedule(seen);
        bool found = setting.nfree != PLENTY_FREE;
        for (unsigned i = 0; i < 2 * ORDERS; i++)
            found = found || strcmp(seen, expected[i]) == 0;
        if (found)
            continue;
        printf("%s\n%s\n%s\nbut then: %s\n", fake.repeat, expected[0], expected[1], seen);
        fake_breach("two requests at once, and an outcome of neither order; choices", nplanned);
    } while (next_schedule());
    npairs++;
}

static void explore(unsigned scene, unsigned policy, uint64_t nfree, unsigned who, unsigned first,
                    unsigned second)
{
    static char repeat[100];
    setting = (struct setting){(enum scene)scene, policy, nfree};
    actor[0].who = PARENT_THREAD_0;
    actor[1].who = (enum actor_is)who;
    actor[0].op = &interleave_op[first];
    actor[1].op = &interleave_op[second];
    snprintf(repeat, sizeof repeat, "test_interleave --only %u,%u,%ld,%u,%u,%u (%s, %s)", scene,
             policy, (long)nfree, who, first, second, actor[0].op->name, actor[1].op->name);
    fake.repeat = repeat;
    explore_pair();
}

static void explore_all(unsigned scene, unsigned policy, uint64_t nfree)
{
    unsigned kinds = nfree == PLENTY_FREE ? ACTOR_KINDS : INIT; /* an audit would miss the rest */
    for (unsigned who = PARENT_THREAD_1; who < kinds; who++)
        for (unsigned a = 0; a < interleave_nops; a++)
            for (unsigned b = 0; b < interleave_nops; b++)
                if (!interleave_op[a].of_init && (who == INIT) == interleave_op[b].of_init)
                    explore(scene, policy, nfree, who, a, b);
}

int main(int argc, char **argv)
{
    static const uint64_t few[] = {0, 1, 2};
    unsigned scene, policy, who, first, second;
    long nfree;
    int n = argc < 3 ? 0
                     : sscanf(argv[2], "%u,%u,%ld,%u,%u,%u", &scene, &policy, &nfree, &who, &first,
                              &second);
    if (n == 6) {
        explore(scene, policy, (uint64_t)nfree, who, first, second);
        return 0;
    }
    for (policy = 0; policy_list[policy] != NULL; policy++) {
        if (!explored(policy))
            continue;
        for (unsigned s = 0; s < SCENES; s++) {
            if (n == 1 && s != scene)
                continue;
            explore_all(s, policy, PLENTY_FREE);
            for (unsigned f = 0; f < sizeof few / sizeof *few; f++)
                if (policy == 0)
                    explore_all(s, policy, few[f]);
        }
    }
    fake.repeat = NULL;
    printf("interleave: ok, %lu pairs of requests, %lu schedules\n", npairs, nschedules);
    return 0;
}
