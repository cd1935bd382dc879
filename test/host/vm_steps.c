/* Page tables against a plain table of pages. */
#include "vm_steps.h"
#include "../../kern/table.h"
#include "../../kern/tlb.h"
#include "../../kern/vm.h"
#include "host_machine.h"
#include <string.h>

enum { SPACES = 3, GROUPS = 5, PLACES = 8, STEP_NBYTES = 8, GIB_PAGES = LEAF_PAGES * LEAF_PAGES };

/* Where pages lie: neighbours across the end of a leaf and of a GiB, the last one, and nowhere. */
static const uint64_t place[PLACES] = {0,
                                       1ul << 21,
                                       (1ul << 30) - (1ul << 21),
                                       1ul << 30,
                                       MEMORY_WINDOW - (1ul << 21),
                                       MEMORY_WINDOW,
                                       ~0ul << 21,
                                       USER_LIMIT};

static struct {
    struct space *space;
    uint64_t page[GROUPS][LEAF_PAGES]; /* frame << 3 | rights | VALID */
} shadow[SPACES];
#define VALID (1ul << 63)

static uint64_t *shadow_page(unsigned s, uint64_t va)
{
    for (unsigned g = 0; g < GROUPS; g++)
        if (va >= place[g] && va - place[g] < 1ul << 21)
            return &shadow[s].page[g][(va - place[g]) >> PAGE_SHIFT];
    return NULL;
}

static err_t next_entry(struct space *space, uint64_t va, pfn_t *frame)
{
    err_t found;
    *frame = va;
    while ((found = vm_next(space, *frame, frame)) == ERR_AGAIN)
        continue;
    return found;
}

/* All entries of a space, found one after the other, are the plain table's. */
static void compare(unsigned s)
{
    uint64_t va = 0;
    pfn_t frame = 0;
    for (unsigned g = 0; g < GROUPS; g++) {
        for (uint64_t i = 0; i < LEAF_PAGES; i++) {
            uint64_t expected = shadow[s].page[g][i];
            if (expected == 0)
                continue;
            uint64_t at = place[g] + i * PAGE_SIZE;
            err_t found = next_entry(shadow[s].space, va, &frame);
            if (found < 0 || (uint64_t)found != (at | (expected & RIGHTS_MASK)) ||
                frame != (expected & ~VALID) >> 3)
                host_breach("the next entry is another than was mapped; expected at", at);
            uint64_t entry = host_walk(shadow[s].space->root, at);
            if (entry != 0 && (entry & (PTE_V | PTE_U | PTE_A | PTE_G)) != (PTE_V | PTE_U | PTE_A))
                host_breach("bits of an entry", entry);
            if (entry != 0 && ((entry & PTE_W) != 0) != ((entry & PTE_D) != 0))
                host_breach("an entry that a walker would have to change", entry);
            va = at + PAGE_SIZE;
        }
    }
    if (next_entry(shadow[s].space, va, &frame) != ERR_NONE)
        host_breach("an entry that nobody made, above", va);
}

static bool is_run(uint64_t va, uint64_t npages)
{
    return npages != 0 && va % PAGE_SIZE == 0 && va < MEMORY_WINDOW &&
           npages <= (MEMORY_WINDOW - va) / PAGE_SIZE;
}

static bool are_rights(unsigned rights)
{
    return rights != 0 && (rights & (RIGHT_R | RIGHT_W)) != RIGHT_W;
}

/* How far a run goes that ends with its leaf. */
static uint64_t cut(uint64_t va, uint64_t npages)
{
    uint64_t room = LEAF_PAGES - va / PAGE_SIZE % LEAF_PAGES;
    return npages < room ? npages : room;
}

struct step {
    unsigned what, s, other, hart, rights;
    uint64_t va, npages;
    pfn_t frame;
};

/* Unmap may do several leaves, if it does whole ones. */
static bool unmapped_whole(const struct step *step, uint64_t npages)
{
    return step->va % (1ul << 21) == 0 && npages % LEAF_PAGES == 0 && npages > 0 &&
           npages <= step->npages;
}

/* True: the call did what was asked, and the plain table follows. */
static bool went_well(const struct step *step, err_t result, bool good, bool may_lack_frames)
{
    if (result == ERR_POOL) {
        if (!may_lack_frames || pool.nfree >= 2)
            host_breach("no frame, it says; free", pool.nfree);
        return false;
    }
    if (good != (result >= 0))
        host_breach("accepted or refused wrongly: what", step->what);
    if (good && (uint64_t)result != cut(step->va, step->npages) &&
        !(step->what == 2 && unmapped_whole(step, (uint64_t)result)))
        host_breach("another number of pages than the leaf has", (uint64_t)result);
    return good;
}

static void map(const struct step *step)
{
    bool good = is_run(step->va, step->npages) && are_rights(step->rights);
    err_t n = vm_map(shadow[step->s].space, step->va, step->frame, step->npages, step->rights);
    if (!went_well(step, n, good, true))
        return;
    for (uint64_t i = 0; i < (uint64_t)n; i++)
        *shadow_page(step->s, step->va + i * PAGE_SIZE) =
            (step->frame + i) << 3 | step->rights | VALID;
    uint64_t entry = host_touch(host.hart, step->va);
    if (harts[host.hart]->space == shadow[step->s].space && table_frame(entry) != step->frame)
        host_breach("the hart that mapped does not see it", step->va);
}

