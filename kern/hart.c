/* A hart's first steps in C. */
#include "hart.h"
#include "riscv.h"
#include "space.h"
#include "timer.h"
#include "trap.h"

enum { COUNTERS_FOR_USERS = 7 }; /* cycle, time, instret */

_Noreturn void hart_main(void)
{
    csr_write(satp, SATP_SV39 | pool_pfn(kernel_root));
    fence_all();
    csr_write(scounteren, (uint64_t)COUNTERS_FOR_USERS);
    csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
    timer_start();
    lock_acquire(&kernel_lock);
    struct thread *thread = trap_next();
    lock_release(&kernel_lock);
    trap_resume(thread);
}
