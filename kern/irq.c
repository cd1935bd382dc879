/* The interrupt controller's driver. */
#include "irq.h"

enum {
    IRQS_MAX = 128,
    ENABLE_OFFSET = 0x2000,
    ENABLE_STRIDE = 0x80,
    CONTEXT_OFFSET = 0x200000,
    CONTEXT_STRIDE = 0x1000,
};

static volatile uint32_t *priority, *enable, *claim; /* NULL: there is no controller */
static struct {
    struct endpoint *endpoint;
    uint32_t generation;
    uint64_t bits;
} irqs[IRQS_MAX];

void irq_init(uint64_t plic, uint32_t context)
{
    if (plic == 0 || context == UINT32_MAX)
        return;
    priority = (volatile uint32_t *)plic;
    enable = (volatile uint32_t *)(plic + ENABLE_OFFSET + (uint64_t)context * ENABLE_STRIDE);
    claim = (volatile uint32_t *)(plic + CONTEXT_OFFSET + (uint64_t)context * CONTEXT_STRIDE) + 1;
    claim[-1] = 0; /* the threshold */
}

err_t irq_attach(uint64_t number, struct endpoint *endpoint, uint64_t bits)
{
    if (priority == NULL || number == 0 || number >= IRQS_MAX)
        return ERR_NUMBER;
    irqs[number].endpoint = endpoint;
    irqs[number].generation = endpoint->object.generation;
    irqs[number].bits = bits;
    enable[number / 32] |= 1u << number % 32;
    return irq_acknowledge(number);
}

err_t irq_acknowledge(uint64_t number)
{
    if (number >= IRQS_MAX || irqs[number].endpoint == NULL)
        return ERR_NUMBER;
    priority[number] = 1;
    return 0;
}

void irq_interrupt(void)
{
    uint32_t number = priority == NULL ? 0 : *claim;
    if (number == 0 || number >= IRQS_MAX)
        return;
    /* Masked by priority 0 until the driver acknowledges; completed here, so that no driver can
     * keep the controller waiting. */
    priority[number] = 0;
    *claim = number;
    struct endpoint *endpoint = irqs[number].endpoint;
    if (endpoint != NULL && endpoint->object.generation == irqs[number].generation)
        ipc_notify(endpoint, irqs[number].bits);
}
