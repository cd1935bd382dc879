/* The first instruction: the boot hart, as the firmware hands it over. */
#include "abi.h"
#include "offsets.h"

#define PTE_LARGE 0xcf /* V R W X A D */

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

    /* boot_root: the lower half is physical memory as it is, entry 510 the image's gigabyte. */
    la      t0, boot_root
    li      t1, PTE_LARGE
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

    call    hart_translate
    la      sp, boot_stack_top
    call    kernel_main
1:  j       1b

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

    .data
    .balign 8
started:
    .word   0

    .bss
    .balign 4096
    .space  8192
boot_stack_top:
