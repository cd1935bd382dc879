/* Divides memory, once. */
#include "ram.h"
#include "boot.h"
#include "pool.h"

enum { POOL_SHARE = 16 /* the pool is that part of memory */ };

#define POOL_MAX (64ul << 20)

/* Firmware lies where memory begins. That which says so reserves what it needs, too. */
#define FIRMWARE_NBYTES LEAF_SPAN

static void take_away(struct ranges *set, uint64_t base, uint64_t end)
{
    if (base < end && !ranges_remove(set, (struct dt_range){base, end - base}))
        boot_fail("memory", "in more pieces than can be kept");
}

/* The range that holds the image, or so much of it. */
static struct dt_range range_with(const struct ranges *set, uint64_t base, uint64_t end)
{
    const struct dt_range *found = ranges_find(set, (struct dt_range){base, end - base});
    if (found != NULL)
        return *found;
    boot_fail("memory", "the kernel lies in what is reserved");
}

/* Largest first, each cut to 2 MiB boundaries: windows are made of large pages. */
static void fill_runs(const struct ranges *usable, struct boot_info *info)
{
    struct frame_run run[BOOT_OTHERS_MAX + 1] = {0};
    for (uint32_t i = 0; i < usable->n; i++) {
        uint64_t base = (usable->range[i].base + LEAF_SPAN - 1) & ~(LEAF_SPAN - 1);
        uint64_t end = range_end(&usable->range[i]) & ~(LEAF_SPAN - 1);
        struct frame_run next = {base >> PAGE_SHIFT, base < end ? (end - base) >> PAGE_SHIFT : 0};
        for (unsigned k = 0; k <= BOOT_OTHERS_MAX; k++) {
            if (next.npages > run[k].npages) {
                struct frame_run smaller = run[k];
                run[k] = next;
                next = smaller;
            }
        }
    }
    info->memory_first = run[0].first;
    info->memory_npages = run[0].npages;
    for (info->nothers = 0; info->nothers < BOOT_OTHERS_MAX; info->nothers++) {
        info->other[info->nothers] = run[info->nothers + 1];
        if (run[info->nothers + 1].npages == 0)
            break;
    }
}

/* The first program is loaded where the largest run begins. */
static void place_archive(const struct dt_range *archive, struct boot_info *info)
{
    uint64_t first = info->memory_first << PAGE_SHIFT;
    uint64_t end = first + (info->memory_npages << PAGE_SHIFT);
    info->archive_start = archive->base;
    info->archive_nbytes = archive->nbytes;
    if (archive->base % PAGE_SIZE == 0 && archive->base >= first + LEAF_SPAN &&
        range_end(archive) <= end)
        return;
    if (archive->nbytes + LEAF_SPAN > end - first)
        boot_fail("memory", "too little");
    info->archive_start = (end - archive->nbytes) & ~(uint64_t)(PAGE_SIZE - 1);
    uint8_t *to = (uint8_t *)info->archive_start, *from = (uint8_t *)archive->base;
    uint64_t n = archive->nbytes;
    for (uint64_t i = 0; i < n; i++) { /* they may overlap */
        uint64_t k = to < from ? i : n - 1 - i;
        to[k] = from[k];
    }
}

uint64_t ram_divide(const struct dt_machine *machine, struct boot_info *info)
{
    static struct ranges usable;
    const uint64_t image = (uint64_t)image_start - kernel_offset;
    const uint64_t image_limit = (uint64_t)image_end - kernel_offset;
    usable = machine->ram;
    struct dt_range bank = range_with(&usable, image, image + 1);
    uint64_t total = 0, firmware = bank.base + FIRMWARE_NBYTES;
    info->device_npages = bank.base >> PAGE_SHIFT;
    for (uint32_t i = 0; i < usable.n; i++)
        total += usable.range[i].nbytes;
    take_away(&usable, bank.base, image < firmware ? image : firmware);
    for (uint32_t i = 0; i < machine->reserved.n; i++)
        take_away(&usable, machine->reserved.range[i].base, range_end(&machine->reserved.range[i]));
    take_away(&usable, MEMORY_WINDOW, ~0ul); /* a window shows what lies below its own address */
    bank = range_with(&usable, image, image_limit);
    uint64_t share = total / POOL_SHARE, limit = range_end(&bank) & ~(LEAF_SPAN - 1);
    uint64_t pool_end = image_limit + (share < POOL_MAX ? share : POOL_MAX);
    pool_end = (pool_end + LEAF_SPAN - 1) & ~(LEAF_SPAN - 1);
    if (pool_end > limit)
        boot_fail("memory", "too little room behind the kernel");
    take_away(&usable, image, pool_end);
    info->total_npages = total >> PAGE_SHIFT;
    fill_runs(&usable, info);
    place_archive(&machine->archive, info);
    return pool_end;
}
