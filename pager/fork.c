/* Fork in two passes: what may fail comes first, then what can't. */
#include "fork.h"
#include "../libsys/freestanding/frame.h"
#include "death.h"
#include "fault.h"
#include "install.h"
#include "leaves.h"
#include "service.h"
#include "verdict.h"

/* Parent and child are about to store to a few pages each; without frames for that a fork that
 * succeeds would kill one of them. A check, not a reservation. */
enum { SLACK_NPAGES = 32 };

/* The frames of the child that must not turn out to be missing half-way: root and leaves, and every
 * page if the policy copies at fork and does not say that it is lazy. The lock is held throughout,
 * so what is free now stays free. */
static bool enough_frames(const struct process *parent)
{
    uint64_t needed = 1 + parent->map.nleaves + SLACK_NPAGES;
    if (parent->pinned || (parent->policy->at_fork != NULL && !parent->policy->lazy_fork))
        needed += parent->map.npages;
    return frames.nfree >= needed && verdict_allows(parent, parent->map.npages);
}

/* Entries of a run that both map from now on. The loop that fork's cost is made of. */
static void share_entries(const entry_t *source, entry_t *target, uint64_t n)
{
    struct frame *zeroth = frame_of(0);
#pragma GCC unroll 8
    for (uint64_t i = 0; i < n; i++) {
        entry_t entry = source[i];
        if (entry == 0)
            continue;
        frame_hold_of(zeroth, entry_frame(entry));
        target[i] = entry;
    }
}

/* Frames that the rest of the fork may take: policies copy from what is beyond them. */
static uint64_t reserved_npages(const struct process *parent, const struct process *child)
{
    return SLACK_NPAGES + parent->map.nleaves - child->map.nleaves;
}

/* A pinned process must never have to copy at a store. */
static enum fork_verdict page_verdict(const struct process *parent, const struct process *child,
                                      const struct region *region, uint64_t va, pfn_t frame)
{
    if (parent->pinned)
        return FORK_COPY;
    return verdict_fork(parent, region, va, frame, reserved_npages(parent, child));
}

/* What became of a run's pages. */
struct settled {
    bool shared; /* some page is shared now */
    uint64_t omitted[LEAF_PAGES / 64];
};

static bool is_omitted(const struct settled *settled, uint64_t i)
{
    return (settled->omitted[i / 64] >> i % 64 & 1) != 0;
}

/* The same, page by page, as the policy says. */
static void settle_entries(struct process *parent, struct process *child,
                           const struct region *region, uint64_t va, const entry_t *source,
                           entry_t *target, uint64_t n, struct settled *settled)
{
    for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE) {
        if (source[i] == 0)
            continue;
        pfn_t frame = entry_frame(source[i]);
        enum fork_verdict verdict = page_verdict(parent, child, region, va, frame);
        if (verdict == FORK_COPY) {
            pfn_t copied = frame_take();
            copy_frame(port_frame(copied), port_frame(frame));
            target[i] = entry_make(copied);
            continue;
        }
        frame_hold(frame);
        target[i] = source[i];
        settled->shared = true;
        if (verdict == FORK_OMIT)
            settled->omitted[i / 64] |= 1ul << i % 64;
    }
}

/* The child's entries, but for those that are omitted. */
static void install_settled(struct process *child, const struct region *region, uint64_t va,
                            uint64_t n, const struct settled *settled)
{
    for (uint64_t i = 0, first = 0; i <= n; i++) {
        if (i < n && !is_omitted(settled, i))
            continue;
        if (first < i &&
            !install_present(child, region, va + first * PAGE_SIZE, va + i * PAGE_SIZE))
            return;
        first = i + 1;
    }
}

/* Page by page, in one leaf's part of a region. */
static void fork_settled(struct process *parent, struct process *child, const struct region *region,
                         uint64_t va, uint64_t npages)
{
    const entry_t *source = map_find(&parent->map, va);
    entry_t *target = map_make(&child->map, va);
    unsigned narrow = region->rights & ~(unsigned)RIGHT_W;
    /* Other threads must not store while their pages are copied: a child that sees a later store
     * and not an earlier one would see no moment that ever was. */
    if (process_is_threaded(parent))
        port_protect(parent, va, npages, narrow);
    struct settled settled = {0};
    settle_entries(parent, child, region, va, source, target, npages, &settled);
    if (settled.shared)
        port_protect(parent, va, npages, narrow);
    install_settled(child, region, va, npages, &settled);
}

