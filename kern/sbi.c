/* The firmware's calls: one function each. */
#include "sbi.h"

enum {
    LEGACY_PUTCHAR = 1,
    EXT_TIME = 0x54494D45,
    EXT_IPI = 0x735049,
    EXT_HSM = 0x48534D,
    EXT_SRST = 0x53525354,
};

static long sbi_call(uint64_t extension, uint64_t function, const uint64_t arg[5])
{
    register uint64_t a0 __asm__("a0") = arg[0];
    register uint64_t a1 __asm__("a1") = arg[1];
    register uint64_t a2 __asm__("a2") = arg[2];
    register uint64_t a3 __asm__("a3") = arg[3];
    register uint64_t a4 __asm__("a4") = arg[4];
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (long)a0;
}

void sbi_console_putchar(char c)
{
    sbi_call(LEGACY_PUTCHAR, 0, (uint64_t[5]){(uint64_t)(uint8_t)c});
}

void sbi_set_timer(uint64_t time)
{
    sbi_call(EXT_TIME, 0, (uint64_t[5]){time});
}

void sbi_send_ipi(uint64_t hart_id)
{
    sbi_call(EXT_IPI, 0, (uint64_t[5]){1, hart_id});
}

long sbi_hart_start(uint64_t hart_id, uint64_t start, uint64_t opaque)
{
    return sbi_call(EXT_HSM, 0, (uint64_t[5]){hart_id, start, opaque});
}

void sbi_shutdown(int failed)
{
    sbi_call(EXT_SRST, 0, (uint64_t[5]){0, failed ? 1 : 0});
}
