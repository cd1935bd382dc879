/* From a trap to the next thread: entry.S calls trap_handle with all registers saved. */
#include "trap.h"
#include "console.h"
#include "irq.h"
#include "riscv.h"
#include "sched.h"
#include "syscall.h"
#include "timer.h"
#include "up.h"

/* What a hart can be told while it waits or runs; true: its time slice is over. */
static bool handle_interrupts(uint64_t pending)
{
    bool slice_over = false;
    if ((pending & INTERRUPT_SOFTWARE) != 0)
        csr_clear(sip, INTERRUPT_SOFTWARE);
    if ((pending & INTERRUPT_TIMER) != 0)
        slice_over = timer_interrupt();
    if ((pending & INTERRUPT_EXTERNAL) != 0)
        irq_interrupt();
    return slice_over;
}

/* Waits with interrupts masked, so that none is lost between the look at the queues and wfi: wfi
 * returns when one is pending, masked or not. */
struct thread *trap_next(void)
{
    struct thread *thread;
    while ((thread = sched_pick()) == NULL) {
        sched_idle();
        lock_release(&kernel_lock);
        __asm__ volatile("wfi");
        lock_acquire(&kernel_lock);
        handle_interrupts(csr_read(sip) & csr_read(sie));
    }
    return thread;
}

struct thread *trap_handle(struct thread *thread, uint64_t cause, uint64_t value)
{
    bool slice_over = false;
    lock_acquire(&kernel_lock);
    if (thread->stop_wanted) {
        /* Before anything it asked for: started again, it asks again. */
        sched_stop(thread);
    } else if (cause == CAUSE_ECALL_USER) {
        syscall_handle(thread);
    } else if ((cause & CAUSE_INTERRUPT) != 0) {
        slice_over = handle_interrupts(csr_read(sip) & csr_read(sie));
    } else {
        up_fault(thread, cause, value);
    }
    if (thread->state == THREAD_RUNNING && sched_should_yield(thread, slice_over)) {
        if (slice_over)
            sched_ready(thread);
        else
            sched_ready_first(thread);
    }
    if (thread->state != THREAD_RUNNING || thread->hart != this_hart())
        thread = trap_next();
    sched_kick();
    lock_release(&kernel_lock);
    return thread;
}

void trap_from_kernel(uint64_t cause, uint64_t pc, uint64_t value)
{
    console_print("trap in the kernel: cause 0x%lx, pc 0x%lx, address 0x%lx\n", cause, pc, value);
    panic("trap in the kernel");
}
