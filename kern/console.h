/* The kernel's own output, and its end. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Prints %s (string) and %lx (uint64_t); the caller holds the kernel lock, so that lines stay
 * whole.
 */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_write(const char *bytes, size_t nbytes);

/* Where a power-off with a status goes: the test device, mapped; NULL: the firmware. */
extern volatile uint32_t *console_tester;

/* How long that device may take to end the machine before the firmware is asked, in the time base.
 */
extern uint64_t console_patience;

/* Ends the machine; the emulator's exit status is `status`, where the machine has a test device.
 * The firmware is asked where it has none: it may know two statuses, one, or no way at all, so that
 * the status is printed before. */
_Noreturn void console_power_off(uint32_t status);

/* A bug of the kernel: says where and why and ends the machine with a failure. Takes no lock. */
_Noreturn void console_panic(const char *where, const char *why);
#define CONSOLE_TEXT(number)     #number
#define CONSOLE_LINE(number)     CONSOLE_TEXT(number)
#define panic(why)               console_panic(__FILE__ ":" CONSOLE_LINE(__LINE__), why)
#define kernel_assert(condition) ((condition) ? (void)0 : panic(#condition))
