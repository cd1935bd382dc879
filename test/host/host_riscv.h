/* Stands in for kern/riscv.h on the host (-include, and the same guard): each instruction is a call
 * of host_machine.c. */
#ifndef KERN_RISCV_H
#define KERN_RISCV_H
#include <stdint.h>

#include "../../kern/sv39.h"

uint64_t host_read_satp(void);
void host_write_satp(uint64_t satp);
void host_set_sip(uint64_t bits);
#define INTERRUPT_SOFTWARE (1ul << 1)

#define csr_read(name)         host_read_##name()
#define csr_write(name, value) host_write_##name(value)
#define csr_set(name, value)   host_set_##name(value)

void fence_all(void);
void fence_asid(uint64_t asid);
void fence_page(uint64_t va, uint64_t asid);
void fence_code(void);
void wait_for_interrupt(void);
void pause_hart(void);
uint64_t test_and_set(uint64_t *word);
void clear_release(uint64_t *word);
uint64_t time_now(void);
void *thread_pointer(void);
#endif
