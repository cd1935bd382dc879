/* Reads the flattened device tree in one pass over its structure block, without recursion. */
#include "dt.h"

#include <stdbool.h>

enum { HEADER_NBYTES = 40, VERSION = 17, MAX_DEPTH = 12 };
enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };
enum { SUPERVISOR_EXTERNAL = 9 }; /* the interrupt that a PLIC raises for S-mode */

enum known {
    REG,
    RANGES,
    STATUS,
    PHANDLE,
    COMPATIBLE,
    DEVICE_TYPE,
    ADDRESS_CELLS,
    SIZE_CELLS,
    INTERRUPTS,
    INTERRUPTS_EXTENDED,
    INTERRUPT_CONTROLLER,
    TIMEBASE,
    BOOTARGS,
    ARCHIVE_START,
    ARCHIVE_END,
    NKNOWN
};

static const char known_name[NKNOWN][24] = {
    [REG] = "reg",
    [RANGES] = "ranges",
    [STATUS] = "status",
    [PHANDLE] = "phandle",
    [COMPATIBLE] = "compatible",
    [DEVICE_TYPE] = "device_type",
    [ADDRESS_CELLS] = "#address-cells",
    [SIZE_CELLS] = "#size-cells",
    [INTERRUPTS] = "interrupts",
    [INTERRUPTS_EXTENDED] = "interrupts-extended",
    [INTERRUPT_CONTROLLER] = "interrupt-controller",
    [TIMEBASE] = "timebase-frequency",
    [BOOTARGS] = "bootargs",
    [ARCHIVE_START] = "linux,initrd-start",
    [ARCHIVE_END] = "linux,initrd-end",
};

/* Bytes of the blob. Offset 0 is the header's, so it can stand for "absent". */
struct span {
    uint32_t offset, nbytes;
};

struct node {
    struct span name; /* with its NUL */
    struct span value[NKNOWN];
    uint32_t intc; /* phandle of the interrupt controller among the children, or 0 */
    bool has_child;
};

struct tree {
    const uint8_t *blob;
    size_t at, end; /* what is left of the structure block */
    size_t strings, strings_end;
    uint32_t depth; /* open nodes: the root is open[0], the current one open[depth - 1] */
    bool rooted;
    struct node open[MAX_DEPTH];
    uint32_t intc[DT_MAX_HARTS]; /* beside out->hart_id */
    struct span plic_wires;      /* kept to the end: harts may stand after the PLIC */
    struct dt_machine *out;
};

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

/* True if the bytes begin with the text and its NUL. */
static bool text_is(const uint8_t *bytes, size_t nbytes, const char *text)
{
    for (size_t i = 0; i < nbytes; i++) {
        if (bytes[i] != (uint8_t)text[i])
            return false;
        if (text[i] == '\0')
            return true;
    }
    return false;
}

static size_t text_len(const uint8_t *bytes, size_t nbytes)
{
    size_t len = 0;
    while (len < nbytes && bytes[len] != 0)
        len++;
    return len;
}

/* True if a value, a list of NUL-terminated strings, holds the text. */
static bool list_has(const struct tree *tree, struct span list, const char *text)
{
    const uint8_t *bytes = tree->blob + list.offset;
    size_t at = 0;
    while (at < list.nbytes) {
        if (text_is(bytes + at, list.nbytes - at, text))
            return true;
        at += text_len(bytes + at, list.nbytes - at) + 1;
    }
    return false;
}

/* The same for a span: a name, or a value that is one string. */
static bool span_is(const struct tree *tree, struct span span, const char *text)
{
    return text_is(tree->blob + span.offset, span.nbytes, text);
}

static uint64_t read_cells(const uint8_t *bytes, uint32_t ncells)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < ncells; i++)
        number = number << 32 | be32(bytes + 4 * (size_t)i);
    return number;
}

/* A value that is one number of one or two cells; false leaves *number alone. */
static bool read_number(const struct tree *tree, struct span value, uint64_t *number)
{
    if (value.offset == 0 || (value.nbytes != 4 && value.nbytes != 8))
        return false;
    *number = read_cells(tree->blob + value.offset, value.nbytes / 4);
    return true;
}

/* #address-cells or #size-cells; a value of another length than one cell is unusable. */
static uint32_t count_cells(const struct tree *tree, struct span value, uint32_t absent)
{
    if (value.offset == 0)
        return absent;
    return value.nbytes == 4 ? be32(tree->blob + value.offset) : UINT32_MAX;
}

static bool is_usable(const struct tree *tree, const struct node *node)
{
    struct span status = node->value[STATUS];
    return status.offset == 0 || span_is(tree, status, "okay") || span_is(tree, status, "ok");
}

/* Entry `index` of the current node's `reg`, in the cells of its parent. False, and *range
 * untouched, if there is no such entry. A range that is empty or wraps around counts as {0, 0}. */
static bool read_reg(const struct tree *tree, uint32_t index, struct dt_range *range)
{
    const struct node *parent = &tree->open[tree->depth - 2];
    struct span reg = tree->open[tree->depth - 1].value[REG];
    uint32_t naddress = count_cells(tree, parent->value[ADDRESS_CELLS], 2);
    uint32_t nsize = count_cells(tree, parent->value[SIZE_CELLS], 1);
    if (naddress < 1 || naddress > 2 || nsize < 1 || nsize > 2)
        return false;
    size_t entry_nbytes = 4 * (size_t)(naddress + nsize);
    if (index >= reg.nbytes / entry_nbytes)
        return false;
    const uint8_t *entry = tree->blob + reg.offset + index * entry_nbytes;
    uint64_t base = read_cells(entry, naddress);
    uint64_t nbytes = read_cells(entry + 4 * (size_t)naddress, nsize);
    *range = (struct dt_range){0, 0};
    if (nbytes != 0 && nbytes <= UINT64_MAX - base)
        *range = (struct dt_range){base, nbytes};
    return true;
}

static void take_memory(struct tree *tree, uint64_t inside)
{
    struct dt_range bank;
    for (uint32_t i = 0; tree->out->ram.nbytes == 0 && read_reg(tree, i, &bank); i++)
        if (inside >= bank.base && inside - bank.base < bank.nbytes)
            tree->out->ram = bank;
}

static void take_chosen(struct tree *tree, const struct node *node)
{
    struct span args = node->value[BOOTARGS];
    if (args.offset != 0) {
        tree->out->bootargs = (const char *)tree->blob + args.offset;
        tree->out->bootargs_len = text_len(tree->blob + args.offset, args.nbytes);
    }
    uint64_t start, end;
    if (read_number(tree, node->value[ARCHIVE_START], &start) &&
        read_number(tree, node->value[ARCHIVE_END], &end) && end > start)
        tree->out->archive = (struct dt_range){start, end - start};
}

/* A hart's `reg` is an id, with no size: the first entry alone is read. */
static void take_hart(struct tree *tree, const struct node *node, const struct node *cpus)
{
    struct dt_machine *out = tree->out;
    struct span reg = node->value[REG];
    uint32_t ncells = count_cells(tree, cpus->value[ADDRESS_CELLS], 2);
    if (ncells < 1 || ncells > 2 || reg.nbytes < 4 * ncells || out->nharts == DT_MAX_HARTS)
        return;
    uint64_t id = read_cells(tree->blob + reg.offset, ncells);
    for (uint32_t i = 0; i < out->nharts; i++)
        if (out->hart_id[i] == id)
            return;
    tree->intc[out->nharts] = node->intc;
    out->hart_id[out->nharts++] = id;
}

/* True if this node is the first of its kind and its registers were found. */
static bool take_device(struct tree *tree, const char *kind, struct dt_range *range)
{
    struct span compatible = tree->open[tree->depth - 1].value[COMPATIBLE];
    if (range->nbytes != 0 || !list_has(tree, compatible, kind))
        return false;
    return read_reg(tree, 0, range) && range->nbytes != 0;
}

static void take_devices(struct tree *tree, const struct node *node)
{
    struct dt_machine *out = tree->out;
    for (uint32_t i = 1; i + 1 < tree->depth; i++)
        if (tree->open[i].value[RANGES].nbytes != 0 || !is_usable(tree, &tree->open[i]))
            return; /* a bus with addresses of its own, or switched off */
    if (take_device(tree, "ns16550a", &out->uart)) {
        struct span irq = node->value[INTERRUPTS];
        out->uart_irq = irq.nbytes >= 4 ? be32(tree->blob + irq.offset) : 0;
    }
    if (take_device(tree, "sifive,plic-1.0.0", &out->plic) ||
        take_device(tree, "riscv,plic0", &out->plic))
        tree->plic_wires = node->value[INTERRUPTS_EXTENDED];
    if (!take_device(tree, "sifive,clint0", &out->clint))
        take_device(tree, "riscv,clint0", &out->clint);
    if (!take_device(tree, "sifive,test1", &out->tester))
        take_device(tree, "sifive,test0", &out->tester);
}

/* The current node is complete, and so are the properties of all nodes around it. */
static void take_node(struct tree *tree, uint64_t inside)
{
    const struct node *node = &tree->open[tree->depth - 1];
    if (tree->depth < 2 || !is_usable(tree, node))
        return;
    struct node *parent = &tree->open[tree->depth - 2];
    if (tree->depth == 2) {
        if (span_is(tree, node->value[DEVICE_TYPE], "memory"))
            take_memory(tree, inside);
        if (span_is(tree, node->name, "chosen"))
            take_chosen(tree, node);
        if (span_is(tree, node->name, "cpus"))
            read_number(tree, node->value[TIMEBASE], &tree->out->timebase_hz);
    }
    if (tree->depth == 3 && span_is(tree, node->value[DEVICE_TYPE], "cpu") &&
        span_is(tree, parent->name, "cpus"))
        take_hart(tree, node, parent);
    if (node->value[INTERRUPT_CONTROLLER].offset != 0 && node->value[PHANDLE].nbytes == 4)
        parent->intc = be32(tree->blob + node->value[PHANDLE].offset);
    take_devices(tree, node);
}

/* Takes bytes and the padding behind them; false if they are not there. */
static bool next_bytes(struct tree *tree, size_t nbytes, struct span *span)
{
    if (nbytes > tree->end - tree->at)
        return false;
    size_t next = (tree->at + nbytes + 3) & ~(size_t)3;
    if (next > tree->end)
        return false;
    *span = (struct span){(uint32_t)tree->at, (uint32_t)nbytes};
    tree->at = next;
    return true;
}

static bool next_word(struct tree *tree, uint32_t *word)
{
    struct span span;
    if (!next_bytes(tree, 4, &span))
        return false;
    *word = be32(tree->blob + span.offset);
    return true;
}

static bool begin_node(struct tree *tree)
{
    if (tree->depth == MAX_DEPTH || (tree->depth == 0 && tree->rooted))
        return false;
    if (tree->depth > 0)
        tree->open[tree->depth - 1].has_child = true;
    tree->rooted = true;
    struct node *node = &tree->open[tree->depth++];
    *node = (struct node){0};
    size_t len = text_len(tree->blob + tree->at, tree->end - tree->at);
    return next_bytes(tree, len + 1, &node->name);
}

/* Only known names are looked at, and only as far as they reach: a long name costs nothing. */
static bool add_property(struct tree *tree)
{
    uint32_t nbytes, name;
    struct span value;
    if (tree->depth == 0 || !next_word(tree, &nbytes) || !next_word(tree, &name) ||
        !next_bytes(tree, nbytes, &value))
        return false;
    struct node *node = &tree->open[tree->depth - 1];
    if (node->has_child || name >= tree->strings_end - tree->strings)
        return false;
    const uint8_t *text = tree->blob + tree->strings + name;
    size_t text_nbytes = tree->strings_end - tree->strings - name;
    for (int i = 0; i < NKNOWN; i++)
        if (text_is(text, text_nbytes, known_name[i]))
            node->value[i] = value;
    return true;
}

