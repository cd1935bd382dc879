/* Address spaces: making and freeing, ASIDs, capability look-up. */
#include "space.h"
#include "riscv.h"
#include "table.h"
#include "thread.h"

enum { ASIDS_MAX = 65536, ROOT_HALF = LEAF_PAGES / 2 };

uint64_t *kernel_root;

static uint64_t asid_used[ASIDS_MAX / 64];
static uint64_t nasids, asid_hint;
static uint16_t kernel_entry[ROOT_HALF], nkernel_entries; /* which of kernel_root are in use */

/* ASID 0 is the kernel's, and every space's where the hart has no ASID bits or they are used up:
 * they stay marked stale, so that each switch to one flushes. */
void space_init_asids(void)
{
    uint64_t satp = csr_read(satp);
    csr_write(satp, satp | 0xfffful << SATP_ASID_SHIFT);
    nasids = (csr_read(satp) >> SATP_ASID_SHIFT & 0xffff) + 1;
    csr_write(satp, satp);
    asid_used[0] = 1;
}

static uint64_t asid_take(void)
{
    for (uint64_t n = 0; n < nasids; n++) {
        uint64_t asid = asid_hint++ % nasids;
        if ((asid_used[asid / 64] >> asid % 64 & 1) == 0) {
            asid_used[asid / 64] |= 1ul << asid % 64;
            return asid;
        }
    }
    return 0;
}

static void asid_give(uint64_t asid)
{
    if (asid != 0)
        asid_used[asid / 64] &= ~(1ul << asid % 64);
}

void space_forget_leaves(struct space *space)
{
    for (unsigned i = 0; i < RECENT_LEAVES; i++)
        space->recent[i].span = NO_SPAN;
}

static void find_kernel_entries(void)
{
    nkernel_entries = 0;
    for (uint16_t i = ROOT_HALF; i < LEAF_PAGES; i++)
        if (kernel_root[i] != 0)
            kernel_entry[nkernel_entries++] = i;
}

/* They are few, and become more at boot alone. */
static void share_kernel(uint64_t *root)
{
    if (nkernel_entries != *pool_nused(kernel_root))
        find_kernel_entries();
    for (unsigned i = 0; i < nkernel_entries; i++)
        root[kernel_entry[i]] = kernel_root[kernel_entry[i]];
}

static void forget_kernel(uint64_t *root)
{
    for (unsigned i = 0; i < nkernel_entries; i++)
        root[kernel_entry[i]] = 0;
}

struct space *space_make(void)
{
    struct space *space = pool_object(TYPE_SPACE);
    if (space == NULL)
        return NULL;
    space->root = pool_frame();
    if (space->root == NULL) {
        pool_object_free(&space->object);
        return NULL;
    }
    share_kernel(space->root);
    space->asid = asid_take();
    space->satp = SATP_SV39 | space->asid << SATP_ASID_SHIFT | pool_pfn(space->root);
    /* A hart may hold entries of the space that had this ASID before: each flushes it first. */
    space->stale = hart_bits;
    space_forget_leaves(space);
    return space;
}

bool space_free_piece(struct space *space)
{
    if (table_free_piece(space->root))
        return true;
    if (space->cap_frames != NULL) {
        for (unsigned i = 0; i < PAGE_SIZE / sizeof(struct cap *); i++)
            if (space->cap_frames[i] != NULL)
                pool_release(space->cap_frames[i]);
        pool_release(space->cap_frames);
    }
    asid_give(space->asid);
    forget_kernel(space->root);
    pool_release_clean(space->root);
    space->root = NULL; /* memory.c looks through places of spaces, dead ones too */
    pool_object_free(&space->object);
    return false;
}

struct cap *space_slot(struct space *space, uint64_t slot, bool make)
{
    if (slot < SLOTS_INLINE)
        return &space->caps[slot];
    if (slot >= SLOTS_MAX)
        return NULL;
    if (space->cap_frames == NULL && (!make || (space->cap_frames = pool_frame()) == NULL))
        return NULL;
    struct cap **frame = &space->cap_frames[slot / CAPS_A_FRAME];
    if (*frame == NULL && (!make || (*frame = pool_frame()) == NULL))
        return NULL;
    return &(*frame)[slot % CAPS_A_FRAME];
}

static uint64_t living_key(const struct object *object)
{
    struct object copy = *object;
    copy.dying = false;
    return copy.key;
}

struct cap cap_make(struct object *object, unsigned type, unsigned rights, uint64_t badge)
{
    return (struct cap){.object = object,
                        .badge = badge,
                        .key = object == NULL ? 0 : living_key(object),
                        .type_rights = cap_type_rights(type, rights)};
}

bool cap_is_alive(const struct cap *cap)
{
    return cap->object == NULL || cap->key == living_key(cap->object);
}

struct cap *space_cap(struct space *space, uint64_t slot, unsigned type, unsigned rights)
{
    struct cap *cap = space_slot(space, slot, false);
    if (cap == NULL || cap->type != type || (cap->rights & rights) != rights)
        return NULL;
    if (cap->object != NULL && cap->key != cap->object->key)
        return NULL;
    return cap;
}

void *space_object(struct space *space, uint64_t slot, unsigned type, unsigned rights)
{
    struct cap *cap = space_cap(space, slot, type, rights);
    return cap == NULL ? NULL : cap->object;
}

static struct cap *owned_in(struct cap *cap, unsigned n, bool spaces)
{
    for (; n > 0; n--, cap++)
        if (cap->type != TYPE_NONE && (cap->rights & CAP_OWNER) != 0 && cap_is_alive(cap) &&
            (cap->type == TYPE_SPACE || !spaces))
            return cap;
    return NULL;
}

static struct cap *owned(struct space *space, bool spaces)
{
    struct cap *cap = owned_in(space->caps, SLOTS_INLINE, spaces);
    if (space->cap_frames == NULL)
        return cap;
    for (unsigned i = 0; cap == NULL && i < PAGE_SIZE / sizeof(struct cap *); i++)
        if (space->cap_frames[i] != NULL)
            cap = owned_in(space->cap_frames[i], CAPS_A_FRAME, spaces);
    return cap;
}

/* Spaces before the rest: what a space was granted returns before the memory it came from dies. */
struct cap *space_owned(struct space *space)
{
    struct cap *cap = owned(space, true);
    return cap != NULL ? cap : owned(space, false);
}
