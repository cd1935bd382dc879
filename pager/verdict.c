/* Questions to a policy, and the check of its verdicts. */
#include "verdict.h"
#include "install.h"

uint64_t policy_nreplaced;

static const struct region none;

/* frame: NO_FRAME where there is none yet. */
static struct policy_view view_of(const struct process *process, const struct region *region,
                                  uint64_t va, pfn_t frame)
{
    return (struct policy_view){
        .present = frame != NO_FRAME,
        .shared_frame = frame != NO_FRAME && !sole(process, va, frame),
        .shared_region = region->kind == REGION_SHARED,
        .rights = region->rights,
        .address = va,
        .process = process->pid,
        .process_npages = process->map.npages,
        .process_nfaults = process_nfaults(process),
        .free_npages = frames.nfree,
        .total_npages = frames.npages,
        .state = process->family->state,
    };
}

/* A function of its own, so that a trace finds each time that it happens (test/events). */
static __attribute__((noinline)) uint32_t replaced(enum policy_question question,
                                                   const struct policy_view *view)
{
    policy_nreplaced++;
    return policy_default(question, view);
}

static uint32_t checked(enum policy_question question, const struct policy_view *view,
                        uint32_t verdict)
{
    if (policy_legal(question, view, verdict))
        return verdict;
    return replaced(question, view);
}

enum fork_verdict verdict_fork(const struct process *parent, const struct region *region,
                               uint64_t va, pfn_t frame, uint64_t nreserved)
{
    struct policy_view view = view_of(parent, region, va, frame);
    view.free_npages = frames.nfree > nreserved ? frames.nfree - nreserved : 0;
    return checked(QUESTION_FORK, &view, parent->policy->at_fork(&view));
}

enum leaf_verdict verdict_leaves(const struct process *parent)
{
    struct policy_view view = view_of(parent, &none, 0, NO_FRAME);
    view.present = true;
    return checked(QUESTION_LEAVES, &view, parent->policy->at_leaves(&view));
}

enum store_verdict verdict_store(const struct process *process, const struct region *region,
                                 uint64_t va, pfn_t frame)
{
    const struct policy_view view = view_of(process, region, va, frame);
    if (process->policy->at_store == NULL)
        return policy_default(QUESTION_STORE, &view);
    return checked(QUESTION_STORE, &view, process->policy->at_store(&view));
}

enum load_verdict verdict_load(const struct process *process, const struct region *region,
                               uint64_t va, pfn_t frame)
{
    if (process->policy->at_load == NULL || frames.nfree == 0)
        return LOAD_MAP;
    const struct policy_view view = view_of(process, region, va, frame);
    return checked(QUESTION_LOAD, &view, process->policy->at_load(&view));
}

enum touch_verdict verdict_touch(const struct process *process, const struct region *region,
                                 uint64_t va, bool store)
{
    if (process->policy->at_touch == NULL)
        return TOUCH_ZERO;
    struct policy_view view = view_of(process, region, va, NO_FRAME);
    view.store = store;
    return checked(QUESTION_TOUCH, &view, process->policy->at_touch(&view));
}

uint32_t verdict_around(const struct process *process, const struct region *region, uint64_t va,
                        pfn_t frame)
{
    const struct policy_view view = view_of(process, region, va, frame);
    return checked(QUESTION_AROUND, &view, process->policy->around(&view));
}

bool verdict_allows(const struct process *process, uint64_t npages)
{
    if (process->policy->limit == NULL)
        return true;
    const struct policy_view view = view_of(process, &none, 0, NO_FRAME);
    return process_family_npages(process) + npages <= process->policy->limit(&view);
}
