/* Offsets into struct thread and struct hart that the assembly needs; thread.h asserts them. */
#pragma once
#define THREAD_PC       24 /* x[0]: x0 is always zero, so its place holds the pc */
#define THREAD_X(n)     (24 + (n)*8)
#define THREAD_HART     280
#define THREAD_PRIORITY 288
#define HART_STACK      0
#define HART_CURRENT    8
#define HART_ID         32
