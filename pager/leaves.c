/* Fork by whole leaves, as on-demand fork does it with page tables (Zhao, Gong, Fonseca: EuroSys
 * 2021). Here it is the map's leaves that are shared. The hardware can't take the right to store
 * from 2 MiB at once, but its tables are a cache (L4): they go instead, and entries come back one
 * by one, narrow, because a page in a shared leaf is not sole. */
#include "leaves.h"
#include "task.h"

/* So many are shared in one part of a piece, which costs that much. */
enum { LEAVES_A_PART = 16, PART_COST = 5500 };

/* Looks along the regions, leaf by leaf upwards. */
struct look {
    const struct region *at, *end; /* what lies below `at` was passed */
    uint64_t until;                /* up to there all is private */
};

/* Are all regions in the leaf from va on private, and no server's business? */
static bool look_on(struct look *look, uint64_t va)
{
    while (look->at != look->end && look->at->end <= va)
        look->at++;
    for (const struct region *r = look->at; r != look->end && r->start < va + LEAF_SPAN; r++) {
        if (r->kind != REGION_PRIVATE)
            return false;
        look->until = r->end;
    }
    return true;
}

static inline bool is_private(struct look *look, uint64_t va)
{
    return va + LEAF_SPAN <= look->until || look_on(look, va);
}

/* Leaves side by side whose entries have to go. */
struct run {
    uint64_t start, end;
};

static void drop(struct process *parent, const struct run *run)
{
    if (run->start < run->end)
        port_drop(parent, run->start, (run->end - run->start) >> PAGE_SHIFT);
}

static inline void add(struct process *parent, struct run *run, uint64_t va)
{
    if (run->end != va) {
        drop(parent, run);
        run->start = va;
    }
    run->end = va + LEAF_SPAN;
}

/* The child's map gets the leaves from va on that are to be shared, and the parent's entries for
 * them go. Leaves that were shared before have none that allow a store. Where it stopped. */
static uint64_t choose(struct process *parent, struct process *child, uint64_t va, uint32_t *nleft)
{
    struct look look = {.at = parent->regions.region,
                        .end = parent->regions.region + parent->regions.n};
    struct run run = {0};
    for (unsigned n = 0; *nleft > 0 && n < LEAVES_A_PART; va += LEAF_SPAN) {
        pfn_t leaf = parent->map.root[va >> LEAF_SHIFT];
        if (leaf == 0)
            continue;
        (*nleft)--;
        if (!is_private(&look, va))
            continue;
        child->map.root[va >> LEAF_SHIFT] = (uint32_t)leaf;
        n++;
        if (frame_refs(leaf) == 1)
            add(parent, &run, va);
    }
    drop(parent, &run);
    return va;
}

/* Entries go first, on every hart: no store reaches the pages of a leaf whose count is above 1. */
bool leaves_share_part(struct process *parent, struct task_fork *fork)
{
    struct map *map = &fork->child->map;
    uint64_t va = fork->at;
    if (!piece_affords(PART_COST))
        return false;
    fork->at = choose(parent, fork->child, va, &fork->nleft);
    for (; va < fork->at; va += LEAF_SPAN) {
        pfn_t leaf = map->root[va >> LEAF_SHIFT];
        if (leaf == 0)
            continue;
        frame_hold(leaf);
        map->nleaves++;
        parent->shares_leaves = fork->child->shares_leaves = true;
    }
    return fork->nleft == 0;
}
