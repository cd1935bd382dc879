/* Create, destroy, install, remove; the pool. */
#include "kerntest.h"

enum { BADGE = 0x4440 };

static int create_errors(void)
{
    const uint64_t slot = new_slot(), no_create = new_slot();
    static const uint64_t no_type[] = {TYPE_NONE, TYPE_MEMORY, TYPE_CONTROL, 7, 1ul << 32, ~0ul};
    for (unsigned i = 0; i < sizeof no_type / sizeof no_type[0]; i++)
        IS(syscall6(SYS_CREATE, no_type[i], slot, EP, 0, CTL, 0, 0), ERR_NUMBER);
    IS(sys_cap_install(SELF, no_create, CTL, 0, CONTROL_CONSOLE | CONTROL_IRQ), 0);
    const uint64_t no_control[] = {no_create, MEM, SELF, EMPTY_SLOT, SLOTS_MAX, NO_SLOT, EP};
    for (unsigned i = 0; i < sizeof no_control / sizeof no_control[0]; i++)
        IS(sys_create(TYPE_ENDPOINT, slot, 0, 0, no_control[i]), ERR_CAPABILITY);
    IS(sys_create(TYPE_ENDPOINT, EP, 0, 0, CTL), ERR_CAPABILITY); /* taken */
    IS(sys_create(TYPE_ENDPOINT, CTL, 0, 0, CTL), ERR_CAPABILITY);
    IS(sys_create(TYPE_ENDPOINT, SLOTS_MAX, 0, 0, CTL), ERR_CAPABILITY);
    IS(sys_create(TYPE_ENDPOINT, NO_SLOT, 0, 0, CTL), ERR_CAPABILITY);
    IS(sys_create(TYPE_ENDPOINT, SLOTS_MAX - 1, 0, 0, CTL), 0);
    IS(sys_notify(SLOTS_MAX - 1, 1), 0);
    IS(destroy(SLOTS_MAX - 1), 0);
    IS(sys_notify(SLOTS_MAX - 1, 1), ERR_CAPABILITY);
    IS(sys_create(TYPE_SPACE, slot, MEM, 0, CTL), ERR_CAPABILITY);
    IS(sys_create(TYPE_SPACE, slot, CALLS, 0, CTL), ERR_CAPABILITY); /* no right to receive */
    IS(sys_create(TYPE_SPACE, slot, EMPTY_SLOT, 0, CTL), ERR_CAPABILITY);
    IS(sys_create(TYPE_THREAD, slot, EP, 0, CTL), ERR_CAPABILITY);
    IS(sys_create(TYPE_THREAD, slot, slot, 0, CTL), ERR_CAPABILITY);
    IS(sys_destroy(slot), ERR_CAPABILITY); /* nothing was made */
    IS(sys_create(TYPE_ENDPOINT, slot, 0, 0, CTL), 0);
    IS(sys_create(TYPE_ENDPOINT, slot, 0, 0, CTL), ERR_CAPABILITY);
    return 0;
}

static int destroy_errors(void)
{
    const uint64_t copy = new_slot(), gone = new_endpoint();
    IS(sys_cap_install(SELF, copy, EP, 0, CAP_CALL | CAP_RECEIVE | CAP_OWNER | CAP_MANAGE), 0);
    IS(sys_destroy(copy), ERR_CAPABILITY);
    IS(sys_notify(EP, 0), 0);
    IS(destroy(gone), 0);
    const uint64_t bad[] = {SELF, CTL, CALLS, EMPTY_SLOT, gone, SLOTS_MAX, NO_SLOT, 1ul << 32};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        IS(sys_destroy(bad[i]), ERR_CAPABILITY);
    /* A stale capability does not destroy what took its object's place. */
    const uint64_t next = new_endpoint();
    IS(sys_destroy(gone), ERR_CAPABILITY);
    IS(destroy(next), 0);
    IS(sys_create(TYPE_ENDPOINT, next, 0, 0, CTL), 0); /* its slot is free again */
    return 0;
}

