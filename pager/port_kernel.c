/* The port as direct calls: the way down of the in-kernel baseline.
 *
 * The core's lock is taken first, the kernel's inside it, for each call on its own: so a hart in
 * the core keeps nobody out of the kernel. A handle is the low half of an object's address (the
 * kernel's image and pool lie in one range of 4 GiB, see pool.h). */
#include "port_kernel.h"
#include "../kern/console.h"
#include "../kern/irq.h"
#include "../kern/memory.h"
#include "../kern/object.h"
#include "../kern/remote.h"
#include "../kern/sched.h"
#include "../kern/table.h"
#include "../kern/tlb.h"
#include "../kern/vm.h"
#include "port.h"
#include "process.h"

/* Just below the image, so that the kernel's entries of a root are one run. */
#define WINDOW_END 0xffffffff80000000ul

/* All objects lie in the upper 4 GiB of addresses. */
#define HANDLE_BASE 0xffffffff00000000ul

char *port_window;
const int port_in_kernel = 1;

struct endpoint *port_endpoint;

struct lock port_core_lock;

static struct endpoint *server_endpoint[SERVERS]; /* from SERVER_FIRST on */

static struct memory *lent; /* what another pager holds, or NULL */

static pfn_t device_frame;
static uint64_t device_irq;

/* After a copy: `busy` keeps the process, so that nobody waits for this hart to leave its tables.
 */
void port_lock(void)
{
    lock_acquire(&port_core_lock);
}

void port_unlock(void)
{
    lock_release(&port_core_lock);
}

bool port_several;

int32_t port_piece = PORT_PIECE;

/* Interrupts are off here: a tick, or another hart's request, waits. */
bool port_gives_way(void)
{
    return port_several || (csr_read(sip) & csr_read(sie)) != 0 ||
           sched_more_urgent(this_hart()->current->priority);
}

/* While this hart waits it is on no tables that the lock's holder may want to destroy. */
void port_let_in(void)
{
    port_unlock();
    lock_acquire(&kernel_lock);
    tlb_activate(NULL);
    lock_release(&kernel_lock);
    port_lock();
}

static void map_window(const struct frame_run *run)
{
    uint64_t va = (uint64_t)port_window + (run->first << PAGE_SHIFT);
    kernel_assert(table_map_large(kernel_root, va, run->first, run->npages,
                                  PTE_V | PTE_G | PTE_A | PTE_D | PTE_R | PTE_W));
}

void port_kernel_init(const struct boot_info *info)
{
    port_several = nharts > 1;
    const uint64_t gib = 1ul << ROOT_SHIFT;
    struct frame_run main = {info->memory_first, info->memory_npages};
    pfn_t first = main.first, end = main.first + main.npages;
    for (uint64_t i = 0; i < info->nothers; i++) {
        const struct frame_run *run = &info->other[i];
        first = run->first < first ? run->first : first;
        end = run->first + run->npages > end ? run->first + run->npages : end;
    }
    port_window = (char *)WINDOW_END - ((end << PAGE_SHIFT) + gib - 1) / gib * gib;
    kernel_first = ((uint64_t)port_window + (first << PAGE_SHIFT)) >> ROOT_SHIFT & (LEAF_PAGES - 1);
    device_frame = info->console_address >> PAGE_SHIFT;
    device_irq = info->console_irq;
    map_window(&main);
    for (uint64_t i = 0; i < info->nothers; i++)
        map_window(&info->other[i]);
    csr_write(satp, SATP_SV39 | pool_pfn(kernel_root));
    fence_all();
    port_endpoint = pool_object(TYPE_ENDPOINT);
    kernel_assert(port_endpoint != NULL);
}

static uint32_t handle_of(const void *object)
{
    return (uint32_t)(uint64_t)object;
}

static struct space *space_of(const struct process *process)
{
    return (struct space *)(HANDLE_BASE | process->handle);
}

static struct thread *thread_of(const struct process *process, unsigned number)
{
    return (struct thread *)(HANDLE_BASE | process->thread_handle[number]);
}

static struct endpoint *endpoint_of(const struct process *process)
{
    return (struct endpoint *)(HANDLE_BASE | process->endpoint_handle);
}

static void fill_space(struct space *space, uint64_t badge, bool init)
{
    space_set_pager(space, port_endpoint, badge);
    if (init)
        space->caps[SLOT_CONTROL] =
            cap_make(NULL, TYPE_CONTROL, CONTROL_CONSOLE | CONTROL_POWER, 0);
    space->holds_power = init;
}

err_t port_space_make(struct process *process, bool init)
{
    lock_acquire(&kernel_lock);
    struct space *space = space_make();
    if (space != NULL) {
        fill_space(space, process->badge, init);
        process->handle = handle_of(space);
    }
    lock_release(&kernel_lock);
    return space == NULL ? ERR_POOL : 0;
}

/* A piece at a time; between two, other harts leave what is being destroyed. This one may be on
 * the space itself, or on one that it made: whose thread has called by a capability that was handed
 * on to it. */
static void destroy(struct object *object)
{
    for (unsigned turns = 0;;) {
        lock_acquire(&kernel_lock);
        if (object == &this_hart()->space->object)
            tlb_activate(NULL);
        err_t left = object_destroy_piece(object);
        if (left == ERR_AGAIN)
            tlb_activate(NULL);
        lock_release(&kernel_lock);
        if (left == 0)
            return;
        if (left == ERR_AGAIN)
            remote_wait(&turns);
    }
}

/* A server's callers must not wait for ever: its endpoint goes with it. Memory that is nobody's
 * part stays with whoever made it, when its holder is dead. */
static void destroy_apart(const struct process *process)
{
    if (process->server != 0)
        destroy(&server_endpoint[process->server - SERVER_FIRST]->object);
    if (process->borrows && lent != NULL) {
        pool_object_free(&lent->object);
        lent = NULL;
    }
}

void port_space_destroy(struct process *process)
{
    destroy(&space_of(process)->object);
    if (process->apart != 0)
        destroy_apart(process);
    process->handle = 0;
    if (process->endpoint_handle != 0)
        destroy(&endpoint_of(process)->object);
    process->endpoint_handle = 0;
}

err_t port_endpoint_make(struct process *process)
{
    lock_acquire(&kernel_lock);
    struct endpoint *endpoint = pool_object(TYPE_ENDPOINT);
    if (endpoint != NULL) {
        space_of(process)->caps[SLOT_ENDPOINT] =
            cap_make(&endpoint->object, TYPE_ENDPOINT, CAP_RECEIVE, 0);
        process->endpoint_handle = handle_of(endpoint);
    }
    lock_release(&kernel_lock);
    return endpoint == NULL ? ERR_POOL : 0;
}

err_t port_endpoint_give(const struct process *process, struct process *client, unsigned slot)
{
    lock_acquire(&kernel_lock);
    space_of(client)->caps[slot] =
        cap_make(&endpoint_of(process)->object, TYPE_ENDPOINT, CAP_CALL, BADGE(client->pid, 0));
    lock_release(&kernel_lock);
    return 0;
}

/* Our own window shows the frames all the while: the core is the kernel's part here. */
err_t port_lend(struct process *process, pfn_t first, uint64_t npages)
{
    lock_acquire(&kernel_lock);
    struct space *space = space_of(process);
    lent = memory_make(space, first, npages, false);
    if (lent != NULL) {
        space->caps[BOOT_SLOT_MEMORY] =
            cap_make(&lent->object, TYPE_MEMORY, MEMORY_PLAIN | CAP_MANAGE | CAP_OWNER, 0);
        space->caps[BOOT_SLOT_CONTROL] =
            cap_make(NULL, TYPE_CONTROL, CONTROL_CREATE | CONTROL_CONSOLE, 0);
    }
    lock_release(&kernel_lock);
    return lent == NULL ? ERR_POOL : 0;
}

