/* The port as system calls: the way down of the user-level pager. */
#include "port_user.h"
#include "../libsys/syscall.h"
#include "port.h"
#include "process.h"

enum {
    SLOT_SPACE = BOOT_SLOT_SPACE,
    SLOT_MEMORY = BOOT_SLOT_MEMORY,
    SLOT_MASTER = BOOT_SLOT_CONTROL,
    SLOT_LOCK = 12,                    /* endpoint: somebody left the core's lock */
    SLOT_WASHER = 13,                  /* a thread that clears frames */
    SLOT_WASH = 14,                    /* endpoint: it has something to do */
    SLOT_LOOP = 16,                    /* the pager's own threads but the first */
    SLOT_FIRST = 128,                  /* of the processes: a frame's worth of slots is left free */
    SLOTS_A_PROCESS = 2 + THREADS_MAX, /* its space, its threads, its endpoint */
    SLOT_SERVER = 8,                   /* endpoint of each server */
    SPINS = 1000,
    CLAIM_LOSSES = 3,
    HANDLES = (SLOTS_MAX - SLOT_FIRST) / SLOTS_A_PROCESS,
};

char *port_window = (char *)MEMORY_WINDOW;
const int port_in_kernel = 0;

int32_t port_piece = PORT_PIECE;

enum lock_state { FREE, HELD, CONTENDED };

bool port_several; /* loops */
static uint32_t core_lock;

static uint32_t claims; /* loops that have waited in vain for long */

/* With one loop there is nobody to lock out. With more, whoever finds the lock held looks again a
 * few times, and then waits for a notification, so that its hart is free for others. The one that
 * wakes does not know whether more of them wait, and says that they do. One that has found the lock
 * taken each time it woke says so, and loops that come anew wait as well: else those that come back
 * for the lock in a loop would starve the one that is needed for them to go on. */
