/* The frame table: one frame, one count. The only code that changes a count.
 *
 * refs(f) = owners of f: entries of maps + entries of the boot archive + copies in flight + tables
 * of the pager + what is lent to another one. 0 <=> on a free list (I1, I2). Counts are 32 bits; an
 * owner is at least an 8-byte entry somewhere, so they can't wrap in less than 32 GiB of entries
 * for a single frame. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "../libsys/freestanding/abi.h"

struct frame {
    _Alignas(8) uint32_t refs; /* both are stored at once */
    uint32_t link; /* free: the next free frame, or NO_FRAME; in use: the audit's tally */
};

#define NO_FRAME ((pfn_t)0) /* frame 0 is never a pager's */

extern struct frame_table {
    uintptr_t base; /* frame f's entry is at base + f * sizeof(struct frame) */
    pfn_t first;
    uint64_t npages, nfree;
    pfn_t free;  /* the first free frame with any contents, or NO_FRAME */
    pfn_t clean; /* the first that is all zeros, or NO_FRAME: what was a table */
    pfn_t zero;  /* zeros that anybody may map: the pager is an owner, so that it is never sole */
} frames;

/* The table's own memory: npages entries, in frames that are part of it. All count 1 but for those
 * from first_free on, which are free, unless they lie in [kept, kept + nkept). */
void frames_init(struct frame *table, pfn_t first, uint64_t npages, pfn_t first_free, pfn_t kept,
                 uint64_t nkept);

static inline struct frame *frame_of(pfn_t frame)
{
    return (struct frame *)(frames.base + frame * sizeof(struct frame));
}

static inline pfn_t frame_take_from(pfn_t *list)
{
    pfn_t taken = *list;
    if (taken == NO_FRAME)
        return NO_FRAME;
    struct frame *frame = frame_of(taken);
    *list = frame->link;
    frames.nfree--;
    *frame = (struct frame){.refs = 1};
    return taken;
}

/* A frame with one owner and any contents; NO_FRAME: none is free. */
static inline pfn_t frame_take(void)
{
    pfn_t taken = frame_take_from(&frames.free);
    return taken != NO_FRAME ? taken : frame_take_from(&frames.clean);
}

/* One that is all zeros; NO_FRAME: none is known, frame_take may still have one. */
static inline pfn_t frame_take_clean(void)
{
    return frame_take_from(&frames.clean);
}

/* An owner more; an owner less, and with the last one the frame is free. */

static inline void frame_hold(pfn_t frame)
{
    frame_of(frame)->refs++;
}

/* The same in a loop that stores elsewhere too: frame_of(0), and any frame. */
static inline void frame_hold_of(struct frame *zeroth, pfn_t frame)
{
    zeroth[frame].refs++;
}

static inline uint32_t frame_refs(pfn_t frame)
{
    return frame_of(frame)->refs;
}

static inline void frame_release(pfn_t owned)
{
    struct frame *frame = frame_of(owned);
    if (--frame->refs == 0) {
        frame->link = (uint32_t)frames.free;
        frames.free = owned;
        frames.nfree++;
    }
}

/* The only owner's, when it has cleared it. */
static inline void frame_release_clean(pfn_t owned)
{
    struct frame *frame = frame_of(owned);
    *frame = (struct frame){.link = (uint32_t)frames.clean};
    frames.clean = owned;
    frames.nfree++;
}

/* Takes all frames from `first` to the last one; false: not all of them are free, nothing changed.
 */
bool frames_take_tail(pfn_t first);

static inline bool frame_is_held(pfn_t frame)
{
    return frame - frames.first < frames.npages;
}
