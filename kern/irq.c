/* The interrupt controller's driver. */
#include "irq.h"

enum {
    IRQS_MAX = 128,
    ENABLE_OFFSET = 0x2000,
    ENABLE_STRIDE = 0x80,
    CONTEXT_OFFSET = 0x200000,
    CONTEXT_STRIDE = 0x1000,
};

static volatile uint32_t *priority, *enable, *threshold, *claim;
static struct {
    struct notification *notification;
    uint32_t generation;
    uint64_t bits;
} irqs[IRQS_MAX];

void irq_init(uint64_t plic, uint32_t context)
{
    if (plic == 0 || context == UINT32_MAX)
        return;
    priority = (volatile uint32_t *)plic;
    enable = (volatile uint32_t *)(plic + ENABLE_OFFSET + (uint64_t)context * ENABLE_STRIDE);
    threshold = (volatile uint32_t *)(plic + CONTEXT_OFFSET + (uint64_t)context * CONTEXT_STRIDE);
    claim = threshold + 1;
    *threshold = 0;
}

err_t irq_attach(uint64_t number, struct notification *notification, uint64_t bits)
{
    if (priority == NULL || number == 0 || number >= IRQS_MAX)
        return ERR_NUMBER;
    irqs[number].notification = notification;
    irqs[number].generation = notification->object.generation;
    irqs[number].bits = bits;
    enable[number / 32] |= 1u << number % 32;
    priority[number] = 1;
    return 0;
}

err_t irq_acknowledge(uint64_t number)
{
    if (priority == NULL || number == 0 || number >= IRQS_MAX || irqs[number].notification == NULL)
        return ERR_NUMBER;
    priority[number] = 1;
    return 0;
}

void irq_interrupt(void)
{
    if (priority == NULL)
        return;
    uint32_t number = *claim;
    if (number == 0 || number >= IRQS_MAX)
        return;
    /* Masked by priority 0 until the driver acknowledges; completed here, so that no driver can
     * keep the controller waiting. */
    priority[number] = 0;
    *claim = number;
    struct notification *notification = irqs[number].notification;
    if (notification != NULL && notification->object.generation == irqs[number].generation)
        ipc_notify(notification, irqs[number].bits);
}