static int install_remove(void)
{
    const uint64_t space = new_space(BADGE), thread = new_thread(space, child_count, 0);
    const uint64_t slot = new_slot(), second = new_slot(), dead = new_endpoint();
    uint64_t word[6] = {0};
    CHECK(space != 0 && thread != 0);
    IS(destroy(dead), 0);
    const uint64_t no_source[] = {space, thread, MEM, SELF, EMPTY_SLOT, dead, SLOTS_MAX, NO_SLOT};
    for (unsigned i = 0; i < sizeof no_source / sizeof no_source[0]; i++)
        IS(sys_cap_install(SELF, slot, no_source[i], 0, CAP_CALL), ERR_CAPABILITY);
    const uint64_t no_space[] = {EP, MEM, thread, EMPTY_SLOT, NO_SLOT};
    for (unsigned i = 0; i < sizeof no_space / sizeof no_space[0]; i++) {
        IS(sys_cap_install(no_space[i], slot, EP, 0, CAP_CALL), ERR_CAPABILITY);
        IS(sys_cap_remove(no_space[i], CALLS), ERR_CAPABILITY);
    }
    IS(sys_cap_install(space, CALLS, EP, 0, CAP_CALL), ERR_CAPABILITY); /* taken */
    IS(sys_cap_install(space, SLOTS_MAX, EP, 0, CAP_CALL), ERR_CAPABILITY);
    IS(sys_cap_install(space, NO_SLOT, EP, 0, CAP_CALL), ERR_CAPABILITY);
    IS(sys_cap_install(space, SLOTS_MAX - 1, EP, 0, CAP_CALL), 0);
    IS(sys_cap_install(space, SLOTS_MAX - 1, EP, 0, CAP_CALL), ERR_CAPABILITY);
    IS(sys_cap_remove(space, SLOTS_MAX - 1), 0);
    IS(sys_cap_remove(space, SLOTS_MAX - 1), ERR_CAPABILITY);
    IS(sys_cap_remove(space, SLOTS_MAX), ERR_CAPABILITY);
    IS(sys_cap_remove(SELF, EP), ERR_CAPABILITY); /* an owner's is not thrown away */
    /* Rights never grow, by no chain of copies. */
    IS(sys_cap_install(SELF, slot, EP, 0, CAP_RECEIVE), 0);
    IS(sys_notify(slot, 1), ERR_CAPABILITY);
    IS(sys_cap_install(SELF, second, slot, 0, ~0u), 0);
    IS(sys_notify(second, 1), ERR_CAPABILITY);
    IS(sys_cap_remove(SELF, second), 0);
    IS(sys_cap_remove(SELF, slot), 0);
    IS(sys_cap_install(SELF, slot, CTL, 0, CONTROL_CREATE), 0);
    IS(sys_cap_install(SELF, second, slot, 0, ~0u), 0);
    IS(sys_power_off(second, 0), ERR_CAPABILITY);
    IS(sys_console_write(second, "x", 1), ERR_CAPABILITY);
    IS(sys_irq_acknowledge(second, 10), ERR_CAPABILITY);
    IS(sys_cap_remove(SELF, second), 0);
    /* The removed one can't be used, and what it named lives on. */
    IS(sys_cap_remove(SELF, CALLS), 0);
    IS(sys_call(CALLS, word), ERR_CAPABILITY);
    IS(sys_cap_install(SELF, CALLS, EP, OWN_BADGE, CAP_CALL), 0);
    return 0;
}

/* A child without CTL and without spaces of its own can do nothing to others. */
static void child_powerless(word_t *s, uint64_t token)
{
    (void)token;
    uint64_t unused, bad = 0;
    for (uint64_t slot = 0; slot < 8; slot++) {
        bad |= sys_create(TYPE_ENDPOINT, 7, 0, 0, slot) != ERR_CAPABILITY;
        bad |= sys_destroy(slot) != ERR_CAPABILITY;
        bad |= sys_cap_remove(slot, CALLS) != ERR_CAPABILITY;
        bad |= sys_cap_install(slot, 7, CALLS, 2, CAP_CALL) != ERR_CAPABILITY;
        bad |= sys_map(slot, TEST_VA, RIGHT_R, 0x80400, 1, slot) != ERR_CAPABILITY;
        bad |= sys_unmap(slot, SHARED_VA, 1) != ERR_CAPABILITY;
        bad |= sys_next(slot, 0, &unused) != ERR_CAPABILITY;
        bad |= sys_notify(slot, 1) != ERR_CAPABILITY;
        bad |= sys_alarm(slot, 1, 1) != ERR_CAPABILITY;
        bad |= sys_power_off(slot, 0) != ERR_CAPABILITY;
        bad |= sys_console_write(slot, "!", 1) != ERR_CAPABILITY;
        bad |= sys_thread_stop(slot) != ERR_CAPABILITY;
        bad |= sys_grant(slot, LEAF_PAGES, slot, 7) != ERR_CAPABILITY;
        bad |= sys_irq_attach(slot, 10, slot, 1) != ERR_CAPABILITY;
    }
    s[1] = bad;
    fence();
    s[0] = 1;
    child_park();
}

static int powerless(void)
{
    uint64_t space = new_space(BADGE);
    CHECK(space != 0 && run_thread(space, child_powerless, 0, ANY_PRIORITY) != 0);
    CHECK(until(&shared[0], 1));
    IS(shared[1], 0);
    return 0;
}

static uint64_t fill_pool(void)
{
    uint64_t n = 0;
    while (sys_create(TYPE_SPACE, FLOOD + n, EP, 2, CTL) == 0)
        n++;
    return n;
}

