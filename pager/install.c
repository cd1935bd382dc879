/* Installing entries and dropping them for room. */
#include "install.h"

enum { AHEAD_NPAGES = 64 };

static uint64_t last_victim; /* badge: where the last reclaim stopped */

bool install_run(struct process *process, uint64_t va, pfn_t first, uint64_t npages,
                 unsigned rights)
{
    while (port_map(process, va, first, npages, rights) != 0)
        if (!install_reclaim(process))
            return false;
    process->uncached = false;
    return true;
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
        if (!install_run(process, va, entry_frame(*entry), n, rights))
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

void install_drop_all(struct process *process)
{
    port_drop(process, 0, ADDRESS_LIMIT >> PAGE_SHIFT);
    process->uncached = true;
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
            install_drop_all(p);
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
