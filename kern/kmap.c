/* Builds the kernel's own tables. */
#include "boot.h"
#include "console.h"
#include "space.h"
#include "table.h"

#define DEVICES 0xffffffffc0000000ul

static const uint64_t kernel_bits = PTE_V | PTE_G | PTE_A | PTE_D | PTE_R;

uint64_t boot_root[LEAF_PAGES] __attribute__((aligned(PAGE_SIZE)));

static uint64_t next_device = DEVICES;

/* The lower half is physical memory as it is, entry 510 the image's gigabyte. */
void kmap_boot(void)
{
    for (uint64_t i = 0; i < LEAF_PAGES / 2; i++)
        boot_root[i] = i << 28 | PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
    boot_root[510] = boot_root[2];
}

static uint64_t image_bits(uint64_t va)
{
    if (va < (uint64_t)text_end)
        return kernel_bits | PTE_X;
    return va < (uint64_t)rodata_end ? kernel_bits : kernel_bits | PTE_W;
}

void kmap_init(uint64_t pool_end)
{
    kernel_root = pool_frame();
    kernel_assert(kernel_root != NULL);
    kernel_first = (uint64_t)image_start >> ROOT_SHIFT & (LEAF_PAGES - 1);
    uint64_t image_limit = ((uint64_t)image_end + LEAF_SPAN - 1) & ~(LEAF_SPAN - 1);
    for (uint64_t va = (uint64_t)image_start; va < image_limit; va += PAGE_SIZE) {
        uint64_t *leaf = table_make(kernel_root, va);
        kernel_assert(leaf != NULL);
        leaf[table_index(va)] = pool_pfn((void *)va) << PTE_FRAME_SHIFT | image_bits(va);
    }
    uint64_t npages = (pool_end - image_limit) >> PAGE_SHIFT;
    kernel_assert(table_map_large(kernel_root, image_limit, pool_pfn((void *)image_limit), npages,
                                  kernel_bits | PTE_W));
}

volatile uint32_t *kmap_device(uint64_t base, uint64_t nbytes)
{
    if (nbytes == 0)
        return NULL;
    uint64_t first = base & ~(LEAF_SPAN - 1), va = next_device;
    uint64_t npages = ((base + nbytes - first + LEAF_SPAN - 1) & ~(LEAF_SPAN - 1)) >> PAGE_SHIFT;
    kernel_assert(
        table_map_large(kernel_root, va, first >> PAGE_SHIFT, npages, kernel_bits | PTE_W));
    next_device += npages << PAGE_SHIFT;
    /* The boot tables have it too: a panic during boot must reach the test device. */
    boot_root[LEAF_PAGES - 1] = kernel_root[LEAF_PAGES - 1];
    fence_all();
    return (volatile uint32_t *)(va + (base - first));
}
