/* The flattened device tree: what the firmware says about this machine.
 *
 * Source: Devicetree Specification v0.3, chapters 2 (properties), 3 (nodes) and 5 (the blob).
 * All sizes are bytes and all addresses physical. The blob stays the caller's: dt_read copies
 * nothing out of it but numbers, and `bootargs` points into it. Any bytes at all are answered with
 * an error or a machine; nothing outside [blob, blob + nbytes) is read. Time is linear in nbytes.
 * About 2.2 KiB of stack.
 *
 * For every range that is returned, base + nbytes fits in 64 bits. Left out are nodes whose status
 * is present and not "okay" or "ok", devices below such a bus, and devices below a bus with a
 * non-empty `ranges`, whose addresses are not the processor's. Of several devices of a kind the
 * first counts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ranges.h"

enum { DT_MAX_HARTS = 64 };

struct dt_machine {
    struct ranges ram;      /* all banks of memory; those that touch are one range */
    struct ranges reserved; /* the memory reservation block, and the children of /reserved-memory:
                               somebody else's, whether it may be mapped or not */
    struct ranges kept;     /* registers that no program may have: interrupt controllers, timers,
                               software interrupts, the power-off device */
    uint32_t nharts; /* usable harts, in the tree's order; above 64, the first 63 and `hart` */
    uint64_t hart_id[DT_MAX_HARTS];      /* all different */
    uint32_t plic_context[DT_MAX_HARTS]; /* the hart's S-mode context, or UINT32_MAX */
    uint64_t timebase_hz;
    const char *bootargs; /* into the blob; NULL if absent */
    size_t bootargs_len;  /* no NUL inside, none counted */
    struct dt_range archive;
    struct dt_range tester; /* sifive,test0 or sifive,test1: power-off with a status */
    struct dt_range plic;
    struct dt_range uart; /* ns16550a */
    uint32_t uart_irq;    /* its first interrupt's first cell; 0 if absent */
};

enum dt_error {
    DT_OK = 0,
    DT_BAD_HEADER,    /* no device tree, another version, or blocks outside the stated size */
    DT_TRUNCATED,     /* nbytes is less than the header, or than the size it states */
    DT_BAD_STRUCTURE, /* the structure block breaks section 5.4, or nests deeper than 12 */
    DT_TOO_MUCH,      /* more than RANGES_MAX banks, reserved ranges, or ranges of registers */
    DT_UNREADABLE, /* a reserved range in cells that make no numbers, cut short, empty, or wrapping
                    */
    DT_NO_MEMORY,  /* no bank holds `inside` */
    DT_NO_HART,
    DT_NO_TIMEBASE,
};

/* A short phrase for a message, never NULL. */
const char *dt_error_text(enum dt_error error);

/* The size that the header states, or 0 if the magic is not there. Reads 8 bytes. */
size_t dt_total_bytes(const void *blob);

/* Fills *out. After an error *out holds what was found until then, every field valid or empty, so
 * that a kernel without memory can still find the way to say so. The blob needs no alignment.
 * `inside` is an address that must be memory, `hart` the id of the hart that reads. */
enum dt_error dt_read(const void *blob, size_t nbytes, uint64_t inside, uint64_t hart,
                      struct dt_machine *out);
