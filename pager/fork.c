/* Fork in two passes: what may fail comes first, then what can't. */
#include "fork.h"
#include "../libsys/freestanding/frame.h"
#include "death.h"
#include "fault.h"
#include "install.h"
#include "leaves.h"
#include "service.h"
#include "task.h"
#include "verdict.h"

/* Parent and child are about to store to a few pages each; without frames for that a fork that
 * succeeds would kill one of them. A check, not a reservation. */
enum { SLACK_NPAGES = 32 };

/* Up to there a fork is one piece. */
enum { SHORT_NPAGES = 256, SHORT_NLEAVES = 8 };

/* What parts cost, in instructions, on the safe side: a look; a run that is shared, and what there
 * is of it; a page that is settled by itself, and its copy; a leaf, and a frame, that is kept. */
enum {
    PREPARE_COST = 3500, /* the child's space, thread and connections, before the first of them */
    LOOK_COST = 30,
    SHARE_COST = 500,
    SHARE_PAGE_COST = 17,
    SETTLE_NPAGES = 64,
    SETTLE_COST = 80,
    COPY_COST = 1250,
    LEAF_COST = 650,
    SPARE_COST = 25,
};

/* Does it copy what it does not say it will leave? */
static bool copies_all(const struct process *parent)
{
    return parent->pinned || (parent->policy->at_fork != NULL && !parent->policy->lazy_fork);
}

/* The frames of the child that must not turn out to be missing half-way: root and leaves, and every
 * page if the policy copies at fork and does not say that it is lazy. A fork of one piece finds
 * what is free now still free; a longer one takes them before it begins. */
static bool enough_frames(const struct process *parent)
{
    uint64_t needed = 1 + parent->map.nleaves + SLACK_NPAGES;
    if (copies_all(parent))
        needed += parent->map.npages;
    return frames.nfree >= needed && verdict_allows(parent, parent->map.npages);
}

/* Frames that a fork keeps for its copies are a chain through their first words. */
static void keep_spare(struct task_fork *fork, pfn_t frame)
{
    *(pfn_t *)port_frame(frame) = fork->spare;
    fork->spare = frame;
    fork->nspare++;
}

static pfn_t take_frame(struct task_fork *fork)
{
    pfn_t frame = fork->spare;
    if (fork->nspare == 0)
        return frame_take();
    fork->spare = *(const pfn_t *)port_frame(frame);
    fork->nspare--;
    return frame;
}

/* True: there are none left. */
static bool release_spare(struct task_fork *fork)
{
    while (fork->nspare > 0) {
        if (!piece_affords(SPARE_COST))
            return false;
        frame_release(take_frame(fork));
    }
    return true;
}

static task_step_t fork_undo;

void fork_frames(const struct process *process, void (*owner)(pfn_t frame))
{
    const struct task *task = &process->task;
    const struct task_fork *fork = &task->fork;
    pfn_t frame = fork->spare;
    if (task->step == NULL || task->over || task->undo != fork_undo)
        return;
    for (uint64_t n = fork->nspare; n > 0; n--, frame = *(const pfn_t *)port_frame(frame))
        owner(frame);
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
    uint64_t omitted[SETTLE_NPAGES / 64];
};

static bool is_omitted(const struct settled *settled, uint64_t i)
{
    return (settled->omitted[i / 64] >> i % 64 & 1) != 0;
}

/* The same, page by page, as the policy says; how many pages that were before the piece was over.
 */
