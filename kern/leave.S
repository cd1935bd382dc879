/* From the kernel to a thread; and the slow path, between saved registers and the next thread. */
#include "../libsys/freestanding/abi.h"
#include "regs.h"

/* The thread's pc; and no reservation that another thread's lr left on this hart (the store itself
 * fails: nobody reserves a thread). */
    .macro  leave_kernel scratch
    csrw    sscratch, tp
    ld      \scratch, THREAD_PC(tp)
    csrw    sepc, \scratch
    sc.d    zero, zero, (tp)
    .endm

    .text
    .globl fast_miss_call, fast_miss_receive, fast_miss_fault, trap_slow, trap_resume
/* The lock was held, nobody waits, or something is unusual: what the fast path left in its registers
 * is saved, and the pc goes back to the ecall. */
fast_miss_call:
    li      a7, SYS_CALL
    j       1f
fast_miss_receive:
    li      a7, SYS_REPLY_RECEIVE
1:  clear   29, 30, 31
    save    ARGUMENTS, TEMPORARIES
    ld      t0, THREAD_PC(tp)
    addi    t0, t0, -4
    sd      t0, THREAD_PC(tp)
fast_miss_fault:
trap_slow:
    csrr    a1, scause
    csrr    a2, stval
1:  mv      a0, tp
    ld      tp, THREAD_HART(tp)
    ld      sp, HART_STACK(tp)
    call    trap_handle
/* trap_resume(thread): all registers. */
trap_resume:
    mv      tp, a0
    .globl fast_exit_resumed
fast_exit_resumed:
    leave_kernel t0
    restore RA, 2, 3, TEMPORARIES, SAVED, ARGUMENTS, 4
    sret

    .globl brief_gives_way, brief_exit
/* As if an interrupt had come behind the call. */
brief_gives_way:
    clear   TEMPORARIES
    save    SAVED, TEMPORARIES
    li      a1, CAUSE_INTERRUPT
    j       1b

/* The result is in a0, and for one call in a1. */
brief_exit:
    leave_kernel t0
    restore RA, 2, 3, 10, 11
    clear   12, 13, 14, 15, 16, 17, TEMPORARIES
    restore 4
    sret

    .globl fast_exit_called, fast_exit_faulted
/* Message, badge and token are in a0-a7; nothing else of the sender or the kernel goes out. A pager
 * may see what it could read anyway: those of its own registers that fast_send.c does not use. */
fast_exit_called:
    clear   RA, 5, 6, 7, 8, 23, 24, 25, 26, 27, 28
fast_exit_faulted:
    leave_kernel t4
    restore 2, 3
    clear   9, 18, 19, 20, 21, 22, 29, 30, 31
    restore 4
    sret

    .globl fast_exit_answered
/* The answer is in a0-a5; a6 = 0. */
fast_exit_answered:
    leave_kernel t0
    restore RA, 2, 3, SAVED
    clear   16, 17, TEMPORARIES
    restore 4
    sret
