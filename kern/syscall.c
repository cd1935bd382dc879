/* System calls. Each checks all its arguments first; what follows can't fail half-way. */
#include "syscall.h"
#include "console.h"
#include "ipc.h"
#include "irq.h"
#include "memory.h"
#include "object.h"
#include "sched.h"
#include "timer.h"
#include "tlb.h"
#include "up.h"
#include "vm.h"

enum { CONSOLE_BYTES_MAX = 48 };

static uint64_t *arguments(struct thread *thread)
{
    return &thread->x[REG_A0];
}

static struct space *managed(struct thread *thread, uint64_t slot)
{
    return space_object(thread->space, slot, TYPE_SPACE, CAP_MANAGE);
}

static bool controls(struct thread *thread, uint64_t slot, unsigned right)
{
    return space_cap(thread->space, slot, TYPE_CONTROL, right) != NULL;
}

static void sys_call(struct thread *thread)
{
    struct cap *cap = space_cap(thread->space, thread->x[REG_A0 + 6], TYPE_ENDPOINT, CAP_CALL);
    if (cap == NULL) {
        thread->x[REG_A0 + 6] = (uint64_t)ERR_CAPABILITY;
        return;
    }
    up_call(thread, (struct endpoint *)cap->object, cap->badge);
}

/* Checks an answer, and installs its map item if it has one: the last thing that can fail. */
static err_t check_answer(struct thread *thread, struct thread *caller, uint64_t item, pfn_t frame,
                          uint64_t memory_slot)
{
    if (caller == NULL)
        return ERR_TOKEN;
    if (item == 0)
        return 0;
    if (!thread_in_fault(caller))
        return ERR_STATE;
    struct memory *memory = space_object(thread->space, memory_slot, TYPE_MEMORY, 0);
    if (memory == NULL)
        return ERR_CAPABILITY;
    if (!memory_holds(memory, frame, 1))
        return ERR_MEMORY;
    err_t done = vm_map(caller->space, item & ~(uint64_t)RIGHTS_MASK, frame, 1,
                        (unsigned)(item & RIGHTS_MASK));
    return done < 0 ? done : 0;
}

static void sys_reply_receive(struct thread *thread)
{
    uint64_t *x = thread->x, token = x[REG_A0 + 6], slot = x[REG_T3];
    struct endpoint *endpoint = space_object(thread->space, slot, TYPE_ENDPOINT, CAP_RECEIVE);
    err_t error = endpoint == NULL ? ERR_CAPABILITY : 0;
    if (error == 0 && token != 0) {
        struct thread *caller = ipc_answerable(thread->space, token);
        error = check_answer(thread, caller, x[REG_T0], x[REG_T0 + 1], x[REG_T0 + 2]);
        if (error == 0)
            ipc_answer(caller, &x[REG_A0]);
    }
    if (error != 0) {
        x[REG_A0] = (uint64_t)error;
        x[REG_A0 + 6] = NO_BADGE;
        x[REG_A0 + 7] = 0;
    } else {
        ipc_receive(thread, endpoint);
    }
}

static err_t sys_reply(struct thread *thread, const uint64_t *a)
{
    struct thread *caller = ipc_answerable(thread->space, a[6]);
    if (caller == NULL)
        return ERR_TOKEN;
    ipc_answer(caller, a);
    return 0;
}

static err_t sys_notify(struct thread *thread, const uint64_t *a)
{
    struct endpoint *endpoint = space_object(thread->space, a[0], TYPE_ENDPOINT, CAP_NOTIFY);
    if (endpoint == NULL)
        return ERR_CAPABILITY;
    ipc_notify(endpoint, a[1]);
    return 0;
}

static err_t sys_map(struct thread *thread, const uint64_t *a)
{
    struct space *space = managed(thread, a[0]);
    struct memory *memory = space_object(thread->space, a[4], TYPE_MEMORY, 0);
    if (space == NULL || memory == NULL)
        return ERR_CAPABILITY;
    if (!memory_holds(memory, a[2], a[3]))
        return ERR_MEMORY;
    return vm_map(space, a[1] & ~(uint64_t)RIGHTS_MASK, a[2], a[3], (unsigned)(a[1] & RIGHTS_MASK));
}

static err_t sys_protect(struct thread *thread, const uint64_t *a)
{
    struct space *space = managed(thread, a[0]);
    if (space == NULL)
        return ERR_CAPABILITY;
    return vm_protect(space, a[1] & ~(uint64_t)RIGHTS_MASK, a[2], (unsigned)(a[1] & RIGHTS_MASK));
}

static err_t sys_unmap(struct thread *thread, const uint64_t *a)
{
    struct space *space = managed(thread, a[0]);
    return space == NULL ? ERR_CAPABILITY : vm_unmap(space, a[1], a[2]);
}

static err_t sys_share(struct thread *thread, const uint64_t *a)
{
    struct space *from = managed(thread, a[0]), *to = managed(thread, a[1]);
    if (from == NULL || to == NULL || from == to)
        return ERR_CAPABILITY;
    if (thread->space->ngrants != 0)
        return ERR_AGAIN; /* an entry could slip past the sweep */
    return vm_share(from, to, a[2] & ~(uint64_t)RIGHTS_MASK, a[3], (unsigned)(a[2] & RIGHTS_MASK));
}

/* The result is address | rights, the frame number is in a1. */
static err_t sys_next(struct thread *thread, uint64_t *a)
{
    struct space *space = managed(thread, a[0]);
    if (space == NULL)
        return ERR_CAPABILITY;
    return vm_next(space, a[1], &a[1]);
}

static err_t sys_create(struct thread *thread, const uint64_t *a)
{
    if (!controls(thread, a[4], CONTROL_CREATE))
        return ERR_CAPABILITY;
    if (a[0] == TYPE_THREAD && a[3] > thread->priority)
        return ERR_NUMBER;
    return object_create(thread->space, a[0] > TYPE_CONTROL ? TYPE_NONE : (unsigned)a[0], a[1],
                         a[2], a[3], a[5]);
}

static struct thread *own_thread(struct thread *thread, uint64_t slot)
{
    return space_object(thread->space, slot, TYPE_THREAD, CAP_MANAGE);
}

/* Never the thread that asks, nor its space. */
static err_t sys_destroy(struct thread *thread, const uint64_t *a)
{
    if (own_thread(thread, a[0]) == thread)
        return ERR_STATE;
    return object_destroy(thread->space, a[0]);
}

static err_t sys_cap_install(struct thread *thread, const uint64_t *a)
{
    struct space *space = managed(thread, a[0]);
    if (space == NULL)
        return ERR_CAPABILITY;
    return object_install(thread->space, space, a[1], a[2], a[3], a[4]);
}

static err_t sys_cap_remove(struct thread *thread, const uint64_t *a)
{
    struct space *space = managed(thread, a[0]);
    return space == NULL ? ERR_CAPABILITY : object_remove(space, a[1]);
}

static err_t sys_grant(struct thread *thread, const uint64_t *a)
{
    struct memory *memory = space_object(thread->space, a[0], TYPE_MEMORY, CAP_MANAGE);
    struct space *space = managed(thread, a[2]);
    if (memory == NULL || space == NULL || space == thread->space)
        return ERR_CAPABILITY;
    return memory_grant(memory, a[1], space, a[3]);
}

static err_t sys_thread_set(struct thread *thread, const uint64_t *a)
{
    struct thread *target = own_thread(thread, a[0]);
    if (target == NULL)
        return ERR_CAPABILITY;
    if (target->state != THREAD_STOPPED)
        return ERR_STATE;
    thread_set(target, a[1], a[2], a[3], a[4], a[5]);
    return 0;
}

static err_t sys_thread_start(struct thread *thread, const uint64_t *a)
{
    struct thread *target = own_thread(thread, a[0]);
    if (target == NULL || target->space->object.dying)
        return ERR_CAPABILITY;
    if (target->state != THREAD_STOPPED)
        return ERR_STATE;
    sched_ready(target);
    return 0;
}

static err_t sys_thread_stop(struct thread *thread, const uint64_t *a)
{
    struct thread *target = own_thread(thread, a[0]);
    if (target == NULL || target == thread)
        return ERR_CAPABILITY;
    return sched_stop(target);
}

static err_t sys_thread_priority(struct thread *thread, const uint64_t *a)
{
    struct thread *target = own_thread(thread, a[0]);
    if (target == NULL)
        return ERR_CAPABILITY;
    if (a[1] > thread->priority) /* nobody gives more than he has */
        return ERR_NUMBER;
    sched_set_priority(target, (uint32_t)a[1]);
    return 0;
}

static err_t sys_irq_attach(struct thread *thread, const uint64_t *a)
{
    struct endpoint *endpoint = space_object(thread->space, a[2], TYPE_ENDPOINT, CAP_NOTIFY);
    if (endpoint == NULL || !controls(thread, a[0], CONTROL_IRQ))
        return ERR_CAPABILITY;
    return irq_attach(a[1], endpoint, a[3]);
}

static err_t sys_irq_acknowledge(struct thread *thread, const uint64_t *a)
{
    return controls(thread, a[0], CONTROL_IRQ) ? irq_acknowledge(a[1]) : ERR_CAPABILITY;
}

