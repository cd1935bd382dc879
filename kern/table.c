/* Sv39 page tables: walks, runs, entries. */
#include "table.h"

enum { MIDDLE_PAGES = LEAF_PAGES * LEAF_PAGES, NEXT_STEPS = 1024 }; /* a middle table's; a look's */

/* Entries of tables that are not the last are counted, so that nobody looks for more than there
 * are. */
static void enter(uint64_t *entry, uint64_t value)
{
    uint16_t *nused = pool_nused(entry);
    *nused = (uint16_t)(*nused + (value != 0) - (*entry != 0));
    *entry = value;
}

static uint64_t *step(uint64_t *entry)
{
    uint64_t *table = table_below(*entry);
    if (*entry == 0 && (table = pool_frame()) != NULL)
        enter(entry, pool_pfn(table) << PTE_FRAME_SHIFT | PTE_V);
    return table;
}

uint64_t *table_make(uint64_t *root, uint64_t va)
{
    uint64_t *middle = step(&root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)]);
    return middle == NULL ? NULL : step(&middle[va >> MIDDLE_SHIFT & (LEAF_PAGES - 1)]);
}

/* Unlinks the tables of whole spans; how many pages that is. */
static uint64_t unlink_leaves(uint64_t *entry, uint64_t nspans, struct table_freed *freed)
{
    uint64_t n = 0;
    for (; n < nspans && freed->nleaves < TABLE_FREED_MAX; n++, entry++) {
        uint64_t *leaf = table_below(*entry);
        if (leaf == NULL)
            continue;
        freed->leaf[freed->nleaves++] = leaf;
        enter(entry, 0);
    }
    return n * LEAF_PAGES;
}

uint64_t table_unmap(uint64_t *root, uint64_t va, uint64_t npages, struct table_freed *freed)
{
    uint64_t n = table_run(va, npages), *entry = &root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)];
    uint64_t *table = table_below(*entry), index = va >> MIDDLE_SHIFT & (LEAF_PAGES - 1);
    freed->nleaves = 0;
    freed->middle = NULL;
    if (va % (1ul << ROOT_SHIFT) == 0 && npages >= MIDDLE_PAGES) {
        freed->middle = table;
        if (table != NULL)
            enter(entry, 0);
        return MIDDLE_PAGES;
    }
    if (table == NULL)
        return n;
    uint64_t nspans = npages / LEAF_PAGES, room = LEAF_PAGES - index;
    if (n == LEAF_PAGES)
        return unlink_leaves(&table[index], nspans < room ? nspans : room, freed);
    table = table_below(table[index]);
    for (uint64_t i = table_index(va), end = i + n; table != NULL && i < end; i++)
        table[i] = 0;
    return n;
}

void table_release(const struct table_freed *freed)
{
    for (unsigned i = 0; i < freed->nleaves; i++)
        pool_release(freed->leaf[i], false);
    if (freed->middle == NULL)
        return;
    uint64_t *entry = freed->middle;
    for (unsigned nleft = *pool_nused(entry); nleft > 0; entry++) {
        uint64_t *leaf = table_below(*entry);
        nleft -= *entry != 0;
        *entry = 0;
        if (leaf != NULL)
            pool_release(leaf, false);
    }
    pool_release(freed->middle, true);
}

uint64_t table_next(const uint64_t *root, uint64_t va, uint64_t limit, uint64_t *entry)
{
    *entry = 0;
    for (unsigned n = 0; va < limit && n < NEXT_STEPS; n++) {
        const uint64_t *leaf = table_leaf(root, va);
        unsigned shift = PAGE_SHIFT; /* of the span that is looked at, or is known to be empty */
        if (leaf == NULL)
            shift = table_below(root[va >> ROOT_SHIFT]) == NULL ? ROOT_SHIFT : MIDDLE_SHIFT;
        else if ((*entry = leaf[table_index(va)]) != 0)
            return va;
        va = ((va >> shift) + 1) << shift;
    }
    return va;
}

bool table_free_piece(uint64_t *root)
{
    for (uint64_t *entry = root; *pool_nused(root) > 0; entry++) {
        uint64_t *middle = table_below(*entry);
        if (middle == NULL)
            continue;
        table_release(&(struct table_freed){.middle = middle});
        enter(entry, 0);
        break;
    }
    return *pool_nused(root) > 0;
}

bool table_map_large(uint64_t *root, uint64_t va, pfn_t first, uint64_t npages, uint64_t bits)
{
    for (; npages > 0; npages -= LEAF_PAGES, first += LEAF_PAGES, va += 1ul << MIDDLE_SHIFT) {
        uint64_t *entry = &root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)];
        uint64_t *middle = bits == 0 ? table_below(*entry) : step(entry);
        if (middle == NULL && bits != 0)
            return false;
        if (middle != NULL)
            enter(&middle[va >> MIDDLE_SHIFT & (LEAF_PAGES - 1)],
                  bits == 0 ? 0 : first << PTE_FRAME_SHIFT | bits);
    }
    return true;
}
