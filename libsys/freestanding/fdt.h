/* A flattened device tree as a sequence of nodes: structure, names and values, no meaning.
 *
 * Source: Devicetree Specification v0.3, chapters 2 (properties) and 5 (the blob). A node comes
 * when it is complete: behind all that is in it, with the nodes around it open, whose own
 * properties are all known by then (section 5.4.2: they stand before the children). Only what is
 * asked for later is kept of a node: its name, and where the values of known properties are. The
 * blob stays the caller's and needs no alignment; nothing outside it is read.
 */
#pragma once

#include <stdbool.h>

#include "dt.h"

enum { FDT_MAX_DEPTH = 12 };

enum fdt_known {
    FDT_REG,
    FDT_RANGES,
    FDT_STATUS,
    FDT_PHANDLE,
    FDT_COMPATIBLE,
    FDT_DEVICE_TYPE,
    FDT_ADDRESS_CELLS,
    FDT_SIZE_CELLS,
    FDT_INTERRUPTS,
    FDT_INTERRUPTS_EXTENDED,
    FDT_INTERRUPT_CONTROLLER,
    FDT_TIMEBASE,
    FDT_BOOTARGS,
    FDT_ARCHIVE_START,
    FDT_ARCHIVE_END,
    FDT_NKNOWN
};

/* Bytes of the blob. Offset 0 is the header's, so it can stand for "absent". */
struct fdt_span {
    uint32_t offset, nbytes;
};

struct fdt_node {
    struct fdt_span name; /* with its NUL */
    struct fdt_span value[FDT_NKNOWN];
    bool has_child;
};

struct fdt {
    const uint8_t *blob;
    size_t at, end; /* what is left of the structure block */
    size_t strings, strings_end;
    size_t reserved, nbytes; /* the memory reservation block; the blob */
    uint32_t depth;          /* open nodes: the root is open[0], the current one open[depth - 1] */
    bool rooted;
    bool complete; /* the current node has been handed out: the next step closes it */
    struct fdt_node open[FDT_MAX_DEPTH];
};

enum fdt_step { FDT_NODE, FDT_END, FDT_BROKEN };

/* DT_OK, DT_BAD_HEADER or DT_TRUNCATED; then steps until there are no more nodes. */
enum dt_error fdt_begin(struct fdt *tree, const uint8_t *blob, size_t nbytes);
enum fdt_step fdt_next(struct fdt *tree);

/* Entry `index` of the memory reservation block; false: it ends before. An entry that wraps goes
 * as far as it can. */
bool fdt_reservation(const struct fdt *tree, uint32_t index, struct dt_range *range);

/* Values. A list is one of NUL-terminated strings; a cell is 32 bits, most significant byte first.
 */
uint64_t fdt_cells(const uint8_t *bytes, uint32_t ncells);
size_t fdt_text_len(const struct fdt *tree, struct fdt_span text);
bool fdt_text_is(const struct fdt *tree, struct fdt_span value, const char *text);
bool fdt_list_has(const struct fdt *tree, struct fdt_span list, const char *text);

/* A value that is one number of one or two cells; false leaves *number alone. */
bool fdt_number(const struct fdt *tree, struct fdt_span value, uint64_t *number);

/* #address-cells or #size-cells; one of another length than a cell is unusable: UINT32_MAX. */
uint32_t fdt_count_cells(const struct fdt *tree, struct fdt_span value, uint32_t absent);

/* Entry `index` of the current node's `reg`, in the cells of its parent (so not for the root).
 * False, and *range untouched, if there is no such entry. A range that is empty or wraps counts as
 * {0, 0}. */
bool fdt_reg(const struct fdt *tree, uint32_t index, struct dt_range *range);

/* Is `reg` just n entries, in cells that make numbers? An absent one has none. */
bool fdt_reg_has(const struct fdt *tree, uint32_t n);
