/* Faults as messages, and registers: what is kept, and what never comes out of the kernel. */
#include "kerntest.h"

enum { BADGE = 0x2220, REGISTERS = 32, REG_SP = 2, REG_A0 = 10, REG_T6 = 31 };
enum { CAUSE_FETCH = 12, CAUSE_LOAD = 13, CAUSE_STORE = 15, CAUSE_ILLEGAL = 2, CAUSE_BREAK = 3 };

/* Answers a fault with an item that must be refused. */
static bool refused(uint64_t token, uint64_t item, pfn_t frame, uint64_t memory, err_t error)
{
    struct reception r = {.badge = token, .item = item, .frame = frame};
    sys_reply_receive(&r, EP, memory);
    return r.token == 0 && r.badge == NO_BADGE && (err_t)r.word[0] == error;
}

static int fault_message(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE), thread, unused;
    const uint64_t va = TEST_VA + 0x10, page = TEST_VA;
    const pfn_t frame = new_frame();
    /* A neighbour, so that the tables are there and the fast path goes to its end. */
    IS(sys_map(space, page + PAGE_SIZE, RIGHT_R, frame, 1, MEM), 1);
    CHECK(space != 0 && (thread = run_thread(space, child_store, va, ANY_PRIORITY)) != 0);
    CHECK(hear(&r));
    IS(r.badge, BADGE | 1);
    IS(r.word[0], va);
    IS(r.word[1], CAUSE_STORE);
    CHECK(r.word[2] >= (uint64_t)child_store && r.word[2] < (uint64_t)child_store + 64);
    const uint64_t t = r.token, rw = RIGHT_R | RIGHT_W;
    CHECK(refused(t, page | RIGHT_W, frame, MEM, ERR_RIGHTS));
    CHECK(refused(t, page | RIGHT_W | RIGHT_X, frame, MEM, ERR_RIGHTS));
    CHECK(refused(t, page, frame, MEM, ERR_RIGHTS));
    CHECK(refused(t, page | rw, info->memory_first - 1, MEM, ERR_MEMORY));
    CHECK(refused(t, page | rw, memory_end(), MEM, ERR_MEMORY));
    CHECK(refused(t, page | rw, ~0ul, MEM, ERR_MEMORY));
    CHECK(refused(t, page | rw, 0x100, DEV, ERR_MEMORY));
    CHECK(refused(t, page | rw, frame, EMPTY_SLOT, ERR_CAPABILITY));
    CHECK(refused(t, page | rw, frame, SELF, ERR_CAPABILITY));
    CHECK(refused(t, page | rw | 8, frame, MEM, ERR_ADDRESS));
    CHECK(refused(t, MEMORY_WINDOW | rw, frame, MEM, ERR_ADDRESS));
    CHECK(refused(t, USER_LIMIT | rw, frame, MEM, ERR_ADDRESS));
    CHECK(refused(t, ~(uint64_t)(PAGE_SIZE - 1) | rw, frame, MEM, ERR_ADDRESS));
    CHECK(refused(t + 1, page | rw, frame, MEM, ERR_TOKEN));
    IS(sys_next(space, TEST_VA, &unused), (long)((page + PAGE_SIZE) | RIGHT_R));
    IS(shared[0], 0);
    r = (struct reception){.badge = t, .item = page | rw, .frame = frame};
    CHECK(answer_hear(&r));
    IS(r.badge, BADGE);
    IS(shared[0], 1);
    IS(window(frame)[2], 77);
    /* The same item in the answer to a call. */
    CHECK(refused(r.token, page | rw, frame, MEM, ERR_STATE));
    IS(answer(r.token, 0), 0);
    return 0;
}

static int fault_causes(void)
{
    struct prober p;
    struct reception r = {0};
    uint64_t space = new_space(BADGE), thread;
    const pfn_t frame = new_frame();
    static const struct {
        uint32_t code;
        long cause;
    } codes[] = {{0x00100073, CAUSE_BREAK},    /* ebreak */
                 {0x00000000, CAUSE_ILLEGAL},  /* no instruction */
                 {0x18002573, CAUSE_ILLEGAL},  /* csrr a0, satp */
                 {0x10500073, CAUSE_ILLEGAL},  /* wfi */
                 {0x12000073, CAUSE_ILLEGAL},  /* sfence.vma */
                 {0xf20000d3, CAUSE_ILLEGAL},  /* fmv.d.x f1, x0 */
                 {0x10200073, CAUSE_ILLEGAL}}; /* sret */
    CHECK(space != 0 && prober_start(&p, space));
    IS(probe(&p, PROBE_LOAD, TEST_VA + 8, 0), CAUSE_LOAD);
    IS(p.address, TEST_VA + 8);
    IS(probe(&p, PROBE_STORE, TEST_VA, 0), CAUSE_STORE);
    IS(probe(&p, PROBE_EXECUTE, TEST_VA, 0), CAUSE_FETCH);
    IS(p.address, TEST_VA);
    IS(probe(&p, PROBE_LOAD, 0xffffffff80200000ul, 0), CAUSE_LOAD);
    IS(probe(&p, PROBE_STORE, 0xffffffffc0000000ul, 0), CAUSE_STORE);
    IS(probe(&p, PROBE_EXECUTE, 0xffffffff80200000ul, 0), CAUSE_FETCH);
    IS(probe(&p, PROBE_LOAD, 0x80200000ul, 0), CAUSE_LOAD);
    IS(probe(&p, PROBE_LOAD, MEMORY_WINDOW + (info->memory_first << PAGE_SHIFT), 0), CAUSE_LOAD);
    IS(sys_map(space, TEST_VA, RIGHT_R | RIGHT_X, frame, 1, MEM), 1);
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        window(frame)[i] = codes[i].code;
        IS(probe(&p, PROBE_EXECUTE, TEST_VA + 8 * i, 0), codes[i].cause);
    }
    /* A new pc in a0; and a fault that is stopped, started and comes again. */
    CHECK((thread = run_thread(space, child_store, TEST_VA + LARGE, ANY_PRIORITY)) && hear(&r));
    IS(stop(thread), 0);
    IS(answer(r.token, 0), ERR_TOKEN);
    IS(sys_thread_start(thread), 0);
    CHECK(hear(&r));
    IS(r.badge, BADGE | 1);
    IS(r.word[0], TEST_VA + LARGE);
    IS(answer(r.token, (uint64_t)child_landing), 0);
    CHECK(hear(&r));
    IS(r.word[0], 1234);
    return 0;
}

static int badge_parity(void)
{
    uint64_t slot = new_slot();
    IS(sys_create(TYPE_SPACE, slot, EP, 1, CTL), ERR_NUMBER);
    IS(sys_create(TYPE_SPACE, slot, EP, ~0ul, CTL), ERR_NUMBER);
    IS(sys_cap_install(SELF, slot, EP, BADGE | 1, CAP_CALL), ERR_NUMBER);
    IS(sys_cap_install(SELF, slot, EP, ~0ul, CAP_CALL), ERR_NUMBER);
    IS(sys_destroy(slot), ERR_CAPABILITY);
    return 0;
}

/* The fault's endpoint dies: the thread stops, and nobody hangs in the kernel for it. */
static int fault_unanswered(void)
{
    uint64_t pager = new_endpoint(), space = new_slot(), thread, late;
    IS(sys_create(TYPE_SPACE, space, pager, 2, CTL), 0);
    CHECK(map_text(space));
    CHECK((thread = run_thread(space, child_store, TEST_VA, ANY_PRIORITY)) != 0);
    CHECK((late = new_thread(space, child_store, TEST_VA)) != 0);
    sleep_us(8000);
    IS(sys_thread_start(thread), ERR_STATE);
    IS(destroy(pager), 0);
    IS(sys_thread_start(late), 0);
    sleep_us(8000);
    IS(sys_thread_start(late), 0); /* each is stopped: a start succeeds */
    IS(sys_thread_start(thread), 0);
    return 0;
}

static uint64_t pattern(unsigned i)
{
    return 0x5a00000000000000ul + i * 0x0101010101ul;
}

static void fill(uint64_t in[REGISTERS])
{
    for (unsigned i = 0; i < REGISTERS; i++)
        in[i] = pattern(i);
}

/* In a child: word 0 becomes 1 if all registers came through, else 2. */
static void child_registers(word_t *s, uint64_t spin)
{
    uint64_t in[REGISTERS], out[REGISTERS], bad = 0;
    for (unsigned i = 0; i < REGISTERS; i++)
        in[i] = pattern(i) + spin;
    if (spin != 0) {
        in[REG_T6] = 2000000;
        raw_spin(in, out);
        in[REG_T6] = 0;
    } else {
        raw_fault(in, out);
    }
    for (unsigned i = 1; i < REGISTERS; i++)
        if (i != REG_SP && in[i] != out[i])
            bad = i;
    if (out[REG_SP] < STACK_VA || out[REG_SP] > STACK_VA + 64ul * PAGE_SIZE)
        bad = REG_SP;
    s[spin + 1] = bad;
    fence();
    s[spin] = bad == 0 ? 1 : 2;
    child_park();
}

