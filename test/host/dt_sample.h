/* Device trees that tests write: parts, in the order of the blob, and whole ones. */
#pragma once
#include "sample.h"

enum {
    DT_RESERVATIONS = 40,
    DT_STRUCTURE = 72
}; /* offsets: one entry and the block's end; nodes */

/* A blob begins with dt_start and ends with dt_finish, which writes header and strings. */
void dt_start(struct sample *to);
void dt_finish(struct sample *to);

/* Structure and properties. */
void dt_open(struct sample *to, const char *name);
void dt_close(struct sample *to);
void dt_bytes(struct sample *to, const char *name, const void *value, size_t nbytes);
void dt_text(struct sample *to, const char *name, const char *text);
void dt_cells(struct sample *to, const char *name, size_t ncells, const uint32_t *cells);
#define CELLS(to, name, ...) \
    dt_cells(to, name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

/* A start with an open root of two cells each; nodes of a machine; one machine with all that is
 * looked for, and much that must be passed over. */
void dt_root(struct sample *to);
void dt_harts(struct sample *to, uint32_t nharts);
void dt_memory(struct sample *to);
void dt_sample(struct sample *to);
