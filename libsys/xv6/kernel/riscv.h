/* Pages, and the stack pointer. */
#pragma once

#define PGSIZE          4096
#define PGSHIFT         12
#define PGROUNDUP(size) (((size) + PGSIZE - 1) & ~(PGSIZE - 1))
#define PGROUNDDOWN(a)  ((a) & ~(PGSIZE - 1))
#define MAXVA           (0x80000000L + PGSIZE) /* memlayout.h */

static inline uint64 r_sp(void)
{
    uint64 sp;
    __asm__ volatile("mv %0, sp" : "=r"(sp));
    return sp;
}
