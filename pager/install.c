/* Installing entries and dropping them for room. */
#include "install.h"
#include "task.h"

enum { AHEAD_NPAGES = 64, RECLAIMED_NLEAVES = 8 };

/* What is released at once, and what more costs: a leaf, and each of its pages. */
enum { SMALL_NPAGES = 256, SMALL_NLEAVES = 16, RELEASE_COST = 500, RELEASE_PAGE_COST = 10 };

static uint64_t last_victim; /* badge: where the last reclaim stopped */

err_t install_run(struct process *process, uint64_t va, pfn_t first, uint64_t npages,
                  unsigned rights)
{
    err_t error;
    while ((error = port_map(process, va, first, npages, rights)) == ERR_POOL)
        if (!install_reclaim(process))
            return ERR_POOL;
    if (error == 0)
        process->uncached = false;
    return error;
}

/* How many pages from va and its `entry` on have consecutive frames and the same rights. */
static uint64_t run_length(const struct process *process, const struct region *region, uint64_t va,
                           const entry_t *entry, uint64_t limit, unsigned rights)
{
    pfn_t first = entry_frame(*entry);
    uint64_t n = 1;
    while (n < limit && entry[n] == entry_make(first + n) &&
           install_rights(process, region, va, first + n) == rights)
        n++;
    return n;
}

bool install_present(struct process *process, const struct region *region, uint64_t start,
                     uint64_t end)
{
    for (uint64_t va = start, n = 1; va < end; va += n * PAGE_SIZE) {
        const entry_t *entry = map_find(&process->map, va);
        uint64_t in_leaf = LEAF_PAGES - (va >> PAGE_SHIFT & (LEAF_PAGES - 1));
        uint64_t limit = (end - va) >> PAGE_SHIFT;
        limit = limit < in_leaf ? limit : in_leaf;
        n = entry == NULL ? limit : 1;
        if (entry == NULL || *entry == 0)
            continue;
        unsigned rights = install_rights(process, region, va, entry_frame(*entry));
        n = run_length(process, region, va, entry, limit, rights);
        if (install_run(process, va, entry_frame(*entry), n, rights) != 0)
            return false;
    }
    return true;
}

uint64_t install_length(const struct process *process, const struct region *region, uint64_t va)
{
    const entry_t *entry = map_find(&process->map, va);
    if (entry == NULL)
        return 0;
    uint64_t limit = LEAF_PAGES - (va >> PAGE_SHIFT & (LEAF_PAGES - 1));
    uint64_t in_region = (region->end - va) >> PAGE_SHIFT;
    limit = limit < in_region ? limit : in_region;
    limit = limit < AHEAD_NPAGES ? limit : AHEAD_NPAGES;
    return run_length(process, region, va, entry, limit,
                      install_rights(process, region, va, entry_frame(*entry)));
}

bool install_release_large(struct process *process, struct map *map, uint64_t *released)
{
    while (map->nleaves > 0 && (map->npages > SMALL_NPAGES || map->nleaves > SMALL_NLEAVES)) {
        uint64_t n = map->npages < LEAF_PAGES ? map->npages : LEAF_PAGES;
        if (!piece_affords(RELEASE_COST + n * RELEASE_PAGE_COST))
            return false;
        uint64_t va = map_next_leaf(map, *released);
        if (process != NULL)
            port_drop(process, va, LEAF_PAGES);
        map_clear(map, va, va + LEAF_SPAN);
        *released = va;
    }
    return true;
}

void install_drop_all(struct process *process)
{
    port_drop(process, 0, ADDRESS_LIMIT >> PAGE_SHIFT);
    process->uncached = true;
}

/* A few of the victim's tables go. */
static void drop_tables(struct process *victim)
{
    uint64_t va = 0;
    pfn_t frame;
    unsigned rights, n = 0;
    for (; n < RECLAIMED_NLEAVES && port_next(victim, &va, &frame, &rights); n++) {
        va &= ~(LEAF_SPAN - 1);
        port_drop(victim, va, LEAF_PAGES);
        va += LEAF_SPAN;
    }
    if (n < RECLAIMED_NLEAVES)
        install_drop_all(victim); /* the tables of tables */
}

/* Any entry may be dropped at any time (L4): its owner faults and gets it back. Victims take turns.
 */
bool install_reclaim(const struct process *needy)
{
    const struct process *victim = process_of(last_victim);
    struct process *start = victim != NULL ? victim->next : process_init;
    struct process *p = start;
    do {
        if (p != needy && !p->pinned && p->state == PROCESS_ALIVE && !p->uncached) {
            drop_tables(p);
            last_victim = p->badge;
            return true;
        }
        p = p->next;
    } while (p != start);
    return false;
}

err_t install_space(struct process *process, uint64_t token)
{
    err_t error;
    do
        error = port_space_make(process, false);
    while (error == ERR_POOL && install_reclaim(process));
    if (error != 0)
        return error;
    do
        error = port_thread_make(process, 0, token);
    while (error == ERR_POOL && install_reclaim(process));
    return error;
}
