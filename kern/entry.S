/* Where a hart enters the kernel: at start, and at each trap.
 *
 * In user mode sscratch holds the running thread; in the kernel it is 0, so that a trap from the
 * kernel itself is told from one that a program caused. */
#include "abi.h"
#include "offsets.h"

#define KERNEL_OFFSET 0xffffffff00000000
#define PTE_TABLE_FREE_LEAF 0xcf /* V R W X A D: one gigapage for the kernel */
#define CAUSE_ECALL_USER 8
#define SSTATUS_CLEAR 0x46722    /* SIE SPIE SPP FS VS SUM: none of them is ever set again */

/* All registers but t6, which is saved, and the user's tp, which is in sscratch; t0 is then the pc. */
    .macro  save_rest
    sd      ra, THREAD_X(1)(tp)
    sd      sp, THREAD_X(2)(tp)
    sd      gp, THREAD_X(3)(tp)
    sd      t0, THREAD_X(5)(tp)
    sd      t1, THREAD_X(6)(tp)
    sd      t2, THREAD_X(7)(tp)
    sd      s0, THREAD_X(8)(tp)
    sd      s1, THREAD_X(9)(tp)
    sd      a0, THREAD_X(10)(tp)
    sd      a1, THREAD_X(11)(tp)
    sd      a2, THREAD_X(12)(tp)
    sd      a3, THREAD_X(13)(tp)
    sd      a4, THREAD_X(14)(tp)
    sd      a5, THREAD_X(15)(tp)
    sd      a6, THREAD_X(16)(tp)
    sd      a7, THREAD_X(17)(tp)
    sd      s2, THREAD_X(18)(tp)
    sd      s3, THREAD_X(19)(tp)
    sd      s4, THREAD_X(20)(tp)
    sd      s5, THREAD_X(21)(tp)
    sd      s6, THREAD_X(22)(tp)
    sd      s7, THREAD_X(23)(tp)
    sd      s8, THREAD_X(24)(tp)
    sd      s9, THREAD_X(25)(tp)
    sd      s10, THREAD_X(26)(tp)
    sd      s11, THREAD_X(27)(tp)
    sd      t3, THREAD_X(28)(tp)
    sd      t4, THREAD_X(29)(tp)
    sd      t5, THREAD_X(30)(tp)
    csrrw   t0, sscratch, zero
    sd      t0, THREAD_X(4)(tp)
    csrr    t0, sepc
    sd      t0, THREAD_PC(tp)
    .endm

/* To the thread in tp: its pc, and no reservation that another thread's lr left on this hart. */
    .macro  leave_kernel
    csrw    sscratch, tp
    ld      t0, THREAD_PC(tp)
    csrw    sepc, t0
    addi    t1, tp, THREAD_PC
    sc.d    zero, t0, (t1)
    .endm

    .macro  clear_temporaries
    li      t0, 0
    li      t1, 0
    li      t2, 0
    li      t3, 0
    li      t4, 0
    li      t5, 0
    li      t6, 0
    .endm

    .section .text.start, "ax"
    .globl _start
/* The boot hart: a0 = hart id, a1 = device tree; physical addresses, no translation. */
_start:
    csrw    sie, zero
    li      t0, SSTATUS_CLEAR
    csrc    sstatus, t0
    la      t0, bss_start
    la      t1, bss_end
1:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 1b

    /* boot_root: the lower half is physical memory as it is, entry 510 the image's gigabyte. */
    la      t0, boot_root
    li      t1, PTE_TABLE_FREE_LEAF
    li      t2, 1 << 28
    li      t3, 256
    mv      t4, t0
1:  sd      t1, 0(t4)
    add     t1, t1, t2
    addi    t4, t4, 8
    addi    t3, t3, -1
    bnez    t3, 1b
    ld      t1, 2 * 8(t0)
    li      t2, 510 * 8
    add     t2, t2, t0
    sd      t1, 0(t2)

    call    translate
    la      sp, boot_stack_top
    csrw    sscratch, zero
    la      t0, trap_entry
    csrw    stvec, t0
    call    kernel_main
1:  j       1b

    .globl hart_start
/* Another hart: a0 = hart id, a1 = its struct hart (virtual). */
hart_start:
    csrw    sie, zero
    li      t0, SSTATUS_CLEAR
    csrc    sstatus, t0
    mv      tp, a1
    call    translate
    j       hart_enter

    .globl hart_run