static uint64_t settle_entries(struct process *parent, struct task_fork *fork,
                               const struct region *region, uint64_t va, const entry_t *source,
                               entry_t *target, uint64_t n, struct settled *settled)
{
    for (uint64_t i = 0; i < n; i++, va += PAGE_SIZE) {
        if (source[i] == 0)
            continue;
        if (!piece_affords(SETTLE_COST))
            return i;
        pfn_t frame = entry_frame(source[i]);
        enum fork_verdict verdict = page_verdict(parent, fork->child, region, va, frame);
        if (verdict == FORK_COPY) {
            pfn_t copied = take_frame(fork); /* there is one: enough_frames, or kept */
            copy_frame(port_frame(copied), port_frame(frame));
            target[i] = entry_make(copied);
            piece_spend(COPY_COST);
            continue;
        }
        frame_hold(frame);
        target[i] = source[i];
        settled->shared = true;
        if (verdict == FORK_OMIT)
            settled->omitted[i / 64] |= 1ul << i % 64;
    }
    return n;
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

/* Page by page, in one leaf's part of a region; how many pages. */
static uint64_t fork_settled(struct process *parent, struct task_fork *fork,
                             const struct region *region, uint64_t va, const entry_t *source,
                             uint64_t npages)
{
    struct process *child = fork->child;
    entry_t *target = map_make(&child->map, va);
    unsigned narrow = region->rights & ~(unsigned)RIGHT_W;
    npages = npages < SETTLE_NPAGES ? npages : SETTLE_NPAGES;
    if (!piece_affords(SHARE_COST))
        return 0;
    /* Other threads must not store while their pages are copied: a child that sees a later store
     * and not an earlier one would see no moment that ever was. */
    if (process_is_threaded(parent))
        port_protect(parent, va, npages, narrow);
    struct settled settled = {0};
    npages = settle_entries(parent, fork, region, va, source, target, npages, &settled);
    if (settled.shared)
        port_protect(parent, va, npages, narrow);
    install_settled(child, region, va, npages, &settled);
    return npages;
}

/* Pages are settled one by one. */
static bool by_page(const struct process *parent)
{
    return parent->pinned || parent->policy->at_fork != NULL;
}

/* One leaf's part of a region, or of those alike from `region` on; how many pages of it. The
 * parent's entries lose the right to store in the same call that gives the child its own, and
 * before the lock is left: no store through an old entry comes after the count was raised (count
 * against upgrade). A store of another thread to what was shared waits for the end of the fork, and
 * all that this thread does with it: so what the child sees of it is what it did until then. */
static uint64_t fork_run(struct process *parent, struct task_fork *fork,
                         const struct region *region, uint64_t va, uint64_t npages)
{
    struct process *child = fork->child;
    const entry_t *source = map_find(&parent->map, va);
    bool private = region->kind == REGION_PRIVATE;
    if (source == NULL || leaves_are_same(parent, child, va))
        return piece_affords(LOOK_COST) ? npages : 0;
    if (private && region->rights != 0 && by_page(parent))
        return fork_settled(parent, fork, region, va, source, npages);
    if (!piece_affords(SHARE_COST + npages * SHARE_PAGE_COST))
        return 0;
    share_entries(source, map_make(&child->map, va), npages);
    child->uncached = false;
    unsigned rights = private ? RIGHT_R | RIGHT_X : region->rights;
    if (port_share(parent, child, va, npages, rights) != 0 && private)
        port_drop(parent, va, npages); /* no room for the child's table: both will fault */
    return npages;
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

/* What the child gets, from where it was left. True: all. */
static bool fork_regions(struct process *parent, struct task_fork *fork)
{
    const struct region *first = parent->regions.region, *end = first + parent->regions.n;
    const struct region *region = first + fork->region;
    uint64_t va = fork->at;
    for (const struct region *last; region != end; region = last + 1) {
        last = last_alike(parent, region, end);
        if (region->use == USE_TRANSFER) { /* shared with a server: not inherited */
            region_remove(&fork->child->regions, region->start, region->end, USE_TRANSFER);
            fork->child->map.npages--;
            continue;
        }
        va = va > region->start ? va : region->start;
        while (va < last->end) {
            uint64_t stop = map_leaf_end(va, last->end);
            uint64_t n = fork_run(parent, fork, region, va, (stop - va) >> PAGE_SHIFT);
            va += n << PAGE_SHIFT;
            if (n == 0) {
                fork->at = va;
                fork->region = (uint32_t)(region - first);
                return false;
            }
        }
    }
    fork->region = parent->regions.n;
    return true;
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

/* True: all is there. */
static bool keep_frames(const struct process *parent, struct task_fork *fork)
{
    struct map *map = &fork->child->map;
    for (; fork->nleft > 0; fork->at += LEAF_SPAN) {
        if (parent->map.root[fork->at >> LEAF_SHIFT] == 0)
            continue;
        bool there = map_leaf(map, fork->at) != NULL;
        if (!piece_affords(there ? LOOK_COST : LEAF_COST))
            return false;
        if (!there && map_make(map, fork->at) == NULL) {
            fork->error = ERR_NOMEM;
            return true;
        }
        fork->nleft--;
    }
    uint64_t needed = copies_all(parent) ? parent->map.npages : 0;
    while (fork->nspare < needed && fork->error == 0) {
        if (!piece_affords(SPARE_COST))
            return false;
        pfn_t frame = frame_take();
        if (frame == NO_FRAME)
            fork->error = ERR_NOMEM;
        else
            keep_spare(fork, frame);
    }
    return true;
}

/* What the fork holds goes again; the process ends, or frames were used up. */
static err_t fork_undo(struct process *parent, struct task *task)
{
    (void)parent;
    struct task_fork *fork = &task->fork;
    if (!release_spare(fork) || !death_undo_part(fork->child))
        return TASK_LATER;
    return fork->error;
}

static inline err_t start(struct process *child)
{
    child->state = PROCESS_ALIVE;
    port_thread_start(child, 0);
    return child->pid;
}

/* From the pages on nothing can fail. */
static err_t fork_step(struct process *parent, struct task *task)
{
    struct task_fork *fork = &task->fork;
    if (!fork_regions(parent, fork) || !release_spare(fork))
        return TASK_LATER;
    return start(fork->child);
}

/* No copy of the parent's pages is under way from here on: new faults of it wait. */
static err_t keep_step(struct process *parent, struct task *task)
{
    struct task_fork *fork = &task->fork;
    if (!keep_frames(parent, fork))
        return TASK_LATER;
    fork->at = 0;
    task->step = fork->error == 0 ? fork_step : fork_undo;
    return TASK_LATER;
}

static err_t leaves_step(struct process *parent, struct task *task)
{
    struct task_fork *fork = &task->fork;
    piece_spend(PREPARE_COST);
    if (parent->busy > 0) {
        piece_end();
        return TASK_LATER;
    }
    if (fork->by_leaves && !leaves_share_part(parent, fork))
        return TASK_LATER;
    fork->at = 0;
    fork->nleft = parent->map.nleaves;
    task->step = keep_step;
    return TASK_LATER;
}

/* All of it is one piece. */
static inline err_t fork_short(struct process *parent, struct task_fork *fork)
{
    piece_start_short();
    if (fork->by_leaves) {
        fork->nleft = parent->map.nleaves;
        while (!leaves_share_part(parent, fork))
            ;
        fork->at = 0;
    }
    fork_regions(parent, fork);
    return start(fork->child);
}

err_t fork_process(struct process *parent, uint64_t token, const uint64_t word[6])
{
    if (death_forbids_fork(parent))
        return TASK_LATER;
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
    child->map.npages = parent->map.npages; /* and not more, until all are there */
    struct task_fork *fork = &parent->task.fork;
    fork->child = child;
    fork->at = 0;
    fork->region = 0;
    fork->nspare = 0;
    fork->by_leaves = !parent->pinned && parent->policy->at_leaves != NULL &&
                      verdict_leaves(parent) == LEAF_SHARE;
    if (parent->map.npages <= SHORT_NPAGES && parent->map.nleaves <= SHORT_NLEAVES &&
        !by_page(parent))
        return fork_short(parent, fork);
    fork->nleft = parent->map.nleaves;
    fork->spare = NO_FRAME;
    fork->error = 0;
    return task_begin(parent, token, word, leaves_step, fork_undo);
}
