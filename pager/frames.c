/* The frame table's start, and frames that are taken by their numbers. */
#include "frames.h"

struct frame_table frames;

unsigned frames_runs(const struct boot_info *info, struct frame_run run[FRAME_RUNS_MAX])
{
    unsigned n = 0;
    run[n++] = (struct frame_run){info->memory_first, info->memory_npages};
    while (n <= info->nothers && n < FRAME_RUNS_MAX) {
        run[n] = info->other[n - 1];
        n++;
    }
    return n;
}

struct frame_run frames_span(const struct frame_run *run, unsigned nruns)
{
    pfn_t first = run[0].first, limit = first + run[0].npages;
    for (unsigned i = 1; i < nruns; i++) {
        pfn_t end = run[i].first + run[i].npages;
        first = run[i].first < first ? run[i].first : first;
        limit = end > limit ? end : limit;
    }
    return (struct frame_run){first, limit - first};
}

static const struct frame_run *run_of(const struct frame_run *run, unsigned nruns, pfn_t frame)
{
    for (unsigned i = 0; i < nruns; i++)
        if (run_has(&run[i], frame))
            return &run[i];
    return NULL;
}

/* The main run is released last, its lowest frame at the very last: so they are taken first. */
void frames_init(struct frame *table, const struct frame_run *run, unsigned nruns,
                 const struct frame_run *kept, unsigned nkept)
{
    struct frame_run span = frames_span(run, nruns);
    frames = (struct frame_table){.base = (uintptr_t)table - span.first * sizeof(struct frame),
                                  .first = span.first,
                                  .limit = span.first + span.npages,
                                  .nruns = nruns};
    for (pfn_t frame = frames.first; frame < frames.limit; frame++)
        *frame_of(frame) = (struct frame){.refs = 1};
    for (unsigned i = nruns; i-- > 0;) {
        frames.run[i] = run[i];
        frames.npages += run[i].npages;
        for (pfn_t frame = run[i].first + run[i].npages; frame-- > run[i].first;)
            if (run_of(kept, nkept, frame) == NULL)
                frame_release(frame);
    }
}

void frames_between(void (*owner)(pfn_t frame))
{
    for (pfn_t frame = frames.first; frame < frames.limit; frame++) {
        const struct frame_run *run = run_of(frames.run, frames.nruns, frame);
        if (run == NULL)
            owner(frame);
        else
            frame = run->first + run->npages - 1;
    }
}

/* Those of the run leave the list; the others keep their order. */
static void take_listed(pfn_t *list, const struct frame_run *run)
{
    struct frame *last = NULL;
    pfn_t listed = *list, next;
    for (*list = NO_FRAME; listed != NO_FRAME; listed = next) {
        struct frame *frame = frame_of(listed);
        next = frame->link;
        if (run_has(run, listed)) {
            *frame = (struct frame){.refs = 1};
            frames.nfree--;
            continue;
        }
        frame->link = (uint32_t)NO_FRAME;
        if (last == NULL)
            *list = listed;
        else
            last->link = (uint32_t)listed;
        last = frame;
    }
}

bool frames_take_tail(uint64_t npages)
{
    pfn_t limit = frames.run[0].first + frames.run[0].npages;
    struct frame_run tail = {limit - npages, npages};
    for (pfn_t frame = tail.first; frame < limit; frame++)
        if (frame_refs(frame) != 0)
            return false;
    take_listed(&frames.free, &tail);
    take_listed(&frames.clean, &tail);
    return true;
}
