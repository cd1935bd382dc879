/* Sv39 page tables: walks, runs, entries. */
#include "table.h"
#include "pool.h"

enum {
    MIDDLE_SHIFT = 21,
    ROOT_SHIFT = 30,
    MIDDLE_PAGES = LEAF_PAGES * LEAF_PAGES, /* pages that one middle table covers */
};

static bool is_table(uint64_t entry)
{
    return (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

static uint64_t *below(uint64_t entry)
{
    return pool_pointer(table_frame(entry));
}

/* Entries of tables that are not the last are counted, so that nobody looks for more than there
 * are.
 */
static void enter(uint64_t *entry, uint64_t value)
{
    if (*entry == 0)
        ++*pool_nused(entry);
    *entry = value;
}

static void clear(uint64_t *entry)
{
    if (*entry != 0)
        --*pool_nused(entry);
    *entry = 0;
}

static uint64_t *step(uint64_t *entry, bool make)
{
    if (is_table(*entry))
        return below(*entry);
    if (*entry != 0 || !make)
        return NULL;
    uint64_t *table = pool_frame();
    if (table != NULL)
        enter(entry, pool_pfn(table) << PTE_FRAME_SHIFT | PTE_V);
    return table;
}

static uint64_t *middle_of(uint64_t *root, uint64_t va, bool make)
{
    return step(&root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)], make);
}

uint64_t *table_leaf(uint64_t *root, uint64_t va, bool make)
{
    uint64_t *middle = middle_of(root, va, make);
    return middle == NULL ? NULL : step(&middle[va >> MIDDLE_SHIFT & (LEAF_PAGES - 1)], make);
}

uint64_t table_entry(pfn_t frame, unsigned rights)
{
    uint64_t dirty = (rights & RIGHT_W) != 0 ? PTE_D : 0;
    return frame << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A | dirty | (uint64_t)rights << 1;
}

unsigned table_rights(uint64_t entry)
{
    return (unsigned)(entry >> 1 & RIGHTS_MASK);
}

/* Unlinks the tables of whole spans; how many pages that is. */
static uint64_t unlink_leaves(uint64_t *entry, uint64_t nspans, struct table_freed *freed)
{
    uint64_t n = 0;
    for (; n < nspans && freed->nleaves < TABLE_FREED_MAX; n++, entry++) {
        if (!is_table(*entry))
            continue;
        freed->leaf[freed->nleaves++] = below(*entry);
        clear(entry);
    }
    return n * LEAF_PAGES;
}

uint64_t table_unmap(uint64_t *root, uint64_t va, uint64_t npages, struct table_freed *freed)
{
    uint64_t n = table_run(va, npages);
    freed->nleaves = 0;
    freed->middle = NULL;
    uint64_t *middle = middle_of(root, va, false);
    if (va % (1ul << ROOT_SHIFT) == 0 && npages >= MIDDLE_PAGES) {
        freed->middle = middle;
        if (middle != NULL)
            clear(&root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)]);
        return MIDDLE_PAGES;
    }
    if (middle == NULL)
        return n;
    uint64_t index = va >> MIDDLE_SHIFT & (LEAF_PAGES - 1), nspans = npages / LEAF_PAGES;
    if (n == LEAF_PAGES)
        return unlink_leaves(&middle[index],
                             nspans < LEAF_PAGES - index ? nspans : LEAF_PAGES - index, freed);
    if (!is_table(middle[index]))
        return n;
    uint64_t *leaf = below(middle[index]);
    for (uint64_t i = table_index(va), end = i + n; i < end; i++)
        leaf[i] = 0;
    return n;
}

void table_release(const struct table_freed *freed)
{
    for (unsigned i = 0; i < freed->nleaves; i++)
        pool_release(freed->leaf[i]);
    if (freed->middle == NULL)
        return;
    uint64_t *entry = freed->middle;
    for (unsigned nleft = *pool_nused(entry); nleft > 0; entry++) {
        if (*entry == 0)
            continue;
        if (is_table(*entry))
            pool_release(below(*entry));
        *entry = 0;
        nleft--;
    }
    pool_release_clean(freed->middle);
}

uint64_t table_next(uint64_t *root, uint64_t va, uint64_t limit, uint64_t *entry)
{
    while (va < limit) {
        uint64_t *middle = middle_of(root, va, false);
        if (middle == NULL) {
            va = ((va >> ROOT_SHIFT) + 1) << ROOT_SHIFT;
            continue;
        }
        uint64_t *leaf = table_leaf(root, va, false);
        if (leaf == NULL) {
            va = ((va >> MIDDLE_SHIFT) + 1) << MIDDLE_SHIFT;
            continue;
        }
        *entry = leaf[table_index(va)];
        if ((*entry & PTE_V) != 0)
            return va;
        va += PAGE_SIZE;
    }
    return limit;
}

bool table_free_piece(uint64_t *root)
{
    for (uint64_t *entry = root; *pool_nused(root) > 0; entry++) {
        if (!is_table(*entry))
            continue;
        table_release(&(struct table_freed){.middle = below(*entry)});
        clear(entry);
        break;
    }
    return *pool_nused(root) > 0;
}

bool table_map_large(uint64_t *root, uint64_t va, pfn_t first, uint64_t npages, uint64_t bits)
{
    for (uint64_t i = 0; i < npages; i += LEAF_PAGES) {
        uint64_t *middle = middle_of(root, va + i * PAGE_SIZE, true);
        if (middle == NULL)
            return false;
        enter(&middle[(va + i * PAGE_SIZE) >> MIDDLE_SHIFT & (LEAF_PAGES - 1)],
              (first + i) << PTE_FRAME_SHIFT | bits);
    }
    return true;
}

void table_unmap_large(uint64_t *root, uint64_t va, uint64_t npages)
{
    for (uint64_t i = 0; i < npages; i += LEAF_PAGES) {
        uint64_t *middle = middle_of(root, va + i * PAGE_SIZE, false);
        if (middle != NULL)
            clear(&middle[(va + i * PAGE_SIZE) >> MIDDLE_SHIFT & (LEAF_PAGES - 1)]);
    }
}
