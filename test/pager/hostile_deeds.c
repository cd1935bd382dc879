/* What the hostile pager does, each named by misdeed=. */
#include "hostile.h"

/* Clients. */
static void store(uint64_t va, uint64_t unused)
{
    uint64_t word[6] = {0};
    (void)unused;
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        ((volatile uint64_t *)va)[i] = ~0ul;
    for (;;)
        sys_call(SLOT_PAGER, word);
}

static void call(uint64_t argument, uint64_t unused)
{
    (void)unused;
    for (;;) {
        uint64_t word[6] = {argument};
        sys_call(SLOT_PAGER, word);
    }
}

static void spin(uint64_t argument, uint64_t unused)
{
    (void)argument, (void)unused;
    for (;;)
        ;
}

enum { AS_PROGRAM = 8, AS_FAULT, AS_SELF }; /* slots of what is forged */

/* Uses what it was given and should not have. Calls its pager if it could not. */
static void use(uint64_t slot, uint64_t unused)
{
    uint64_t word[6] = {REQ_EXIT, 9};
    (void)unused;
    if (slot != AS_SELF)
        sys_call(slot, word);
    struct reception r = {0};
    sys_reply_receive(&r, AS_SELF, 0);
    bool heard = r.badge != NO_BADGE || (err_t)r.word[0] != ERR_CAPABILITY;
    word[0] = !heard && sys_power_off(CTL, 1) == ERR_CAPABILITY;
    sys_call(SLOT_PAGER, word);
    spin(0, 0);
}

static bool refused(uint64_t token, uint64_t item, pfn_t frame, uint64_t memory, err_t error)
{
    struct reception r = {.badge = token, .item = item, .frame = frame};
    sys_reply_receive(&r, EP, memory);
    return r.token == 0 && r.badge == NO_BADGE && (err_t)r.word[0] == error;
}

/* A client that has faulted, beside a page that is there, so that its tables are too. */
static bool fault(unsigned i, struct reception *r)
{
    return hostile_client(i, store, AT) &&
           sys_map(SPACES + i, AT + PAGE_SIZE, RIGHT_R, hostile_frame(), 1, MEM) == 1 &&
           hostile_hear(r) && (r->badge & 1) != 0;
}

/* Neither by map nor in an answer. If either works, the client stores to what was named. */
static bool names(uint64_t token, uint64_t va, pfn_t frame, err_t error)
{
    err_t mapped = sys_map(SPACES, va, RW, frame, 1, MEM);
    if (mapped == error)
        return refused(token, va | RW, frame, MEM, error);
    struct reception r = {.badge = token};
    hostile_answer_hear(&r);
    return false;
}

static int foreign(void)
{
    struct reception r;
    const pfn_t first = hostile_info->memory_first, npages = hostile_info->memory_npages;
    const pfn_t other[] = {0,
                           0x100,
                           0xc000,
                           0x10000,
                           first + npages,
                           ~0ul,
                           1ul << 44,
                           1ul << 52,
                           1ul << 63,
                           (1ul << 44) + first,
                           (1ul << 52) + first};
    CHECK(fault(0, &r));
    for (unsigned i = 0; i < sizeof other / sizeof other[0]; i++)
        CHECK(names(r.token, AT, other[i], ERR_MEMORY));
    for (uint64_t i = 1; i <= 4096; i++)
        CHECK(names(r.token, AT, first - i, ERR_MEMORY));
    IS(sys_map(SPACES, AT, RW, first - 1, 2, MEM), ERR_MEMORY);
    IS(sys_map(SPACES, AT, RW, first + npages - 1, 2, MEM), ERR_MEMORY);
    IS(sys_map(SPACES, AT, RW, first, npages + 1, MEM), ERR_MEMORY);
    IS(sys_map(SPACES, AT, RW, first + 1, ~0ul, MEM), ERR_MEMORY);
    for (uint64_t slot = 0; slot < 64; slot++)
        CHECK(slot == MEM || sys_map(SPACES, AT, RW, first, 1, slot) == ERR_CAPABILITY);
    return 0;
}

/* Frames of firmware, image, pool and page tables; addresses of window and kernel. */
static int kernel(void)
{
    struct reception r;
    const uint64_t va[] = {
        MEMORY_WINDOW,      MEMORY_WINDOW + (hostile_info->memory_first << PAGE_SHIFT),
        USER_LIMIT,         0xffffffff80200000,
        0xffffffffc0000000, -(uint64_t)PAGE_SIZE};
    CHECK(fault(0, &r));
    const pfn_t own = hostile_frame();
    for (unsigned i = 0; i < sizeof va / sizeof va[0]; i++)
        CHECK(names(r.token, va[i], own, ERR_ADDRESS));
    for (pfn_t i = 0; i < 8192; i++)
        CHECK(names(r.token, AT, hostile_info->device_npages + i, ERR_MEMORY));
    return 0;
}