static int pool_exhausted(void)
{
    uint64_t n[3];
    long left[3];
    const pfn_t frame = new_frame();
    uint64_t victim = new_space(BADGE), unused;
    CHECK(victim != 0 && sys_map(victim, TEST_VA, RIGHT_R | RIGHT_W, frame, 1, MEM) == 1);
    for (unsigned round = 0; round < 3; round++) {
        const uint64_t tables = new_space(BADGE);
        n[round] = fill_pool();
        CHECK(n[round] > 100);
        IS(sys_create(TYPE_SPACE, FLOOD + n[round], EP, 2, CTL), ERR_POOL);
        /* Objects leave a reserve, which tables may use up. */
        uint64_t va = TEST_VA;
        err_t error;
        while ((error = sys_map(tables, va, RIGHT_R, frame, 1, MEM)) == 1)
            va += LARGE;
        IS(error, ERR_POOL);
        IS(sys_create(TYPE_ENDPOINT, SLOTS_MAX - 256 * (round + 2), 0, 0, CTL), ERR_POOL);
        IS(sys_cap_install(victim, 300 + 256 * round, EP, 0, CAP_CALL), ERR_POOL);
        IS(sys_map(victim, TEST_VA + LARGE * LARGE_PAGES * 2, RIGHT_R, frame, 1, MEM), ERR_POOL);
        IS(sys_map(victim, TEST_VA + PAGE_SIZE, RIGHT_R, frame, 1, MEM), 1);
        IS(sys_protect(victim, TEST_VA, RIGHT_R, 1), 1);
        IS(sys_share(victim, FLOOD, TEST_VA, RIGHT_R, 1), ERR_POOL);
        IS(sys_next(victim, TEST_VA, &unused), (long)(TEST_VA | RIGHT_R));
        CHECK(sys_statistics(STAT_POOL_FREE) <= 2);
        IS(destroy(tables), 0);
        for (uint64_t i = 0; i < n[round]; i++)
            IS(destroy(FLOOD + i), 0);
        left[round] = sys_statistics(STAT_POOL_FREE);
    }
    /* The victim may have got the upper of two tables. */
    CHECK(n[1] + 1 >= n[0] && n[2] == n[1] && left[2] == left[1]);
    return 0;
}

/* A piece stops only so many threads; and all is given back. */
static int many_threads(void)
{
    enum { N = 40 };
    long left[2] = {0};
    for (unsigned round = 0; round < 2; round++) {
        uint64_t space = new_space(BADGE);
        CHECK(space != 0);
        for (unsigned i = 0; i < N; i++) {
            IS(sys_create(TYPE_THREAD, FLOOD + i, space, 0, CTL), 0);
            IS(sys_thread_set(FLOOD + i, (uint64_t)child_count, 0, SHARED_VA, i, 0), 0);
            IS(sys_thread_start(FLOOD + i), 0);
        }
        sleep_us(20000);
        CHECK(sys_destroy(space) > 0 || sys_statistics(STAT_HARTS) > 1);
        IS(destroy(space), 0);
        uint64_t sum = 0, again = 0;
        for (unsigned i = 0; i < N; i++)
            sum += shared[i];
        CHECK(sum > 0);
        sleep_us(12000);
        for (unsigned i = 0; i < N; i++) {
            again += shared[i];
            IS(sys_thread_start(FLOOD + i), ERR_CAPABILITY);
            IS(sys_destroy(FLOOD + i), ERR_CAPABILITY);
        }
        IS(again, sum);
        left[round] = sys_statistics(STAT_POOL_FREE);
    }
    IS(left[1], left[0]);
    return 0;
}

/* A space's faults are heard by its maker alone: the endpoint is its own, and no other space's. */
static int fault_endpoints(void)
{
    const uint64_t space = new_space(BADGE), lent = new_endpoint(), copy = new_slot();
    const uint64_t slot = new_slot();
    CHECK(space != 0 && lent != 0);
    IS(sys_cap_install(space, 20, EP, 0, CAP_CALL | CAP_RECEIVE), ERR_STATE);
    IS(sys_cap_install(space, 20, EP, 0, CAP_CALL | CAP_NOTIFY), 0);
    IS(sys_cap_install(space, 21, lent, 0, CAP_RECEIVE), 0);
    IS(sys_create(TYPE_SPACE, slot, lent, 0, CTL), ERR_CAPABILITY);
    IS(sys_cap_install(SELF, copy, EP, 0, CAP_RECEIVE), 0);
    IS(sys_create(TYPE_SPACE, slot, copy, 0, CTL), ERR_CAPABILITY);
    IS(sys_cap_install(space, 22, copy, 0, CAP_RECEIVE), ERR_STATE);
    return 0;
}

const struct test object_tests[] = {
    {"create-errors", create_errors},   {"destroy-errors", destroy_errors},
    {"install-remove", install_remove}, {"fault-endpoints", fault_endpoints},
    {"powerless", powerless},           {"pool-exhausted", pool_exhausted},
    {"many-threads", many_threads},     {0, 0},
};
