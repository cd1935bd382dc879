/* Assembly shared by the files of the trap path: saving, restoring and clearing registers.
 * In all of it tp is the thread. */
#pragma once
#include "offsets.h"

#define CAUSE_ECALL_USER 8
#define CAUSE_INTERRUPT  (1 << 63)

/* save 8, 9: registers x8 and x9 into the thread. */
.macro  save numbers:vararg
    .irp    n, \numbers
    sd      x\n, THREAD_X(\n)(tp)
    .endr
    .endm

    .macro  restore numbers:vararg
    .irp    n, \numbers
    ld      x\n, THREAD_X(\n)(tp)
    .endr
    .endm

    .macro  clear numbers:vararg
    .irp    n, \numbers
    li      x\n, 0
    .endr
    .endm

/* ra; s0-s11; t0-t6 by number. */
#define RA          1
#define SAVED       8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
#define TEMPORARIES 5, 6, 7, 28, 29, 30, 31
#define ARGUMENTS   10, 11, 12, 13, 14, 15, 16, 17
