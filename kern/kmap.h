/* The kernel's own address map (upper half, the same in every space).
 *
 *   0xffffffff80000000 + (pa - 2 GiB)   the image: text R-X, constants R--, data RW-; the pool RW-
 *   0xffffffffc0000000 ...              the kernel's devices, 2 MiB each or more
 *
 * Nothing else of memory is mapped once boot is over. */
#pragma once
#include "abi.h"

/* Builds kernel_root over the image and the pool, which ends at `pool_end` (a 2 MiB boundary). */
void kmap_init(uint64_t pool_end);

/* A device's registers, now mapped; NULL when nbytes is 0. */
volatile uint32_t *kmap_device(uint64_t base, uint64_t nbytes);

extern uint64_t boot_root[LEAF_PAGES]; /* the tables that harts start with (start.S) */
extern char image_start[], text_end[], rodata_end[], image_end[];
