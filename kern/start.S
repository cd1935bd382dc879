/* How harts start: the first one, as the firmware hands it over, and those that it starts. */
#include "../libsys/freestanding/abi.h"
#include "offsets.h"

#define KERNEL_OFFSET 0xffffffff00000000
#define SSTATUS_CLEAR 0x46722 /* SIE SPIE SPP FS VS SUM: none of them is ever set again */

    .section .text.start, "ax"
    .globl _start
/* a0 = hart id, a1 = device tree; physical addresses, no translation. */
_start:
    la      t0, started
    li      t1, 1
    amoswap.w t1, t1, (t0)
    bnez    t1, late
    la      t0, bss_start
    la      t1, bss_end
1:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 1b

    mv      s0, a0
    mv      s1, a1
    la      sp, boot_stack_top
    call    kmap_boot
    call    hart_translate
    mv      a0, s0
    mv      a1, s1
    la      sp, boot_stack_top
    la      a2, hart_start
    call    kernel_main
    j       run

/* Not the first: firmware that wakes a hart before it has noted where to start it (OpenSBI 1.1 sets
 * the state first) sends it here. It goes where it should have gone. */
late:
    la      t0, harts
2:  ld      a1, 0(t0)
    beqz    a1, 3f
    slli    t1, a1, 32 /* its physical address */
    srli    t1, t1, 32
    ld      t1, HART_ID(t1)
    addi    t0, t0, 8
    bne     t1, a0, 2b
    j       hart_start
3:  wfi
    j       3b

/* Every hart but the first: a0 = hart id, a1 = its struct hart (virtual); the pc is physical. */
hart_start:
    call    hart_translate
    mv      a0, a1
/* a0 = this hart's struct: from here on, on its own stack. */
run:
    mv      tp, a0
    ld      sp, HART_STACK(tp)
    j       hart_main

/* Turns translation on, by the boot tables, sets the trap vector, and returns to the image's virtual
 * address. In the kernel sscratch is 0. Changes t0, t1. */
hart_translate:
    csrw    sie, zero
    csrw    sscratch, zero
    li      t0, SSTATUS_CLEAR
    csrc    sstatus, t0
    la      t0, boot_root
    srli    t0, t0, 12
    li      t1, 8 << 60
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    sfence.vma
    li      t1, KERNEL_OFFSET
    la      t0, trap_entry
    or      t0, t0, t1
    csrw    stvec, t0
    or      ra, ra, t1
    ret

    .data
    .balign 8
started:
    .word   0

    .bss
    .balign 16
    .space  8192
boot_stack_top:
