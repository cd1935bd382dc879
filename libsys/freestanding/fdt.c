/* Steps through a flattened device tree's structure block, without recursion. */
#include "fdt.h"

enum { HEADER_NBYTES = 40, VERSION = 17 };
enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };

static const char known_name[FDT_NKNOWN][24] = {
    [FDT_REG] = "reg",
    [FDT_RANGES] = "ranges",
    [FDT_STATUS] = "status",
    [FDT_PHANDLE] = "phandle",
    [FDT_COMPATIBLE] = "compatible",
    [FDT_DEVICE_TYPE] = "device_type",
    [FDT_ADDRESS_CELLS] = "#address-cells",
    [FDT_SIZE_CELLS] = "#size-cells",
    [FDT_INTERRUPTS] = "interrupts",
    [FDT_INTERRUPTS_EXTENDED] = "interrupts-extended",
    [FDT_INTERRUPT_CONTROLLER] = "interrupt-controller",
    [FDT_TIMEBASE] = "timebase-frequency",
    [FDT_BOOTARGS] = "bootargs",
    [FDT_ARCHIVE_START] = "linux,initrd-start",
    [FDT_ARCHIVE_END] = "linux,initrd-end",
};

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)fdt_cells(bytes, 1);
}

uint64_t fdt_cells(const uint8_t *bytes, uint32_t ncells)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 4 * (size_t)ncells; i++)
        number = number << 8 | bytes[i];
    return number;
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

size_t fdt_text_len(const struct fdt *tree, struct fdt_span text)
{
    return text_len(tree->blob + text.offset, text.nbytes);
}

bool fdt_text_is(const struct fdt *tree, struct fdt_span value, const char *text)
{
    return text_is(tree->blob + value.offset, value.nbytes, text);
}

bool fdt_list_has(const struct fdt *tree, struct fdt_span list, const char *text)
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

bool fdt_number(const struct fdt *tree, struct fdt_span value, uint64_t *number)
{
    if (value.offset == 0 || (value.nbytes != 4 && value.nbytes != 8))
        return false;
    *number = fdt_cells(tree->blob + value.offset, value.nbytes / 4);
    return true;
}

uint32_t fdt_count_cells(const struct fdt *tree, struct fdt_span value, uint32_t absent)
{
    if (value.offset == 0)
        return absent;
    return value.nbytes == 4 ? be32(tree->blob + value.offset) : UINT32_MAX;
}

/* Numbers that stand side by side; one that is empty or wraps is no range. */
static struct dt_range range_of(uint64_t base, uint64_t nbytes)
{
    bool good = nbytes != 0 && nbytes <= UINT64_MAX - base;
    return good ? (struct dt_range){base, nbytes} : (struct dt_range){0, 0};
}

bool fdt_reservation(const struct fdt *tree, uint32_t index, struct dt_range *range)
{
    size_t at = tree->reserved + (size_t)index * 16;
    if (at > tree->nbytes || tree->nbytes - at < 16)
        return false;
    uint64_t base = fdt_cells(tree->blob + at, 2), nbytes = fdt_cells(tree->blob + at + 8, 2);
    *range = range_of(base, nbytes > UINT64_MAX - base ? UINT64_MAX - base : nbytes);
    return base != 0 || nbytes != 0;
}

/* Cells of an entry of the current node's `reg`; false: they make no numbers. */
static bool reg_cells(const struct fdt *tree, uint32_t *naddress, uint32_t *nsize)
{
    const struct fdt_node *parent = &tree->open[tree->depth - 2];
    *naddress = fdt_count_cells(tree, parent->value[FDT_ADDRESS_CELLS], 2);
    *nsize = fdt_count_cells(tree, parent->value[FDT_SIZE_CELLS], 1);
    return *naddress >= 1 && *naddress <= 2 && *nsize >= 1 && *nsize <= 2;
}

bool fdt_reg_has(const struct fdt *tree, uint32_t n)
{
    uint32_t naddress, nsize, nbytes = tree->open[tree->depth - 1].value[FDT_REG].nbytes;
    return nbytes == 0 ||
           (reg_cells(tree, &naddress, &nsize) && (uint64_t)n * 4 * (naddress + nsize) == nbytes);
}

bool fdt_reg(const struct fdt *tree, uint32_t index, struct dt_range *range)
{
    struct fdt_span reg = tree->open[tree->depth - 1].value[FDT_REG];
    uint32_t naddress, nsize;
    if (!reg_cells(tree, &naddress, &nsize))
        return false;
    size_t entry_nbytes = 4 * (size_t)(naddress + nsize);
    if (index >= reg.nbytes / entry_nbytes)
        return false;
    const uint8_t *entry = tree->blob + reg.offset + index * entry_nbytes;
    *range = range_of(fdt_cells(entry, naddress), fdt_cells(entry + 4 * (size_t)naddress, nsize));
    return true;
}

