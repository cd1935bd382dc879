/* The sorted table of regions. */
#include "region.h"
#include "protocol.h"

/* Small regions lie between these; nothing is at the lowest addresses. */
enum { LOW_FLOOR = 0x10000, LOW_LIMIT = 1 << 21, LOW_NBYTES_MAX = 0x20000, STACK_GUARD = 0x10000 };

const struct region *region_find(const struct regions *regions, uint64_t va)
{
    for (const struct region *r = regions->region, *end = r + regions->n; r != end; r++)
        if (va < r->end)
            return va >= r->start ? r : NULL;
    return NULL;
}

static void end_at(struct regions *regions, uint32_t n)
{
    regions->n = n;
    regions->region[n] = (struct region){.start = UINT64_MAX, .end = UINT64_MAX};
}

void regions_clear(struct regions *regions)
{
    end_at(regions, 0);
    regions->heap = 0;
}

void regions_copy(struct regions *to, const struct regions *from)
{
    for (uint32_t i = 0; i < from->n; i++)
        to->region[i] = from->region[i];
    end_at(to, from->n);
    to->heap = from->heap;
}

static void set_rights(struct region *region, unsigned rights)
{
    region->rights = (uint8_t)rights;
    region->quick = region->kind == REGION_PRIVATE && (rights & RIGHT_W) != 0 ? region->rights : 0;
}

/* After regions came or went. */
static void settle(struct regions *regions)
{
    const struct region *r = regions->region, *end = r + regions->n;
    while (r != end && r->use != USE_HEAP)
        r++;
    regions->heap = (uint32_t)((const char *)r - (const char *)regions->region);
}

static void insert_at(struct regions *regions, uint32_t at, const struct region *region)
{
    uint32_t n = regions->n;
    end_at(regions, n + 1);
    for (uint32_t i = n; i > at; i--)
        regions->region[i] = regions->region[i - 1];
    regions->region[at] = *region;
    set_rights(&regions->region[at], region->rights);
}

static void remove_at(struct regions *regions, uint32_t at)
{
    for (uint32_t i = at; i + 1 < regions->n; i++)
        regions->region[i] = regions->region[i + 1];
    end_at(regions, regions->n - 1);
}

bool region_add(struct regions *regions, const struct region *region)
{
    uint32_t at = 0;
    while (at < regions->n && regions->region[at].end <= region->start)
        at++;
    if (regions->n == REGIONS_MAX || (at < regions->n && regions->region[at].start < region->end))
        return false;
    insert_at(regions, at, region);
    settle(regions);
    return true;
}

const struct region *region_heap_first(const struct regions *regions)
{
    const struct region *heap =
        (const struct region *)((const char *)regions->region + regions->heap);
    return heap != regions->region + regions->n ? heap : NULL;
}

const struct region *region_heap(const struct regions *regions)
{
    const struct region *r = region_heap_first(regions), *end = regions->region + regions->n;
    while (r != NULL && r + 1 < end && r[1].use == USE_HEAP)
        r++;
    return r;
}

bool region_resize_heap(struct regions *regions, uint64_t end)
{
    const struct region *first = region_heap_first(regions);
    struct region *top = &regions->region[region_heap(regions) - regions->region];
    const struct region more = {
        .start = top->end, .end = end, .rights = RIGHT_R | RIGHT_W, .use = USE_HEAP};
    if (end > top->end && top->rights != more.rights)
        return region_add(regions, &more);
    for (; top != first && top->start >= end; top--)
        remove_at(regions, (uint32_t)(top - regions->region));
    top->end = end;
    if (top->start == end)
        set_rights(top, more.rights);
    settle(regions);
    return true;
}

uint64_t region_room(const struct regions *regions, const struct region *region, uint64_t limit)
{
    return region + 1 < regions->region + regions->n ? region[1].start : limit;
}

/* The highest free range of nbytes below `limit` and above `floor`; 0: none. */
static uint64_t highest_gap(const struct regions *regions, uint64_t nbytes, uint64_t floor,
                            uint64_t limit)
{
    uint64_t top = limit;
    for (uint32_t i = regions->n; i-- > 0;) {
        const struct region *r = &regions->region[i];
        if (top > r->end && top - r->end >= nbytes && top - nbytes >= floor)
            return top - nbytes;
        top = r->start < top ? r->start : top;
    }
    return top >= nbytes && top - nbytes >= floor ? top - nbytes : 0;
}