/* Pages are settled one by one. */
static bool by_page(const struct process *parent)
{
    return parent->pinned || parent->policy->at_fork != NULL;
}

/* One leaf's part of a region, or of those alike from `region` on. The parent's entries
 * lose the right to store in the same call that gives the child its own, and before the lock is
 * left: no store through an old entry comes after the count was raised (count against upgrade). */
static void fork_run(struct process *parent, struct process *child, const struct region *region,
                     uint64_t va, uint64_t npages)
{
    const entry_t *source = map_find(&parent->map, va);
    bool private = region->kind == REGION_PRIVATE;
    if (source == NULL)
        return;
    if (private && region->rights != 0 && by_page(parent)) {
        fork_settled(parent, child, region, va, npages);
        return;
    }
    share_entries(source, map_make(&child->map, va), npages);
    child->uncached = false;
    unsigned rights = private ? RIGHT_R | RIGHT_X : region->rights;
    if (port_share(parent, child, va, npages, rights) != 0 && private)
        port_drop(parent, va, npages); /* no room for the child's table: both will fault */
}

/* The last of the regions from `region` on that are forked in one run: private ones, whatever their
 * rights, without a leaf between one and the next. */
static const struct region *last_alike(const struct process *parent, const struct region *region,
                                       const struct region *end)
{
    if (region->kind != REGION_PRIVATE || by_page(parent))
        return region;
    while (region + 1 != end && region[1].kind == REGION_PRIVATE &&
           region[1].start >> LEAF_SHIFT <= region->end >> LEAF_SHIFT)
        region++;
    return region;
}

static void fork_regions(struct process *parent, struct process *child)
{
    const struct region *region = parent->regions.region, *end = region + parent->regions.n;
    child->map.npages = parent->map.npages;
    if (!parent->pinned && parent->policy->at_leaves != NULL)
        leaves_share(parent, child);
    for (const struct region *last; region != end; region = last + 1) {
        last = last_alike(parent, region, end);
        if (region->use == USE_TRANSFER) { /* shared with a server: not inherited */
            region_remove(&child->regions, region->start, region->end, USE_TRANSFER);
            child->map.npages--;
            continue;
        }
        for (uint64_t va = region->start; va < last->end;) {
            uint64_t stop = map_leaf_end(va, last->end);
            if (!leaves_are_same(parent, child, va))
                fork_run(parent, child, region, va, (stop - va) >> PAGE_SHIFT);
            va = stop;
        }
    }
}

/* The child's space and first thread; on an error the caller takes down what there is. */
static err_t make_thread(struct process *child, uint64_t token)
{
    err_t error = install_space(child, token);
    if (error != 0)
        return error;
    child->threads = 1;
    if (child->parent->endpoint_handle != 0)
        error = port_endpoint_give(child->parent, child, SLOT_PARENT);
    return error;
}

err_t fork_process(struct process *parent, uint64_t token)
{
    struct process *child = process_make(parent);
    if (child == NULL)
        return ERR_NOMEM;
    err_t error = enough_frames(parent) && map_init(&child->map) ? 0 : ERR_NOMEM;
    if (error == 0)
        error = make_thread(child, token);
    if (error == 0)
        error = service_inherit(parent, child);
    if (error != 0) {
        death_undo(child);
        return error;
    }
    regions_copy(&child->regions, &parent->regions);
    child->heap_break = parent->heap_break;
    child->land_start = parent->land_start;
    child->land_end = parent->land_end;
    child->land_target = parent->land_target;
    child->name_words[0] = parent->name_words[0];
    child->name_words[1] = parent->name_words[1];
    fork_regions(parent, child);
    port_thread_start(child, 0);
    return child->pid;
}
