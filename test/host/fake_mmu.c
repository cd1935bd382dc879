/* The fake machine's page tables. */
#include "fake_space.h"
#include <stdlib.h>

struct fake_pending fake_pending[FAKE_PENDING_MAX];

uint64_t fake_find(const struct fake_space *space, uint64_t va)
{
    const struct fake_leaf *leaf = va < ADDRESS_LIMIT ? space->leaf[va >> LEAF_SHIFT] : NULL;
    return leaf == NULL ? 0 : leaf->entry[va >> PAGE_SHIFT & (LEAF_PAGES - 1)];
}

static void forget(struct fake_leaf *leaf, uint64_t at)
{
    uint64_t entry = leaf->entry[at];
    if (entry == 0)
        return;
    fake_nmapped[(entry >> 3) - FAKE_FIRST]--;
    if ((entry & RIGHT_W) != 0 && leaf->is_private[at]) {
        fake_nstorable[(entry >> 3) - FAKE_FIRST]--;
        leaf->nstorable--;
    }
    leaf->entry[at] = 0;
    fake_mark(leaf->valid, at, false);
    leaf->n--;
}

static void forget_run(struct fake_leaf *leaf, uint64_t at, uint64_t npages)
{
    uint64_t end = at + npages;
    for (at = fake_next_bit(leaf->valid, at, LEAF_PAGES); at < end;
         at = fake_next_bit(leaf->valid, at, LEAF_PAGES))
        forget(leaf, at);
}

void fake_install(struct fake_space *space, uint64_t va, pfn_t frame, unsigned rights)
{
    if (frame - frames.first >= frames.npages)
        fake_breach("a frame that is not the pager's", frame);
    struct fake_leaf **leaf = &space->leaf[va >> LEAF_SHIFT];
    if (*leaf == NULL) {
        *leaf = calloc(1, sizeof **leaf);
        fake_mark(space->has_leaf, va >> LEAF_SHIFT, true);
        fake.pool_left--;
    }
    uint64_t at = va >> PAGE_SHIFT & (LEAF_PAGES - 1);
    forget(*leaf, at);
    const struct region *region = region_find(&space->owner->regions, va);
    (*leaf)->is_private[at] = region == NULL || region->kind == REGION_PRIVATE;
    (*leaf)->entry[at] = frame << 3 | rights;
    fake_mark((*leaf)->valid, at, true);
    (*leaf)->n++;
    fake_nmapped[frame - FAKE_FIRST]++;
    if ((rights & RIGHT_W) != 0 && (*leaf)->is_private[at]) {
        fake_nstorable[frame - FAKE_FIRST]++;
        (*leaf)->nstorable++;
    }
}

void fake_unmap(struct fake_space *space, uint64_t va, uint64_t npages)
{
    uint64_t end = va + npages * PAGE_SIZE;
    while (va < end) {
        struct fake_leaf **leaf = &space->leaf[va >> LEAF_SHIFT];
        uint64_t next = ((va >> LEAF_SHIFT) + 1) << LEAF_SHIFT;
        next = next < end ? next : end;
        if (*leaf != NULL)
            forget_run(*leaf, va >> PAGE_SHIFT & (LEAF_PAGES - 1), (next - va) >> PAGE_SHIFT);
        va = next;
        if (*leaf != NULL && (*leaf)->n == 0) {
            free(*leaf);
            *leaf = NULL;
            fake_mark(space->has_leaf, (va - 1) >> LEAF_SHIFT, false);
            fake.pool_left++;
        }
    }
}

static bool has_one_thread(const struct fake_space *space)
{
    unsigned n = 0;
    for (unsigned i = 0; i < THREADS_MAX; i++)
        n += space->thread[i].state != THREAD_NONE;
    return n == 1;
}

uint32_t fake_nharmless(pfn_t frame)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < FAKE_PENDING_MAX; i++)
        n += fake_pending[i].space != NULL && fake_pending[i].space->owner != NULL &&
             fake_find(fake_pending[i].space, fake_pending[i].va) >> 3 == frame &&
             has_one_thread(fake_pending[i].space);
    return n;
}

unsigned fake_nfaults(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < FAKE_PENDING_MAX; i++)
        n += fake_pending[i].space != NULL;
    return n;
}

unsigned fake_entry(const struct process *process, uint64_t va, pfn_t *frame)
{
    uint64_t entry = fake_find(fake_space_of(process), va);
    if (frame != NULL)
        *frame = entry >> 3;
    return entry & RIGHTS_MASK;
}

bool fake_may_access(const struct process *process, uint64_t va, unsigned needed)
{
    for (const struct fake_space *space = fake_space; space < fake_space + FAKE_SPACES; space++)
        if (space->owner == process)
            return (fake_find(space, va) & needed) != 0;
    return false;
}

void fake_corrupt(const struct process *process, uint64_t va, pfn_t frame, unsigned rights)
{
    if (rights == 0)
        fake_unmap(fake_space_of(process), va & ~(uint64_t)(PAGE_SIZE - 1), 1);
    else
        fake_install(fake_space_of(process), va & ~(uint64_t)(PAGE_SIZE - 1), frame, rights);
}

uint64_t fake_nentries(const struct process *process)
{
    const struct fake_space *space = fake_space_of(process);
    uint64_t n = 0;
    for (unsigned i = 0; i < LEAVES; i++)
        n += space->leaf[i] == NULL ? 0 : space->leaf[i]->n;
    return n;
}
