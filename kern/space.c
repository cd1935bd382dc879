/* Address spaces: making and freeing, capability look-up. */
#include "space.h"
#include "ipc.h"
#include "table.h"

uint64_t *kernel_root;
unsigned kernel_first = LEAF_PAGES;

static uint64_t asid_max, nasids;

void space_init_asids(void)
{
    uint64_t satp = csr_read(satp);
    csr_write(satp, satp | 0xfffful << SATP_ASID_SHIFT);
    asid_max = csr_read(satp) >> SATP_ASID_SHIFT & 0xffff;
    csr_write(satp, satp);
    nasids = 0;
}

/* Each place for a space has an ASID of its own from its first use on. ASID 0 is the kernel's, and
 * every other space's where the hart has no more: they stay marked stale, so that each switch to
 * one flushes. */
static uint64_t asid_of(struct object *place)
{
    if (place->serial == 0 && nasids < asid_max)
        place->serial = ++nasids;
    return place->serial;
}

void space_forget_leaves(struct space *space)
{
    for (unsigned i = 0; i < RECENT_LEAVES; i++)
        space->recent[i].span = NO_SPAN;
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
    for (unsigned i = kernel_first; i < LEAF_PAGES; i++)
        space->root[i] = kernel_root[i];
    space->fault.object = &space->object; /* with another key: nobody hears of them */
    space->asid = (uint32_t)asid_of(&space->object);
    space->satp = SATP_SV39 | (uint64_t)space->asid << SATP_ASID_SHIFT | pool_pfn(space->root);
    /* A hart may hold entries of the space that had this ASID before: each flushes it first. */
    space->stale = hart_bits;
    space_forget_leaves(space);
    return space;
}

void space_set_pager(struct space *space, struct endpoint *endpoint, uint64_t badge)
{
    space->fault = cap_make(&endpoint->object, TYPE_ENDPOINT, CAP_CALL, badge | 1);
    space->caps[0] = cap_make(&endpoint->object, TYPE_ENDPOINT, CAP_CALL, badge);
}

bool space_free_piece(struct space *space)
{
    if (table_free_piece(space->root))
        return true;
    if (space->cap_frames != NULL) {
        for (unsigned i = 0; i < SLOTS_MAX / CAPS_A_FRAME; i++)
            if (space->cap_frames[i] != NULL)
                pool_release(space->cap_frames[i], false);
        pool_release(space->cap_frames, false);
    }
    for (unsigned i = kernel_first; i < LEAF_PAGES; i++)
        space->root[i] = 0;
    pool_release(space->root, true);
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

err_t space_free_slot(struct space *space, uint64_t slot, struct cap **cap)
{
    *cap = space_slot(space, slot, true);
    if (*cap == NULL)
        return slot < SLOTS_MAX ? ERR_POOL : ERR_CAPABILITY;
    return (*cap)->type == TYPE_NONE || !cap_is_alive(*cap) ? 0 : ERR_CAPABILITY;
}

struct cap cap_make(struct object *object, unsigned type, unsigned rights, uint64_t badge)
{
    return (struct cap){.object = object,
                        .badge = badge,
                        .key = object == NULL ? 0 : object->key & ~OBJECT_DYING,
                        .type_rights = cap_type_rights(type, rights)};
}

bool cap_is_alive(const struct cap *cap)
{
    return cap->object == NULL || ((cap->key ^ cap->object->key) & ~OBJECT_DYING) == 0;
}

struct cap *space_cap(struct space *space, uint64_t slot, unsigned type, unsigned rights)
{
    struct cap *cap = space_slot(space, slot, false);
    if (cap == NULL || cap->type != type || (cap->rights & rights) != rights)
        return NULL;
    return cap->object == NULL || cap->key == cap->object->key ? cap : NULL;
}

void *space_object(struct space *space, uint64_t slot, unsigned type, unsigned rights)
{
    struct cap *cap = space_cap(space, slot, type, rights);
    return cap == NULL ? NULL : cap->object;
}

struct cap *space_owned(struct space *space)
{
    for (; space->owns && space->looked_at < 2 * SLOTS_MAX; space->looked_at++) {
        struct cap *cap = space_slot(space, space->looked_at % SLOTS_MAX, false);
        if (cap == NULL)
            space->looked_at |= CAPS_A_FRAME - 1; /* the rest of a frame that is not there */
        else if (cap->type != TYPE_NONE && (cap->rights & CAP_OWNER) != 0 && cap_is_alive(cap) &&
                 (cap->type == TYPE_SPACE || space->looked_at >= SLOTS_MAX))
            return cap;
    }
    return NULL;
}
