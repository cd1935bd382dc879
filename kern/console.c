/* Output through the firmware, power-off, panic. */
#include <stdarg.h>
#include <stdbool.h>

#include "console.h"
#include "riscv.h"
#include "sbi.h"

enum { TESTER_PASS = 0x5555, TESTER_FAIL = 0x3333, PANIC_STATUS = 255 };

volatile uint32_t *console_tester;
uint64_t console_patience;

void console_write(const char *bytes, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        sbi_console_putchar(bytes[i]);
}

void console_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            sbi_console_putchar(*f);
        } else if (*++f == 's') {
            for (const char *s = va_arg(arguments, const char *); *s != '\0'; s++)
                sbi_console_putchar(*s);
        } else { /* lx */
            uint64_t value = va_arg(arguments, uint64_t);
            for (int shift = 60; shift >= 0; shift -= 4)
                if (shift == 0 || value >> shift != 0)
                    sbi_console_putchar("0123456789abcdef"[value >> shift & 15]);
            f++;
        }
    }
    va_end(arguments);
}

_Noreturn void console_power_off(uint32_t status)
{
    status &= 0xffff;
    if (console_tester != NULL) {
        *console_tester = status == 0 ? TESTER_PASS : status << 16 | TESTER_FAIL;
        /* The machine may end a while after the store, with what was stored last: the firmware
         * stores there too, and knows only two statuses. */
        uint64_t now = time_now(), deadline = now + console_patience;
        for (; now < deadline; now = time_now())
            pause_hart();
    }
    /* Whoever watches a machine that can't say how it ended reads it here. */
    console_print("power-off: status 0x%lx; a machine that goes on now can be stopped\n",
                  (uint64_t)status);
    sbi_shutdown(status != 0);
    for (;;)
        __asm__ volatile("wfi");
}

_Noreturn void console_panic(const char *where, const char *why)
{
    static bool panicking;
    /* A trap on the way out would come back here for ever: then the firmware ends the machine. */
    if (panicking)
        console_tester = NULL;
    panicking = true;
    console_print("kernel panic at %s: %s\n", where, why);
    console_power_off(PANIC_STATUS);
}
