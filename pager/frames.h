/* The frame table: one frame, one count. The only code that changes a count.
 *
 * refs(f) = owners of f: entries of maps + entries of the boot archive + copies in flight + tables
 * of the pager. 0 <=> on the free list (I1, I2). Counts are 32 bits; an owner is at least an 8-byte
 * entry somewhere, so they can't wrap in less than 32 GiB of entries for a single frame. */
#ifndef PAGER_FRAMES_H
#define PAGER_FRAMES_H
#include <stdbool.h>
#include <stddef.h>

#include "../kern/abi.h"

struct frame {
    uint32_t refs;
    uint32_t link; /* free: the next free frame's index; in use: the audit's tally */
};

extern struct frame_table {
    struct frame *frame;
    pfn_t first;
    uint64_t npages, nfree;
    uint32_t free; /* index of the first free frame, or NO_LINK */
} frames;

enum { NO_LINK = UINT32_MAX };
#define NO_FRAME ((pfn_t)0) /* frame 0 is never a pager's */

/* The table's own memory: npages entries, in frames that are part of it. All count 1 but for those
 * from first_free on, which are free, unless they lie in [kept, kept + nkept). */
void frames_init(struct frame *table, pfn_t first, uint64_t npages, pfn_t first_free, pfn_t kept,
                 uint64_t nkept);

/* A frame with one owner and any contents; NO_FRAME: none is free. */
pfn_t frame_take(void);

/* An owner more; an owner less, and with the last one the frame is free. */
static inline struct frame *frame_of(pfn_t frame)
{
    return &frames.frame[frame - frames.first];
}

static inline void frame_hold(pfn_t frame)
{
    frame_of(frame)->refs++;
}

static inline uint32_t frame_refs(pfn_t frame)
{
    return frame_of(frame)->refs;
}

void frame_release(pfn_t frame);

static inline bool frame_is_held(pfn_t frame)
{
    return frame - frames.first < frames.npages;
}
#endif
