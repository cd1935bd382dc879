/* The frame table's start, and frames that are taken by their numbers. */
#include "frames.h"

struct frame_table frames;

void frames_init(struct frame *table, pfn_t first, uint64_t npages, pfn_t first_free, pfn_t kept,
                 uint64_t nkept)
{
    frames = (struct frame_table){
        .base = (uintptr_t)table - first * sizeof(struct frame), .first = first, .npages = npages};
    for (pfn_t frame = first + npages; frame-- > first;) {
        *frame_of(frame) = (struct frame){.refs = 1};
        if (frame >= first_free && frame - kept >= nkept)
            frame_release(frame);
    }
}

/* Those from `first` on leave the list; the others keep their order. */
static void take_listed(pfn_t *list, pfn_t first)
{
    struct frame *last = NULL;
    pfn_t listed = *list, next;
    for (*list = NO_FRAME; listed != NO_FRAME; listed = next) {
        struct frame *frame = frame_of(listed);
        next = frame->link;
        if (listed >= first) {
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

bool frames_take_tail(pfn_t first)
{
    for (pfn_t frame = first; frame < frames.first + frames.npages; frame++)
        if (frame_refs(frame) != 0)
            return false;
    take_listed(&frames.free, first);
    take_listed(&frames.clean, first);
    return true;
}