err_t port_map(struct process *process, uint64_t va, pfn_t first, uint64_t npages, unsigned rights)
{
    while (npages > 0) {
        lock_acquire(&kernel_lock);
        err_t done = vm_map(space_of(process), va, first, npages, rights);
        lock_release(&kernel_lock);
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
    for (; npages > 0 && done > 0; npages -= (uint64_t)done, va += (uint64_t)done << PAGE_SHIFT) {
        lock_acquire(&kernel_lock);
        done = vm_protect(space_of(process), va, npages, rights);
        lock_release(&kernel_lock);
    }
}

void port_drop(struct process *process, uint64_t va, uint64_t npages)
{
    err_t done = 1;
    for (; npages > 0 && done > 0; npages -= (uint64_t)done, va += (uint64_t)done << PAGE_SHIFT) {
        lock_acquire(&kernel_lock);
        done = vm_unmap(space_of(process), va, npages);
        lock_release(&kernel_lock);
    }
}

err_t port_share(struct process *from, struct process *to, uint64_t va, uint64_t npages,
                 unsigned rights)
{
    lock_acquire(&kernel_lock);
    err_t done = vm_share(space_of(from), space_of(to), va, npages, rights);
    lock_release(&kernel_lock);
    return done < 0 ? done : 0;
}

bool port_next(struct process *process, uint64_t *va, pfn_t *frame, unsigned *rights)
{
    err_t found;
    *frame = *va;
    do {
        lock_acquire(&kernel_lock);
        found = vm_next(space_of(process), *frame, frame);
        lock_release(&kernel_lock);
    } while (found == ERR_AGAIN);
    if (found < 0 || (uint64_t)found >= ADDRESS_LIMIT)
        return false;
    *va = item_address((uint64_t)found);
    *rights = item_rights((uint64_t)found);
    return true;
}

err_t port_thread_make(struct process *process, unsigned number, uint64_t token)
{
    lock_acquire(&kernel_lock);
    struct thread *source = token == 0 ? NULL : ipc_answerable(NULL, token), *thread = NULL;
    err_t error = token != 0 && source == NULL ? ERR_TOKEN : 0;
    if (error == 0 && (thread = thread_make(space_of(process), process->priority, source)) == NULL)
        error = ERR_POOL;
    if (error == 0)
        process->thread_handle[number] = handle_of(thread);
    lock_release(&kernel_lock);
    return error;
}

void port_thread_priority(struct process *process, unsigned number, unsigned priority)
{
    lock_acquire(&kernel_lock);
    sched_set_priority(thread_of(process, number), priority);
    lock_release(&kernel_lock);
}

uint64_t port_time(const struct process *process)
{
    lock_acquire(&kernel_lock);
    uint64_t time = space_of(process)->time;
    lock_release(&kernel_lock);
    return time;
}

/* The console's interrupt is attached here: its number stays between kernel and core. A port whose
 * interrupt can't be delivered is none. */
static err_t give_device(struct space *space, unsigned slot, const struct cap *endpoint)
{
    if (slot != SLOT_CONSOLE || device_frame == 0)
        return 0;
    err_t done = irq_attach(device_irq, endpoint, NOTE_INTERRUPT | device_irq << NOTE_IRQ_SHIFT);
    if (done == ERR_NUMBER)
        return 0;
    if (done == 0)
        done = vm_map(space, DEVICE_ADDRESS, device_frame, 1, RIGHT_R | RIGHT_W);
    return done < 0 ? done : 0;
}

static err_t make_server(struct space *space, unsigned slot)
{
    struct endpoint *endpoint = pool_object(TYPE_ENDPOINT);
    if (endpoint == NULL)
        return ERR_POOL;
    const struct cap cap = cap_make(&endpoint->object, TYPE_ENDPOINT, CAP_RECEIVE | CAP_NOTIFY, 0);
    err_t error = give_device(space, slot, &cap);
    if (error != 0) {
        pool_object_free(&endpoint->object);
        return error;
    }
    server_endpoint[slot - SERVER_FIRST] = endpoint;
    space->caps[SLOT_ENDPOINT] = cap;
    space->caps[SLOT_CONTROL] = cap_make(NULL, TYPE_CONTROL, CONTROL_CONSOLE | CONTROL_IRQ, 0);
    return 0;
}

err_t port_server_make(struct process *server, unsigned slot)
{
    lock_acquire(&kernel_lock);
    err_t error = make_server(space_of(server), slot);
    lock_release(&kernel_lock);
    return error;
}

void port_server_notify(unsigned slot, uint64_t bits)
{
    lock_acquire(&kernel_lock);
    ipc_notify(server_endpoint[slot - SERVER_FIRST], bits);
    lock_release(&kernel_lock);
}

/* The slot is one of those that a space has without asking the pool. */
err_t port_connect(struct process *process, unsigned slot, uint64_t badge)
{
    lock_acquire(&kernel_lock);
    space_of(process)->caps[slot] = slot == SLOT_CONTROL
                                        ? cap_make(NULL, TYPE_CONTROL, CONTROL_CONSOLE, 0)
                                        : cap_make(&server_endpoint[slot - SERVER_FIRST]->object,
                                                   TYPE_ENDPOINT, CAP_CALL, badge);
    lock_release(&kernel_lock);
    return 0;
}

void port_thread_destroy(struct process *process, unsigned number)
{
    destroy(&thread_of(process, number)->object);
}

void port_thread_set(struct process *process, unsigned number,
                     const struct port_registers *registers)
{
    thread_set(thread_of(process, number), registers->pc, registers->sp, registers->a0,
               registers->a1, registers->tp);
}

void port_thread_start(struct process *process, unsigned number)
{
    lock_acquire(&kernel_lock);
    sched_ready(thread_of(process, number));
    lock_release(&kernel_lock);
}

void port_thread_stop(struct process *process, unsigned number)
{
    for (unsigned turns = 0;;) {
        lock_acquire(&kernel_lock);
        err_t left = sched_stop(thread_of(process, number));
        lock_release(&kernel_lock);
        if (left == 0)
            return;
        remote_wait(&turns);
    }
}

bool port_reply(uint64_t token, const uint64_t word[6])
{
    lock_acquire(&kernel_lock);
    struct thread *caller = ipc_answerable(NULL, token);
    if (caller != NULL)
        ipc_answer(caller, word);
    lock_release(&kernel_lock);
    return caller != NULL;
}

void port_recall(uint64_t token, const uint64_t word[6])
{
    lock_acquire(&kernel_lock);
    struct thread *caller = ipc_answerable(NULL, token);
    if (caller != NULL)
        ipc_recall(caller, word);
    lock_release(&kernel_lock);
}

/* A hart that idles looks each time before it waits (up_idle). */
void port_wash(void)
{
}

void port_print(const char *line)
{
    size_t n = 0;
    while (line[n] != '\0')
        n++;
    lock_acquire(&kernel_lock);
    console_write(line, n);
    lock_release(&kernel_lock);
}
