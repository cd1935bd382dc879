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
#include "port.h"
#include "port_kernel.h"
#include "request.h"

#define TEXT_(x)   #x
#define TEXT(x)    TEXT_(x)
#define SPAN_SHIFT 21 /* of a leaf table */

_Noreturn void fault_first(uint64_t address, uint64_t cause, uint64_t pc, struct thread *thread);

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

/* fault_entry: on this hart's stack, to fault_first. All registers of the thread are saved. */
__asm__(
    ".globl fault_entry\n"
    "fault_entry:\n"
    "    mv   a3, tp\n"
    "    ld   tp, " TEXT(THREAD_HART) "(tp)\n"
                                      "    ld   sp, " TEXT(HART_STACK) "(tp)\n"
                                                                       "    j    fault_first\n");

/* With tp = thread: to user mode; or on to the slow path, for which nothing has happened yet. */
#define LEAVE(label, thread)                                                 \
    do {                                                                     \
        __asm__ volatile("mv tp, %0\n\tj " #label ::"r"(thread) : "memory"); \
        __builtin_unreachable();                                             \
    } while (0)

/* After a wait for the core's lock in the middle of a copy, this hart is off the tables. */
static void back_to_tables(const struct thread *thread)
{
    lock_acquire(&kernel_lock);
    tlb_activate(thread->space);
    lock_release(&kernel_lock);
}

/* An entry that can't be written at once: another table, or code. */
static _Noreturn __attribute__((noinline)) void install_slowly(struct thread *thread,
                                                               fault_answer_t answer)
{
    uint64_t item = fault_item(answer);
    lock_acquire(&kernel_lock);
    err_t done = vm_map(thread->space, item & ~(uint64_t)RIGHTS_MASK, fault_frame(answer), 1,
                        (unsigned)(item & RIGHTS_MASK));
    tlb_activate(thread->space);
    lock_release(&kernel_lock);
    port_unlock();
    if (done > 0)
        LEAVE(fast_exit_resumed, thread);
    LEAVE(trap_slow, thread); /* no table: there is room to be made */
}

/* An answer without an entry. */
static _Noreturn __attribute__((noinline)) void leave_without(struct thread *thread,
                                                              fault_answer_t answer)
{
    if (fault_item(answer) == FAULT_RESUME)
        back_to_tables(thread);
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
 * page is copied nobody does (`busy`). */
_Noreturn void fault_first(uint64_t address, uint64_t cause, uint64_t pc, struct thread *thread)
{
    struct space *space = thread->space;
    if (space->fault_endpoint != port_endpoint || !lock_try(&port_core_lock))
        LEAVE(trap_slow, thread);
    fault_answer_t answer = fault_handle(address, cause, pc, 0, space->fault_badge - 1);
    uint64_t item = fault_item(answer), span = item >> SPAN_SHIFT;
    if (item <= FAULT_PARK)
        leave_without(thread, answer);
    const struct recent_leaf *recent = &space->recent[span % RECENT_LEAVES];
    if (recent->span != span || (item & RIGHT_X) != 0)
        install_slowly(thread, answer);
    uint64_t *entry = &recent->leaf[item >> PAGE_SHIFT & (LEAF_PAGES - 1)];
    uint64_t write = item & RIGHT_W, writable = write << 1 | write << 6; /* W and D */
    uint64_t new =
        fault_frame(answer) << PTE_FRAME_SHIFT | PTE_V | PTE_R | PTE_U | PTE_A | writable;
    if (*entry != 0 && ((*entry ^ new) & ~writable) != 0)
        space->stale |= hart_bits & ~this_hart()->bit;
    *entry = new;
    fence_page(item, space->asid);
    if (this_hart()->space != space)
        back_to_tables(thread);
    lock_release(&port_core_lock);
    LEAVE(fast_exit_resumed, thread);
}

void up_fault(struct thread *thread, uint64_t cause, uint64_t value)
{
    struct space *space = thread->space;
    if (space->fault_endpoint != port_endpoint) {
        ipc_send_fault(thread, cause, value);
        return;
    }
    uint64_t badge = space->fault_badge & ~1ul;
    uint64_t token = go_up(thread, THREAD_FAULT_SERVED);
    uint64_t pc = thread->x[0];
    port_lock();
    fault_answer_t answer = fault_handle(value, cause, pc, token, badge);
    port_unlock();
    while (come_back(thread, token) && answer != 0) {
        uint64_t item = fault_item(answer);
        if (item == FAULT_RESUME && fault_frame(answer) != 0)
            thread->x[0] = fault_frame(answer);
        if (item == FAULT_RESUME ||
            vm_map(space, item & ~(uint64_t)RIGHTS_MASK, fault_frame(answer), 1,
                   (unsigned)(item & RIGHTS_MASK)) > 0) {
            resume(thread);
            return;
        }
        lock_release(&kernel_lock);
        port_lock();
        answer = fault_make_room(badge) ? FAULT_RESUME : 0;
        port_unlock();
    }
}

void up_call(struct thread *thread, struct endpoint *endpoint, uint64_t badge)
{
    if (endpoint != port_endpoint) {
        ipc_send(thread, endpoint, badge);
        return;
    }
    uint64_t word[6], *a = &thread->x[REG_A0];
    for (int i = 0; i < 6; i++)
        word[i] = a[i];
    uint64_t token = go_up(thread, THREAD_CALL_SERVED);
    port_lock();
    bool answered = request_handle(badge, token, word);
    port_unlock();
    if (!come_back(thread, token) || !answered)
        return;
    for (int i = 0; i < 6; i++)
        a[i] = word[i];
    a[6] = 0;
    resume(thread);
}

void up_boot(pfn_t first, uint64_t npages, struct boot_info *info)
{
    info->memory_first = first;
    info->memory_npages = npages;
    port_kernel_init(info);
    const char *problem = request_boot(info);
    if (problem != NULL)
        boot_fail("pager", problem);
}