static enum dt_error walk(struct tree *tree, uint64_t inside)
{
    uint32_t token;
    while (next_word(tree, &token)) {
        switch (token) {
        case BEGIN_NODE:
            if (!begin_node(tree))
                return DT_BAD_STRUCTURE;
            break;
        case END_NODE:
            if (tree->depth == 0)
                return DT_BAD_STRUCTURE;
            take_node(tree, inside);
            tree->depth--;
            break;
        case PROPERTY:
            if (!add_property(tree))
                return DT_BAD_STRUCTURE;
            break;
        case NOP: break;
        case END: return tree->rooted && tree->depth == 0 ? DT_OK : DT_BAD_STRUCTURE;
        default: return DT_BAD_STRUCTURE;
        }
    }
    return DT_BAD_STRUCTURE;
}

/* Context i of the PLIC is the i-th pair (phandle, interrupt) of its interrupts-extended: a hart's
 * own controller takes one cell. */
static void take_contexts(struct tree *tree)
{
    struct dt_machine *out = tree->out;
    for (uint32_t i = 0; i < tree->plic_wires.nbytes / 8; i++) {
        const uint8_t *wire = tree->blob + tree->plic_wires.offset + 8 * (size_t)i;
        uint32_t phandle = be32(wire);
        if (phandle == 0 || be32(wire + 4) != SUPERVISOR_EXTERNAL)
            continue;
        for (uint32_t hart = 0; hart < out->nharts; hart++)
            if (tree->intc[hart] == phandle && out->plic_context[hart] == UINT32_MAX)
                out->plic_context[hart] = i;
    }
}

/* Section 5.2. Both blocks must lie in the stated size, and that in nbytes. */
static enum dt_error read_header(struct tree *tree, size_t nbytes)
{
    const uint8_t *header = tree->blob;
    if (nbytes >= 8 && dt_total_bytes(header) == 0)
        return DT_BAD_HEADER;
    if (nbytes < HEADER_NBYTES)
        return DT_TRUNCATED;
    size_t total = dt_total_bytes(header);
    size_t structure = be32(header + 8), structure_nbytes = be32(header + 36);
    size_t strings = be32(header + 12), strings_nbytes = be32(header + 32);
    if (total > nbytes)
        return DT_TRUNCATED;
    if (be32(header + 20) < VERSION || be32(header + 24) > VERSION)
        return DT_BAD_HEADER;
    if (structure < HEADER_NBYTES || structure % 4 != 0 || structure > total ||
        structure_nbytes > total - structure)
        return DT_BAD_HEADER;
    if (strings < HEADER_NBYTES || strings > total || strings_nbytes > total - strings)
        return DT_BAD_HEADER;
    tree->at = structure;
    tree->end = structure + structure_nbytes;
    tree->strings = strings;
    tree->strings_end = strings + strings_nbytes;
    return DT_OK;
}

size_t dt_total_bytes(const void *blob)
{
    const uint8_t *header = blob;
    return be32(header) == 0xd00dfeed ? be32(header + 4) : 0;
}

enum dt_error dt_read(const void *blob, size_t nbytes, uint64_t inside, struct dt_machine *out)
{
    *out = (struct dt_machine){0};
    for (int i = 0; i < DT_MAX_HARTS; i++)
        out->plic_context[i] = UINT32_MAX;
    struct tree tree = {.blob = blob, .out = out};
    enum dt_error error = read_header(&tree, nbytes);
    if (error == DT_OK)
        error = walk(&tree, inside);
    if (error != DT_OK)
        return error;
    take_contexts(&tree);
    if (out->ram.nbytes == 0)
        return DT_NO_MEMORY;
    if (out->nharts == 0)
        return DT_NO_HART;
    return out->timebase_hz == 0 ? DT_NO_TIMEBASE : DT_OK;
}
