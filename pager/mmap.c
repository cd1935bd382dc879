/* sbrk, mmap, munmap. */
#include "mmap.h"
#include "fault.h"
#include "install.h"
#include "verdict.h"

/* Leaves that hold memory shared for good can't be shared themselves. It goes to the topmost leaf,
 * as far as it fits, together with what is small; large private areas stay below. */
#define LARGE_LIMIT (ADDRESS_LIMIT - LEAF_SPAN)

static bool is_range(uint64_t address, uint64_t nbytes)
{
    return address % PAGE_SIZE == 0 && nbytes != 0 && address < ADDRESS_LIMIT &&
           nbytes <= ADDRESS_LIMIT - address;
}

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

static bool rights_are_good(uint64_t rights)
{
    return rights == 0 || (rights <= RIGHTS_MASK && (rights & RIGHT_R) != 0);
}

/* Takes pages away: first from the hardware, on every hart, then from the map. */
static void drop(struct process *process, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    port_drop(process, start, (end - start) >> PAGE_SHIFT);
    map_clear(&process->map, start, end);
}

/* Frames that populating [start, end) takes: checked first, so that a refusal leaves no leaf, made
 * or copied (I8). */
static bool has_frames(const struct map *map, uint64_t start, uint64_t end)
{
    uint64_t needed = (end - start) >> PAGE_SHIFT;
    for (uint64_t leaf = start >> LEAF_SHIFT; leaf << LEAF_SHIFT < end; leaf++)
        needed += map->root[leaf] == 0 || map_is_shared(map, leaf << LEAF_SHIFT);
    return needed <= frames.nfree;
}

/* A check, not a reservation. */
static bool is_available(const struct process *process, uint64_t npages)
{
    return npages <= frames.nfree && verdict_allows(process, npages);
}

err_t mmap_sbrk(struct process *process, int64_t increment, bool beyond)
{
    const struct region *heap = region_heap(&process->regions);
    if (heap == NULL || increment > (int64_t)ADDRESS_LIMIT || increment < -(int64_t)ADDRESS_LIMIT)
        return ERR_INVALID;
    uint64_t old = process->heap_break, room = region_room(&process->regions, heap, ADDRESS_LIMIT);
    int64_t wanted = (int64_t)old + increment;
    if (wanted < (int64_t)region_heap_first(&process->regions)->start || wanted > (int64_t)room)
        return increment > 0 ? ERR_NOMEM : ERR_INVALID;
    uint64_t end = page_up((uint64_t)wanted), old_end = heap->end;
    uint64_t more = end > old_end ? (end - old_end) >> PAGE_SHIFT : 0;
    if (more > 0 && !(beyond ? verdict_allows(process, more) : is_available(process, more)))
        return ERR_NOMEM;
    if (end > old_end && process->pinned && !has_frames(&process->map, old_end, end))
        return ERR_NOMEM;
    if (end < old_end && !map_own_ends(&process->map, end, old_end))
        return ERR_NOMEM;
    if (!region_resize_heap(&process->regions, end))
        return ERR_NOMEM;
    if (process->pinned && !fault_populate(process, old_end, end)) {
        region_resize_heap(&process->regions, old_end);
        drop(process, old_end, end);
        return ERR_NOMEM;
    }
    drop(process, end, old_end);
    process->heap_break = (uint64_t)wanted;
    return (err_t)old;
}

err_t mmap_map(struct process *process, uint64_t nbytes, uint64_t rights, bool shared)
{
    if (nbytes == 0 || nbytes > ADDRESS_LIMIT || !rights_are_good(rights))
        return ERR_INVALID;
    nbytes = page_up(nbytes);
    if (!is_available(process, nbytes >> PAGE_SHIFT))
        return ERR_NOMEM;
    uint64_t start = region_gap(&process->regions, nbytes,
                                shared || nbytes < LEAF_SPAN ? ADDRESS_LIMIT : LARGE_LIMIT);
    const struct region region = {
        .start = start,
        .end = start + nbytes,
        .rights = (uint8_t)rights,
        .kind = shared ? REGION_SHARED : REGION_PRIVATE,
        .use = USE_MMAP,
    };
    if (start == 0 ||
        ((shared || process->pinned) && !has_frames(&process->map, region.start, region.end)))
        return ERR_NOMEM;
    if (!region_add(&process->regions, &region))
        return ERR_LIMIT;
    /* A page first touched after a fork must be the same page on both sides. */
    if ((shared || process->pinned) && !fault_populate(process, region.start, region.end)) {
        mmap_unmap(process, region.start, nbytes);
        return ERR_NOMEM;
    }
    return (err_t)start;
}

err_t mmap_unmap(struct process *process, uint64_t address, uint64_t nbytes)
{
    if (!is_range(address, nbytes))
        return ERR_INVALID;
    uint64_t end = page_up(address + nbytes);
    err_t error = region_may_remove(&process->regions, address, end, USE_MMAP);
    if (error != 0)
        return error;
    if (!map_own_ends(&process->map, address, end))
        return ERR_NOMEM;
    region_remove(&process->regions, address, end, USE_MMAP);
    drop(process, address, end);
    return 0;
}

/* Entries go, and come back with the new rights when they are needed (L4). */
err_t mmap_protect(struct process *process, uint64_t address, uint64_t nbytes, uint64_t rights)
{
    if (!is_range(address, nbytes) || !rights_are_good(rights) || process->pinned)
        return ERR_INVALID;
    uint64_t end = page_up(address + nbytes);
    err_t error = region_protect(&process->regions, address, end, (unsigned)rights);
    if (error == 0)
        port_drop(process, address, (end - address) >> PAGE_SHIFT);
    return error;
}