/* Where the guard below the stack begins; 0: there is no stack. */
static uint64_t stack_guard(const struct regions *regions)
{
    for (uint32_t i = 0; i < regions->n; i++)
        if (regions->region[i].use == USE_STACK)
            return regions->region[i].start - STACK_GUARD;
    return 0;
}

uint64_t region_gap(const struct regions *regions, uint64_t nbytes, uint64_t limit)
{
    uint64_t guard = stack_guard(regions), low = 0;
    if (nbytes <= LOW_NBYTES_MAX && guard < LOW_LIMIT)
        low = highest_gap(regions, nbytes, LOW_FLOOR, guard);
    return low != 0 ? low : highest_gap(regions, nbytes, PAGE_SIZE, limit);
}

static bool covered(const struct regions *regions, uint64_t start, uint64_t end,
                    enum region_use use)
{
    while (start < end) {
        const struct region *r = region_find(regions, start);
        if (r == NULL || r->use != use)
            return false;
        start = r->end;
    }
    return true;
}

err_t region_may_remove(const struct regions *regions, uint64_t start, uint64_t end,
                        enum region_use use)
{
    const struct region *first = region_find(regions, start);
    if (first == NULL || !covered(regions, start, end, use))
        return ERR_INVALID;
    bool hole = first->start < start && first->end > end;
    return hole && regions->n == REGIONS_MAX ? ERR_LIMIT : 0;
}

bool region_remove(struct regions *regions, uint64_t start, uint64_t end, enum region_use use)
{
    if (region_may_remove(regions, start, end, use) != 0)
        return false;
    for (uint32_t i = 0; i < regions->n;) {
        struct region *r = &regions->region[i];
        struct region above = *r;
        above.start = end;
        bool below_left = r->start<start, above_left = r->end> end;
        if (r->end <= start || r->start >= end) {
            i++;
        } else if (below_left) {
            r->end = start;
            if (above_left)
                insert_at(regions, i + 1, &above);
            i++;
        } else if (above_left) {
            r->start = end;
            i++;
        } else {
            remove_at(regions, i);
        }
    }
    settle(regions);
    return true;
}

static bool may_protect(const struct regions *regions, uint64_t start, uint64_t end)
{
    while (start < end) {
        const struct region *r = region_find(regions, start);
        if (r == NULL || r->use == USE_TRANSFER || r->use == USE_WINDOW)
            return false;
        start = r->end;
    }
    return true;
}

/* Is `at` no border, but within a region? */
static bool is_inside(const struct regions *regions, uint64_t at)
{
    const struct region *region = region_find(regions, at);
    return region != NULL && region->start < at;
}

/* Makes `at` a border between two regions. */
static void split(struct regions *regions, uint64_t at)
{
    for (uint32_t i = 0; i < regions->n; i++) {
        struct region *r = &regions->region[i];
        if (r->start >= at || r->end <= at)
            continue;
        struct region above = *r;
        above.start = r->end = at;
        insert_at(regions, i + 1, &above);
        return;
    }
}

/* Neighbours that differ in nothing become one again. */
static void merge(struct regions *regions)
{
    for (uint32_t i = 0; i + 1 < regions->n;) {
        struct region *r = &regions->region[i];
        if (r->end == r[1].start && r->rights == r[1].rights && r->kind == r[1].kind &&
            r->use == r[1].use && (r->use == USE_MMAP || r->use == USE_HEAP)) {
            r->end = r[1].end;
            remove_at(regions, i + 1);
        } else {
            i++;
        }
    }
}

err_t region_may_protect(const struct regions *regions, uint64_t start, uint64_t end)
{
    if (!may_protect(regions, start, end))
        return ERR_INVALID;
    bool fits = regions->n + is_inside(regions, start) + is_inside(regions, end) <= REGIONS_MAX;
    return fits ? 0 : ERR_LIMIT;
}

err_t region_protect(struct regions *regions, uint64_t start, uint64_t end, unsigned rights)
{
    err_t error = region_may_protect(regions, start, end);
    if (error != 0)
        return error;
    split(regions, start);
    split(regions, end);
    for (uint32_t i = 0; i < regions->n; i++)
        if (regions->region[i].start >= start && regions->region[i].end <= end &&
            regions->region[i].start < regions->region[i].end) /* else an empty heap */
            set_rights(&regions->region[i], rights);
    merge(regions);
    settle(regions);
    return 0;
}
