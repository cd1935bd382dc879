/* Device interrupts: the PLIC turns each into bits of an endpoint's notification.
 * Source: RISC-V Platform-Level Interrupt Controller Specification 1.0. */
#pragma once
#include "ipc.h"

/* The controller's registers, mapped; all interrupts go to one hart's context. NULL: no controller.
 */
void irq_init(volatile uint32_t *plic, uint32_t context);

/* Interrupt `number` sends `bits` from now on and is masked from each until it is acknowledged.
 * ERR_NUMBER: no such interrupt. */
err_t irq_attach(uint64_t number, const struct cap *endpoint, uint64_t bits);
err_t irq_acknowledge(uint64_t number);

void irq_interrupt(void);
