/* How harts start: the first one, as the firmware hands it over, and those that it starts. */
#include "../libsys/freestanding/abi.h"
#include "offsets.h"

#define SSTATUS_CLEAR 0x46722 /* SIE SPIE SPP FS VS SUM: none of them is ever set again */
#define SBI_PUTCHAR   1
#define SBI_RESET     0x53525354

/* The head of a flat image, where boot loaders look for it. Source: Linux, Documentation/arch/riscv/
 * boot-image-header.rst. Firmware that loads an ELF file jumps here as well. */
    .section .text.header, "ax"
    .option push
    .option norvc
    .globl _start
_start:
    j       enter
    nop
    .dword  0x200000     /* where to put it, from the start of memory; any 2 MiB boundary does */
    .dword  image_nbytes /* with the memory behind the file that is zero */
    .dword  0            /* little-endian */
    .word   2            /* version 0.2 of this head */
    .word   0
    .dword  0
    .ascii  "RISCV\0\0\0RSC\5"
    .word   0

/* All else is compressed code, and without the C extension a trap at each instruction: so its lack is said
 * here. */
no_compressed:
    la      t1, no_compressed_text
1:  lbu     a0, 0(t1)
    addi    t1, t1, 1
    li      a7, SBI_PUTCHAR
    ecall
    lbu     a0, 0(t1)
    bnez    a0, 1b
    li      a0, 0
    li      a1, 1
    li      a6, 0
    li      a7, SBI_RESET
    ecall
2:  wfi
    j       2b
enter:
    la      t0, no_compressed
    csrw    stvec, t0
    .option rvc
    c.nop
    c.nop
    .option pop
    j       start

    .section .rodata, "a"
no_compressed_text:
    .string "boot: processor: it lacks the C extension\n"

    .section .text.start, "ax"
/* a0 = hart id, a1 = device tree; physical addresses, no translation. */
start:
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
    mv      a0, a1
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
    la      t2, kernel_offset
2:  ld      a1, 0(t0)
    beqz    a1, 3f
    ld      t1, 0(t2)
    sub     t1, a1, t1 /* its physical address */
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
 * address. In the kernel sscratch is 0. Changes t0, t1, t2. */
hart_translate:
    csrw    sie, zero
    csrw    sscratch, zero
    li      t0, SSTATUS_CLEAR
    csrc    sstatus, t0
    la      t1, kernel_offset
    ld      t1, 0(t1)
    la      t0, boot_root
    srli    t0, t0, 12
    li      t2, 8 << 60
    or      t0, t0, t2
    sfence.vma
    csrw    satp, t0
    sfence.vma
    csrr    t2, satp
    beq     t0, t2, 1f /* a mode that is not there leaves satp as it was */
    j       kmap_no_translation
1:  la      t0, trap_entry
    add     t0, t0, t1
    csrw    stvec, t0
    add     ra, ra, t1
    ret

    .data
    .balign 8
started:
    .word   0

    .bss
    .balign 16
    .space  8192
boot_stack_top:
