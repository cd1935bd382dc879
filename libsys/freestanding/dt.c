/* What a device tree says about the machine: one pass over its nodes. */
#include "fdt.h"

enum { SUPERVISOR_EXTERNAL = 9 }; /* the interrupt that a PLIC raises for S-mode */

struct reader {
    struct fdt tree;
    uint64_t hart;
    bool too_much;                    /* a set of ranges was full */
    bool unreadable;                  /* a reserved range */
    uint32_t intc[FDT_MAX_DEPTH];     /* by depth: phandle of a controller in the open node, or 0 */
    uint32_t hart_intc[DT_MAX_HARTS]; /* beside out->hart_id */
    struct fdt_span plic_wires;       /* kept to the end: harts may stand after the PLIC */
    struct dt_machine *out;
};

static uint32_t first_cell(const struct fdt *tree, struct fdt_span value)
{
    return value.nbytes < 4 ? 0 : (uint32_t)fdt_cells(tree->blob + value.offset, 1);
}

static bool is_usable(const struct fdt *tree, const struct fdt_node *node)
{
    struct fdt_span status = node->value[FDT_STATUS];
    return status.offset == 0 || fdt_text_is(tree, status, "okay") ||
           fdt_text_is(tree, status, "ok");
}

/* All of the current node's ranges go into the set. False: some of it makes no range. */
static bool take_ranges(struct reader *reader, struct ranges *set)
{
    struct dt_range range;
    bool good = true;
    uint32_t n = 0;
    for (; fdt_reg(&reader->tree, n, &range); n++) {
        reader->too_much |= !ranges_add(set, range);
        good = good && range.nbytes != 0;
    }
    return good && fdt_reg_has(&reader->tree, n);
}

/* Are the current node's addresses the processor's? Not below a bus that has its own. */
static bool is_on_bus(const struct fdt *tree)
{
    for (uint32_t i = 1; i + 1 < tree->depth; i++)
        if (tree->open[i].value[FDT_RANGES].nbytes != 0)
            return false;
    return true;
}

/* Registers that programs could harm others by. A device that is switched off here may be
 * another's. */
static void keep_registers(struct reader *reader, const struct fdt_node *node)
{
    static const char kept[][20] = {"sifive,test0",        "sifive,test1",      "sifive,clint0",
                                    "riscv,clint0",        "riscv,aclint-mswi", "riscv,aclint-sswi",
                                    "riscv,aclint-mtimer", "sifive,plic-1.0.0", "riscv,plic0"};
    bool keep = node->value[FDT_INTERRUPT_CONTROLLER].offset != 0;
    for (uint32_t i = 0; i < sizeof kept / sizeof *kept; i++)
        keep = keep || fdt_list_has(&reader->tree, node->value[FDT_COMPATIBLE], kept[i]);
    if (keep)
        take_ranges(reader, &reader->out->kept);
}

static void take_chosen(struct reader *reader, const struct fdt_node *node)
{
    const struct fdt *tree = &reader->tree;
    struct fdt_span args = node->value[FDT_BOOTARGS];
    if (args.offset != 0) {
        reader->out->bootargs = (const char *)tree->blob + args.offset;
        reader->out->bootargs_len = fdt_text_len(tree, args);
    }
    uint64_t start, end;
    if (fdt_number(tree, node->value[FDT_ARCHIVE_START], &start) &&
        fdt_number(tree, node->value[FDT_ARCHIVE_END], &end) && end > start)
        reader->out->archive = (struct dt_range){start, end - start};
}

/* A hart's `reg` is an id, with no size: the first entry alone is read. */
static void take_hart(struct reader *reader, const struct fdt_node *node,
                      const struct fdt_node *cpus, uint32_t intc)
{
    const struct fdt *tree = &reader->tree;
    struct dt_machine *out = reader->out;
    struct fdt_span reg = node->value[FDT_REG];
    uint32_t ncells = fdt_count_cells(tree, cpus->value[FDT_ADDRESS_CELLS], 2);
    if (ncells < 1 || ncells > 2 || reg.nbytes < 4 * ncells)
        return;
    uint64_t id = fdt_cells(tree->blob + reg.offset, ncells);
    for (uint32_t i = 0; i < out->nharts; i++)
        if (out->hart_id[i] == id)
            return;
    if (out->nharts == DT_MAX_HARTS) {
        if (id != reader->hart)
            return;
        out->nharts--; /* the last one makes room: this one is in use */
    }
    reader->hart_intc[out->nharts] = intc;
    out->hart_id[out->nharts++] = id;
}

static bool is_compatible(const struct fdt *tree, const char *kind)
{
    return fdt_list_has(tree, tree->open[tree->depth - 1].value[FDT_COMPATIBLE], kind);
}

/* True if this node is the first of its kind and its registers were found. */
static bool take_device(struct reader *reader, const char *kind, struct dt_range *range)
{
    const struct fdt *tree = &reader->tree;
    if (range->nbytes != 0 || !is_compatible(tree, kind))
        return false;
    return fdt_reg(tree, 0, range) && range->nbytes != 0;
}

