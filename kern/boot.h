/* What is done once: the kernel's own address map, and the first program.
 *
 * The map (upper half, the same in every space):
 *   0xffffffff80200000 (KERNEL_START)   the image: text R-X, constants R--, data RW-; the pool RW-;
 *                                       physical address + kernel_offset
 *   0xffffffffc0000000 ...              the kernel's devices, 2 MiB each or more
 *   below the image, in the baseline    the pager's memory (pager/port_kernel.c)
 * Nothing else of memory is mapped once boot is over. */
#pragma once
#include "../libsys/freestanding/abi.h"

/* In kmap.c. Notes where the image was loaded and fills boot_root, the tables that harts start with
 * (start.S). Called before translation: it runs, and sees its data, at physical addresses. */
void kmap_boot(uint64_t device_tree);

/* The same, where the hart does not take Sv39 tables: says so. */
_Noreturn void kmap_no_translation(void);

/* Where the boot tables show the device tree, wherever it lies. */
uint64_t kmap_device_tree(uint64_t physical);

/* Builds kernel_root over the image and the pool, which ends at `pool_end` (a 2 MiB
 * boundary). */
void kmap_init(uint64_t pool_end);

/* A device's registers, now mapped; NULL when nbytes is 0. */
volatile uint32_t *kmap_device(uint64_t base, uint64_t nbytes);

extern uint64_t boot_root[LEAF_PAGES];
extern char image_start[], text_end[], rodata_end[], image_end[];

/* Starts the first program of the boot archive: the pager, which has no pager. Loads it into the
 * first of its frames, with a capability to all of them, its own space, devices and control, and
 * makes its thread ready. Ends the machine with a message if the archive is bad. Physical memory
 * must still be mapped where it is. */
void boot_start_pager(struct boot_info *info);

_Noreturn void boot_fail(const char *what, const char *why);
