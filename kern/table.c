/* Sv39 page tables: walks, runs, entries. */
#include "table.h"

enum { MIDDLE_PAGES = LEAF_PAGES * LEAF_PAGES }; /* that one middle table covers */

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

uint64_t table_unmap(uint64_t *root, uint64_t va, uint64_t npages, uint64_t **freed)
{
    uint64_t n = table_run(va, npages), *entry = &root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)];
    uint64_t *table = table_below(*entry); /* what is to be unlinked or cleared */
    bool whole = va % (1ul << ROOT_SHIFT) == 0 && npages >= MIDDLE_PAGES;
    *freed = NULL;
    if (whole) {
        n = MIDDLE_PAGES;
    } else if (table != NULL) {
        entry = &table[va >> MIDDLE_SHIFT & (LEAF_PAGES - 1)];
        table = table_below(*entry);
        whole = n == LEAF_PAGES;
    }
    if (table == NULL)
        return n;
    if (whole) {
        *freed = table;
        enter(entry, 0);
    } else {
        for (uint64_t i = table_index(va), end = i + n; i < end; i++)
            table[i] = 0;
    }
    return n;
}

void table_release(uint64_t *table)
{
    unsigned nleft = *pool_nused(table);
    bool clean = nleft > 0; /* a leaf's entries are not counted, nor cleared */
    for (uint64_t *entry = table; nleft > 0; entry++) {
        if (*entry == 0)
            continue;
        uint64_t *leaf = table_below(*entry);
        if (leaf != NULL)
            pool_release(leaf, false);
        *entry = 0;
        nleft--;
    }
    pool_release(table, clean);
}

uint64_t table_next(const uint64_t *root, uint64_t va, uint64_t limit, uint64_t *entry)
{
    while (va < limit) {
        const uint64_t *leaf = table_leaf(root, va);
        unsigned shift = PAGE_SHIFT; /* of the span that is looked at, or is known to be empty */
        if (leaf == NULL)
            shift = table_below(root[va >> ROOT_SHIFT]) == NULL ? ROOT_SHIFT : MIDDLE_SHIFT;
        else if (((*entry = leaf[table_index(va)]) & PTE_V) != 0)
            return va;
        va = ((va >> shift) + 1) << shift;
    }
    return limit;
}

bool table_free_piece(uint64_t *root)
{
    for (uint64_t *entry = root; *pool_nused(root) > 0; entry++) {
        uint64_t *middle = table_below(*entry);
        if (middle == NULL)
            continue;
        table_release(middle);
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
