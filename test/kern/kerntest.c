/* The kernel's own tests: the first program of an archive of its own, in the pager's place. */
#include "kerntest.h"

enum { WAIT_MS = 3000, LIMIT_MS = 25000, STACK_STRIDE = 2 * PAGE_SIZE };
#define ALARM_BIT (1ul << 63)

const struct boot_info *info;
word_t *shared;
static pfn_t shared_frame, first_frame, next_frame;
static uint64_t next_slot, nstacks;
static const char *running;
static char watch_stack[PAGE_SIZE] __attribute__((aligned(16)));

void server_main(const struct boot_info *boot);

static void print(const char *s)
{
    while (*s != '\0') {
        uint64_t n = 0;
        while (n < 48 && s[n] != '\0')
            n++;
        sys_console_write(CTL, s, n);
        s += n;
    }
}

static void print_number(uint64_t value)
{
    char digits[21];
    unsigned n = sizeof digits - 1;
    digits[n] = '\0';
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(digits + n);
}

static void print_result(const char *name, int line)
{
    print("kerntest: ");
    print(name);
    if (line == 0) {
        print(" ok\n");
        return;
    }
    print(" FAILED line ");
    print_number((uint64_t)line);
    print("\n");
}

static uint64_t ms(uint64_t n)
{
    return info->timebase_hz / 1000 * n;
}

void sleep_us(uint64_t us)
{
    struct reception r = {0};
    sys_alarm(SLEEP, 1, now() + info->timebase_hz / 1000000 * us);
    sys_reply_receive(&r, SLEEP, MEM);
}

bool until(word_t *word, uint64_t value)
{
    for (uint64_t end = now() + ms(WAIT_MS); *word != value; sleep_us(200))
        if (now() > end)
            return false;
    return true;
}

word_t *window(pfn_t frame)
{
    return (word_t *)(MEMORY_WINDOW + (frame << PAGE_SHIFT));
}

pfn_t memory_end(void)
{
    return info->memory_first + info->memory_npages;
}

pfn_t new_frame(void)
{
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        window(next_frame)[i] = 0;
    return next_frame++;
}

uint64_t new_slot(void)
{
    return next_slot++;
}

uint64_t new_endpoint(void)
{
    uint64_t slot = new_slot();
    return sys_create(TYPE_ENDPOINT, slot, 0, 0, CTL) == 0 ? slot : 0;
}

bool map_text(uint64_t space)
{
    uint64_t frame;
    long at = 0;
    while ((at = sys_next(SELF, (uint64_t)at & ~(uint64_t)(PAGE_SIZE - 1), &frame)) >= 0) {
        uint64_t va = (uint64_t)at & ~(uint64_t)(PAGE_SIZE - 1);
        if ((at & RIGHT_X) != 0 && sys_map(space, va, RIGHT_R | RIGHT_X, frame, 1, MEM) != 1)
            return false;
        at += PAGE_SIZE;
    }
    return true;
}

uint64_t new_space(uint64_t badge)
{
    uint64_t slot = new_slot();
    if (sys_create(TYPE_SPACE, slot, EP, badge, CTL) != 0 || !map_text(slot) ||
        sys_map(slot, SHARED_VA, RIGHT_R | RIGHT_W, shared_frame, 1, MEM) != 1 ||
        sys_cap_install(slot, CALLS, EP, badge, CAP_CALL) != 0 ||
        sys_cap_install(slot, PARK, PARK, 0, CAP_RECEIVE) != 0)
        return 0;
    return slot;
}

uint64_t new_thread(uint64_t space, child_t *entry, uint64_t argument)
{
    uint64_t slot = new_slot(), stack = STACK_VA + nstacks++ * STACK_STRIDE;
    if (sys_create(TYPE_THREAD, slot, space, 0, CTL) != 0 ||
        sys_map(space, stack, RIGHT_R | RIGHT_W, new_frame(), 1, MEM) != 1 ||
        sys_thread_set(slot, (uint64_t)entry, stack + PAGE_SIZE,
                       space == SELF ? (uint64_t)shared : SHARED_VA, argument, 0) != 0 ||
        sys_thread_priority(slot, ANY_PRIORITY) != 0)
        return 0;
    return slot;
}

uint64_t run_thread(uint64_t space, child_t *entry, uint64_t argument, unsigned priority)
{
    uint64_t slot = new_thread(space, entry, argument);
    if (slot == 0 || sys_thread_priority(slot, priority) != 0 || sys_thread_start(slot) != 0)
        return 0;
    return slot;
}

err_t destroy(uint64_t slot)
{
    err_t error;
    do
        error = sys_destroy(slot);
    while (error == 1 || error == ERR_AGAIN);
    return error;
}

err_t stop(uint64_t thread)
{
    err_t error;
    do
        error = sys_thread_stop(thread);
    while (error == ERR_AGAIN);
    return error;
}

static bool serve(struct reception *r, uint64_t us)
{
    struct reception late = {0};
    sys_alarm(EP, ALARM_BIT, now() + info->timebase_hz / 1000000 * us);
    sys_reply_receive(r, EP, MEM);
    sys_alarm(EP, 0, 0);
    sys_notify(EP, ALARM_BIT); /* an alarm that came too late to matter is taken away */
    sys_reply_receive(&late, EP, MEM);
    return r->token != 0;
}

bool answer_hear(struct reception *r)
{
    return serve(r, WAIT_MS * 1000ul);
}

bool hear_within(struct reception *r, uint64_t us)
{
    r->badge = r->item = 0;
    return serve(r, us);
}

bool hear(struct reception *r)
{
    return hear_within(r, WAIT_MS * 1000ul);
}