static int fault_registers(void)
{
    struct reception r = {0};
    uint64_t space = new_space(BADGE);
    CHECK(space != 0 && run_thread(space, child_registers, 0, ANY_PRIORITY) != 0 && hear(&r));
    CHECK(r.word[0] == 0 && r.word[1] == CAUSE_STORE);
    IS(sys_map(space, 0, RIGHT_R | RIGHT_W, new_frame(), 1, MEM), 1);
    const uint64_t word[6] = {0, 1, 2, 3, 4, 5}; /* a1-a5 of a fault's answer are unused */
    IS(sys_reply(r.token, word), 0);
    CHECK(until(&shared[0], 1));
    return 0;
}

static int preempted_registers(void)
{
    uint64_t n = (uint64_t)sys_statistics(STAT_HARTS) + 1, space = new_space(BADGE);
    if (n > 5)
        n = 5;
    for (uint64_t i = 1; i <= n; i++)
        CHECK(run_thread(space, child_registers, 2 * i, ANY_PRIORITY) != 0);
    for (uint64_t i = 1; i <= n; i++)
        CHECK(until(&shared[2 * i], 1));
    return 0;
}

static bool leaks(const uint64_t out[REGISTERS])
{
    for (unsigned i = 1; i < REGISTERS; i++)
        if (out[i] >= 0xffffffff80000000ul && out[i] < (uint64_t)-4096)
            return true;
    return false;
}

/* Bit i: register i is not what it was. */
static uint32_t changed(const uint64_t in[REGISTERS], const uint64_t out[REGISTERS])
{
    uint32_t mask = 0;
    for (unsigned i = 1; i < REGISTERS; i++)
        if (i != REG_SP && in[i] != out[i])
            mask |= 1u << i;
    return mask;
}

#define SAVED 0x0ffc031au /* ra gp tp s0-s11 */

static void child_serve_6(word_t *s, uint64_t argument)
{
    struct reception r = {0};
    (void)argument;
    sys_reply_receive(&r, 6, 0);
    s[0] = r.word[0];
    r = (struct reception){.word = {31, 32, 33, 34, 35, 36}, .badge = r.token};
    sys_reply_receive(&r, 6, 0);
    child_park();
}

static int call_registers(void)
{
    uint64_t in[REGISTERS], out[REGISTERS];
    static const uint64_t numbers[] = {SYS_YIELD,      SYS_NOTIFY, SYS_MAP,
                                       SYS_NEXT,       SYS_CREATE, SYS_DESTROY,
                                       SYS_STATISTICS, SYS_ALARM,  SYS_LAST + 1};
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        fill(in);
        in[REG_A0 + 7] = numbers[i];
        raw_ecall(in, out);
        CHECK((changed(in, out) & SAVED) == 0 && !leaks(out));
    }
    fill(in);
    in[REG_A0] = SELF, in[REG_A0 + 1] = 0, in[REG_A0 + 7] = SYS_NEXT;
    raw_ecall(in, out);
    CHECK((err_t)out[REG_A0] > 0 && (changed(in, out) & SAVED) == 0 && !leaks(out));
    uint64_t callee = new_endpoint(), space = new_space(BADGE);
    CHECK(callee != 0 && space != 0);
    IS(sys_cap_install(space, 6, callee, 0, CAP_RECEIVE), 0);
    CHECK(run_thread(space, child_serve_6, 0, ANY_PRIORITY) != 0);
    fill(in);
    in[REG_A0 + 6] = callee, in[REG_A0 + 7] = SYS_CALL;
    raw_ecall(in, out);
    CHECK((changed(in, out) & SAVED) == 0 && !leaks(out));
    CHECK(out[REG_A0] == 31 && out[REG_A0 + 5] == 36 && out[REG_A0 + 6] == 0);
    IS(shared[0], pattern(REG_A0));
    return 0;
}

#define SENDERS 0x5e4de4000000ul /* + i: register i of a caller */

static void child_call_filled(word_t *s, uint64_t slot)
{
    uint64_t in[REGISTERS], out[REGISTERS];
    (void)s;
    for (unsigned i = 0; i < REGISTERS; i++)
        in[i] = SENDERS + i;
    in[REG_A0 + 6] = slot;
    in[REG_A0 + 7] = SYS_CALL;
    raw_ecall(in, out);
    child_park();
}