/* Answers, with nonsense, to every token that another's thread may have, and copies its registers.
 */
static int strangers(void)
{
    const uint64_t nonsense[6] = {0x5a5a, 0x5a5a, 0x5a5a, 0x5a5a, 0x5a5a, 0x5a5a};
    CHECK(hostile_space(0));
    for (uint64_t count = 0; count < 300; count++)
        for (uint64_t place = 0; place < 1024; place++) {
            uint64_t token = count << TOKEN_SHIFT | place;
            IS(sys_reply(token, nonsense), ERR_TOKEN);
            CHECK(place == 0 || token == 0 ||
                  sys_create_thread(THREADS, SPACES, 1, token, CTL) == ERR_TOKEN);
            CHECK(token == 0 || count % 64 != 0 || refused(token, 0, 0, MEM, ERR_TOKEN));
        }
    IS(sys_reply(~0ul, nonsense), ERR_TOKEN);
    return 0;
}

/* Every token once: not again, not when its client has called again, was stopped, is dead. */
static int twice(void)
{
    struct reception r;
    const uint64_t word[6] = {0};
    CHECK(hostile_client(0, call, 7) && hostile_hear(&r) && hostile_space(1));
    const uint64_t first = r.token;
    IS(sys_reply(first, word), 0);
    for (unsigned i = 0; i < 3; i++) {
        IS(sys_reply(first, word), ERR_TOKEN);
        CHECK(refused(first, 0, 0, MEM, ERR_TOKEN));
        IS(sys_create_thread(THREADS + 1, SPACES + 1, 1, first, CTL), ERR_TOKEN);
        if (i == 0) {
            CHECK(hostile_hear(&r) && r.token != first);
        } else if (i == 1) {
            while (sys_thread_stop(THREADS) == ERR_AGAIN)
                continue;
            IS(sys_reply(r.token, word), ERR_TOKEN);
        }
    }
    IS(sys_destroy(THREADS), 0);
    IS(sys_reply(r.token, word), ERR_TOKEN);
    struct reception f;
    CHECK(fault(2, &f));
    const uint64_t token = f.token;
    f = (struct reception){.badge = token};
    CHECK(hostile_answer_hear(&f) && (f.badge & 1) != 0 && f.token != token);
    CHECK(refused(token, AT | RW, hostile_frame(), MEM, ERR_TOKEN));
    IS(sys_reply(token, word), ERR_TOKEN);
    return 0;
}

static uint64_t random_word(void)
{
    static uint64_t seed = 88172645463325252;
    static const uint64_t some[] = {0,  1,   2,    3,  4,       7,         16,
                                    32, 512, 4096, AT, AT | RW, 1ul << 38, ~0ul};
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed % 16 < 14 ? some[seed % 16] : seed;
}

/* Entries that are none, program counters of the kernel, system calls at random. */
static int garbage(void)
{
    struct reception r;
    const uint64_t pc[] = {0xffffffff80200000, ~0ul, 2, USER_LIMIT, MEMORY_WINDOW, 0x80200000};
    CHECK(fault(0, &r));
    const pfn_t own = hostile_frame();
    CHECK(refused(r.token, AT | RIGHT_W, own, MEM, ERR_RIGHTS));
    CHECK(refused(r.token, AT | RIGHT_W | RIGHT_X, own, MEM, ERR_RIGHTS));
    CHECK(refused(r.token, AT, own, MEM, ERR_RIGHTS));
    CHECK(refused(r.token, AT | RW | 8, own, MEM, ERR_ADDRESS));
    CHECK(refused(r.token, AT | RW, own, EP, ERR_CAPABILITY));
    IS(sys_map(SPACES, AT, RIGHT_W, own, 1, MEM), ERR_RIGHTS);
    for (unsigned i = 0; i < sizeof pc / sizeof pc[0]; i++) {
        r = (struct reception){.word = {pc[i], ~0ul, ~0ul, ~0ul, ~0ul, ~0ul}, .badge = r.token};
        CHECK(hostile_answer_hear(&r) && r.badge == 0x41);
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t number = SYS_MAP + i % (SYS_ALARM - SYS_MAP);
        syscall6(number, random_word(), random_word(), random_word(), random_word(), random_word(),
                 random_word(), 0);
    }
    return 0;
}