/* hart_run(hart): leaves the boot stack for the hart's own. */
hart_run:
    mv      tp, a0
hart_enter:
    csrw    sscratch, zero
    la      t0, trap_entry
    csrw    stvec, t0
    ld      sp, HART_STACK(tp)
    call    hart_main
1:  j       1b

/* Turns translation on and returns to the image's virtual address. */
translate:
    la      t0, boot_root
    srli    t0, t0, 12
    li      t1, 8 << 60
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    sfence.vma
    li      t0, KERNEL_OFFSET
    add     ra, ra, t0
    ret

    .text
    .balign 4
    .globl trap_entry
/* Saves what the path needs, and no more: a system call what its convention preserves, a receive
 * only sp, gp and tp, anything else every register. */
trap_entry:
    csrrw   tp, sscratch, tp
    beqz    tp, from_kernel
    sd      t6, THREAD_X(31)(tp)
    csrr    t6, scause
    addi    t6, t6, -CAUSE_ECALL_USER
    bnez    t6, not_a_call
    li      t6, SYS_YIELD
    bgtu    a7, t6, save_all
    beq     a7, t6, yield

    sd      sp, THREAD_X(2)(tp)
    sd      gp, THREAD_X(3)(tp)
    csrrw   t6, sscratch, zero
    sd      t6, THREAD_X(4)(tp)
    csrr    t6, sepc
    addi    t6, t6, 4
    sd      t6, THREAD_PC(tp)
    bnez    a7, fast_reply_receive
    sd      ra, THREAD_X(1)(tp)
    sd      s0, THREAD_X(8)(tp)
    sd      s1, THREAD_X(9)(tp)
    sd      s2, THREAD_X(18)(tp)
    sd      s3, THREAD_X(19)(tp)
    sd      s4, THREAD_X(20)(tp)
    sd      s5, THREAD_X(21)(tp)
    sd      s6, THREAD_X(22)(tp)
    sd      s7, THREAD_X(23)(tp)
    sd      s8, THREAD_X(24)(tp)
    sd      s9, THREAD_X(25)(tp)
    sd      s10, THREAD_X(26)(tp)
    sd      s11, THREAD_X(27)(tp)
    j       fast_call

/* Nothing as urgent is ready: back at once. The look needs no lock: what becomes ready now sends
 * an interrupt if it should run here. */
yield:
    la      t6, sched_ready_mask
    lwu     t6, 0(t6)
    lwu     t5, THREAD_PRIORITY(tp)
    srl     t6, t6, t5
    bnez    t6, save_all
    csrr    t6, sepc
    addi    t6, t6, 4
    csrw    sepc, t6
    csrrw   tp, sscratch, tp
    li      a0, 0
    li      t5, 0
    li      t6, 0
    sret

/* A synchronous exception goes to the pager; an interrupt to trap_handle. */
not_a_call:
    save_rest
    csrr    a1, scause
    bltz    a1, handle
    csrr    a0, stval
    mv      a2, t0
    li      a3, 0
    li      a4, 0
    li      a5, 0
    j       fast_fault

/* The lock was held, or nobody waits, or something is unusual. */
    .globl fast_miss_call, fast_miss_receive, fast_miss_fault
fast_miss_call:
    li      a7, SYS_CALL
    j       1f
fast_miss_receive:
    li      a7, SYS_REPLY_RECEIVE
1:  sd      t0, THREAD_X(5)(tp)
    sd      t1, THREAD_X(6)(tp)
    sd      t2, THREAD_X(7)(tp)
    sd      a0, THREAD_X(10)(tp)
    sd      a1, THREAD_X(11)(tp)
    sd      a2, THREAD_X(12)(tp)
    sd      a3, THREAD_X(13)(tp)
    sd      a4, THREAD_X(14)(tp)
    sd      a5, THREAD_X(15)(tp)
    sd      a6, THREAD_X(16)(tp)
    sd      a7, THREAD_X(17)(tp)
    sd      t3, THREAD_X(28)(tp)
    sd      zero, THREAD_X(29)(tp)
    sd      zero, THREAD_X(30)(tp)
    sd      zero, THREAD_X(31)(tp)
    ld      t0, THREAD_PC(tp)
    addi    t0, t0, -4
    sd      t0, THREAD_PC(tp)
    j       handle
