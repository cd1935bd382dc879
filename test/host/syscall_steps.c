/* System calls as a hostile pager and its programs would make them; after each: capabilities name
 * what they say, entries lead to memory of the space's pager, harts run what they should. */
#include "syscall_steps.h"
#include "../../kern/memory.h"
#include "../../kern/object.h"
#include "../../kern/sched.h"
#include "../../kern/table.h"
#include "../../kern/trap.h"
#include "../../kern/up.h"
#include "host_machine.h"

enum { STEP_NBYTES = 10, TOKENS = 8, ARGUMENTS = 7, POOL_NPAGES = 96, DESTROY_TURNS = 10000 };
enum { FIRST = 0x80400, NPAGES = 4096, DEVICES = 0x80000, RESERVED = 0x10000 };

static struct space *top; /* the first pager */
static uint64_t token[TOKENS];
static unsigned ntokens;

static uint64_t word(uint8_t b)
{
    static const uint64_t odd[] = {
        ~0ul,          ~0ul - 1, 1ul << 63,      MEMORY_WINDOW, MEMORY_WINDOW - PAGE_SIZE,
        USER_LIMIT,    FIRST,    FIRST + NPAGES, FIRST - 1,     FIRST + NPAGES - 512,
        LEAF_PAGES,    1024,     2048,           NPAGES,        SLOTS_MAX,
        SLOTS_MAX - 1, RESERVED, DEVICES,        129,           513};
    static const uint64_t base[] = {0, 1ul << 21, (1ul << 30) - PAGE_SIZE, 1ul << 30};
    if (b < 0x40)
        return b & 0x0f;
    if (b < 0x80) /* address | rights */
        return base[b >> 4 & 3] + (uint64_t)(b >> 3 & 1) * PAGE_SIZE + (b & 7);
    if (b < 0xa0)
        return odd[(b & 0x1f) % (sizeof odd / sizeof *odd)];
    if (b < 0xc0)
        return token[b % TOKENS] + (b >= 0xb8);
    if (b < 0xe0)
        return FIRST + (b & 0x1f) * 128ul;
    return (b & 0x1f) * 16ul;
}

static void put(uint64_t slot, struct object *object, unsigned type, unsigned rights)
{
    *space_slot(top, slot, true) = cap_make(object, type, rights, 0);
}

enum { ENDPOINT = 4, PROGRAM, PAGER = 8, CHILD_SLOT = 0, BADGE = 0x10 };

static struct thread *make_program(uint64_t slot)
{
    object_create(top, TYPE_SPACE, slot, ENDPOINT, BADGE, 0);
    object_create(top, TYPE_THREAD, slot + 1, slot, 0, 0);
    struct space *space = space_object(top, slot, TYPE_SPACE, 0);
    object_install(top, space, CHILD_SLOT, ENDPOINT, BADGE, CAP_CALL);
    struct thread *thread = space_object(top, slot + 1, TYPE_THREAD, 0);
    sched_ready(thread);
    return thread;
}

/* Most calls get as far as their own checks: the slot of the right to make them is filled in. */
static void help(struct thread *thread, uint8_t chance)
{
    uint64_t *a = &thread->x[REG_A0], number = a[7];
    if (chance >= 0xf0)
        return;
    if (number == SYS_CREATE)
        a[4] = BOOT_SLOT_CONTROL;
    else if (number == SYS_IRQ_ATTACH || number == SYS_IRQ_ACKNOWLEDGE)
        a[0] = BOOT_SLOT_CONTROL;
    else if (number == SYS_CONSOLE_WRITE)
        a[6] = BOOT_SLOT_CONTROL | a[6] % 49 << 32;
    else if (number == SYS_CALL && chance < 0xa0)
        a[6] = thread->space == top ? ENDPOINT : CHILD_SLOT;
    else if (number == SYS_REPLY_RECEIVE && chance < 0xa0)
        thread->x[REG_T3] = ENDPOINT;
}

static void begin(void)
{
    host_start(POOL_NPAGES, 4);
    static const struct ranges kept = {1, {{(uint64_t)RESERVED << PAGE_SHIFT, PAGE_SIZE}}};
    memory_keep(&kept);
    ntokens = 0;
    for (unsigned i = 0; i < TOKENS; i++)
        token[i] = 0;
    top = space_make();
    struct thread *thread = thread_make(top, 0, NULL);
    struct memory *memory = memory_make(top, FIRST, NPAGES, false);
    struct memory *devices = memory_make(top, 0, DEVICES, true);
    put(BOOT_SLOT_SPACE, &top->object, TYPE_SPACE, CAP_MANAGE);
    put(BOOT_SLOT_MEMORY, &memory->object, TYPE_MEMORY, CAP_MANAGE | CAP_OWNER);
    put(BOOT_SLOT_DEVICES, &devices->object, TYPE_MEMORY, CAP_MANAGE | CAP_OWNER);
    put(BOOT_SLOT_CONTROL, NULL, TYPE_CONTROL, CONTROL_CREATE | CONTROL_CONSOLE | CONTROL_IRQ);
    top->owns = true;
    thread->priority = 16;
    sched_ready(thread);
    object_create(top, TYPE_ENDPOINT, ENDPOINT, 0, 0, 0);
    make_program(PROGRAM);
    struct space *pager = make_program(PAGER)->space;
    object_install(top, pager, BOOT_SLOT_CONTROL, BOOT_SLOT_CONTROL, 0, CONTROL_CREATE);
    while (memory_grant(memory, 1024, pager, BOOT_SLOT_MEMORY) == ERR_AGAIN)
        ;
}

/* The next thread on this hart, as trap_next does without waiting. */
static struct thread *pick(void)
{
    struct thread *thread = sched_pick();
    if (thread == NULL)
        sched_idle();
    return thread;
}

static struct thread *current(void)
{
    struct thread *thread = this_hart()->current;
    if (thread == NULL || thread->state != THREAD_RUNNING || thread->hart != this_hart())
        return pick();
    if (!thread->stop_wanted)
        return thread;
    sched_stop(thread);
    return pick();
}

static void after(struct thread *thread)
{
    if (thread->state == THREAD_RUNNING && sched_should_yield(thread, false))
        sched_ready_first(thread);
    if (thread->state != THREAD_RUNNING || thread->hart != this_hart())
        thread = pick();
    if (thread != NULL && thread->x[REG_A0 + 7] >> TOKEN_SHIFT != 0)
        token[ntokens++ % TOKENS] = thread->x[REG_A0 + 7];
    sched_leave();
}

static void step(const uint8_t *b)
{
    host.hart = b[0] % HOST_HARTS;
    struct thread *thread = current();
    if (thread == NULL)
        return;
    if (b[0] >= 0xd8 && thread->space != top) {
        up_fault(thread, 12 + b[0] % 4, word(b[1]));
    } else if (b[0] >= 0xd0 && b[0] < 0xd8) {
        host_touch(host.hart, word(b[1]) & (USER_LIMIT - 1));
        return;
    } else {
        for (unsigned i = 0; i < ARGUMENTS; i++)
            thread->x[REG_A0 + i] = word(b[2 + i]);
        thread->x[REG_A0 + 7] = b[1] % (SYS_LAST + 2);
        thread->x[REG_T3] = word(b[2]);
        thread->x[REG_T0] = word(b[3]);
        thread->x[REG_T0 + 1] = word(b[4]);
        thread->x[REG_T0 + 2] = word(b[5]);
        if (thread->x[REG_A0 + 7] == SYS_POWER_OFF)
            return; /* nobody has the right; the call has no other end */
        help(thread, b[9]);
        if (thread->x[REG_A0 + 7] > SYS_YIELD)
            syscall_brief(thread);
        else
            syscall_handle(thread);
    }
    after(thread);
}

/* Do faults of a space that `maker` did not make go to that endpoint? */
static bool hears_of_others(const struct space *maker, const struct object *endpoint)
{
    for (uint64_t i = 0; i < pool_object_limit(TYPE_SPACE); i++) {
        const struct space *space = pool_object_at(TYPE_SPACE, i);
        if (space != NULL && space->root != NULL && space->fault.object == endpoint &&
            cap_is_alive(&space->fault) && space->creator != maker)
            return true;
    }
    return false;
}

static void check_caps(struct space *space)
{
    for (uint64_t slot = 0; slot < SLOTS_INLINE + CAPS_A_FRAME; slot++) {
        const struct cap *cap = space_slot(space, slot, false);
        if (cap == NULL || cap->type == TYPE_NONE || cap->object == NULL)
            continue;
        if (!cap_is_alive(cap))
            continue;
        if (cap->object->type != cap->type)
            host_breach("a capability names an object of another type, slot", slot);
        if (cap->object->next_free != NULL)
            host_breach("a capability names a free object, slot", slot);
        if (cap->type == TYPE_ENDPOINT && (cap->rights & CAP_RECEIVE) != 0 &&
            hears_of_others(space, cap->object))
            host_breach("faults of a space are heard by who did not make it, slot", slot);
    }
}

static bool is_in_use(const struct memory *memory)
{
    for (const struct object *o = pool.free_object[TYPE_MEMORY]; o != NULL; o = o->next_free)
        if (o == &memory->object)
            return false;
    return memory->npages != 0 && !memory->returned;
}

/* No two memories have a frame in common: it is one pager's. */
static void check_memories(void)
{
    for (uint64_t i = 0; i < pool_object_limit(TYPE_MEMORY); i++) {
        const struct memory *m = pool_object_at(TYPE_MEMORY, i);
        for (uint64_t k = 0; m != NULL && is_in_use(m) && k < i; k++) {
            const struct memory *n = pool_object_at(TYPE_MEMORY, k);
            if (n != NULL && is_in_use(n) && m->first < n->first + n->npages &&
                n->first < m->first + m->npages)
                host_breach("two memories have a frame in common", m->first);
        }
    }
}

/* May a space's pager have made an entry for this frame? */
static bool is_pagers(const struct space *space, pfn_t frame)
{
    for (uint64_t i = 0; i < pool_object_limit(TYPE_MEMORY); i++) {
        const struct memory *m = pool_object_at(TYPE_MEMORY, i);
        if (m == NULL || m->holder == NULL || !memory_covers(m, frame, 1) || m->returned)
            continue;
        if (m->device && frame == RESERVED)
            return false;
        /* Until a grant is swept, the giver's entries go one by one. */
        const struct space *giver =
            m->parent != NULL && m->parent->granting == m ? m->parent->holder : m->holder;
        if (giver == space->creator || giver == space)
            return true;
    }
    return false;
}

static void check_entries(struct space *space)
{
    uint64_t entry, va = 0;
    while ((va = table_next(space->root, va, MEMORY_WINDOW, &entry)) < MEMORY_WINDOW) {
        if (entry == 0)
            continue; /* nothing in this piece */
        if (!is_pagers(space, table_frame(entry)))
            host_breach("an entry for memory that is not its pager's, at", va);
        va += PAGE_SIZE;
    }
}

static void check_threads(void)
{
    for (uint64_t i = 0; i < pool_object_limit(TYPE_THREAD); i++) {
        const struct thread *thread = pool_object_at(TYPE_THREAD, i);
        if (thread == NULL || thread->space == NULL || thread->object.next_free != NULL)
            continue;
        bool queued = false;
        for (const struct thread *t = thread->queue == NULL ? NULL : thread->queue->head; t != NULL;
             t = t->next)
            queued = queued || t == thread;
        if (thread_is_queued(thread) && !queued)
            host_breach("a thread that should be in a queue is in none", thread->state);
        if (thread->state == THREAD_RUNNING && thread->hart->current != thread)
            host_breach("a thread runs on a hart that runs another", i);
    }
}

static void check(void)
{
    for (uint64_t i = 0; i < pool_object_limit(TYPE_SPACE); i++) {
        struct space *space = pool_object_at(TYPE_SPACE, i);
        if (space == NULL || space->root == NULL)
            continue;
        check_caps(space);
        check_entries(space);
    }
    check_memories();
    check_threads();
    host_check_tlbs();
}

/* What the first pager made, or was given at the start, ends; every other frame is back. */
static void end(void)
{
    uint64_t turns = 0, nframes = 0;
    struct cap *cap;
    while (top->threads != NULL) {
        struct thread *thread = top->threads;
        host.hart =
            thread->state == THREAD_RUNNING ? (unsigned)__builtin_ctzl(thread->hart->bit) : 0;
        sched_stop(thread);
        top->threads = thread->space_next;
        pool_object_free(&thread->object);
    }
    space_slot(top, BOOT_SLOT_MEMORY, false)->type = TYPE_NONE;
    space_slot(top, BOOT_SLOT_DEVICES, false)->type = TYPE_NONE;
    while ((cap = space_owned(top)) != NULL) {
        for (unsigned h = 0; h < HOST_HARTS; h++) {
            host.hart = h;
            struct thread *thread = current();
            if (thread != NULL)
                sched_ready(thread);
            sched_idle();
        }
        uint64_t slot = 0;
        while (space_slot(top, slot, false) != cap)
            slot++;
        object_destroy(top, slot);
        if (turns++ == DESTROY_TURNS)
            host_breach("destroying never ends, slot", slot);
    }
    for (unsigned h = 0; h < HOST_HARTS; h++) {
        host.hart = h;
        sched_idle();
    }
    if (sched_pick() != NULL)
        host_breach("a thread outlives all", 0);
    sched_idle();
    while (table_free_piece(top->root))
        ;
    nframes = 3 + (top->cap_frames != NULL); /* the pool's bytes, the kernel's root, the space's */
    for (unsigned i = 0; top->cap_frames != NULL && i < PAGE_SIZE / sizeof(struct cap *); i++)
        if (top->cap_frames[i] != NULL)
            nframes++;
    if (host_frames_in_use() != nframes)
        host_breach("frames lost; in use", host_frames_in_use());
}

uint64_t syscall_steps(const uint8_t *bytes, size_t nbytes)
{
    uint64_t nsteps = 0;
    begin();
    for (; nbytes >= STEP_NBYTES; bytes += STEP_NBYTES, nbytes -= STEP_NBYTES, nsteps++) {
        step(bytes);
        check();
    }
    end();
    return nsteps;
}