/* Rights that it has not: to speak for others, to hear what is meant for others, to power off. The
 * first pager's badges are two times the number of a process, and 1 is not ours. */
static int forges(void)
{
    struct reception r;
    CHECK(hostile_space(0));
    err_t program = sys_cap_install(SPACES, AS_PROGRAM, SLOT_PAGER, 2, CAP_CALL);
    err_t fault = sys_cap_install(SPACES, AS_FAULT, SLOT_PAGER, 3, CAP_CALL);
    IS(sys_cap_install(SPACES, AS_SELF, SLOT_PAGER, 2 * hostile_number(), ~0u), 0);
    IS(sys_cap_install(SPACES, CTL, CTL, 0, ~0u), 0);
    CHECK(hostile_start(0, use, program == 0 ? AS_PROGRAM : fault == 0 ? AS_FAULT : AS_SELF));
    CHECK(hostile_hear(&r) && r.word[0] == 1);
    IS(program, ERR_CAPABILITY);
    IS(fault, ERR_NUMBER);
    IS(sys_cap_install(SPACES, AS_SELF + 1, MEM, 0, ~0u), ERR_CAPABILITY);
    IS(sys_cap_install(SPACES, AS_SELF + 1, THREADS, 0, ~0u), ERR_CAPABILITY);
    IS(sys_grant(MEM, LEAF_PAGES, SLOT_PAGER, AS_SELF + 1), ERR_CAPABILITY);
    IS(sys_destroy(SLOT_PAGER), ERR_CAPABILITY);
    IS(sys_destroy(MEM), ERR_STATE);
    return 0;
}

/* Its right to speak to the first pager, handed on: a client ends it with that. */
static int lends(void)
{
    CHECK(hostile_space(0));
    IS(sys_cap_remove(SPACES, SLOT_PAGER), 0);
    IS(sys_cap_install(SPACES, SLOT_PAGER, SLOT_PAGER, 2 * hostile_number(), CAP_CALL), 0);
    return 0;
}

static void leave_for(uint64_t status, uint64_t unused)
{
    uint64_t word[6] = {REQ_EXIT, status};
    (void)unused;
    sys_call(SLOT_PAGER, word);
    spin(0, 0);
}

static _Noreturn void let_leave(void)
{
    hostile_start(0, leave_for, 4);
    hostile_park();
}

static uint64_t flood(unsigned type, uint64_t slot, uint64_t a)
{
    while (slot < SLOTS_MAX && sys_create(type, slot, a, 2, CTL) == 0)
        slot++;
    return slot;
}

/* All that the kernel's pool has: tables, spaces, threads, slots. */
static int pool(void)
{
    err_t error;
    const pfn_t own = hostile_frame();
    CHECK(hostile_space(0) && hostile_space(1));
    uint64_t slot = flood(TYPE_SPACE, flood(TYPE_THREAD, FLOOD, SPACES), EP), va = AT;
    IS(sys_create(TYPE_THREAD, slot, SPACES, 1, CTL), ERR_POOL);
    IS(sys_create(TYPE_SPACE, slot, EP, 2, CTL), ERR_POOL);
    while ((error = sys_map(SPACES, va, RW, own, 1, MEM)) == 1)
        va += LEAF_PAGES * PAGE_SIZE;
    IS(error, ERR_POOL);
    IS(sys_create(TYPE_ENDPOINT, SLOTS_MAX - 1, 0, 0, CTL), ERR_POOL);
    IS(sys_cap_install(SPACES, SLOTS_MAX - 1, EP, 0, CAP_CALL), ERR_POOL);
    IS(sys_share(SPACES, SPACES + 1, AT, RW, 1), ERR_POOL);
    IS(sys_grant(MEM, LEAF_PAGES, SPACES, SLOTS_MAX - 1), ERR_POOL);
    return 0;
}

/* The same with spaces, each with a table of its own. */
static int spaces(void)
{
    uint64_t slot = flood(TYPE_SPACE, FLOOD, EP);
    IS(sys_create(TYPE_SPACE, slot, EP, 2, CTL), ERR_POOL);
    return 0;
}

/* Threads of the highest priority that it can have, which never stop; and clients that get no
 * answer, or for ever one that does not help. */
