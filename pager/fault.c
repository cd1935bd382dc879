/* The life of a fault in the pager: region, page, verdict, frame, entry. */
#include "fault.h"
#include "around.h"
#include "../libsys/freestanding/frame.h"
#include "death.h"
#include "held.h"
#include "install.h"
#include "invalid.h"
#include "laundry.h"
#include "task.h"
#include "verdict.h"

enum {
    FETCH_MISALIGNED = 0,
    FETCH_ACCESS = 1,
    ILLEGAL_INSTRUCTION = 2,
    BREAKPOINT = 3,
    LOAD_MISALIGNED = 4,
    STORE_ACCESS = 7,
    FETCH_PAGE = 12,
    LOAD_PAGE = 13,
    STORE_PAGE = 15,
};

enum { OWN_DROP_FAULTS = 8 };

#define SLOW   __attribute__((noinline)) /* keeps its registers out of the upgrade's way */
#define INLINE static inline __attribute__((always_inline))

static inline fault_answer_t item(uint64_t va, pfn_t frame, unsigned rights)
{
    return frame << 32 | va | rights;
}

/* A fault without an answer comes back, until its process is no more, or a frame is free. */
static SLOW fault_answer_t end(struct process *process, enum death_cause cause)
{
    if (cause == CAUSE_MEMORY && death_help())
        return FAULT_RESUME;
    return death_kill(process, cause, 0) ? 0 : FAULT_RESUME;
}

/* An entry rides in the answer only while nobody else of the process can change the page before the
 * kernel has installed it: with more threads it is installed here, under the lock. */
static SLOW fault_answer_t installed(struct process *process, uint64_t va, pfn_t frame,
                                     unsigned rights)
{
    return install_run(process, va, frame, 1, rights) != ERR_POOL ? FAULT_RESUME
                                                                  : end(process, CAUSE_MEMORY);
}

static inline fault_answer_t answer(struct process *process, const struct region *region,
                                    uint64_t va, pfn_t frame)
{
    unsigned rights = install_rights(process, region, va, frame);
    if (process->threaded)
        return installed(process, va, frame, rights);
    return item(va, frame, rights);
}

/* Entries of shared leaves went all at once (leaves.c): those of the frames that follow come back
 * together. */
static SLOW fault_answer_t again(struct process *process, const struct region *region, uint64_t va,
                                 pfn_t frame)
{
    uint64_t npages = install_length(process, region, va);
    if (npages == 1)
        return answer(process, region, va, frame);
    unsigned rights = install_rights(process, region, va, frame);
    return install_run(process, va, frame, npages, rights) != ERR_POOL ? FAULT_RESUME
                                                                       : end(process, CAUSE_MEMORY);
}

/* Contents are filled with the lock left: nobody else has the frame, and `busy` keeps the process.
 * `from`: what to copy, or NO_FRAME for zeros. False: the process was ended meanwhile. */
static SLOW bool fill_unlocked(struct process *process, pfn_t to, pfn_t from)
{
    process->busy++;
    port_unlock();
    if (from != NO_FRAME)
        copy_frame(port_frame(to), port_frame(from));
    else
        zero_frame(port_frame(to));
    port_lock();
    process->busy--;
    return !process->dying;
}

/* `entry`: where it goes in the map, or NULL: its leaf is not there yet. */
static inline fault_answer_t touched(struct process *process, const struct region *region,
                                     uint64_t va, entry_t *entry, pfn_t frame)
{
    if (entry != NULL) {
        *entry = entry_make(frame);
        process->map.npages++;
    } else if (!map_put(&process->map, va, frame)) {
        frame_release(frame);
        return end(process, CAUSE_MEMORY);
    }
    process->counts.zeros++;
    return answer(process, region, va, frame);
}

/* Another thread could touch the page meanwhile: then the lock is kept. */
INLINE fault_answer_t touch_dirty(struct process *process, const struct region *region, uint64_t va,
                                  entry_t *entry)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return end(process, CAUSE_MEMORY);
    if (!port_several || process->threaded) {
        zero_frame(port_frame(frame));
    } else if (!fill_unlocked(process, frame, NO_FRAME)) {
        frame_release(frame);
        return end(process, CAUSE_KILLED);
    }
    return touched(process, region, va, entry, frame);
}

static SLOW fault_answer_t touch_clean(struct process *process, const struct region *region,
                                       uint64_t va, entry_t *entry)
{
    pfn_t frame = laundry_take();
    return frame != NO_FRAME ? touched(process, region, va, entry, frame)
                             : touch_dirty(process, region, va, entry);
}

static SLOW fault_answer_t touch(struct process *process, const struct region *region, uint64_t va,
                                 entry_t *entry)
{
    return laundry_is_ready() ? touch_clean(process, region, va, entry)
                              : touch_dirty(process, region, va, entry);
}

