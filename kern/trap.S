/* Where every trap enters.
 *
 * In user mode sscratch holds the running thread; in the kernel it is 0, so that a trap from the
 * kernel itself is told from one that a program caused. Each path saves what it needs, and no more:
 * a call what its convention preserves, a receive sp, gp and tp, a system call that returns at once
 * what C does not preserve, all others everything. */
#include "../libsys/freestanding/abi.h"
#include "regs.h"

/* Every register; t6 is saved already, the user's tp is in sscratch. Leaves the pc in a2. */
    .macro  save_all
    save    RA, 2, 3, 5, 6, 7, SAVED, ARGUMENTS, 28, 29, 30
    csrrw   t0, sscratch, zero
    sd      t0, THREAD_X(4)(tp)
    csrr    a2, sepc
    sd      a2, THREAD_PC(tp)
    .endm

/* sp, gp, tp and the pc behind the ecall. */
    .macro  save_frame
    save    2, 3
    csrrw   t6, sscratch, zero
    sd      t6, THREAD_X(4)(tp)
    csrr    t6, sepc
    addi    t6, t6, 4
    sd      t6, THREAD_PC(tp)
    .endm

    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel
    sd      t6, THREAD_X(31)(tp)
    csrr    t6, scause
    addi    t6, t6, -CAUSE_ECALL_USER
    bnez    t6, not_a_call
    bnez    a7, not_sending
    save_frame
    save    RA, SAVED
    j       call_entry
not_sending:
    li      t6, SYS_YIELD
    beq     a7, t6, yield
    bltu    t6, a7, brief
    save_frame
    j       fast_reply_receive

/* No such call ends or parks the thread that makes it. */
brief:
    save_frame
    save    RA, ARGUMENTS
    mv      a0, tp
    ld      tp, THREAD_HART(tp)
    ld      sp, HART_STACK(tp)
    call    syscall_brief
    ld      tp, HART_CURRENT(tp)
    bnez    a0, brief_gives_way
    j       brief_exit

/* Nothing as urgent is ready: back at once. The look needs no lock: what becomes ready now sends
 * an interrupt if it should run here. */
yield:
    la      t6, sched_ready_mask
    lwu     t6, 0(t6)
    lwu     t5, THREAD_PRIORITY(tp)
    srl     t6, t6, t5
    li      a0, 0
    bnez    t6, general
    csrr    t6, sepc
    addi    t6, t6, 4
    csrw    sepc, t6
    csrrw   tp, sscratch, tp
    li      t5, 0
    li      t6, 0
    sret

not_a_call:
    save_all
    csrr    a1, scause
    bltz    a1, interrupt
    csrr    a0, stval
    j       fault_entry

general:
    save_all
interrupt:
    j       trap_slow

/* A bug: on a stack of its own, because the hart's may be what broke. */
from_kernel:
    la      sp, panic_stack_top
    csrr    tp, sscratch
    csrw    sscratch, zero
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    call    trap_from_kernel

    .bss
    .balign 16
    .space  4096
panic_stack_top:
