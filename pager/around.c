/* A window of neighbours, settled with the lock held. */
#include "around.h"
#include "../libsys/freestanding/frame.h"
#include "install.h"
#include "verdict.h"

enum { SLACK_NPAGES = 32 }; /* what neighbours leave for those who need it now */

/* A copy of the entry's frame in its place; the old frame, which keeps its owner. Nobody can store
 * to a frame with several owners, so that it may be copied while other threads run. */
static pfn_t copy_entry(entry_t *entry)
{
    pfn_t old = entry_frame(*entry), frame = frame_take();
    copy_frame(port_frame(frame), port_frame(old));
    *entry = entry_make(frame);
    return old;
}

/* Rights for the pages of [start, end), all of which are sole by now: `copied` says by a bit each
 * which have a new frame. The others keep their entries, if they have any, and widen them. False:
 * no room. */
static bool install(struct process *process, const struct region *region, uint64_t start,
                    uint64_t end, uint64_t copied)
{
    bool done = true;
    for (uint64_t va = start, n; va < end && done; va += n * PAGE_SIZE, copied >>= n) {
        uint64_t limit = (end - va) >> PAGE_SHIFT, first = copied & 1;
        for (n = 1; n < limit && (copied >> n & 1) == first; n++)
            ;
        if (first != 0)
            done = install_present(process, region, va, va + n * PAGE_SIZE);
        else
            port_protect(process, va, n, region->rights);
    }
    return done;
}

/* Pages of [start, end), in one leaf that is there. New before old: copied, recorded and installed
 * (or dropped, if there was no room for the entries) before the old frames lose an owner. */
static void settle(struct process *process, const struct region *region, uint64_t start,
                   uint64_t end)
{
    pfn_t old[POLICY_WINDOW_MAX];
    uint64_t ncopied = 0, copied = 0, bit = 1;
    entry_t *entry = map_find(&process->map, start);
    if (entry == NULL)
        return;
    for (uint64_t va = start; va < end; va += PAGE_SIZE, entry++, bit <<= 1) {
        if (*entry == 0 || sole(process, va, entry_frame(*entry)))
            continue;
        if (frames.nfree <= SLACK_NPAGES) {
            end = va;
        } else {
            old[ncopied++] = copy_entry(entry);
            copied |= bit;
        }
    }
    if (!install(process, region, start, end, copied))
        port_drop(process, start, (end - start) >> PAGE_SHIFT);
    process->counts.ahead += ncopied;
    while (ncopied > 0)
        frame_release(old[--ncopied]);
}

void around_settle(struct process *process, const struct region *region, uint64_t va)
{
    const entry_t *entry = map_make(&process->map, va); /* the leaf, if others have it too */
    if (entry == NULL)
        return;
    uint32_t window = verdict_around(process, region, va, entry_frame(*entry));
    uint64_t leaf = va >> LEAF_SHIFT << LEAF_SHIFT, leaf_end = leaf + (1ul << LEAF_SHIFT);
    uint64_t low = leaf > region->start ? leaf : region->start;
    uint64_t high = leaf_end < region->end ? leaf_end : region->end;
    uint64_t below = POLICY_WINDOW_BELOW(window) * (uint64_t)PAGE_SIZE;
    uint64_t above = POLICY_WINDOW_ABOVE(window) * (uint64_t)PAGE_SIZE, next = va + PAGE_SIZE;
    if (below > 0 && low < va)
        settle(process, region, va - low > below ? va - below : low, va);
    if (above > 0 && next < high)
        settle(process, region, next, high - next > above ? next + above : high);
}
