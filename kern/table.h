/* Sv39 page tables of user spaces, as data: nothing here fences.
 * Source: RISC-V privileged specification, section 4.4 (Sv39).
 *
 *   root --512--> middle --512--> leaf --512--> page        9 + 9 + 9 + 12 bits of address
 *   1 GiB an entry  2 MiB         4 KiB
 *
 * A *run* is consecutive pages inside one leaf table; runs given longer are cut at its end, and
 * each function returns how many pages it did. Entries carry A, and D when writable, so that no
 * walker has to set them. */
#pragma once
#include "pool.h"
#include "riscv.h"

enum { MIDDLE_SHIFT = 21, ROOT_SHIFT = 30 };

static inline uint64_t table_index(uint64_t va)
{
    return va >> PAGE_SHIFT & (LEAF_PAGES - 1);
}

static inline pfn_t table_frame(uint64_t entry)
{
    return entry >> PTE_FRAME_SHIFT & SATP_FRAME_MASK;
}

/* The table that an entry leads to, or NULL: it is empty, or maps a page. */
static inline uint64_t *table_below(uint64_t entry)
{
    bool is_table = (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
    return is_table ? pool_pointer(entry >> PTE_FRAME_SHIFT) : NULL;
}

/* The leaf table that covers va, or NULL. table_make: what is missing is taken from the pool, and
 * NULL means that this is used up (an empty middle table may have been added). */
static inline uint64_t *table_leaf(const uint64_t *root, uint64_t va)
{
    const uint64_t *middle = table_below(root[va >> ROOT_SHIFT & (LEAF_PAGES - 1)]);
    return middle == NULL ? NULL : table_below(middle[va >> MIDDLE_SHIFT & (LEAF_PAGES - 1)]);
}
uint64_t *table_make(uint64_t *root, uint64_t va);

static inline uint64_t table_entry(pfn_t frame, unsigned rights) /* RIGHT_… to a user entry */
{
    uint64_t dirty = (rights & RIGHT_W) != 0 ? PTE_D : 0;
    return frame << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A | dirty | (uint64_t)rights << 1;
}

static inline uint64_t table_run(uint64_t va, uint64_t npages)
{
    uint64_t room = LEAF_PAGES - table_index(va);
    return npages < room ? npages : room;
}

/* Would installing `entry` over `old` take something away: another frame, or a right less? */
static inline bool table_takes_away(uint64_t old, uint64_t entry)
{
    const uint64_t rights = PTE_R | PTE_W | PTE_X;
    return (old & PTE_V) != 0 &&
           (table_frame(old) != table_frame(entry) || (old & rights & ~entry) != 0);
}

/* Clears a run; returns how many pages it did: of one leaf, or of several whole ones. A whole span
 * of 2 MiB, or of 1 GiB when that much is asked for, loses its table, which is unlinked and left in
 * *freed for table_release, to be called after the fence. */
enum { TABLE_FREED_MAX = 16 };
struct table_freed {
    unsigned nleaves;
    uint64_t *leaf[TABLE_FREED_MAX], *middle;
};
uint64_t table_unmap(uint64_t *root, uint64_t va, uint64_t npages, struct table_freed *freed);
void table_release(const struct table_freed *freed);

/* The first valid entry at or above va and below limit: its address, with *entry set. *entry is 0:
 * there is none below the address returned, where to go on; at limit or above it, none at all. */
uint64_t table_next(const uint64_t *root, uint64_t va, uint64_t limit, uint64_t *entry);

/* Releases the tables of one root entry (1 GiB); true while more is left. */
bool table_free_piece(uint64_t *root);

/* Maps frames by 2 MiB entries; va, first frame and npages are multiples of LEAF_PAGES. With bits 0
 * it removes them, and can't fail. */
bool table_map_large(uint64_t *root, uint64_t va, pfn_t first, uint64_t npages, uint64_t bits);