/* The fast path remembers where it wrote last; it may go on there without a walk. */
static void remember(const struct step *step)
{
    struct space *space = shadow[step->s].space;
    for (const struct recent_leaf *recent = space->recent; recent < space->recent + RECENT_LEAVES;
         recent++)
        if (recent->span != NO_SPAN && table_leaf(space->root, recent->span << 21) != recent->leaf)
            host_breach("a leaf remembered that is gone, span", recent->span);
    uint64_t va = step->va & (MEMORY_WINDOW - 1), span = va >> 21;
    uint64_t *leaf = table_leaf(space->root, va);
    if (leaf != NULL && step->what == 4)
        space->recent[span % RECENT_LEAVES] = (struct recent_leaf){span, leaf};
}

static void protect(const struct step *step)
{
    bool good = is_run(step->va, step->npages) && are_rights(step->rights);
    err_t n = vm_protect(shadow[step->s].space, step->va, step->npages, step->rights);
    if (!went_well(step, n, good, false))
        return;
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        uint64_t *page = shadow_page(step->s, step->va + i * PAGE_SIZE);
        if (*page != 0)
            *page = (*page & ~(uint64_t)RIGHTS_MASK) | step->rights;
    }
}

static void unmap(const struct step *step)
{
    err_t n = vm_unmap(shadow[step->s].space, step->va, step->npages);
    if (!went_well(step, n, is_run(step->va, step->npages), false))
        return;
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        uint64_t *page = shadow_page(step->s, step->va + i * PAGE_SIZE);
        if (page != NULL)
            *page = 0;
    }
}

static void share(const struct step *step)
{
    if (step->s == step->other)
        return;
    bool good = is_run(step->va, step->npages) && are_rights(step->rights);
    err_t n = vm_share(shadow[step->s].space, shadow[step->other].space, step->va, step->npages,
                       step->rights);
    if (!went_well(step, n, good, true))
        return;
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        uint64_t *from = shadow_page(step->s, step->va + i * PAGE_SIZE);
        if (*from == 0)
            continue;
        *from &= ~(uint64_t)RIGHTS_MASK | step->rights;
        *shadow_page(step->other, step->va + i * PAGE_SIZE) = *from;
    }
}

static void make(unsigned s)
{
    memset(&shadow[s], 0, sizeof shadow[s]);
    shadow[s].space = space_make();
    if (shadow[s].space == NULL)
        host_breach("no space in a fresh pool", s);
}

static void unmake(unsigned s)
{
    for (unsigned h = 0; h < HOST_HARTS; h++) {
        host.hart = h;
        if (harts[h]->space == shadow[s].space)
            tlb_activate(NULL);
    }
    while (space_free_piece(shadow[s].space))
        ;
}

static void make_again(const struct step *step)
{
    if (pool.nfree < POOL_RESERVE + 2)
        return;
    unmake(step->s);
    make(step->s);
}

static void do_step(const uint8_t *b)
{
    struct step step = {
        .what = b[0] & 7,
        .s = (b[0] >> 3) % SPACES,
        .other = (b[0] >> 5) % SPACES,
        .hart = b[1] % HOST_HARTS,
        .rights = b[7] & RIGHTS_MASK,
        .va = place[(b[1] >> 2) % PLACES] + (b[2] | (uint64_t)b[3] << 8) % LEAF_PAGES * PAGE_SIZE,
        .npages = (b[4] | (uint64_t)b[5] << 8) % 600,
        .frame = 0x80400ul + b[6] * 64,
    };
    if ((b[7] & 0x18) == 0x18)
        step.va += 1ul << (b[2] % 12);
    if ((b[7] & 0x60) == 0x60)
        step.npages = (b[7] & 0x80) != 0 ? GIB_PAGES + step.npages : ~0ul >> b[4] % 64;
    host.hart = step.hart;
    switch (step.what) {
    case 0: map(&step); break;
    case 1: protect(&step); break;
    case 2: unmap(&step); break;
    case 3: share(&step); break;
    case 4: host_touch(step.hart, step.va & (USER_LIMIT - 1)); break;
    case 5: tlb_activate((b[7] & 0x38) == 0 ? NULL : shadow[step.s].space); break;
    case 6: map(&step); break;
    default:
        if (b[6] == 7)
            make_again(&step);
    }
    remember(&step);
    if (step.what == 4)
        return;
    host_check_tlbs();
    compare(step.s);
    if (step.what == 3)
        compare(step.other);
}

uint64_t vm_steps(const uint8_t *bytes, size_t nbytes)
{
    uint64_t nsteps = 0;
    if (nbytes == 0)
        return 0;
    host_start(POOL_RESERVE + 8 + bytes[0] % 32, (bytes[0] & 0x80) != 0 ? 0 : 4);
    uint64_t before = host_frames_in_use();
    for (unsigned s = 0; s < SPACES; s++)
        make(s);
    for (bytes++, nbytes--; nbytes >= STEP_NBYTES; bytes += STEP_NBYTES, nbytes -= STEP_NBYTES) {
        do_step(bytes);
        nsteps++;
    }
    for (unsigned s = 0; s < SPACES; s++)
        compare(s);
    for (unsigned s = 0; s < SPACES; s++)
        unmake(s);
    if (host_frames_in_use() != before)
        host_breach("frames of tables lost; in use", host_frames_in_use());
    return nsteps;
}