/* The same with the frame of zeros that nobody owns alone. */
static SLOW fault_answer_t share_zero(struct process *process, const struct region *region,
                                      uint64_t va)
{
    if (!map_put(&process->map, va, frames.zero))
        return end(process, CAUSE_MEMORY);
    frame_hold(frames.zero);
    process->counts.zeros++;
    return answer(process, region, va, frames.zero);
}

/* New before old: the new frame is filled and recorded before the old one loses an owner, because
 * from then on its last owner may store to it. `item`: the address, and the rights of a sole page.
 */
static inline fault_answer_t copied(struct process *process, uint64_t item, entry_t *entry,
                                    pfn_t frame, pfn_t old)
{
    *entry = entry_make(frame);
    process->counts.copies++;
    frame_release(old);
    return frame << 32 | item;
}

/* With more harts the copy runs unlocked. What keeps the source: its entry in the map, which only
 * this process can change, so that nobody else is its last owner and upgrades it; `busy` keeps the
 * process. */
static SLOW fault_answer_t copy_among_others(struct process *process, uint64_t item, entry_t *entry)
{
    pfn_t frame = frame_take(), old = entry_frame(*entry);
    if (frame == NO_FRAME)
        return end(process, CAUSE_MEMORY);
    if (fill_unlocked(process, frame, old))
        return copied(process, item, entry, frame, old);
    frame_release(frame);
    return end(process, CAUSE_KILLED);
}

static SLOW fault_answer_t copy(struct process *process, uint64_t item, entry_t *entry)
{
    if (port_several)
        return copy_among_others(process, item, entry);
    pfn_t frame = frame_take(), old = entry_frame(*entry);
    if (frame == NO_FRAME)
        return end(process, CAUSE_MEMORY);
    copy_words(port_frame(frame), port_frame(old));
    return copied(process, item, entry, frame, old);
}

/* The same while other threads of the process run. One of them may have upgraded the page: it must
 * not store to it meanwhile. One may also copy, unmap or end it: so the source is held, and entry
 * and region are looked up again afterwards; if they changed, or a fork shares the leaf now, this
 * copy is thrown away and the store faults again, or not. The new entry is installed here, under
 * the lock, before the old frame goes: it is broken before it is made. */
static SLOW fault_answer_t copy_threaded(struct process *process, uint64_t va, pfn_t old)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return end(process, CAUSE_MEMORY);
    if (sole(process, va, old))
        port_drop(process, va, 1);
    frame_hold(old);
    fill_unlocked(process, frame, old);
    const struct region *region = NULL;
    entry_t *entry = NULL;
    if (!process->dying) {
        region = region_find(&process->regions, va);
        entry = map_find(&process->map, va);
    }
    if (region == NULL || entry == NULL || *entry != entry_make(old) ||
        map_is_shared(&process->map, va)) {
        frame_release(old);
        frame_release(frame);
        return process->dying ? end(process, CAUSE_KILLED) : FAULT_RESUME;
    }
    *entry = entry_make(frame);
    process->counts.copies++;
    fault_answer_t result = answer(process, region, va, frame);
    frame_release(old); /* the hold */
    frame_release(old); /* the map's, also if there was no room for the entry and all is over */
    return result;
}

static fault_answer_t upgrade(struct process *process, const struct region *region, uint64_t va,
                              pfn_t frame)
{
    process->counts.upgrades++;
    return answer(process, region, va, frame);
}

static fault_answer_t copy_page(struct process *process, const struct region *region, uint64_t va)
{
    entry_t *entry = map_make(&process->map, va);
    if (entry == NULL)
        return end(process, CAUSE_MEMORY);
    return process->threaded ? copy_threaded(process, va, entry_frame(*entry))
                             : copy(process, va | region->rights, entry);
}

static fault_answer_t present(struct process *process, const struct region *region, uint64_t va,
                              pfn_t frame, bool store)
{
    if (!store || region->kind == REGION_SHARED) {
        if (region->kind == REGION_PRIVATE && verdict_load(process, region, va, frame) == LOAD_COPY)
            return copy_page(process, region, va);
        /* The kernel had no entry for it, or a narrower one. */
        process->counts.maps++;
        return process->shares_leaves ? again(process, region, va, frame)
                                      : answer(process, region, va, frame);
    }
    if (process->policy->around != NULL)
        around_settle(process, region, va);
    /* The last owner's page needs no frame: no policy may make it die for want of one. */
    bool must_not_copy = sole(process, va, frame) && (process->pinned || frames.nfree == 0);
    if (!must_not_copy && verdict_store(process, region, va, frame) == STORE_COPY)
        return copy_page(process, region, va);
    return upgrade(process, region, va, frame);
}

/* A page without contents. */
static fault_answer_t untouched(struct process *process, const struct region *region, uint64_t va,
                                entry_t *entry, bool store)
{
    if (!verdict_allows(process, 1))
        return end(process, CAUSE_MEMORY);
    if (region->kind == REGION_PRIVATE &&
        verdict_touch(process, region, va, store) == TOUCH_SHARE_ZERO)
        return share_zero(process, region, va);
    return touch(process, region, va, process->shares_leaves ? NULL : entry);
}

