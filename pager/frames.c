/* Counts and the free list. */
#include "frames.h"

struct frame_table frames;

static void make_free(uint32_t index)
{
    frames.frame[index] = (struct frame){.refs = 0, .link = frames.free};
    frames.free = index;
    frames.nfree++;
}

void frames_init(struct frame *table, pfn_t first, uint64_t npages, pfn_t first_free, pfn_t kept,
                 uint64_t nkept)
{
    frames =
        (struct frame_table){.frame = table, .first = first, .npages = npages, .free = NO_LINK};
    for (uint64_t i = npages; i-- > 0;) {
        pfn_t frame = first + i;
        table[i] = (struct frame){.refs = 1};
        if (frame >= first_free && frame - kept >= nkept)
            make_free((uint32_t)i);
    }
}

pfn_t frame_take(void)
{
    uint32_t index = frames.free;
    if (index == NO_LINK)
        return NO_FRAME;
    struct frame *frame = &frames.frame[index];
    frames.free = frame->link;
    frames.nfree--;
    *frame = (struct frame){.refs = 1};
    return frames.first + index;
}

void frame_release(pfn_t frame)
{
    if (--frame_of(frame)->refs == 0)
        make_free((uint32_t)(frame - frames.first));
}
