/* Neighbours of a page that are settled in its fault. */
#pragma once
#include "process.h"

/* For a store to the present page at va, in a private region with RIGHT_W: the pages around it that
 * the policy names become the process's own and writable. Never takes the last frames. Lock held,
 * and kept. */
void around_settle(struct process *process, const struct region *region, uint64_t va);