/* Whoever receives sees six words, and nothing else that the caller had in its registers. */
static int message_registers(void)
{
    uint64_t in[REGISTERS], out[REGISTERS], space = new_space(BADGE);
    CHECK(space != 0 && run_thread(space, child_call_filled, CALLS, ANY_PRIORITY) != 0);
    fill(in);
    in[5] = in[REG_A0 + 6] = 0;
    in[REG_A0 + 7] = SYS_REPLY_RECEIVE;
    in[28] = EP;
    raw_ecall(in, out);
    IS(out[REG_A0 + 6], BADGE);
    for (unsigned i = 1; i < REGISTERS; i++) {
        if (i >= REG_A0 && i < REG_A0 + 6)
            IS(out[i], SENDERS + i);
        else
            CHECK(out[i] - SENDERS >= REGISTERS);
    }
    return 0;
}

/* Serves in slot 6; the right to create is in slot 7. */
static void child_copy_caller(word_t *s, uint64_t slot)
{
    struct reception r = {0};
    sys_reply_receive(&r, 6, 0);
    s[1] = sys_create(TYPE_ENDPOINT, slot, 0, 0, 7) == 0 &&
           sys_create(TYPE_SPACE, slot + 1, slot, 0, 7) == 0;
    s[0] = (uint64_t)sys_create_thread(slot + 2, slot + 1, 0, r.token, 7);
    sys_reply(r.token, r.word);
    child_park();
}

/* Nor has it a thread made with all of the caller's registers, unless it made the caller's space.
 */
static int copied_registers(void)
{
    uint64_t word[6] = {0}, callee = new_endpoint(), space = new_space(BADGE);
    CHECK(callee != 0 && space != 0);
    IS(sys_cap_install(space, 6, callee, 0, CAP_RECEIVE), 0);
    IS(sys_cap_install(space, 7, CTL, 0, CONTROL_CREATE), 0);
    CHECK(run_thread(space, child_copy_caller, 20, ANY_PRIORITY) != 0);
    IS(sys_call(callee, word), 0);
    IS(shared[1], 1);
    IS((err_t)shared[0], ERR_TOKEN);
    return 0;
}

static int receive_registers(void)
{
    uint64_t in[REGISTERS], out[REGISTERS], space = new_space(BADGE);
    const uint32_t kept = 1u << 3 | 1u << 4; /* gp tp; sp by raw_ecall's return */
    for (unsigned round = 0; round < 3; round++) {
        fill(in);
        in[5] = in[REG_A0 + 6] = 0;
        in[REG_A0 + 7] = SYS_REPLY_RECEIVE;
        in[28] = round == 0 ? EMPTY_SLOT : EP;
        if (round == 1)
            IS(sys_notify(EP, 6), 0);
        if (round == 2)
            CHECK(run_thread(space, child_store, TEST_VA, ANY_PRIORITY) != 0);
        raw_ecall(in, out);
        CHECK((changed(in, out) & kept) == 0 && !leaks(out));
        IS(out[REG_A0 + 6], round == 0 ? NO_BADGE : round == 1 ? 0 : BADGE | 1);
        IS(out[REG_A0], round == 0 ? (uint64_t)ERR_CAPABILITY : round == 1 ? 6 : TEST_VA);
    }
    return 0;
}

/* A thread starts with what it was given and zeros, even where a dead one's registers were. */
static int start_registers(void)
{
    uint64_t space = new_space(BADGE), thread = 0;
    for (unsigned round = 0; round < 4; round++) {
        shared[0] = 0;
        if (round % 2 == 0) {
            CHECK((thread = run_thread(space, raw_start, 42, ANY_PRIORITY)) != 0);
        } else {
            IS(stop(thread), 0);
            IS(sys_thread_set(thread, (uint64_t)raw_start, STACK_VA, SHARED_VA, 42, 0), 0);
            IS(sys_thread_start(thread), 0);
        }
        CHECK(until(&shared[0], 1));
        for (unsigned i = 1; i < REGISTERS; i++)
            if (i != REG_SP && i != REG_A0 && i != REG_A0 + 1)
                IS(shared[i], 0);
        IS(shared[REG_A0], SHARED_VA);
        IS(shared[REG_A0 + 1], 42);
        if (round % 2 == 1)
            IS(destroy(thread), 0);
    }
    return 0;
}

const struct test fault_tests[] = {
    {"fault-message", fault_message},       {"fault-causes", fault_causes},
    {"badge-parity", badge_parity},         {"fault-unanswered", fault_unanswered},
    {"fault-registers", fault_registers},   {"preempted-registers", preempted_registers},
    {"call-registers", call_registers},     {"message-registers", message_registers},
    {"copied-registers", copied_registers}, {"receive-registers", receive_registers},
    {"start-registers", start_registers},   {0, 0},
};
