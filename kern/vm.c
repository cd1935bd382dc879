/* Runs of pages in a space, with the fences they need. */
#include "vm.h"
#include "table.h"
#include "tlb.h"

static err_t check_run(uint64_t va, uint64_t npages, unsigned rights)
{
    if (npages == 0)
        return ERR_LENGTH;
    if (va % PAGE_SIZE != 0 || va >= MEMORY_WINDOW || npages > (MEMORY_WINDOW - va) >> PAGE_SHIFT)
        return ERR_ADDRESS;
    return rights == 0 || (rights & (RIGHT_R | RIGHT_W)) == RIGHT_W ? ERR_RIGHTS : 0;
}

err_t vm_map(struct space *space, uint64_t va, pfn_t first, uint64_t npages, unsigned rights)
{
    err_t error = check_run(va, npages, rights);
    if (error != 0)
        return error;
    uint64_t *leaf = table_make(space->root, va);
    if (leaf == NULL)
        return ERR_POOL;
    uint64_t span = va / LEAF_SPAN, n = table_run(va, npages), *entry = leaf + table_index(va);
    space->recent[span % RECENT_LEAVES] = (struct recent_leaf){span, leaf};
    /* Break before make: a thread on another hart that still read the old frame after a store to
     * the new one was seen would see time run backwards. */
    bool broken = false;
    for (uint64_t i = 0; i < n; i++) {
        if (table_takes_away(entry[i], table_entry(first + i, rights))) {
            entry[i] = 0;
            broken = true;
        }
    }
    if (broken)
        tlb_forget(space);
    for (uint64_t i = 0; i < n; i++)
        entry[i] = table_entry(first + i, rights);
    if ((rights & RIGHT_X) != 0)
        tlb_new_code(space);
    tlb_refresh(space, va, n);
    return (err_t)n;
}

err_t vm_protect(struct space *space, uint64_t va, uint64_t npages, unsigned rights)
{
    err_t error = check_run(va, npages, rights);
    if (error != 0)
        return error;
    uint64_t n = table_run(va, npages), *leaf = table_leaf(space->root, va);
    if (leaf == NULL)
        return (err_t)n;
    bool narrowed = false;
    for (uint64_t i = table_index(va), end = i + n; i < end; i++) {
        if ((leaf[i] & PTE_V) == 0)
            continue;
        uint64_t entry = table_entry(table_frame(leaf[i]), rights);
        narrowed = narrowed || table_takes_away(leaf[i], entry);
        leaf[i] = entry;
    }
    if (narrowed)
        tlb_forget(space);
    else
        tlb_refresh(space, va, n);
    if ((rights & RIGHT_X) != 0)
        tlb_new_code(space);
    return (err_t)n;
}

err_t vm_unmap(struct space *space, uint64_t va, uint64_t npages)
{
    err_t error = check_run(va, npages, RIGHT_R);
    if (error != 0)
        return error;
    struct table_freed freed;
    uint64_t n = table_unmap(space->root, va, npages, &freed);
    if (freed.nleaves != 0 || freed.middle != NULL)
        space_forget_leaves(space);
    tlb_forget(space);
    /* Only now: a hart's walker may have been inside the table until the fence. */
    table_release(&freed);
    return (err_t)n;
}

/* Into a table that is empty: the loop that a share's cost is made of, by itself, so that nothing
 * around it takes its registers. All bits that were there. */
static __attribute__((noinline)) uint64_t share_all(uint64_t *source, uint64_t *target,
                                                    uint64_t npages, uint64_t keep)
{
    uint64_t seen = 0;
#pragma GCC unroll 8
    for (uint64_t i = 0; i < npages; i++) {
        uint64_t old = source[i], entry = old & keep;
        seen |= old;
        source[i] = entry;
        target[i] = entry;
    }
    return seen;
}

/* Into a table that may have entries. Break before make: those in the way go first. */
static uint64_t share_some(struct space *to, uint64_t *source, uint64_t *target, uint64_t npages,
                           uint64_t keep)
{
    uint64_t seen = 0, replaced = 0;
    for (uint64_t i = 0; i < npages; i++) {
        if ((source[i] & PTE_V) == 0)
            continue;
        replaced |= target[i];
        target[i] = 0;
    }
    if (replaced != 0)
        tlb_forget(to);
    for (uint64_t i = 0; i < npages; i++) {
        if ((source[i] & PTE_V) == 0)
            continue;
        seen |= source[i];
        target[i] = source[i] &= keep;
    }
    return seen;
}

err_t vm_share(struct space *from, struct space *to, uint64_t va, uint64_t npages, unsigned rights)
{
    err_t error = check_run(va, npages, rights);
    if (error != 0)
        return error;
    uint64_t n = table_run(va, npages), at = table_index(va), *source = table_leaf(from->root, va);
    if (source == NULL)
        return (err_t)n;
    bool empty = table_leaf(to->root, va) == NULL;
    uint64_t *target = table_make(to->root, va);
    if (target == NULL)
        return ERR_POOL;
    uint64_t keep = ~(PTE_R | PTE_W | PTE_X) | (uint64_t)rights << 1;
    if ((rights & RIGHT_W) == 0)
        keep &= ~PTE_D;
    uint64_t seen = empty ? share_all(source + at, target + at, n, keep)
                          : share_some(to, source + at, target + at, n, keep);
    if ((seen & ~keep) != 0)
        tlb_forget(from);
    if ((seen & keep & PTE_X) != 0)
        tlb_new_code(to);
    return (err_t)n;
}

err_t vm_next(struct space *space, uint64_t va, pfn_t *frame)
{
    uint64_t entry;
    if (va % PAGE_SIZE != 0)
        return ERR_ADDRESS;
    va = table_next(space->root, va, MEMORY_WINDOW, &entry);
    if (va >= MEMORY_WINDOW)
        return ERR_NONE;
    *frame = entry == 0 ? va : table_frame(entry);
    if (entry == 0)
        return ERR_AGAIN;
    return (err_t)(va | (entry >> 1 & RIGHTS_MASK));
}