/* The right that an access needs; 0: no access, or one that no entry can allow. An atomic on a page
 * that is not there may be reported as a load: it faults once more, as a store. */
static unsigned needed_right(uint64_t cause)
{
    switch (cause) {
    case FETCH_PAGE: return RIGHT_X;
    case LOAD_PAGE: return RIGHT_R;
    case STORE_PAGE: return RIGHT_W;
    default: return 0;
    }
}

static enum death_cause cause_of_death(uint64_t cause)
{
    if (cause == ILLEGAL_INSTRUCTION || cause == BREAKPOINT)
        return CAUSE_INSTRUCTION;
    if (cause == FETCH_ACCESS || cause >= FETCH_PAGE)
        return CAUSE_ADDRESS;
    return CAUSE_ALIGNMENT;
}

/* Every fault, with all questions asked. */
static SLOW fault_answer_t ask(uint64_t address, uint64_t cause, uint64_t pc, uint64_t token,
                               struct process *process)
{
    unsigned needed = needed_right(cause);
    /* Before all else: only who is parked can be ended, or be kept until a handler has answered. */
    if (token == 0 && (process->threaded || process->handler != 0 || process->held))
        return FAULT_PARK;
    if (held_works(process))
        return held_piece(process) == TASK_SILENT ? 0 : FAULT_RESUME;
    if (needed == 0)
        return end(process, cause_of_death(cause));
    const struct region *region = region_find(&process->regions, address);
    if (region == NULL || (region->rights & needed) == 0)
        return invalid_access(process, token, (struct invalid){address, cause, pc});
    process->uncached = false;
    uint64_t va = address & ~(uint64_t)(PAGE_SIZE - 1);
    entry_t *entry = map_find(&process->map, va);
    if (entry == NULL || *entry == 0)
        return untouched(process, region, va, entry, needed == RIGHT_W);
    return present(process, region, va, entry_frame(*entry), needed == RIGHT_W);
}

/* A store to a private page where nothing is unusual: what ask() would come to. */
static inline fault_answer_t store(struct process *process, const struct region *region,
                                   uint64_t va)
{
    entry_t *entry = map_find(&process->map, va);
    if (entry == NULL || *entry == 0)
        return touch(process, region, va, entry);
    pfn_t frame = entry_frame(*entry);
    if (!sole(process, va, frame))
        return copy(process, va | region->quick, entry);
    process->counts.upgrades++;
    return item(va, frame, region->quick);
}

fault_answer_t fault_handle(uint64_t address, uint64_t cause, uint64_t pc, uint64_t token,
                            uint64_t badge)
{
    struct process *process = process_of(badge);
    if (process == NULL)
        return 0;
    if (process->unusual != 0 || cause != STORE_PAGE)
        return ask(address, cause, pc, token, process);
    uint64_t va = address & ~(uint64_t)(PAGE_SIZE - 1);
    const struct region *region = region_near(&process->regions, va);
    if (va < region->start || region->quick == 0)
        return ask(address, cause, pc, token, process);
    return store(process, region, va);
}

bool fault_make_room(uint64_t badge)
{
    struct process *process = process_of(badge);
    if (process == NULL || process->dying || install_reclaim(process) || death_help())
        return true;
    bool may_drop =
        process->pinned ? !process->uncached : process_nfaults(process) >= process->next_own_drop;
    if (!may_drop)
        return !death_kill(process, CAUSE_MEMORY, 0);
    /* The last resort: its own tables. What the kernel keeps in reserve lets it go on for more
     * faults than this, unless there is no room at all. */
    process->next_own_drop = process_nfaults(process) + OWN_DROP_FAULTS;
    install_drop_all(process);
    return true;
}

static bool own_page(struct process *process, const struct region *region, uint64_t va)
{
    entry_t *entry = map_make(&process->map, va);
    if (entry == NULL)
        return false;
    if (*entry != 0 && (region->kind == REGION_SHARED || sole(process, va, entry_frame(*entry))))
        return true;
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return false;
    if (*entry == 0) {
        zero_frame(port_frame(frame));
        process->map.npages++;
        *entry = entry_make(frame);
        return true;
    }
    pfn_t old = entry_frame(*entry);
    copy_frame(port_frame(frame), port_frame(old));
    *entry = entry_make(frame);
    port_drop(process, va, 1);
    frame_release(old);
    return true;
}

bool fault_populate(struct process *process, uint64_t start, uint64_t end_va)
{
    for (uint64_t va = start; va < end_va; va += PAGE_SIZE) {
        const struct region *region = region_find(&process->regions, va);
        if (region != NULL && !own_page(process, region, va))
            return false;
    }
    return true;
}
