/* What assembly needs to know: offsets into struct thread and struct hart, which thread.h asserts;
 * and where the image is linked (kernel.ld), which kmap.c asserts. */
#pragma once
#define KERNEL_START    0xffffffff80200000
#define THREAD_PC       24 /* x[0]: x0 is always zero, so its place holds the pc */
#define THREAD_X(n)     (24 + 8 * (n))
#define THREAD_HART     280
#define THREAD_PRIORITY 288
#define HART_STACK      0
#define HART_CURRENT    8
#define HART_ID         32
