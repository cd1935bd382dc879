/* The way up of the in-kernel baseline: a fault or a request is a call of the core.
 *
 * The thread waits for the core as it would wait for a server, under a token, and the kernel's lock
 * is left: whoever is in the core may end it meanwhile, and even start it anew. Its hart stays on
 * its tables unless it has to wait (port_kernel.c). */
#include "../kern/up.h"
#include "../kern/boot.h"
#include "../kern/sched.h"
#include "../kern/table.h"
#include "../kern/tlb.h"
#include "../kern/trap.h"
#include "../kern/vm.h"
#include "fault.h"
#include "laundry.h"
#include "port.h"
#include "port_kernel.h"
#include "request.h"

#define SPAN_SHIFT 21 /* of a leaf table */

/* this_hart(), without an instruction */
register struct hart *me __asm__("tp");

_Noreturn void fault_first(uint64_t address, uint64_t cause, uint64_t pc);
_Noreturn void call_first(struct thread *thread, uint64_t word[6]);
void fault_entry(void);
void call_entry(void);

/* Whoever waits leaves the tables it came from: the holder may be about to destroy them, and that
 * waits until no hart walks them. The time is charged to nobody: who waited before each piece of a
 * long request would else use up its slice by that, and wait for all its equals after each tick. */
static void enter_core(void)
{
    if (lock_try(&port_core_lock))
        return;
    lock_acquire(&kernel_lock);
    tlb_activate(NULL);
    lock_release(&kernel_lock);
    lock_acquire(&port_core_lock);
    me->since = time_now();
}

static uint64_t go_up(struct thread *thread, enum thread_state state)
{
    thread->state = state;
    thread->server = NULL;
    uint64_t token = thread_new_token(thread);
    lock_release(&kernel_lock);
    return token;
}

/* True: the thread still waits for this answer. */
static bool come_back(const struct thread *thread, uint64_t token)
{
    lock_acquire(&kernel_lock);
    return thread->object.serial == token && thread_is_served(thread);
}

static void resume(struct thread *thread)
{
    thread->state = THREAD_RUNNING;
    tlb_activate(thread->space);
}

/* On this hart's stack, to fault_first. All registers of the thread are saved. */
__attribute__((naked)) void fault_entry(void)
{
    __asm__ volatile("ld   tp, %0(tp)\n"
                     "ld   sp, %1(tp)\n"
                     "j    fault_first" ::"i"(THREAD_HART),
                     "i"(HART_STACK));
}

/* With tp = thread: to user mode; or on to the slow path, for which nothing has happened yet. */
#define LEAVE(label, thread)                                                 \
    do {                                                                     \
        __asm__ volatile("mv tp, %0\n\tj " #label ::"r"(thread) : "memory"); \
        __builtin_unreachable();                                             \
    } while (0)

/* The same with the thread that trapped. */
#define LEAVE_CURRENT(label)                                                           \
    do {                                                                               \
        __asm__ volatile("ld tp, %0(tp)\n\tj " #label ::"i"(HART_CURRENT) : "memory"); \
        __builtin_unreachable();                                                       \
    } while (0)

/* An entry that can't be written at once: another table, or code. */
static _Noreturn __attribute__((noinline)) void install_slowly(fault_answer_t answer)
{
    struct thread *thread = this_hart()->current;
    uint64_t item = fault_item(answer);
    lock_acquire(&kernel_lock);
    err_t done =
        vm_map(thread->space, item_address(item), fault_frame(answer), 1, item_rights(item));
    lock_release(&kernel_lock);
    port_unlock();
    if (done > 0)
        LEAVE(fast_exit_resumed, thread);
    LEAVE(trap_slow, thread); /* no table: there is room to be made */
}

/* An answer without an entry. */
static _Noreturn __attribute__((noinline)) void leave_without(fault_answer_t answer)
{
    struct thread *thread = this_hart()->current;
    port_unlock();
    if (answer == FAULT_PARK)
        LEAVE(trap_slow, thread);
    if (fault_item(answer) == FAULT_RESUME) {
        if (fault_frame(answer) != 0)
            thread->x[0] = fault_frame(answer);
        LEAVE(fast_exit_resumed, thread);
    }
    lock_acquire(&kernel_lock);
    thread = trap_next();
    lock_release(&kernel_lock);
    LEAVE(fast_exit_resumed, thread);
}

/* If nobody else is in the core the thread need not be parked, and the kernel's lock is not needed:
 * whoever stops this thread, or changes its tables, does so from inside the core, and while its
 * page is copied nobody does (`busy`). This hart stays on the thread's tables. */
_Noreturn void fault_first(uint64_t address, uint64_t cause, uint64_t pc)
{
    struct space *space = me->space;
    if (space->fault.object != &port_endpoint->object || !lock_soon(&port_core_lock))
        LEAVE_CURRENT(trap_slow);
    fault_answer_t answer = fault_handle(address, cause, pc, 0, space->fault.badge - 1);
    uint64_t item = fault_item(answer), span = item >> SPAN_SHIFT;
    if (!fault_installs(item))
        leave_without(answer);
    const struct recent_leaf *recent = &space->recent[span % RECENT_LEAVES];
    if (recent->span != span || (item & RIGHT_X) != 0)
        install_slowly(answer);
    uint64_t *entry = &recent->leaf[item >> PAGE_SHIFT & (LEAF_PAGES - 1)];
    uint64_t write = item & RIGHT_W, writable = write << 1 | write << 6; /* W and D */
    uint64_t new =
        fault_frame(answer) << PTE_FRAME_SHIFT | PTE_V | PTE_R | PTE_U | PTE_A | writable;
    if (*entry != 0 && ((*entry ^ new) & ~writable) != 0)
        space->stale |= hart_bits & ~me->bit;
    *entry = new;
    lock_release(&port_core_lock);
    fence_page(item, space->asid); /* with the lock left: it may cost more than all the rest */
    LEAVE_CURRENT(fast_exit_resumed);
}

/* The message goes onto this hart's stack, to call_first. Saved are what a call preserves, and the
 * pc behind it. The core is called in slot 0 (SLOT_PAGER); from another, the slow path finds it. */
__attribute__((naked)) void call_entry(void)
{
    __asm__ volatile("bnez a6, fast_call\n"
                     "mv   t0, tp\n"
                     "ld   tp, %0(tp)\n"
                     "ld   sp, %1(tp)\n"
                     "addi sp, sp, -48\n"
                     "sd   a0, 0(sp)\n"
                     "sd   a1, 8(sp)\n"
                     "sd   a2, 16(sp)\n"
                     "sd   a3, 24(sp)\n"
                     "sd   a4, 32(sp)\n"
                     "sd   a5, 40(sp)\n"
                     "mv   a0, t0\n"
                     "mv   a1, sp\n"
                     "j    call_first" ::"i"(THREAD_HART),
                     "i"(HART_STACK));
}

/* With tp = thread and a message, and what comes after it. */
#define LEAVE_WITH(label, thread, word, ...)                                               \
    do {                                                                                   \
        register uint64_t a0 __asm__("a0") = (word)[0];                                    \
        register uint64_t a1 __asm__("a1") = (word)[1];                                    \
        register uint64_t a2 __asm__("a2") = (word)[2];                                    \
        register uint64_t a3 __asm__("a3") = (word)[3];                                    \
        register uint64_t a4 __asm__("a4") = (word)[4];                                    \
        register uint64_t a5 __asm__("a5") = (word)[5];                                    \
        __asm__ volatile("mv tp, %0\n\tj " label ::"r"(thread), "r"(a0), "r"(a1), "r"(a2), \
                         "r"(a3), "r"(a4), "r"(a5), __VA_ARGS__                            \
                         : "memory");                                                      \
        __builtin_unreachable();                                                           \
    } while (0)

/* To user mode with the answer. */
static _Noreturn void leave_answered(struct thread *thread, const uint64_t word[6])
{
    LEAVE_WITH("fast_exit_answered", thread, word, "r"(0));
}

/* Nothing has happened yet: the kernel's path finds what is wrong, or waits. */
static _Noreturn __attribute__((noinline)) void call_on(struct thread *thread,
                                                        const uint64_t word[6])
{
    register uint64_t a6 __asm__("a6") = SLOT_PAGER;
    LEAVE_WITH("fast_call", thread, word, "r"(a6));
}

static __attribute__((noinline)) enum request_outcome ask_again(uint64_t badge, uint64_t token,
                                                                uint64_t word[6])
{
    enum request_outcome outcome = REQUEST_AGAIN;
    while (outcome == REQUEST_AGAIN && !request_gives_way(badge))
        outcome = request_handle(badge, token, word);
    return outcome;
}

/* It is not to be resumed here and now. */
static _Noreturn __attribute__((noinline)) void go_on(struct thread *thread, const uint64_t word[6],
                                                      enum request_outcome outcome)
{
    if (outcome == REQUEST_ANSWERED)
        ipc_answer(thread, word);
    else if (outcome == REQUEST_AGAIN)
        ipc_recall(thread, word);
    port_unlock();
    thread = trap_next();
    lock_release(&kernel_lock);
    LEAVE(fast_exit_resumed, thread);
}

/* If nobody else is in the core: the thread is parked all the same, because a request may copy its
 * registers, end it, or answer it later. The token comes first: another hart that finds the thread
 * parked finds all of it. */
_Noreturn void call_first(struct thread *thread, uint64_t word[6])
{
    struct space *space = thread->space;
    /* Slot and state of another pager's client may change at any time: the kernel's lock is for it.
     */
    if (space->fault.object != &port_endpoint->object || thread->stop_wanted ||
        !lock_soon(&port_core_lock))
        call_on(thread, word);
    uint64_t token = thread_new_token(thread);
    thread->server = NULL;
    __atomic_store_n(&thread->state, THREAD_CALL_SERVED, __ATOMIC_RELEASE);
    uint64_t badge = space->fault.badge - 1;
    enum request_outcome outcome = request_handle(badge, token, word);
    if (__builtin_expect(outcome == REQUEST_AGAIN, false))
        outcome = ask_again(badge, token, word);
    bool waits = come_back(thread, token);
    if (outcome != REQUEST_ANSWERED || !waits || sched_more_urgent(thread->priority))
        go_on(thread, word, waits ? outcome : REQUEST_SILENT);
    resume(thread);
    lock_release(&kernel_lock);
    lock_release(&port_core_lock);
    leave_answered(thread, word);
}

void up_fault(struct thread *thread, uint64_t cause, uint64_t value)
{
    struct space *space = thread->space;
    if (space->fault.object != &port_endpoint->object) {
        ipc_send_fault(thread, cause, value);
        return;
    }
    uint64_t badge = space->fault.badge & ~1ul;
    uint64_t token = go_up(thread, THREAD_FAULT_SERVED);
    uint64_t pc = thread->x[0];
    enter_core();
    fault_answer_t answer = fault_handle(value, cause, pc, token, badge);
    port_unlock();
    while (come_back(thread, token) && answer != 0) {
        uint64_t item = fault_item(answer);
        if (item == FAULT_RESUME && fault_frame(answer) != 0)
            thread->x[0] = fault_frame(answer);
        if (item == FAULT_RESUME ||
            vm_map(space, item_address(item), fault_frame(answer), 1, item_rights(item)) > 0) {
            resume(thread);
            return;
        }
        lock_release(&kernel_lock);
        enter_core();
        answer = fault_make_room(badge) ? FAULT_RESUME : 0;
        port_unlock();
    }
}

void up_call(struct thread *thread, struct endpoint *endpoint, uint64_t badge)
{
    if (endpoint != port_endpoint) {
        ipc_send(thread, endpoint, badge, THREAD_CALL_QUEUED);
        return;
    }
    uint64_t word[6], *a = &thread->x[REG_A0];
    for (int i = 0; i < 6; i++)
        word[i] = a[i];
    uint64_t token = go_up(thread, THREAD_CALL_SERVED);
    enter_core();
    enum request_outcome outcome = request_handle(badge, token, word);
    if (outcome == REQUEST_AGAIN)
        outcome = ask_again(badge, token, word);
    port_unlock();
    if (!come_back(thread, token) || outcome == REQUEST_SILENT)
        return;
    if (outcome == REQUEST_AGAIN) {
        ipc_recall(thread, word);
        return;
    }
    for (int i = 0; i < 6; i++)
        a[i] = word[i];
    a[6] = 0;
    resume(thread);
}

static struct lock washing;

/* One hart at a time; the others wait, and look again at their next tick. */
bool up_idle(void)
{
    if (!lock_try(&washing))
        return false;
    bool washed = laundry_wash();
    lock_release(&washing);
    return washed;
}

void up_boot(struct boot_info *info)
{
    port_kernel_init(info);
    const char *problem = request_boot(info);
    if (problem != NULL)
        boot_fail("pager", problem);
}
