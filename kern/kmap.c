/* Builds the kernel's own tables. */
#include "boot.h"
#include "console.h"
#include "offsets.h"
#include "space.h"
#include "table.h"

#define DEVICES 0xffffffffc0000000ul

static const uint64_t kernel_bits = PTE_V | PTE_G | PTE_A | PTE_D | PTE_R;

/* Of the boot tables' entries, in GiB from the upper half's end: where the device tree is shown (it
 * may reach into a second one), the image, devices. */
enum { TREE_ENTRY = 508, IMAGE_ENTRY = 510, DEVICES_ENTRY = 511 };

static const uint64_t boot_bits = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;

uint64_t boot_root[LEAF_PAGES] __attribute__((aligned(PAGE_SIZE)));
static uint64_t boot_image[LEAF_PAGES] __attribute__((aligned(PAGE_SIZE)));

static uint64_t next_device = DEVICES;

static uint64_t large_entry(uint64_t physical, uint64_t bits)
{
    return physical >> PAGE_SHIFT << PTE_FRAME_SHIFT | bits;
}

/* The lower half is physical memory as it is; the image's gigabyte begins wherever that was put. */
void kmap_boot(uint64_t device_tree)
{
    const uint64_t image = (uint64_t)image_start, gib = 1ul << ROOT_SHIFT;
    if (image % LEAF_SPAN != 0 || image >= USER_LIMIT - gib)
        boot_fail("image", "it must lie on a 2 MiB boundary, below 255 GiB");
    kernel_offset = KERNEL_START - image;
    for (uint64_t i = 0; i < LEAF_PAGES / 2; i++)
        boot_root[i] = large_entry(i << ROOT_SHIFT, boot_bits);
    uint64_t base = (KERNEL_START & ~(gib - 1)) - kernel_offset;
    for (uint64_t i = KERNEL_START / LEAF_SPAN % LEAF_PAGES; i < LEAF_PAGES; i++)
        boot_image[i] = large_entry(base + i * LEAF_SPAN, boot_bits);
    boot_root[IMAGE_ENTRY] = large_entry((uint64_t)boot_image, PTE_V);
    for (uint64_t i = 0; i < 2; i++)
        boot_root[TREE_ENTRY + i] = large_entry((device_tree & ~(gib - 1)) + i * gib, boot_bits);
}

_Noreturn void kmap_no_translation(void)
{
    boot_fail("processor", "it has no Sv39 translation");
}

uint64_t kmap_device_tree(uint64_t physical)
{
    const uint64_t gib = 1ul << ROOT_SHIFT;
    return -((LEAF_PAGES - TREE_ENTRY) * gib) + physical % gib;
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
    kernel_assert(kernel_root != NULL && (uint64_t)image_start == KERNEL_START);
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
    if (nbytes > -va || npages << PAGE_SHIFT > -va) /* what is left of all addresses */
        boot_fail("device", "it has too many registers");
    kernel_assert(
        table_map_large(kernel_root, va, first >> PAGE_SHIFT, npages, kernel_bits | PTE_W));
    next_device += npages << PAGE_SHIFT;
    /* The boot tables have it too: a panic during boot must reach the test device. */
    boot_root[DEVICES_ENTRY] = kernel_root[DEVICES_ENTRY];
    fence_all();
    return (volatile uint32_t *)(va + (base - first));
}
