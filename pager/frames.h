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

enum { FRAME_RUNS_MAX = BOOT_OTHERS_MAX + 1 };

extern struct frame_table {
    uintptr_t base;         /* frame f's entry is at base + f * sizeof(struct frame) */
    pfn_t first, limit;     /* the frames that have entries; those between the runs are nobody's */
    uint64_t npages, nfree; /* of the runs */
    struct frame_run run[FRAME_RUNS_MAX]; /* the main one first, then as the kernel named them */
    unsigned nruns;
    pfn_t free;  /* the first free frame with any contents, or NO_FRAME */
    pfn_t clean; /* the first that is all zeros, or NO_FRAME: what was a table */
    pfn_t zero;  /* zeros that anybody may map: the pager is an owner, so that it is never sole */
} frames;

/* The runs that the kernel gave, and what they span. */
unsigned frames_runs(const struct boot_info *info, struct frame_run run[FRAME_RUNS_MAX]);
struct frame_run frames_span(const struct frame_run *run, unsigned nruns);

/* The table has an entry for each frame of the runs' span, in frames that are among them. All
 * frames of the runs are free, but for those of `kept`, which count 1. */
void frames_init(struct frame *table, const struct frame_run *run, unsigned nruns,
                 const struct frame_run *kept, unsigned nkept);

/* Calls `owner` for each frame that has an entry and lies in no run: it counts 1, for ever. */
void frames_between(void (*owner)(pfn_t frame));

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

/* Takes the last npages of the main run; false: not all of them are free, nothing changed. */
bool frames_take_tail(uint64_t npages);

static inline bool frame_is_held(pfn_t frame)
{
    return frame - frames.first < frames.limit - frames.first;
}

static inline bool run_has(const struct frame_run *run, pfn_t frame)
{
    return frame - run->first < run->npages;
}
