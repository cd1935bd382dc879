/* The start of the frame table. */
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
