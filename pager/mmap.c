/* sbrk, mmap, munmap. */
#include "mmap.h"
#include "fault.h"
#include "install.h"
#include "task.h"
#include "verdict.h"

/* What parts cost, in instructions, on the safe side: a leaf's entries and pages that go, a page
 * that comes, a leaf that is copied, a look at what is not there. */
enum {
    CLEAR_COST = 500,
    CLEAR_PAGE_COST = 11,
    DROP_PAGE_COST = 4,
    POPULATE_COST = 700,
    OWN_COST = 7000,
    LOOK_COST = 30,
};

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

/* What comes last, when the range's pages are there, or gone, or have lost their entries. */
static err_t finish(struct process *process, const struct task *task)
{
    const struct task_range *range = &task->range;
    struct regions *regions = &process->regions;
    switch (task->asked[0]) {
    case REQ_SBRK:
        if (range->result >= 0)
            process->heap_break += task->asked[1];
        if (range->result < 0 || (int64_t)task->asked[1] < 0)
            region_resize_heap(regions, range->start);
        return range->result;
    case REQ_MUNMAP: region_remove(regions, range->start, range->end, USE_MMAP); return 0;
    case REQ_MPROTECT:
        return region_protect(regions, range->start, range->end, (unsigned)task->asked[3]);
    default: /* REQ_MMAP */
        if (range->result < 0)
            region_remove(regions, range->start, range->end, USE_MMAP);
        return range->result;
    }
}

/* Nothing of the range changes while a copy for one of its pages is under way: it would come back
 * to another region, or none. New faults wait for the task. */
static bool must_wait(const struct process *process)
{
    if (process->busy > 0)
        piece_end();
    return process->busy > 0;
}

/* Takes pages away: first from the hardware, on every hart, then from the map. Regions change at
 * the end, so that every page lies in one. */
static err_t clear_step(struct process *process, struct task *task)
{
    struct task_range *range = &task->range;
    if (must_wait(process))
        return TASK_LATER;
    while (range->at < range->end) {
        uint64_t stop = map_leaf_end(range->at, range->end);
        uint64_t npages = (stop - range->at) >> PAGE_SHIFT;
        bool there = map_leaf(&process->map, range->at) != NULL;
        if (!piece_affords(there ? CLEAR_COST + npages * CLEAR_PAGE_COST : LOOK_COST))
            return TASK_LATER;
        if (there) {
            port_drop(process, range->at, npages);
            map_clear(&process->map, range->at, stop);
        }
        range->at = stop;
    }
    return finish(process, task);
}

/* What clear_step changes in part of a leaf must be the map's own (map_own_ends): first the lower
 * end, then the upper one. */
static err_t own_step(struct process *process, struct task *task)
{
    struct task_range *range = &task->range;
    struct map *map = &process->map;
    uint64_t low_end = map_leaf_end(range->start, range->end);
    if (must_wait(process))
        return TASK_LATER;
    while (range->at < range->end) {
        uint64_t stop = range->at == range->start ? low_end : range->end;
        if (!piece_affords(process->shares_leaves ? OWN_COST : LOOK_COST))
            return TASK_LATER;
        if (!map_own_ends(map, range->at, stop))
            return ERR_NOMEM;
        range->at = stop;
    }
    range->at = range->start;
    task->step = clear_step;
    return TASK_LATER;
}

static err_t take_away(struct process *process, uint64_t token, const uint64_t word[6],
                       const struct task_range *range)
{
    process->task.range = *range;
    return task_begin(process, token, word, range->start < range->end ? own_step : clear_step,
                      NULL);
}

/* All or nothing: if frames are used up, what was made goes again. */
static err_t populate_step(struct process *process, struct task *task)
{
    struct task_range *range = &task->range;
    while (range->at < range->end) {
        if (!piece_affords(POPULATE_COST))
            return TASK_LATER;
        if (!fault_populate(process, range->at, range->at + PAGE_SIZE)) {
            range->at = range->start;
            range->result = ERR_NOMEM;
            task->step = clear_step;
            return TASK_LATER;
        }
        range->at += PAGE_SIZE;
    }
    return finish(process, task);
}

static err_t populate(struct process *process, uint64_t token, const uint64_t word[6],
                      const struct task_range *range)
{
    process->task.range = *range;
    return task_begin(process, token, word, populate_step, NULL);
}

err_t mmap_sbrk(struct process *process, uint64_t token, const uint64_t word[6])
{
    int64_t increment = (int64_t)word[1];
    bool beyond = word[2] != 0;
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
    if (end < old_end)
        return take_away(process, token, word, &(struct task_range){end, end, old_end, (err_t)old});
    if (!region_resize_heap(&process->regions, end))
        return ERR_NOMEM;
    if (end > old_end && process->pinned)
        return populate(process, token, word,
                        &(struct task_range){old_end, old_end, end, (err_t)old});
    process->heap_break = (uint64_t)wanted;
    return (err_t)old;
}

err_t mmap_map(struct process *process, uint64_t token, const uint64_t word[6])
{
    uint64_t nbytes = word[1], rights = word[2];
    bool shared = word[3] != 0;
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
    if (!shared && !process->pinned)
        return (err_t)start;
    return populate(process, token, word,
                    &(struct task_range){start, start, region.end, (err_t)start});
}

err_t mmap_unmap(struct process *process, uint64_t token, const uint64_t word[6])
{
    uint64_t address = word[1], nbytes = word[2];
    if (!is_range(address, nbytes))
        return ERR_INVALID;
    uint64_t end = page_up(address + nbytes);
    err_t error = region_may_remove(&process->regions, address, end, USE_MMAP);
    if (error != 0)
        return error;
    return take_away(process, token, word, &(struct task_range){address, address, end, 0});
}

/* Entries go, and come back with the new rights when they are needed (L4). */
static err_t protect_step(struct process *process, struct task *task)
{
    struct task_range *range = &task->range;
    if (must_wait(process))
        return TASK_LATER;
    while (range->at < range->end) {
        uint64_t stop = map_leaf_end(range->at, range->end);
        uint64_t npages = (stop - range->at) >> PAGE_SHIFT;
        bool there = map_leaf(&process->map, range->at) != NULL;
        if (!piece_affords(there ? CLEAR_COST + npages * DROP_PAGE_COST : LOOK_COST))
            return TASK_LATER;
        if (there)
            port_drop(process, range->at, npages);
        range->at = stop;
    }
    return finish(process, task);
}

err_t mmap_protect(struct process *process, uint64_t token, const uint64_t word[6])
{
    uint64_t address = word[1], nbytes = word[2], rights = word[3];
    if (!is_range(address, nbytes) || !rights_are_good(rights) || process->pinned)
        return ERR_INVALID;
    uint64_t end = page_up(address + nbytes);
    err_t error = region_may_protect(&process->regions, address, end);
    if (error != 0)
        return error;
    process->task.range = (struct task_range){address, address, end, 0};
    return task_begin(process, token, word, protect_step, NULL);
}
