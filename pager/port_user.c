/* The port as system calls: the way down of the user-level pager. */
#include "port_user.h"
#include "../libsys/syscall.h"
#include "port.h"
#include "process.h"

enum {
    SLOT_SPACE = BOOT_SLOT_SPACE,
    SLOT_MEMORY = BOOT_SLOT_MEMORY,
    SLOT_MASTER = BOOT_SLOT_CONTROL,
    SLOT_FIRST = 128,                  /* of the processes: a frame's worth of slots is left free */
    SLOTS_A_PROCESS = 1 + THREADS_MAX, /* its space, its threads */
    HANDLES = (SLOTS_MAX - SLOT_FIRST) / SLOTS_A_PROCESS,
    PRIORITY_PROGRAM = 16,
};

char *port_window = (char *)MEMORY_WINDOW;
const int port_in_kernel = 0;

/* One loop runs the core: there is nobody to lock out. */
void port_lock(void)
{
}
void port_unlock(void)
{
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

err_t port_user_init(void)
{
    for (uint16_t handle = HANDLES - 1; handle > 0; handle--)
        free_handle[nfree_handles++] = handle;
    return sys_create(TYPE_ENDPOINT, PORT_SLOT_ENDPOINT, NO_SLOT, 0, SLOT_MASTER);
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
    unsigned control = CONTROL_CONSOLE | (init ? CONTROL_POWER : 0u);
    error = sys_cap_install(slot, SLOT_PAGER, PORT_SLOT_ENDPOINT, badge, CAP_CALL);
    if (error == 0)
        error = sys_cap_install(slot, SLOT_CONTROL, SLOT_MASTER, 0, control);
    if (error != 0)
        port_space_destroy(process);
    return error;
}

void port_space_destroy(struct process *process)
{
    destroy(space_slot(process));
    free_handle[nfree_handles++] = (uint16_t)process->handle;
    process->handle = 0;
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
    while (npages > 0) {
        err_t done = sys_share(space_slot(from), space_slot(to), va, rights, npages);
        if (done < 0) {
            port_protect(from, va, npages, rights);
            return done;
        }
        npages -= (uint64_t)done;
        va += (uint64_t)done << PAGE_SHIFT;
    }
    return 0;
}

bool port_next(struct process *process, uint64_t *va, pfn_t *frame, unsigned *rights)
{
    err_t found = sys_next(space_slot(process), *va, frame);
    if (found < 0)
        return false;
    *va = (uint64_t)found & ~(uint64_t)RIGHTS_MASK;
    *rights = (unsigned)found & RIGHTS_MASK;
    return true;
}

err_t port_thread_make(struct process *process, unsigned number)
{
    uint64_t slot = thread_slot(process, number);
    err_t error = sys_create(TYPE_THREAD, slot, space_slot(process), 0, SLOT_MASTER);
    if (error == 0)
        sys_thread_priority(slot, PRIORITY_PROGRAM);
    return error;
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

err_t port_thread_copy(struct process *process, unsigned number, uint64_t token)
{
    return sys_thread_copy(thread_slot(process, number), token);
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

void port_print(const char *line)
{
    uint64_t n = 0;
    while (line[n] != '\0')
        n++;
    for (; n > 0; line += 48, n -= n < 48 ? n : 48)
        sys_console_write(SLOT_MASTER, line, n < 48 ? n : 48);
}