save_all:
    save_rest
fast_miss_fault:
handle:
    mv      a0, tp
    csrr    a1, scause
    csrr    a2, stval
    ld      tp, THREAD_HART(tp)
    ld      sp, HART_STACK(tp)
    call    trap_handle

    .globl trap_resume
/* trap_resume(thread): all registers, then user mode. The sc drops a reservation that another
 * thread's lr left on this hart. */
trap_resume:
    mv      tp, a0
    .globl fast_exit_resumed
fast_exit_resumed:
    leave_kernel
    ld      ra, THREAD_X(1)(tp)
    ld      sp, THREAD_X(2)(tp)
    ld      gp, THREAD_X(3)(tp)
    ld      t0, THREAD_X(5)(tp)
    ld      t1, THREAD_X(6)(tp)
    ld      t2, THREAD_X(7)(tp)
    ld      s0, THREAD_X(8)(tp)
    ld      s1, THREAD_X(9)(tp)
    ld      a0, THREAD_X(10)(tp)
    ld      a1, THREAD_X(11)(tp)
    ld      a2, THREAD_X(12)(tp)
    ld      a3, THREAD_X(13)(tp)
    ld      a4, THREAD_X(14)(tp)
    ld      a5, THREAD_X(15)(tp)
    ld      a6, THREAD_X(16)(tp)
    ld      a7, THREAD_X(17)(tp)
    ld      s2, THREAD_X(18)(tp)
    ld      s3, THREAD_X(19)(tp)
    ld      s4, THREAD_X(20)(tp)
    ld      s5, THREAD_X(21)(tp)
    ld      s6, THREAD_X(22)(tp)
    ld      s7, THREAD_X(23)(tp)
    ld      s8, THREAD_X(24)(tp)
    ld      s9, THREAD_X(25)(tp)
    ld      s10, THREAD_X(26)(tp)
    ld      s11, THREAD_X(27)(tp)
    ld      t3, THREAD_X(28)(tp)
    ld      t4, THREAD_X(29)(tp)
    ld      t5, THREAD_X(30)(tp)
    ld      t6, THREAD_X(31)(tp)
    ld      tp, THREAD_X(4)(tp)
    sret

    .globl fast_exit_receiver
/* Message, badge and token are in a0-a7; nothing else of the sender or the kernel goes out. */
fast_exit_receiver:
    leave_kernel
    ld      sp, THREAD_X(2)(tp)
    ld      gp, THREAD_X(3)(tp)
    li      ra, 0
    li      s0, 0
    li      s1, 0
    li      s2, 0
    li      s3, 0
    li      s4, 0
    li      s5, 0
    li      s6, 0
    li      s7, 0
    li      s8, 0
    li      s9, 0
    li      s10, 0
    li      s11, 0
    clear_temporaries
    ld      tp, THREAD_X(4)(tp)
    sret

    .globl fast_exit_answered
/* The answer is in a0-a5. */
fast_exit_answered:
    leave_kernel
    ld      ra, THREAD_X(1)(tp)
    ld      sp, THREAD_X(2)(tp)
    ld      gp, THREAD_X(3)(tp)
    ld      s0, THREAD_X(8)(tp)
    ld      s1, THREAD_X(9)(tp)
    ld      s2, THREAD_X(18)(tp)
    ld      s3, THREAD_X(19)(tp)
    ld      s4, THREAD_X(20)(tp)
    ld      s5, THREAD_X(21)(tp)
    ld      s6, THREAD_X(22)(tp)
    ld      s7, THREAD_X(23)(tp)
    ld      s8, THREAD_X(24)(tp)
    ld      s9, THREAD_X(25)(tp)
    ld      s10, THREAD_X(26)(tp)
    ld      s11, THREAD_X(27)(tp)
    li      a6, 0
    li      a7, 0
    clear_temporaries
    ld      tp, THREAD_X(4)(tp)
    sret

/* A bug: on a stack of its own, because this one may be what broke. */
from_kernel:
    la      sp, panic_stack_top
    csrr    tp, sscratch
    csrw    sscratch, zero
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    call    trap_from_kernel

    .bss
    .balign 4096
    .globl boot_root
boot_root:
    .space  4096
    .space  8192
boot_stack_top:
    .space  4096
panic_stack_top:
