/* System calls. Each checks all its arguments first; what follows can't fail half-way. */
#include "console.h"
#include "ipc.h"
#include "irq.h"
#include "memory.h"
#include "object.h"
#include "sched.h"
#include "timer.h"
#include "tlb.h"
#include "trap.h"
#include "up.h"
#include "vm.h"

enum { CONSOLE_BYTES_MAX = 48 };

/* A call under way. */
struct call {
    struct thread *thread; /* that makes it, */
    struct space *space;   /* and whose slots the arguments mean */
    uint64_t *a;           /* a0 to a6: arguments; a0 and a1: results */
    void *object;          /* what the slot in a0 names, where `calls` below asks for it */
};

static err_t sys_reply(const struct call *c)
{
    struct thread *caller = ipc_answerable(c->space, c->a[6]);
    if (caller == NULL)
        return ERR_TOKEN;
    ipc_answer(caller, c->a);
    return 0;
}

/* The words are a call's again, of which only the pc and the number must be put back. */
static err_t sys_recall(const struct call *c)
{
    struct thread *caller = ipc_answerable(c->space, c->a[6]);
    if (caller == NULL)
        return ERR_TOKEN;
    if (thread_in_fault(caller))
        return ERR_STATE;
    ipc_recall(caller, c->a);
    return 0;
}

static err_t sys_urgent(const struct call *c)
{
    const struct endpoint *endpoint = c->object;
    const struct thread *client = sched_client(c->thread);
    return endpoint->callers.head != NULL || endpoint->bits != 0 ||
           sched_should_yield(client, client->used >= sched_slice);
}

static err_t sys_notify(const struct call *c)
{
    ipc_notify(c->object, c->a[1]);
    return 0;
}

static err_t sys_map(const struct call *c)
{
    struct memory *memory = space_object(c->space, c->a[4], TYPE_MEMORY, 0);
    if (memory == NULL)
        return ERR_CAPABILITY;
    if (!memory_holds(memory, c->a[2], c->a[3]))
        return ERR_MEMORY;
    return vm_map(c->object, item_address(c->a[1]), c->a[2], c->a[3], item_rights(c->a[1]));
}

static err_t sys_protect(const struct call *c)
{
    return vm_protect(c->object, item_address(c->a[1]), c->a[2], item_rights(c->a[1]));
}

static err_t sys_unmap(const struct call *c)
{
    return vm_unmap(c->object, c->a[1], c->a[2]);
}

static err_t sys_share(const struct call *c)
{
    struct space *to = space_object(c->space, c->a[1], TYPE_SPACE, CAP_MANAGE);
    if (to == NULL || to == c->object)
        return ERR_CAPABILITY;
    if (c->space->ngrants != 0)
        return ERR_AGAIN; /* an entry could slip past the sweep */
    return vm_share(c->object, to, item_address(c->a[2]), c->a[3], item_rights(c->a[2]));
}

static err_t sys_next(const struct call *c)
{
    return vm_next(c->object, c->a[1], &c->a[1]);
}

static err_t sys_create(const struct call *c)
{
    if (space_cap(c->space, c->a[4], TYPE_CONTROL, CONTROL_CREATE) == NULL)
        return ERR_CAPABILITY;
    if (c->a[0] == TYPE_THREAD && c->a[3] > c->thread->priority)
        return ERR_NUMBER;
    return object_create(c->space, c->a[0], c->a[1], c->a[2], c->a[3], c->a[5]);
}

/* Never the thread that asks, nor its space. */
static err_t sys_destroy(const struct call *c)
{
    if (space_object(c->space, c->a[0], TYPE_THREAD, CAP_MANAGE) == c->thread)
        return ERR_STATE;
    return object_destroy(c->space, c->a[0]);
}

static err_t sys_cap_install(const struct call *c)
{
    return object_install(c->space, c->object, c->a[1], c->a[2], c->a[3], c->a[4]);
}

static err_t sys_cap_remove(const struct call *c)
{
    return object_remove(c->object, c->a[1]);
}

static err_t sys_grant(const struct call *c)
{
    struct space *receiver = space_object(c->space, c->a[2], TYPE_SPACE, CAP_MANAGE);
    if (receiver == NULL || receiver == c->space)
        return ERR_CAPABILITY;
    return memory_grant(c->object, c->a[1], receiver, c->a[3]);
}

static err_t sys_thread_set(const struct call *c)
{
    struct thread *thread = c->object;
    if (thread->state != THREAD_STOPPED)
        return ERR_STATE;
    thread_set(thread, c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
    return 0;
}

static err_t sys_thread_start(const struct call *c)
{
    struct thread *thread = c->object;
    if (thread->space->object.dying)
        return ERR_CAPABILITY;
    if (thread->state != THREAD_STOPPED)
        return ERR_STATE;
    sched_ready(thread);
    return 0;
}

static err_t sys_thread_stop(const struct call *c)
{
    return c->object == c->thread ? ERR_CAPABILITY : sched_stop(c->object);
}

static err_t sys_thread_priority(const struct call *c)
{
    if (c->a[1] > c->thread->priority) /* nobody gives more than he has */
        return ERR_NUMBER;
    sched_set_priority(c->object, (uint32_t)c->a[1]);
    return 0;
}

static err_t sys_irq_attach(const struct call *c)
{
    const struct cap *endpoint = space_cap(c->space, c->a[2], TYPE_ENDPOINT, CAP_NOTIFY);
    return endpoint == NULL ? ERR_CAPABILITY : irq_attach(c->a[1], endpoint, c->a[3]);
}

static err_t sys_irq_acknowledge(const struct call *c)
{
    return irq_acknowledge(c->a[1]);
}

static err_t sys_alarm(const struct call *c)
{
    return timer_alarm(c->object, c->a[1], c->a[2]);
}

/* Bytes in a0-a5, the slot in the low half of a6, their number in its high half. A line is written
 * when it is whole, so that lines of several programs never mix. */
static void write_line(struct space *space)
{
    console_write(space->line, space->line_nbytes);
    space->line_nbytes = 0;
}

static err_t sys_console_write(const struct call *c)
{
    struct space *space = c->space;
    uint64_t nbytes = c->a[6] >> 32;
    if (space_cap(space, c->a[6] & 0xffffffff, TYPE_CONTROL, CONTROL_CONSOLE) == NULL)
        return ERR_CAPABILITY;
    if (nbytes > CONSOLE_BYTES_MAX)
        return ERR_LENGTH;
    for (uint64_t i = 0; i < nbytes; i++) {
        char byte = (char)(c->a[i / 8] >> i % 8 * 8);
        space->line[space->line_nbytes++] = byte;
        if (byte == '\n' || space->line_nbytes == LINE_MAX)
            write_line(space);
    }
    if (nbytes == 0)
        write_line(space);
    return (err_t)nbytes;
}

static err_t sys_power_off(const struct call *c)
{
    console_power_off((uint32_t)c->a[1]);
}

static err_t sys_statistics(const struct call *c)
{
    const struct space *space = space_object(c->space, c->a[1], TYPE_SPACE, CAP_MANAGE);
    switch (c->a[0]) {
    case STAT_POOL_FREE: return (err_t)pool.nfree;
    case STAT_POOL_TOTAL: return (err_t)pool.npages;
    case STAT_HARTS: return nharts;
    case STAT_TIMEBASE: return (err_t)timer_hz;
    case STAT_SHOOTDOWNS: return (err_t)tlb_nshootdowns;
    case STAT_TIME: return space == NULL ? ERR_CAPABILITY : (err_t)space->time;
    default: return ERR_NUMBER;
    }
}

/* Those that return at once, and what a0 must name for them, with which right. */
static const struct {
    err_t (*carry_out)(const struct call *c);
    uint8_t type, right;
} calls[SYS_LAST + 1] = {
    [SYS_REPLY] = {sys_reply, TYPE_NONE, 0},
    [SYS_NOTIFY] = {sys_notify, TYPE_ENDPOINT, CAP_NOTIFY},
    [SYS_MAP] = {sys_map, TYPE_SPACE, CAP_MANAGE},
    [SYS_PROTECT] = {sys_protect, TYPE_SPACE, CAP_MANAGE},
    [SYS_UNMAP] = {sys_unmap, TYPE_SPACE, CAP_MANAGE},
    [SYS_SHARE] = {sys_share, TYPE_SPACE, CAP_MANAGE},
    [SYS_NEXT] = {sys_next, TYPE_SPACE, CAP_MANAGE},
    [SYS_CREATE] = {sys_create, TYPE_NONE, 0},
    [SYS_DESTROY] = {sys_destroy, TYPE_NONE, 0},
    [SYS_CAP_INSTALL] = {sys_cap_install, TYPE_SPACE, CAP_MANAGE},
    [SYS_CAP_REMOVE] = {sys_cap_remove, TYPE_SPACE, CAP_MANAGE},
    [SYS_GRANT] = {sys_grant, TYPE_MEMORY, CAP_MANAGE},
    [SYS_THREAD_SET] = {sys_thread_set, TYPE_THREAD, CAP_MANAGE},
    [SYS_THREAD_START] = {sys_thread_start, TYPE_THREAD, CAP_MANAGE},
    [SYS_THREAD_STOP] = {sys_thread_stop, TYPE_THREAD, CAP_MANAGE},
    [SYS_THREAD_PRIORITY] = {sys_thread_priority, TYPE_THREAD, CAP_MANAGE},
    [SYS_IRQ_ATTACH] = {sys_irq_attach, TYPE_CONTROL, CONTROL_IRQ},
    [SYS_IRQ_ACKNOWLEDGE] = {sys_irq_acknowledge, TYPE_CONTROL, CONTROL_IRQ},
    [SYS_ALARM] = {sys_alarm, TYPE_ENDPOINT, CAP_NOTIFY},
    [SYS_CONSOLE_WRITE] = {sys_console_write, TYPE_NONE, 0},
    [SYS_POWER_OFF] = {sys_power_off, TYPE_CONTROL, CONTROL_POWER},
    [SYS_RECALL] = {sys_recall, TYPE_NONE, 0},
    [SYS_URGENT] = {sys_urgent, TYPE_ENDPOINT, CAP_RECEIVE},
    [SYS_STATISTICS] = {sys_statistics, TYPE_NONE, 0},
};

static err_t carry_out(struct thread *thread, uint64_t *a)
{
    uint64_t number = a[7];
    struct call call = {.thread = thread, .space = thread->space, .a = a};
    if (number > SYS_LAST)
        return ERR_NUMBER;
    if (calls[number].type != TYPE_NONE) {
        const struct cap *cap =
            space_cap(call.space, a[0], calls[number].type, calls[number].right);
        if (cap == NULL)
            return ERR_CAPABILITY;
        call.object = cap->object;
    }
    return calls[number].carry_out(&call);
}

bool syscall_brief(struct thread *thread)
{
    uint64_t *a = &thread->x[REG_A0];
    lock_acquire(&kernel_lock);
    a[0] = (uint64_t)carry_out(thread, a);
    bool gives_way = sched_more_urgent(thread->priority);
    sched_leave();
    return gives_way;
}

static void send(struct thread *thread, uint64_t *a)
{
    const struct cap *cap = space_cap(thread->space, a[6], TYPE_ENDPOINT, CAP_CALL);
    if (cap == NULL)
        a[6] = (uint64_t)ERR_CAPABILITY;
    else
        up_call(thread, (struct endpoint *)cap->object, cap->badge);
}

/* Answers, with the map item if there is one: the last thing that can fail. */
static err_t answer(struct space *server, uint64_t token, const uint64_t *x)
{
    uint64_t item = x[REG_T0], frame = x[REG_T0 + 1];
    struct thread *caller = ipc_answerable(server, token);
    if (caller == NULL)
        return ERR_TOKEN;
    if (item != 0) {
        struct memory *memory = space_object(server, x[REG_T0 + 2], TYPE_MEMORY, 0);
        if (!thread_in_fault(caller))
            return ERR_STATE;
        if (memory == NULL)
            return ERR_CAPABILITY;
        if (!memory_holds(memory, frame, 1))
            return ERR_MEMORY;
        err_t done = vm_map(caller->space, item_address(item), frame, 1, item_rights(item));
        if (done < 0)
            return done;
    }
    ipc_answer(caller, &x[REG_A0]);
    return 0;
}

static void reply_receive(struct thread *thread, uint64_t *a)
{
    const uint64_t *x = thread->x, token = a[6];
    struct endpoint *endpoint = space_object(thread->space, x[REG_T3], TYPE_ENDPOINT, CAP_RECEIVE);
    err_t error = endpoint == NULL ? ERR_CAPABILITY : 0;
    if (error == 0 && token != 0)
        error = answer(thread->space, token, x);
    if (error == 0)
        ipc_receive(thread, endpoint);
    else
        thread_heard(thread, (uint64_t)error, NO_BADGE);
}

void syscall_handle(struct thread *thread)
{
    uint64_t *a = &thread->x[REG_A0];
    thread->x[0] += 4;
    if (a[7] == SYS_CALL)
        send(thread, a);
    else if (a[7] == SYS_REPLY_RECEIVE)
        reply_receive(thread, a);
    else if (sched_should_yield(thread, true))
        sched_ready(thread);
}
