/* Notifications, alarms, interrupts, console, statistics, numbers. */
#include "kerntest.h"

enum { BADGE = 0x7770, UART_IRQ = 10, UART_FRAME = 0x10000, UART_IER = 1, THR_EMPTY = 2 };

/* Takes what is there, at a slot where something is there or comes. */
static struct reception take(uint64_t slot)
{
    struct reception r = {0};
    sys_reply_receive(&r, slot, MEM);
    return r;
}

static void child_wait_6(word_t *s, uint64_t at)
{
    struct reception r = take(6);
    s[at + 1] = r.word[0];
    s[at + 2] = r.badge;
    s[at + 3] = r.token;
    fence();
    s[at] = 1;
    child_park();
}

static int notifications(void)
{
    const uint64_t space = new_space(BADGE), note = new_slot();
    struct reception r = {0};
    CHECK(space != 0);
    IS(sys_create(TYPE_ENDPOINT, note, 0, 0, CTL), 0);
    const uint64_t bad[] = {EMPTY_SLOT, MEM, SELF, CTL, CALLS, SLOTS_MAX, NO_SLOT};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        IS(sys_notify(bad[i], 1), ERR_CAPABILITY);
    /* Bits add up, are delivered before messages, and once. */
    CHECK(run_thread(space, child_call, 0, ANY_PRIORITY) != 0);
    sleep_us(8000);
    IS(sys_notify(EP, 1), 0);
    IS(sys_notify(EP, 0), 0);
    IS(sys_notify(EP, 1ul << 63 | 4), 0);
    r = take(EP);
    CHECK(r.token == 0 && r.badge == 0 && r.word[0] == (1ul << 63 | 5));
    r = take(EP);
    CHECK(r.token != 0 && r.badge == BADGE);
    IS(answer(r.token, 0), 0);
    /* While one waits; then with the endpoint's death. */
    IS(sys_cap_install(space, 6, note, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(space, child_wait_6, 10, ANY_PRIORITY) != 0);
    sleep_us(8000);
    IS(shared[10], 0);
    IS(sys_notify(note, 0), 0);
    sleep_us(1000);
    IS(shared[10], 0);
    IS(sys_notify(note, 8), 0);
    CHECK(until(&shared[10], 1));
    CHECK(shared[11] == 8 && shared[12] == 0 && shared[13] == 0);
    CHECK(run_thread(space, child_wait_6, 20, ANY_PRIORITY) != 0);
    sleep_us(8000);
    IS(destroy(note), 0);
    CHECK(until(&shared[20], 1));
    IS(shared[21], ERR_DEAD);
    CHECK(shared[22] == NO_BADGE && shared[23] == 0);
    /* Bits that nobody took are gone with it: the next in its place has none. */
    IS(sys_create(TYPE_ENDPOINT, note, 0, 0, CTL), 0);
    IS(sys_notify(note, 32), 0);
    IS(destroy(note), 0);
    IS(sys_create(TYPE_ENDPOINT, note, 0, 0, CTL), 0);
    IS(sys_cap_remove(space, 6), 0);
    IS(sys_cap_install(space, 6, note, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(space, child_wait_6, 40, ANY_PRIORITY) != 0);
    sleep_us(8000);
    IS(shared[40], 0);
    IS(sys_notify(note, 64), 0);
    CHECK(until(&shared[40], 1));
    IS(shared[41], 64);
    return 0;
}

static int alarms(void)
{
    const uint64_t tick = info->timebase_hz / 1000; /* 1 ms */
    const uint64_t other = new_slot(), no_right = new_slot();
    struct reception r = {0};
    IS(sys_create(TYPE_ENDPOINT, other, 0, 0, CTL), 0);
    IS(sys_cap_install(SELF, no_right, EP, 0, CAP_RECEIVE), 0);
    IS(sys_alarm(no_right, 1, now()), ERR_CAPABILITY);
    IS(sys_alarm(EMPTY_SLOT, 1, now()), ERR_CAPABILITY);
    IS(sys_alarm(CALLS, 1, now()), ERR_CAPABILITY);
    IS(sys_alarm(other, 1, 1), 0); /* long ago: at once */
    IS(take(other).word[0], 1);
    for (uint64_t n = 1; n < 40; n += 6) {
        uint64_t target = now() + n * tick / 2;
        IS(sys_alarm(other, n, target), 0);
        r = take(other);
        CHECK(now() >= target && r.word[0] == n && r.badge == 0 && r.token == 0);
    }
    /* One each: a new one replaces it, 0 takes it back; several fire in their order. */
    IS(sys_alarm(other, 2, now() + 2 * tick), 0);
    IS(sys_alarm(other, 4, now() + 100 * tick), 0);
    IS(sys_alarm(EP, 1, now() + 6 * tick), 0);
    IS(take(EP).word[0], 1);
    IS(sys_notify(other, 1), 0);
    IS(take(other).word[0], 1);
    IS(take(other).word[0], 4);
    IS(sys_alarm(other, 8, now() + 3 * tick), 0);
    IS(sys_alarm(other, 8, 0), 0);
    sleep_us(8000);
    IS(sys_notify(other, 1), 0);
    IS(take(other).word[0], 1);
    IS(sys_alarm(other, 8, ~0ul), 0); /* never: and no harm to the next ones */
    sleep_us(1000);
    IS(sys_alarm(other, 8, now() + tick), 0);
    IS(destroy(other), 0);
    sleep_us(8000);
    return 0;
}

static bool comes(uint64_t note)
{
    struct reception r = {0};
    sys_alarm(note, 1ul << 63, now() + info->timebase_hz / 100);
    sys_reply_receive(&r, note, MEM);
    sys_alarm(note, 0, 0);
    return (r.word[0] & 1ul << 63) == 0;
}

static int interrupts(void)
{
    const uint64_t note = new_slot(), no_right = new_slot();
    volatile uint8_t *uart = (volatile uint8_t *)TEST_VA;
    IS(sys_create(TYPE_ENDPOINT, note, 0, 0, CTL), 0);
    IS(sys_cap_install(SELF, no_right, CTL, 0, CONTROL_CREATE | CONTROL_CONSOLE), 0);
    IS(sys_irq_attach(no_right, UART_IRQ, note, 1), ERR_CAPABILITY);
    IS(sys_irq_attach(CTL, UART_IRQ, CALLS, 1), ERR_CAPABILITY);
    IS(sys_irq_attach(CTL, UART_IRQ, EMPTY_SLOT, 1), ERR_CAPABILITY);
    IS(sys_irq_acknowledge(no_right, UART_IRQ), ERR_CAPABILITY);
    IS(sys_irq_acknowledge(CTL, 11), ERR_NUMBER); /* nobody attached it */
    const uint64_t bad[] = {0, 1024, 1ul << 32, ~0ul};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        IS(sys_irq_attach(CTL, bad[i], note, 1), ERR_NUMBER);
        IS(sys_irq_acknowledge(CTL, bad[i]), ERR_NUMBER);
    }
    IS(sys_map(SELF, TEST_VA, RIGHT_R | RIGHT_W, UART_FRAME, 1, DEV), 1);
    uart[UART_IER] = 0;
    IS(sys_irq_attach(CTL, UART_IRQ, note, 6), 0);
    CHECK(!comes(note));
    for (unsigned round = 0; round < 3; round++) {
        uart[UART_IER] = THR_EMPTY;
        IS(take(note).word[0], 6);
        uart[UART_IER] = 0;
        uart[UART_IER] = THR_EMPTY; /* pending again, but masked */
        CHECK(!comes(note));
        IS(sys_irq_acknowledge(CTL, UART_IRQ), 0);
        CHECK(comes(note));
        uart[UART_IER] = 0;
        IS(sys_irq_acknowledge(CTL, UART_IRQ), 0);
        CHECK(!comes(note));
    }
    IS(destroy(note), 0);
    uart[UART_IER] = THR_EMPTY; /* to a dead endpoint */
    sleep_us(8000);
    uart[UART_IER] = 0;
    return 0;
}

static int console(void)
{
    const uint64_t no_right = new_slot();
    uint64_t word[6] = {0};
    IS(sys_cap_install(SELF, no_right, CTL, 0, CONTROL_CREATE | CONTROL_IRQ), 0);
    IS(sys_console_write(no_right, "no\n", 3), ERR_CAPABILITY);
    IS(sys_console_write(EP, "no\n", 3), ERR_CAPABILITY);
    IS(sys_console_write(EMPTY_SLOT, "no\n", 3), ERR_CAPABILITY);
    IS(sys_console_write(CTL, "", 0), 0);
    static const uint64_t too_long[] = {49, 112, 0x7fffffff, 0xffffffff};
    for (unsigned i = 0; i < sizeof too_long / sizeof too_long[0]; i++) {
        word[0] = 0x0a6f6e; /* "no\n" */
        syscall_words(SYS_CONSOLE_WRITE, CTL | too_long[i] << 32, word);
        IS(word[0], ERR_LENGTH);
    }
    /* A line longer than the kernel's buffer. */
    for (unsigned i = 0; i < 3; i++)
        IS(sys_console_write(CTL, "kerntest line of 48 bytes ......................", 48), 48);
    IS(sys_console_write(CTL, "\n", 1), 1);
    IS(sys_power_off(no_right, 0), ERR_CAPABILITY);
    IS(sys_power_off(EP, 0), ERR_CAPABILITY);
    IS(sys_power_off(EMPTY_SLOT, 0), ERR_CAPABILITY);
    return 0;
}

static int numbers(void)
{
    const long total = sys_statistics(STAT_POOL_TOTAL), unused = sys_statistics(STAT_POOL_FREE);
    CHECK(info->version == BOOT_VERSION && unused > 0 && unused < total);
    CHECK((uint64_t)total < info->total_npages);
    IS(sys_statistics(STAT_HARTS), info->nharts);
    IS(sys_statistics(STAT_TIMEBASE), info->timebase_hz);
    CHECK(sys_statistics(STAT_SHOOTDOWNS) >= 0 && sys_time(SELF) >= 0);
    IS(sys_time(EMPTY_SLOT), ERR_CAPABILITY);
    IS(sys_time(EP), ERR_CAPABILITY);
    static const uint64_t no_index[] = {STAT_TIME + 1, 100, 1ul << 32, ~0ul};
    static const uint64_t no_call[] = {SYS_LAST + 1,          64,        1000, 1ul << 32,
                                       1ul << 32 | SYS_YIELD, 1ul << 63, ~0ul};
    for (unsigned i = 0; i < sizeof no_index / sizeof no_index[0]; i++)
        IS(sys_statistics(no_index[i]), ERR_NUMBER);
    for (unsigned i = 0; i < sizeof no_call / sizeof no_call[0]; i++)
        IS(syscall6(no_call[i], SELF, EP, 0, 0, 0, 0, 0), ERR_NUMBER);
    return 0;
}

const struct test device_tests[] = {
    {"notifications", notifications},
    {"alarms", alarms},
    {"interrupts", interrupts},
    {"console", console},
    {"numbers", numbers},
    {0, 0},
};
