/* The audit: recounts everything and compares. */
#pragma once
#include "process.h"

/* Counts against owners (I1), the free list (I2), entries against counts, regions and maps (I3, I4,
 * I7), pages against regions (I5). Prints a line for each violation, at most some; returns how
 * many. The frames of `own` are the pager's (image, frame table). Lock held; ERR_AGAIN: copies are
 * under way, which own frames of which no map knows. */
err_t audit_run(const struct frame_run *own, unsigned nown);
