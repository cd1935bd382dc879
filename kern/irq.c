/* The interrupt controller's driver. */
#include "irq.h"

enum { IRQS_MAX = 128 };

/* Registers of 32 bits: of all interrupts, of each context. */
enum { ENABLE = 0x2000 / 4, ENABLE_STRIDE = 0x80 / 4 };
enum { THRESHOLD = 0x200000 / 4, CLAIM = THRESHOLD + 1, CONTEXT_STRIDE = 0x1000 / 4 };

static volatile uint32_t *priority, *enable, *claim; /* NULL: there is no controller */
static struct attached {
    struct cap cap;
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

err_t irq_attach(uint64_t number, const struct cap *endpoint, uint64_t bits)
{
    if (priority == NULL || number == 0 || number >= IRQS_MAX)
        return ERR_NUMBER;
    irqs[number] = (struct attached){*endpoint, bits};
    enable[number / 32] |= 1u << number % 32;
    return irq_acknowledge(number);
}

err_t irq_acknowledge(uint64_t number)
{
    if (number >= IRQS_MAX || irqs[number].cap.object == NULL)
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
    const struct cap *cap = &irqs[number].cap;
    if (cap->object != NULL && cap_is_alive(cap))
        ipc_notify((struct endpoint *)cap->object, irqs[number].bits);
}