static void take_devices(struct reader *reader, const struct fdt_node *node)
{
    const struct fdt *tree = &reader->tree;
    struct dt_machine *out = reader->out;
    for (uint32_t i = 1; i + 1 < tree->depth; i++)
        if (!is_usable(tree, &tree->open[i]))
            return;
    if (!is_on_bus(tree))
        return;
    if (take_device(reader, "ns16550a", &out->uart))
        out->uart_irq = first_cell(tree, node->value[FDT_INTERRUPTS]);
    if (take_device(reader, "sifive,plic-1.0.0", &out->plic) ||
        take_device(reader, "riscv,plic0", &out->plic))
        reader->plic_wires = node->value[FDT_INTERRUPTS_EXTENDED];
    if (!take_device(reader, "sifive,test1", &out->tester))
        take_device(reader, "sifive,test0", &out->tester);
}

/* The current node is complete, and so are the properties of all nodes around it. */
static void take_node(struct reader *reader)
{
    const struct fdt *tree = &reader->tree;
    uint32_t level = tree->depth - 1, intc = reader->intc[level];
    const struct fdt_node *node = &tree->open[level];
    reader->intc[level] = 0; /* for the next node there */
    if (level == 0)
        return;
    if (is_on_bus(tree))
        keep_registers(reader, node);
    if (!is_usable(tree, node))
        return;
    const struct fdt_node *parent = &tree->open[level - 1];
    if (level == 1) {
        if (fdt_text_is(tree, node->value[FDT_DEVICE_TYPE], "memory"))
            take_ranges(reader, &reader->out->ram);
        if (fdt_text_is(tree, node->name, "chosen"))
            take_chosen(reader, node);
        if (fdt_text_is(tree, node->name, "cpus"))
            fdt_number(tree, node->value[FDT_TIMEBASE], &reader->out->timebase_hz);
    }
    if (level == 2 && fdt_text_is(tree, parent->name, "reserved-memory"))
        reader->unreadable |= !take_ranges(reader, &reader->out->reserved);
    if (level == 2 && fdt_text_is(tree, node->value[FDT_DEVICE_TYPE], "cpu") &&
        fdt_text_is(tree, parent->name, "cpus"))
        take_hart(reader, node, parent, intc);
    if (node->value[FDT_INTERRUPT_CONTROLLER].offset != 0 && node->value[FDT_PHANDLE].nbytes == 4)
        reader->intc[level - 1] = first_cell(tree, node->value[FDT_PHANDLE]);
    take_devices(reader, node);
}

/* Context i of the PLIC is the i-th pair (phandle, interrupt) of its interrupts-extended: a hart's
 * own controller takes one cell. */
static void take_contexts(struct reader *reader)
{
    struct dt_machine *out = reader->out;
    const uint8_t *wire = reader->tree.blob + reader->plic_wires.offset;
    for (uint32_t i = 0; i < reader->plic_wires.nbytes / 8; i++, wire += 8) {
        uint32_t phandle = (uint32_t)fdt_cells(wire, 1);
        if (phandle == 0 || fdt_cells(wire + 4, 1) != SUPERVISOR_EXTERNAL)
            continue;
        for (uint32_t hart = 0; hart < out->nharts; hart++)
            if (reader->hart_intc[hart] == phandle && out->plic_context[hart] == UINT32_MAX)
                out->plic_context[hart] = i;
    }
}

enum dt_error dt_read(const void *blob, size_t nbytes, uint64_t inside, uint64_t hart,
                      struct dt_machine *out)
{
    *out = (struct dt_machine){0};
    for (int i = 0; i < DT_MAX_HARTS; i++)
        out->plic_context[i] = UINT32_MAX;
    struct reader reader = {.hart = hart, .out = out};
    enum dt_error error = fdt_begin(&reader.tree, blob, nbytes);
    if (error != DT_OK)
        return error;
    enum fdt_step step;
    while ((step = fdt_next(&reader.tree)) == FDT_NODE)
        take_node(&reader);
    if (step == FDT_BROKEN)
        return DT_BAD_STRUCTURE;
    take_contexts(&reader);
    struct dt_range range;
    for (uint32_t i = 0; fdt_reservation(&reader.tree, i, &range); i++)
        reader.too_much |= !ranges_add(&out->reserved, range);
    if (reader.too_much)
        return DT_TOO_MUCH;
    if (reader.unreadable)
        return DT_UNREADABLE;
    if (ranges_find(&out->ram, (struct dt_range){inside, 1}) == NULL)
        return DT_NO_MEMORY;
    if (out->nharts == 0)
        return DT_NO_HART;
    return out->timebase_hz == 0 ? DT_NO_TIMEBASE : DT_OK;
}

const char *dt_error_text(enum dt_error error)
{
    switch (error) {
    case DT_OK: return "no error";
    case DT_BAD_HEADER: return "bad header";
    case DT_TRUNCATED: return "truncated";
    case DT_BAD_STRUCTURE: return "bad structure";
    case DT_TOO_MUCH: return "more ranges than can be kept";
    case DT_UNREADABLE: return "a reserved range that can't be read";
    case DT_NO_MEMORY: return "no memory node";
    case DT_NO_HART: return "no hart";
    case DT_NO_TIMEBASE: return "no time base";
    }
    return "unknown error";
}
