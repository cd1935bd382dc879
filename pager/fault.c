/* The life of a fault in the pager: region, page, verdict, frame, entry. */
#include "fault.h"
#include "copy.h"
#include "death.h"
#include "install.h"

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

struct fault_statistics fault_statistics;

#define SLOW __attribute__((noinline)) /* keeps its registers out of the upgrade's prologue */

static const struct fault_answer no_answer;

static SLOW struct fault_answer end(struct process *process, enum death_cause cause)
{
    death_kill(process, cause);
    return no_answer;
}

/* An entry rides in the answer only while nobody else of the process can change the page before the
 * kernel has installed it: with more threads it is installed here, under the lock. */
static inline struct fault_answer answer(struct process *process, const struct region *region,
                                         uint64_t va, pfn_t frame)
{
    unsigned rights = install_rights(region, frame);
    process->cached = true;
    if (!process_is_threaded(process))
        return (struct fault_answer){.item = va | rights, .frame = frame};
    if (!install_run(process, va, frame, 1, rights))
        return end(process, CAUSE_MEMORY);
    return (struct fault_answer){.item = FAULT_RESUME};
}

static SLOW struct fault_answer touch(struct process *process, const struct region *region,
                                      uint64_t va)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return end(process, CAUSE_MEMORY);
    zero_frame(port_frame(frame));
    if (!map_put(&process->map, va, frame)) {
        frame_release(frame);
        return end(process, CAUSE_MEMORY);
    }
    fault_statistics.zeros++;
    return answer(process, region, va, frame);
}

/* New before old: the new frame is filled, recorded and (with more threads) installed before the
 * old one loses an owner, because from then on its last owner may store to it.
 *
 * The copy runs unlocked. The source is held, so that it is neither freed nor upgraded; `busy`
 * keeps the process's own frame; the entry and its region are looked up again afterwards, because
 * another thread may have copied, unmapped or killed meanwhile: then this copy is thrown away and
 * the store faults again, or not. */
static SLOW struct fault_answer copy(struct process *process, uint64_t va, pfn_t old)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return end(process, CAUSE_MEMORY);
    /* Another thread may have upgraded it meanwhile: it must not store while this is copied. */
    if (sole(old) && process_is_threaded(process))
        port_drop(process, va, 1);
    frame_hold(old);
    process->busy++;
    port_unlock();
    copy_frame(port_frame(frame), port_frame(old));
    port_lock();
    process->busy--;
    if (process->dying) {
        frame_release(old);
        frame_release(frame);
        return end(process, CAUSE_KILLED);
    }
    const struct region *region = region_find(&process->regions, va);
    entry_t *entry = map_find(&process->map, va);
    if (region == NULL || entry == NULL || *entry != entry_make(old)) {
        frame_release(old);
        frame_release(frame);
        return (struct fault_answer){.item = FAULT_RESUME};
    }
    *entry = entry_make(frame);
    fault_statistics.copies++;
    struct fault_answer result = answer(process, region, va, frame);
    frame_release(old); /* the hold */
    frame_release(old); /* the map's, also if there was no room for the entry and all is over */
    return result;
}

static SLOW enum store_verdict asked_verdict(const struct process *process, uint64_t va,
                                             bool shared)
{
    enum store_verdict usual = shared ? STORE_COPY : STORE_UPGRADE;
    const struct policy_view view = {
        .shared_frame = shared,
        .address = va,
        .process_npages = process->map.npages,
        .process_nfaults = process->nfaults,
        .free_npages = frames.nfree,
        .total_npages = frames.npages,
    };
    enum store_verdict verdict = process->policy->at_store(&view);
    if (policy_legal_store(&view, verdict))
        return verdict;
    fault_statistics.replaced++;
    return usual;
}

static enum store_verdict store_verdict(const struct process *process, uint64_t va, bool shared)
{
    if (process->policy->at_store == NULL)
        return shared ? STORE_COPY : STORE_UPGRADE;
    return asked_verdict(process, va, shared);
}

static struct fault_answer present(struct process *process, const struct region *region,
                                   uint64_t va, pfn_t frame, bool store)
{
    if (!store || region->kind == REGION_SHARED)
        return answer(process, region, va, frame);
    /* The last owner's page needs no frame: no policy may make it die for want of one. */
    bool must_not_copy = sole(frame) && (process->pinned || frames.nfree == 0);
    if (!must_not_copy && store_verdict(process, va, !sole(frame)) == STORE_COPY)
        return copy(process, va, frame);
    fault_statistics.upgrades++;
    return answer(process, region, va, frame);
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

static struct fault_answer handle(struct process *process, uint64_t address, uint64_t cause)
{
    process->nfaults++;
    unsigned needed = needed_right(cause);
    if (needed == 0)
        return end(process, cause_of_death(cause));
    const struct region *region = region_find(&process->regions, address);
    if (region == NULL || (region->rights & needed) == 0)
        return end(process, CAUSE_ADDRESS);
    uint64_t va = address & ~(uint64_t)(PAGE_SIZE - 1);
    const entry_t *entry = map_find(&process->map, va);
    if (entry == NULL || *entry == 0)
        return touch(process, region, va);
    return present(process, region, va, entry_frame(*entry), needed == RIGHT_W);
}

struct fault_answer fault_handle(uint64_t badge, uint64_t address, uint64_t cause)
{
    port_lock();
    struct process *process = process_of(badge);
    struct fault_answer result = no_answer;
    if (process != NULL && !process->dying)
        result = handle(process, address, cause);
    port_unlock();
    return result;
}

bool fault_make_room(uint64_t badge)
{
    port_lock();
    struct process *process = process_of(badge);
    bool made = process == NULL || process->dying || install_reclaim(process);
    if (!made && process->nfaults >= process->next_own_drop && !process->pinned) {
        /* The last resort: its own tables. What the kernel keeps in reserve lets it go on for more
         * faults than this, unless there is no room at all. */
        process->next_own_drop = process->nfaults + OWN_DROP_FAULTS;
        install_drop_all(process);
        made = true;
    }
    if (!made)
        death_kill(process, CAUSE_MEMORY);
    port_unlock();
    return made;
}

static bool own_page(struct process *process, const struct region *region, uint64_t va)
{
    entry_t *entry = map_make(&process->map, va);
    if (entry == NULL)
        return false;
    if (*entry != 0 && (region->kind == REGION_SHARED || sole(entry_frame(*entry))))
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