err_t answer(uint64_t token, uint64_t word0)
{
    const uint64_t word[6] = {word0};
    return sys_reply(token, word);
}

_Noreturn void child_park(void)
{
    for (;;) {
        struct reception r = {0};
        sys_reply_receive(&r, PARK, 0);
    }
}

void child_store(word_t *s, uint64_t va)
{
    *(word_t *)va = 77;
    s[0] = 1;
    uint64_t word[6] = {5};
    sys_call(CALLS, word);
    child_park();
}

void child_landing(word_t *s, uint64_t argument)
{
    (void)s, (void)argument;
    uint64_t word[6] = {1234};
    sys_call(CALLS, word);
    child_park();
}

void child_call(word_t *s, uint64_t argument)
{
    uint64_t word[6];
    for (unsigned i = 0; i < 6; i++)
        word[i] = argument + i + 1;
    s[1] = (uint64_t)sys_call(CALLS, word);
    for (unsigned i = 0; i < 6; i++)
        s[2 + i] = word[i];
    fence();
    s[0] = 1;
    child_park();
}

void child_count(word_t *s, uint64_t argument)
{
    for (;;)
        s[argument]++;
}

static void probe_loop(word_t *s, uint64_t argument)
{
    uint64_t word[6] = {0};
    (void)s, (void)argument;
    for (;;) {
        sys_call(CALLS, word);
        word_t *at = (word_t *)word[1];
        if (word[0] == PROBE_LOAD)
            word[0] = *at;
        else if (word[0] == PROBE_STORE)
            *at = word[2];
        else if (word[0] == PROBE_EXECUTE)
            ((void (*)(void))word[1])();
    }
}

bool prober_start(struct prober *prober, uint64_t space)
{
    struct reception r = {0};
    prober->thread = run_thread(space, probe_loop, 0, ANY_PRIORITY);
    if (prober->thread == 0 || !hear(&r))
        return false;
    prober->token = r.token;
    return true;
}

long probe(struct prober *prober, unsigned operation, uint64_t va, uint64_t value)
{
    struct reception r = {.word = {operation, va, value}, .badge = prober->token};
    if (!answer_hear(&r))
        return -1;
    long cause = 0;
    if ((r.badge & 1) != 0) {
        cause = (long)r.word[1];
        prober->address = r.word[0];
        r = (struct reception){.word = {(uint64_t)probe_loop}, .badge = r.token};
        if (!answer_hear(&r) || (r.badge & 1) != 0)
            return -1;
    }
    prober->token = r.token;
    prober->value = r.word[0];
    return cause;
}

static bool set_up(void)
{
    next_frame = first_frame;
    next_slot = FIRST_SLOT;
    nstacks = 0;
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        shared[i] = 0;
    return sys_create(TYPE_ENDPOINT, PARK, 0, 0, CTL) == 0 &&
           sys_create(TYPE_ENDPOINT, SLEEP, 0, 0, CTL) == 0 &&
           sys_create(TYPE_ENDPOINT, EP, 0, 0, CTL) == 0 &&
           sys_cap_install(SELF, CALLS, EP, OWN_BADGE, CAP_CALL) == 0;
}

static void clean_up(bool failed)
{
    for (uint64_t slot = FLOOD; failed && slot < FLOOD_END; slot++)
        destroy(slot);
    for (uint64_t slot = LAST_SLOT; slot >= CALLS; slot--) {
        if (slot == WATCH_NOTE || slot == WATCH_THREAD)
            continue;
        if (destroy(slot) != 0)
            sys_cap_remove(SELF, slot);
    }
    sys_unmap(SELF, STACK_VA, LEAF_PAGES);
    sys_unmap(SELF, TEST_VA, LEAF_PAGES);
}

static void watch(word_t *s, uint64_t argument)
{
    struct reception r = {0};
    (void)s, (void)argument;
    sys_reply_receive(&r, WATCH_NOTE, MEM);
    print_result(running, __LINE__);
    print("kerntest: took too long\n");
    sys_power_off(CTL, 1);
}

static bool start_watch(void)
{
    return sys_create(TYPE_ENDPOINT, WATCH_NOTE, 0, 0, CTL) == 0 &&
           sys_create(TYPE_THREAD, WATCH_THREAD, SELF, 0, CTL) == 0 &&
           sys_thread_set(WATCH_THREAD, (uint64_t)watch, (uint64_t)(watch_stack + PAGE_SIZE), 0, 0,
                          0) == 0 &&
           sys_thread_priority(WATCH_THREAD, PRIORITIES - 1) == 0 &&
           sys_thread_start(WATCH_THREAD) == 0 &&
           sys_alarm(WATCH_NOTE, 1, now() + ms(LIMIT_MS)) == 0;
}

void server_main(const struct boot_info *boot)
{
    static const struct test *const groups[] = {ipc_tests,    fault_tests,  fast_tests,
                                                vm_tests,     object_tests, grant_tests,
                                                thread_tests, device_tests};
    info = boot;
    shared_frame = info->memory_first + info->image_npages;
    shared = window(shared_frame);
    first_frame = shared_frame + 1;
    uint64_t ntests = 0, nfailed = start_watch() ? 0 : 1;
    for (unsigned group = 0; group < sizeof groups / sizeof groups[0]; group++) {
        for (const struct test *test = groups[group]; test->name != 0; test++) {
            running = test->name;
            int line = set_up() ? test->run() : __LINE__;
            clean_up(line != 0);
            print_result(test->name, line);
            ntests++;
            nfailed += line != 0;
        }
    }
    print("kerntest: ");
    print_number(ntests);
    print(" tests, ");
    print_number(nfailed);
    print(" failed\n");
    sys_power_off(CTL, nfailed != 0);
}
