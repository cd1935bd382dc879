/* Code that needs all registers: what C can't say. struct: 32 words, word i = xi. */
#include "../../libsys/freestanding/abi.h"

#define CALLS 4
#define PARK  5

    /* name(in, out): loads every register but sp from in, runs the body, stores every one in out. */
    .macro RAW name, body:vararg
    .globl \name
\name:
    addi    sp, sp, -384
    sd      ra, 0(sp)
    sd      gp, 8(sp)
    sd      tp, 16(sp)
    sd      a1, 120(sp)
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
    sd      s\n, 24+8*\n(sp)
    .endr
    .irp    n, 1,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld      x\n, 8*\n(a0)
    .endr
    ld      a0, 80(a0)
    \body
    .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd      x\n, 128+8*\n(sp)
    .endr
    ld      a1, 120(sp)
    .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld      t0, 128+8*\n(sp)
    sd      t0, 8*\n(a1)
    .endr
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11
    ld      s\n, 24+8*\n(sp)
    .endr
    ld      ra, 0(sp)
    ld      gp, 8(sp)
    ld      tp, 16(sp)
    addi    sp, sp, 384
    ret
    .endm

    .macro SPIN
1:  addi    t6, t6, -1
    bnez    t6, 1b
    .endm

    .text
    RAW     raw_ecall, ecall
    RAW     raw_fault, sd zero, 0(zero)
    RAW     raw_spin, SPIN

    .globl raw_start
/* A thread's entry: stores its registers at a0, then 1 in word 0. */
raw_start:
    .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd      x\n, 8*\n(a0)
    .endr
    fence
    li      t0, 1
    sd      t0, 0(a0)
park:
    li      a6, 0
    li      a7, SYS_REPLY_RECEIVE
    li      t0, 0
    li      t3, PARK
    ecall
    j       park

    .globl raw_forked
/* Calls; whoever comes back, caller or copy, adds its answer and a register to word 0 of a0. */
raw_forked:
    mv      s1, a0
    li      s2, 77
    li      a6, CALLS
    li      a7, SYS_CALL
    ecall
    bnez    a6, park
    add     t0, a0, s2
    amoadd.d zero, t0, (s1)
    addi    s1, s1, 8
    li      t0, 1
    amoadd.d zero, t0, (s1)
    j       park
