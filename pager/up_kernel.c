/* The way up of the in-kernel baseline: a fault or a request is a call of the core.
 *
 * The thread waits for the core as it would wait for a server, under a token, and the kernel's lock
 * is left: whoever is in the core may end it meanwhile, and even start it anew. Its hart stays on
 * its tables unless it has to wait (port_kernel.c). */
#include "../kern/up.h"
#include "../kern/boot.h"
#include "../kern/sched.h"
#include "../kern/tlb.h"
#include "../kern/vm.h"
#include "fault.h"
#include "port.h"
#include "port_kernel.h"
#include "request.h"

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
