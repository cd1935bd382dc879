/* A hart that starts: translation, traps, its own stack. */
#include "offsets.h"

#define KERNEL_OFFSET 0xffffffff00000000
#define SSTATUS_CLEAR 0x46722 /* SIE SPIE SPP FS VS SUM: none of them is ever set again */

    .text
    .globl hart_start, hart_run, hart_translate
/* Every hart but the first: a0 = hart id, a1 = its struct hart (virtual); the pc is physical. */
hart_start:
    call    hart_translate
    mv      a0, a1
/* hart_run(hart): leaves the stack it was called on for the hart's own. */
hart_run:
    mv      tp, a0
    ld      sp, HART_STACK(tp)
    call    hart_main
1:  j       1b

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

    .bss
    .balign 4096
    .globl boot_root
boot_root:
    .space  4096
