/* Calls to the firmware. Source: RISC-V Supervisor Binary Interface Specification 1.0. */
#pragma once
#include <stdint.h>

/* Harts are named by their hart id. None of these can fail for a hart that the device tree names,
 * but hart_start, which returns the firmware's error (0: started). */
void sbi_console_putchar(char c);
void sbi_set_timer(uint64_t time);
void sbi_send_ipi(uint64_t hart_id);
long sbi_hart_start(uint64_t hart_id, uint64_t start, uint64_t opaque);
void sbi_shutdown(int failed); /* returns only if the firmware can't */
