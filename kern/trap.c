/* The slow path: from a trap, with all registers saved, to the next thread. */
#include "trap.h"
#include "console.h"
#include "irq.h"
#include "remote.h"
#include "riscv.h"
#include "sched.h"
#include "timer.h"
#include "up.h"

/* What is pending and enabled; the tick is armed anew before the lock is taken (timer.h). Was there
 * one? */
static bool acknowledge(uint64_t *pending)
{
    *pending = csr_read(sip) & csr_read(sie);
    if ((*pending & INTERRUPT_SOFTWARE) != 0) {
        csr_clear(sip, INTERRUPT_SOFTWARE);
        remote_answer();
    }
    return (*pending & INTERRUPT_TIMER) != 0 && timer_start();
}

static void handle_interrupts(uint64_t pending)
{
    if ((pending & INTERRUPT_TIMER) != 0)
        timer_alarms();
    if ((pending & INTERRUPT_EXTERNAL) != 0)
        irq_interrupt();
}

/* Waits with interrupts masked, so that none is lost between the look at the queues and wfi: wfi
 * returns when one is pending, masked or not. */
struct thread *trap_next(void)
{
    struct thread *thread = this_hart()->current;
    if (thread != NULL)
        sched_charge(thread);
    while ((thread = sched_pick()) == NULL) {
        uint64_t pending;
        sched_idle();
        lock_release(&kernel_lock);
        if (!up_idle())
            wait_for_interrupt();
        acknowledge(&pending);
        lock_acquire(&kernel_lock);
        handle_interrupts(pending);
        this_hart()->since = time_now();
    }
    return thread;
}

struct thread *trap_handle(struct thread *thread, uint64_t cause, uint64_t value)
{
    bool interrupt = (cause & CAUSE_INTERRUPT) != 0;
    uint64_t pending = 0;
    bool tick = interrupt && acknowledge(&pending);
    lock_acquire(&kernel_lock);
    bool slice_over = tick && sched_tick(thread);
    handle_interrupts(pending);
    if (thread->stop_wanted) {
        /* Before anything it asked for: started again, it asks again. */
        sched_stop(thread);
    } else if (cause == CAUSE_ECALL_USER) {
        syscall_handle(thread);
    } else if (!interrupt) {
        up_fault(thread, cause, value);
    }
    /* Elsewhere: it was ended, and started again, while the way up was left without the lock. */
    bool here = thread->state == THREAD_RUNNING && thread->hart == this_hart();
    if (here && sched_should_yield(thread, slice_over)) {
        here = false;
        sched_ready_first(thread);
    }
    if (!here)
        thread = trap_next();
    sched_leave();
    return thread;
}

void trap_from_kernel(uint64_t cause, uint64_t pc, uint64_t value)
{
    console_print("trap in the kernel: cause 0x%lx, pc 0x%lx, address 0x%lx\n", cause, pc, value);
    panic("trap in the kernel");
}