static int loops(void)
{
    struct reception r;
    CHECK(hostile_client(0, call, 1) && hostile_hear(&r));
    CHECK(fault(1, &r));
    for (unsigned i = 2; i < 6; i++) {
        uint64_t priority = PRIORITIES - 1;
        CHECK(hostile_client(i, spin, 0));
        while (sys_thread_priority(THREADS + i, (unsigned)priority) != 0 && priority > 0)
            priority--;
    }
    IS(sys_create(TYPE_THREAD, THREADS + 7, SPACES, PRIORITY_DEFAULT + 1, CTL), ERR_NUMBER);
    return hostile_client(6, store, AT) ? 0 : __LINE__;
}

static _Noreturn void loop(void)
{
    struct reception r = {0};
    for (;; r = (struct reception){.badge = (r.badge & 1) != 0 ? r.token : 0})
        hostile_answer_hear(&r);
}

/* In the middle: a fault and a call were received, another waits, part of the memory is granted on,
 * another part is being granted. */
static int dies(void)
{
    struct reception r;
    CHECK(fault(0, &r));
    CHECK(hostile_client(1, call, 1) && hostile_hear(&r));
    CHECK(hostile_client(2, call, 2) && hostile_space(3) && hostile_space(4));
    err_t error;
    do
        error = sys_grant(MEM, LEAF_PAGES, SPACES + 3, 100);
    while (error == ERR_AGAIN);
    IS(error, 0);
    IS(sys_grant(MEM, LEAF_PAGES, SPACES + 4, 100), ERR_AGAIN);
    return 0;
}

/* A store into the first pager's memory, where the window would show it. */
static _Noreturn void fall(void)
{
    for (pfn_t frame = hostile_info->memory_first - 1;; frame--)
        *(volatile uint64_t *)(MEMORY_WINDOW + (frame << PAGE_SHIFT)) = ~0ul;
}

static _Noreturn void leave(void)
{
    uint64_t word[6] = {REQ_EXIT, 3};
    sys_call(SLOT_PAGER, word);
    hostile_park();
}

/* Asks the first pager for its number, again and again. */
static void ask_who(uint64_t number, uint64_t unused)
{
    (void)unused;
    for (;;) {
        uint64_t word[6] = {REQ_GETPID};
        if (sys_call(SLOT_PAGER, word) == 0)
            sys_notify(7, word[0] == number ? 4 : 1);
    }
}

/* The slot from which its clients call the first pager changes under them, to an endpoint of its
 * own with init's badge: nobody is told another number than that of who handed the right on. */
static int switches(void)
{
    enum { CLIENTS = 3, TIMES = 100000, INITS_BADGE = 2 };
    const uint64_t mine = EP + 1, badge = INITS_BADGE * hostile_number();
    struct reception r = {0};
    IS(sys_create(TYPE_ENDPOINT, mine, 0, 0, CTL), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        CHECK(hostile_space(i));
        IS(sys_cap_install(SPACES + i, 7, EP, 0, CAP_NOTIFY), 0);
        IS(sys_cap_remove(SPACES + i, SLOT_PAGER), 0); /* it led here */
        CHECK(hostile_start(i, ask_who, hostile_number()));
    }
    for (unsigned n = 0; n < CLIENTS * TIMES; n++) {
        const uint64_t space = SPACES + n % CLIENTS;
        sys_cap_remove(space, SLOT_PAGER);
        if (n / CLIENTS % 2 == 0)
            sys_cap_install(space, SLOT_PAGER, SLOT_PAGER, badge, CAP_CALL);
        else
            sys_cap_install(space, SLOT_PAGER, mine, INITS_BADGE, 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        sys_cap_remove(SPACES + i, SLOT_PAGER);
        IS(sys_cap_install(SPACES + i, SLOT_PAGER, SLOT_PAGER, badge, CAP_CALL), 0);
    }
    while ((r.word[0] & 4) == 0) { /* until somebody has his answer */
        sys_reply_receive(&r, EP, MEM);
        IS(r.word[0] & 1, 0);
        r.badge = 0;
    }
    return 0;
}

const struct misdeed misdeeds[] = {
    {"foreign", foreign, hostile_park},
    {"switches", switches, hostile_park},
    {"kernel", kernel, hostile_park},
    {"strangers", strangers, hostile_park},
    {"twice", twice, hostile_park},
    {"garbage", garbage, hostile_park},
    {"forges", forges, hostile_park},
    {"lends", lends, let_leave},
    {"pool", pool, hostile_park},
    {"spaces", spaces, hostile_park},
    {"loops", loops, loop},
    {"dies", dies, fall},
    {"leaves", dies, leave},
    {0, 0, 0},
};