/* Takes bytes and the padding behind them; false if they are not there. */
static bool next_bytes(struct fdt *tree, size_t nbytes, struct fdt_span *span)
{
    if (nbytes > tree->end - tree->at)
        return false;
    size_t next = (tree->at + nbytes + 3) & ~(size_t)3;
    if (next > tree->end)
        return false;
    *span = (struct fdt_span){(uint32_t)tree->at, (uint32_t)nbytes};
    tree->at = next;
    return true;
}

static bool next_word(struct fdt *tree, uint32_t *word)
{
    struct fdt_span span;
    if (!next_bytes(tree, 4, &span))
        return false;
    *word = be32(tree->blob + span.offset);
    return true;
}

static bool begin_node(struct fdt *tree)
{
    if (tree->depth == FDT_MAX_DEPTH || (tree->depth == 0 && tree->rooted))
        return false;
    if (tree->depth > 0)
        tree->open[tree->depth - 1].has_child = true;
    tree->rooted = true;
    struct fdt_node *node = &tree->open[tree->depth++];
    *node = (struct fdt_node){0};
    size_t len = text_len(tree->blob + tree->at, tree->end - tree->at);
    return next_bytes(tree, len + 1, &node->name);
}

/* Only known names are looked at, and only as far as they reach: a long name costs nothing. */
static bool add_property(struct fdt *tree)
{
    uint32_t nbytes, name;
    struct fdt_span value;
    if (tree->depth == 0 || !next_word(tree, &nbytes) || !next_word(tree, &name) ||
        !next_bytes(tree, nbytes, &value))
        return false;
    struct fdt_node *node = &tree->open[tree->depth - 1];
    if (node->has_child || name >= tree->strings_end - tree->strings)
        return false;
    const uint8_t *text = tree->blob + tree->strings + name;
    size_t text_nbytes = tree->strings_end - tree->strings - name;
    for (int i = 0; i < FDT_NKNOWN; i++)
        if (text_is(text, text_nbytes, known_name[i]))
            node->value[i] = value;
    return true;
}

enum fdt_step fdt_next(struct fdt *tree)
{
    if (tree->complete)
        tree->depth--;
    tree->complete = false;
    uint32_t token;
    while (next_word(tree, &token)) {
        switch (token) {
        case BEGIN_NODE:
            if (!begin_node(tree))
                return FDT_BROKEN;
            break;
        case END_NODE:
            tree->complete = tree->depth > 0;
            return tree->complete ? FDT_NODE : FDT_BROKEN;
        case PROPERTY:
            if (!add_property(tree))
                return FDT_BROKEN;
            break;
        case NOP: break;
        case END: return tree->rooted && tree->depth == 0 ? FDT_END : FDT_BROKEN;
        default: return FDT_BROKEN;
        }
    }
    return FDT_BROKEN;
}

size_t dt_total_bytes(const void *blob)
{
    const uint8_t *header = blob;
    return be32(header) == 0xd00dfeed ? be32(header + 4) : 0;
}

/* Section 5.2. Both blocks must lie in the stated size, and that in nbytes. */
enum dt_error fdt_begin(struct fdt *tree, const uint8_t *blob, size_t nbytes)
{
    *tree = (struct fdt){.blob = blob};
    if (nbytes >= 8 && dt_total_bytes(blob) == 0)
        return DT_BAD_HEADER;
    if (nbytes < HEADER_NBYTES)
        return DT_TRUNCATED;
    size_t total = dt_total_bytes(blob);
    size_t reserved = be32(blob + 16);
    size_t structure = be32(blob + 8), structure_nbytes = be32(blob + 36);
    size_t strings = be32(blob + 12), strings_nbytes = be32(blob + 32);
    if (total > nbytes)
        return DT_TRUNCATED;
    if (be32(blob + 20) < VERSION || be32(blob + 24) > VERSION)
        return DT_BAD_HEADER;
    if (structure < HEADER_NBYTES || structure % 4 != 0 || structure > total ||
        structure_nbytes > total - structure)
        return DT_BAD_HEADER;
    if (reserved < HEADER_NBYTES || reserved > total)
        return DT_BAD_HEADER;
    if (strings < HEADER_NBYTES || strings > total || strings_nbytes > total - strings)
        return DT_BAD_HEADER;
    tree->at = structure;
    tree->end = structure + structure_nbytes;
    tree->strings = strings;
    tree->strings_end = strings + strings_nbytes;
    tree->reserved = reserved;
    tree->nbytes = total;
    return DT_OK;
}
