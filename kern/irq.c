/* The interrupt controller's driver. */
#include "irq.h"

enum { IRQS_MAX = 128 };

/* Registers of 32 bits: of all interrupts, of each context. */
enum { ENABLE = 0x2000 / 4, ENABLE_STRIDE = 0x80 / 4 };
enum { THRESHOLD = 0x200000 / 4, CLAIM = THRESHOLD + 1, CONTEXT_STRIDE = 0x1000 / 4 };

static volatile uint32_t *priority, *enable, *claim; /* NULL: there is no controller */
static struct {
    struct endpoint *endpoint;
    uint32_t generation;
    uint64_t bits;
} irqs[IRQS_MAX];

void irq_init(volatile uint32_t *plic, uint32_t context)
{
    if (plic == NULL || context == UINT32_MAX)
        return;
    priority = plic;
    enable = plic + ENABLE + (uint64_t)context * ENABLE_STRIDE;
    claim = plic + CLAIM + (uint64_t)context * CONTEXT_STRIDE;
    plic[THRESHOLD + (uint64_t)context * CONTEXT_STRIDE] = 0;
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
