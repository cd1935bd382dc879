/* Frames that are cleared before they are asked for, by whoever has nothing else to do.
 *
 * A ring of frames, always full: those from ntaken on to nwashed are clean, the others not yet. The
 * laundry is their owner (count 1), and who takes a clean one puts a free one into its place: so it
 * owns as many always, how many are free says as much as without it, and nobody can be short of the
 * one that is just being cleared.
 *
 * Two sides, and no lock between them, for with one loop there is none: the core, one at a time,
 * changes the places and ntaken; whoever clears, one at a time, changes nwashed. Each stores its
 * count after what it stands for (release), and reads the other's before it (acquire). Either may
 * stop anywhere for any time. */
#pragma once
#include "frames.h"

enum { LAUNDRY_NPAGES = 16, LAUNDRY_MEMORY_MIN = 1024 };

extern struct laundry {
    uint64_t ntaken;  /* clean frames that were handed out since the start */
    uint64_t nwashed; /* frames that were cleared since the start */
    uint64_t npages;  /* LAUNDRY_NPAGES, or 0 where memory is small */
    pfn_t limit;      /* those from here on may be lent, and don't come in */
    pfn_t place[LAUNDRY_NPAGES];
} laundry;

/* Takes its frames; the frame table is there. */
void laundry_init(void);

/* Is there a clean one? Lock held, as for all but laundry_wash. */
static inline bool laundry_is_ready(void)
{
    return __atomic_load_n(&laundry.nwashed, __ATOMIC_RELAXED) != laundry.ntaken;
}

/* If one is ready: as frame_take, but clean; a free one takes its place. NO_FRAME: none is free, or
 * the next one may not come in. With the last clean one it tells the port. */
pfn_t laundry_take(void);

/* Clears one frame, outside the lock, one caller at a time; false: all are clean, and port_wash
 * will be called when there are none. */
bool laundry_wash(void);

/* Recounts for the audit: calls owner(frame) for each, clean(frame) for those that must be. */
void laundry_frames(void (*owner)(pfn_t frame), void (*clean)(pfn_t frame));