void port_lock(void)
{
    unsigned nlost = 0;
    if (!port_several)
        return;
    for (unsigned n = 0; n < SPINS && __atomic_load_n(&claims, __ATOMIC_RELAXED) == 0; n++) {
        uint32_t state = FREE;
        if (__atomic_compare_exchange_n(&core_lock, &state, HELD, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return;
    }
    while (__atomic_exchange_n(&core_lock, CONTENDED, __ATOMIC_ACQUIRE) != FREE) {
        struct reception wait = {0};
        if (++nlost == CLAIM_LOSSES)
            __atomic_fetch_add(&claims, 1, __ATOMIC_RELAXED);
        sys_reply_receive(&wait, SLOT_LOCK, 0);
    }
    if (nlost >= CLAIM_LOSSES)
        __atomic_fetch_sub(&claims, 1, __ATOMIC_RELAXED);
}

void port_unlock(void)
{
    if (port_several && __atomic_exchange_n(&core_lock, FREE, __ATOMIC_RELEASE) == CONTENDED)
        sys_notify(SLOT_LOCK, 1);
}

/* With several loops whoever waits for the lock can't be seen: it has its turn after each piece. */
bool port_gives_way(void)
{
    return port_several || sys_urgent(PORT_SLOT_ENDPOINT) != 0;
}

void port_let_in(void)
{
    port_unlock();
    port_lock();
}

static uint16_t free_handle[HANDLES]; /* a stack; handle 0 is none */
static uint32_t nfree_handles;

static uint64_t space_slot(const struct process *process)
{
    return SLOT_FIRST + (uint64_t)process->handle * SLOTS_A_PROCESS;
}

static uint64_t thread_slot(const struct process *process, unsigned number)
{
    return space_slot(process) + 1 + number;
}

static pfn_t device_frame;
static uint64_t device_irq;

static uint64_t endpoint_slot(unsigned server)
{
    return SLOT_SERVER + (uint64_t)(server - SERVER_FIRST);
}

err_t port_user_init(const struct boot_info *info)
{
    device_frame = info->console_address >> PAGE_SHIFT;
    device_irq = info->console_irq;
    for (uint16_t handle = HANDLES - 1; handle > 0; handle--)
        free_handle[nfree_handles++] = handle;
    err_t error = sys_create(TYPE_ENDPOINT, SLOT_LOCK, 0, 0, SLOT_MASTER);
    if (error == 0)
        error = sys_create(TYPE_ENDPOINT, PORT_SLOT_ENDPOINT, 0, 0, SLOT_MASTER);
    return error;
}

static err_t start_thread(uint64_t slot, unsigned priority, void (*start)(void), void *top)
{
    err_t error = sys_create_thread(slot, SLOT_SPACE, priority, 0, SLOT_MASTER);
    if (error != 0)
        return error;
    sys_thread_set(slot, (uint64_t)start, (uint64_t)top, 0, 0, 0);
    return sys_thread_start(slot);
}

err_t port_user_thread(unsigned number, void (*start)(void), void *top)
{
    port_several = true;
    return start_thread(SLOT_LOOP + number, PRIORITIES - 1, start, top);
}

/* No program has priority 0. */
err_t port_user_washer(void (*start)(void), void *top)
{
    err_t error = sys_create(TYPE_ENDPOINT, SLOT_WASH, 0, 0, SLOT_MASTER);
    return error != 0 ? error : start_thread(SLOT_WASHER, 0, start, top);
}

void port_user_wait_to_wash(void)
{
    struct reception wait = {0};
    sys_reply_receive(&wait, SLOT_WASH, 0);
}

void port_wash(void)
{
    sys_notify(SLOT_WASH, 1);
}

static void destroy(uint64_t slot)
{
    /* A piece at a time; between two, other harts leave what is being destroyed. */
    err_t left;
    do
        left = sys_destroy(slot);
    while (left == 1 || left == ERR_AGAIN);
}

err_t port_space_make(struct process *process, bool init)
{
    if (nfree_handles == 0)
        return ERR_LIMIT;
    process->handle = free_handle[nfree_handles - 1];
    uint64_t slot = space_slot(process), badge = process->badge;
    err_t error = sys_create(TYPE_SPACE, slot, PORT_SLOT_ENDPOINT, badge, SLOT_MASTER);
    if (error != 0) {
        process->handle = 0;
        return error;
    }
    nfree_handles--;
    if (!init)
        return 0;
    error = sys_cap_install(slot, SLOT_CONTROL, SLOT_MASTER, 0, CONTROL_CONSOLE | CONTROL_POWER);
    if (error != 0)
        port_space_destroy(process);
    return error;
}

/* A server's callers must not wait for ever: its endpoint goes with it. */
void port_space_destroy(struct process *process)
{
    destroy(space_slot(process));
    if (process->server != 0)
        destroy(endpoint_slot(process->server));
    if (process->endpoint_handle != 0)
        destroy(process->endpoint_handle);
    process->endpoint_handle = 0;
    free_handle[nfree_handles++] = (uint16_t)process->handle;
    process->handle = 0;
}

err_t port_endpoint_make(struct process *process)
{
    uint64_t slot = thread_slot(process, THREADS_MAX);
    err_t error = sys_create(TYPE_ENDPOINT, slot, 0, 0, SLOT_MASTER);
    if (error != 0)
        return error;
    process->endpoint_handle = (uint32_t)slot;
    return sys_cap_install(space_slot(process), SLOT_ENDPOINT, slot, 0, CAP_RECEIVE);
}

err_t port_endpoint_give(const struct process *process, struct process *client, unsigned slot)
{
    return sys_cap_install(space_slot(client), slot, process->endpoint_handle,
                           BADGE(client->pid, 0), CAP_CALL);
}

/* The kernel takes the frames out of our window, and puts them back when the space is gone. */
err_t port_lend(struct process *process, pfn_t first, uint64_t npages)
{
    (void)first;
    uint64_t space = space_slot(process);
    err_t error;
    do
        error = sys_grant(SLOT_MEMORY, npages, space, BOOT_SLOT_MEMORY);
    while (error == ERR_AGAIN);
    return error != 0 ? error
                      : sys_cap_install(space, BOOT_SLOT_CONTROL, SLOT_MASTER, 0,
                                        CONTROL_CREATE | CONTROL_CONSOLE);
}

/* Repeats a call that does a leaf's worth a time. Only `map` and `share` can fail, at a table. */
err_t port_map(struct process *process, uint64_t va, pfn_t first, uint64_t npages, unsigned rights)
{
    while (npages > 0) {
        err_t done = sys_map(space_slot(process), va, rights, first, npages, SLOT_MEMORY);
        if (done < 0)
            return done;
        npages -= (uint64_t)done;
        first += (uint64_t)done;
        va += (uint64_t)done << PAGE_SHIFT;
    }
    return 0;
}

void port_protect(struct process *process, uint64_t va, uint64_t npages, unsigned rights)
{
    err_t done = 1;
    for (; npages > 0 && done > 0; npages -= (uint64_t)done, va += (uint64_t)done << PAGE_SHIFT)
        done = sys_protect(space_slot(process), va, rights, npages);
}

void port_drop(struct process *process, uint64_t va, uint64_t npages)
{
    err_t done = 1;
    for (; npages > 0 && done > 0; npages -= (uint64_t)done, va += (uint64_t)done << PAGE_SHIFT)
        done = sys_unmap(space_slot(process), va, npages);
}

err_t port_share(struct process *from, struct process *to, uint64_t va, uint64_t npages,
                 unsigned rights)
{
    err_t done = sys_share(space_slot(from), space_slot(to), va, rights, npages);
    return done < 0 ? done : 0;
}

bool port_next(struct process *process, uint64_t *va, pfn_t *frame, unsigned *rights)
{
    err_t found = sys_next(space_slot(process), *va, frame);
    if (found < 0 || (uint64_t)found >= ADDRESS_LIMIT)
        return false;
    *va = item_address((uint64_t)found);
    *rights = item_rights((uint64_t)found);
    return true;
}

err_t port_thread_make(struct process *process, unsigned number, uint64_t token)
{
    return sys_create_thread(thread_slot(process, number), space_slot(process), process->priority,
                             token, SLOT_MASTER);
}

void port_thread_priority(struct process *process, unsigned number, unsigned priority)
{
    sys_thread_priority(thread_slot(process, number), priority);
}

uint64_t port_time(const struct process *process)
{
    return (uint64_t)sys_time(space_slot(process));
}

/* The console's interrupt is attached here: its number stays between kernel and pager. A port whose
 * interrupt the kernel can't deliver is none. */
static err_t give_device(struct process *server, unsigned slot)
{
    if (slot != SLOT_CONSOLE || device_frame == 0)
        return 0;
    err_t done = sys_irq_attach(SLOT_MASTER, device_irq, endpoint_slot(slot),
                                NOTE_INTERRUPT | device_irq << NOTE_IRQ_SHIFT);
    if (done == ERR_NUMBER)
        return 0;
    if (done == 0)
        done = sys_map(space_slot(server), DEVICE_ADDRESS, RIGHT_R | RIGHT_W, device_frame, 1,
                       BOOT_SLOT_DEVICES);
    return done < 0 ? done : 0;
}

err_t port_server_make(struct process *server, unsigned slot)
{
    uint64_t space = space_slot(server), endpoint = endpoint_slot(slot);
    err_t error = sys_create(TYPE_ENDPOINT, endpoint, 0, 0, SLOT_MASTER);
    if (error != 0)
        return error;
    error = sys_cap_install(space, SLOT_ENDPOINT, endpoint, 0, CAP_RECEIVE | CAP_NOTIFY);
    if (error == 0)
        error = sys_cap_install(space, SLOT_CONTROL, SLOT_MASTER, 0, CONTROL_CONSOLE | CONTROL_IRQ);
    if (error == 0)
        error = give_device(server, slot);
    if (error != 0)
        destroy(endpoint);
    return error;
}

void port_server_notify(unsigned slot, uint64_t bits)
{
    sys_notify(endpoint_slot(slot), bits);
}

err_t port_connect(struct process *process, unsigned slot, uint64_t badge)
{
    if (slot == SLOT_CONTROL)
        return sys_cap_install(space_slot(process), slot, SLOT_MASTER, 0, CONTROL_CONSOLE);
    return sys_cap_install(space_slot(process), slot, endpoint_slot(slot), badge, CAP_CALL);
}

void port_thread_destroy(struct process *process, unsigned number)
{
    destroy(thread_slot(process, number));
}

void port_thread_set(struct process *process, unsigned number,
                     const struct port_registers *registers)
{
    sys_thread_set(thread_slot(process, number), registers->pc, registers->sp, registers->a0,
                   registers->a1, registers->tp);
}

void port_thread_start(struct process *process, unsigned number)
{
    sys_thread_start(thread_slot(process, number));
}

void port_thread_stop(struct process *process, unsigned number)
{
    while (sys_thread_stop(thread_slot(process, number)) == ERR_AGAIN)
        ;
}

bool port_reply(uint64_t token, const uint64_t word[6])
{
    return sys_reply(token, word) == 0;
}

void port_recall(uint64_t token, const uint64_t word[6])
{
    sys_recall(token, word);
}

void port_print(const char *line)
{
    uint64_t n = 0;
    while (line[n] != '\0')
        n++;
    for (; n > 0; line += 48, n -= n < 48 ? n : 48)
        sys_console_write(SLOT_MASTER, line, n < 48 ? n : 48);
}
