/* The firmware's calls: one function each. */
#include "sbi.h"

enum { LEGACY_PUTCHAR = 1 };
enum { TIME = 0x54494D45, IPI = 0x735049, HSM = 0x48534D, SRST = 0x53525354 }; /* extensions */

static long sbi_call(uint64_t extension, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a6 __asm__("a6") = 0; /* each extension's first function */
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (long)a0;
}

void sbi_console_putchar(char c)
{
    sbi_call(LEGACY_PUTCHAR, (uint8_t)c, 0, 0);
}

void sbi_set_timer(uint64_t time)
{
    sbi_call(TIME, time, 0, 0);
}

void sbi_send_ipi(uint64_t hart_id)
{
    sbi_call(IPI, 1, hart_id, 0);
}

long sbi_hart_start(uint64_t hart_id, uint64_t start, uint64_t opaque)
{
    return sbi_call(HSM, hart_id, start, opaque);
}

void sbi_shutdown(int failed)
{
    sbi_call(SRST, 0, failed ? 1 : 0, 0);
}
