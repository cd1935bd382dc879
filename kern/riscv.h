/* Instructions and registers of the RISC-V privileged architecture that C can't name.
 * Source: The RISC-V Instruction Set Manual, Volume II, chapter 4 (supervisor).
 *
 * Host tests build part of the kernel with a copy of this file that they can watch. */
#ifndef KERN_RISCV_H
#define KERN_RISCV_H
#include <stdint.h>

#include "sv39.h"

#define CAUSE_INTERRUPT    (1ul << 63)
#define CAUSE_ECALL_USER   8ul
#define INTERRUPT_SOFTWARE (1ul << 1)
#define INTERRUPT_TIMER    (1ul << 5)
#define INTERRUPT_EXTERNAL (1ul << 9)

#define csr_read(name)                                      \
    ({                                                      \
        uint64_t value_;                                    \
        __asm__ volatile("csrr %0, " #name : "=r"(value_)); \
        value_;                                             \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"r"(value) : "memory")
#define csr_set(name, value)   __asm__ volatile("csrs " #name ", %0" ::"r"(value) : "memory")
#define csr_clear(name, value) __asm__ volatile("csrc " #name ", %0" ::"r"(value) : "memory")

#define fence_all()      __asm__ volatile("sfence.vma" ::: "memory")
#define fence_asid(asid) __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory")

/* What other harts or this one stored may be fetched as instructions from here on. */
#define fence_code() __asm__ volatile("fence.i" ::: "memory")

/* Returns when an interrupt is pending, enabled or not. */
#define wait_for_interrupt() __asm__ volatile("wfi")

/* Between two looks at what another hart will store: a hint, a fence where unknown. */
#define pause_hart() __asm__ volatile(".word 0x0100000f")

/* Stores 1 with acquire order and gives what stood there. Not the compiler's builtin: that may keep
 * the constant anywhere, gcc 14 on the stack, and the fast path has none (fast_path.h). */
#define test_and_set(word)                           \
    ({                                               \
        uint64_t old_;                               \
        __asm__ volatile("amoswap.d.aq %0,%2,%1"     \
                         : "=r"(old_), "+A"(*(word)) \
                         : "r"(1ul)                  \
                         : "memory");                \
        old_;                                        \
    })

/* A store of 0 with release order: one instruction, where gcc 12 makes a fence and an exchange. */
#define clear_release(word) \
    __asm__ volatile("amoswap.d.rl zero, zero, %0" : "+A"(*(word))::"memory")

#define time_now() csr_read(time)

/* A function, which a profile can name. */
static inline void fence_page(uint64_t va, uint64_t asid)
{
    __asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"(asid) : "memory");
}

/* tp: in the kernel's C code it holds this hart's struct. */
static inline void *thread_pointer(void)
{
    void *pointer;
    __asm__("mv %0, tp" : "=r"(pointer));
    return pointer;
}
#endif