static err_t sys_alarm(struct thread *thread, const uint64_t *a)
{
    struct endpoint *endpoint = space_object(thread->space, a[0], TYPE_ENDPOINT, CAP_NOTIFY);
    if (endpoint == NULL)
        return ERR_CAPABILITY;
    if (a[2] == 0)
        timer_cancel(endpoint);
    else
        timer_alarm(endpoint, a[1], a[2]);
    return 0;
}

/* Bytes in a0-a5, the slot in the low half of a6, their number in its high half. A line is written
 * when it is whole, so that lines of several programs never mix. */
static err_t sys_console_write(struct thread *thread, const uint64_t *a)
{
    uint64_t nbytes = a[6] >> 32;
    struct space *space = thread->space;
    if (!controls(thread, a[6] & 0xffffffff, CONTROL_CONSOLE))
        return ERR_CAPABILITY;
    if (nbytes > CONSOLE_BYTES_MAX)
        return ERR_LENGTH;
    for (uint64_t i = 0; i < nbytes; i++) {
        char c = (char)(a[i / 8] >> i % 8 * 8);
        space->line[space->line_nbytes++] = c;
        if (c == '\n' || space->line_nbytes == LINE_MAX) {
            console_write(space->line, space->line_nbytes);
            space->line_nbytes = 0;
        }
    }
    return (err_t)nbytes;
}

static err_t sys_power_off(struct thread *thread, const uint64_t *a)
{
    if (!controls(thread, a[0], CONTROL_POWER))
        return ERR_CAPABILITY;
    console_power_off((uint32_t)a[1]);
}

static err_t sys_statistics(struct thread *thread, const uint64_t *a)
{
    const struct space *space = managed(thread, a[1]);
    switch (a[0]) {
    case STAT_POOL_FREE: return (err_t)pool_free_frames();
    case STAT_POOL_TOTAL: return (err_t)pool_total_frames();
    case STAT_HARTS: return nharts;
    case STAT_TIMEBASE: return (err_t)timer_hz;
    case STAT_SHOOTDOWNS: return (err_t)tlb_shootdowns();
    case STAT_TIME: return space == NULL ? ERR_CAPABILITY : (err_t)space->time;
    default: return ERR_NUMBER;
    }
}

/* a[0] to a[6] are the arguments. */
static err_t handle_brief(struct thread *thread, uint64_t *a)
{
    switch (a[7]) {
    case SYS_REPLY: return sys_reply(thread, a);
    case SYS_NOTIFY: return sys_notify(thread, a);
    case SYS_MAP: return sys_map(thread, a);
    case SYS_PROTECT: return sys_protect(thread, a);
    case SYS_UNMAP: return sys_unmap(thread, a);
    case SYS_SHARE: return sys_share(thread, a);
    case SYS_NEXT: return sys_next(thread, a);
    case SYS_CREATE: return sys_create(thread, a);
    case SYS_DESTROY: return sys_destroy(thread, a);
    case SYS_CAP_INSTALL: return sys_cap_install(thread, a);
    case SYS_CAP_REMOVE: return sys_cap_remove(thread, a);
    case SYS_GRANT: return sys_grant(thread, a);
    case SYS_THREAD_SET: return sys_thread_set(thread, a);
    case SYS_THREAD_START: return sys_thread_start(thread, a);
    case SYS_THREAD_STOP: return sys_thread_stop(thread, a);
    case SYS_THREAD_PRIORITY: return sys_thread_priority(thread, a);
    case SYS_IRQ_ATTACH: return sys_irq_attach(thread, a);
    case SYS_IRQ_ACKNOWLEDGE: return sys_irq_acknowledge(thread, a);
    case SYS_ALARM: return sys_alarm(thread, a);
    case SYS_CONSOLE_WRITE: return sys_console_write(thread, a);
    case SYS_POWER_OFF: return sys_power_off(thread, a);
    case SYS_STATISTICS: return sys_statistics(thread, a);
    default: return ERR_NUMBER;
    }
}

void syscall_handle(struct thread *thread)
{
    uint64_t *a = arguments(thread);
    thread->x[0] += 4;
    switch (a[7]) {
    case SYS_CALL: sys_call(thread); break;
    case SYS_REPLY_RECEIVE: sys_reply_receive(thread); break;
    default:
        if (sched_should_yield(thread, true))
            sched_ready(thread);
    }
}

bool syscall_brief(struct thread *thread)
{
    uint64_t *a = arguments(thread);
    lock_acquire(&kernel_lock);
    a[0] = (uint64_t)handle_brief(thread, a);
    bool gives_way = sched_more_urgent(thread->priority);
    const struct hart *to_kick = sched_to_kick();
    lock_release(&kernel_lock);
    if (to_kick != NULL)
        sched_kick(to_kick);
    return gives_way;
}
