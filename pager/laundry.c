/* The ring of frames that are cleared in idle time. */
#include "laundry.h"
#include "../libsys/freestanding/frame.h"
#include "port.h"

struct laundry laundry;

void laundry_init(void)
{
    laundry = (struct laundry){.limit = frames.run[0].first + frames.run[0].npages / 4 * 3};
    if (frames.npages < LAUNDRY_MEMORY_MIN || frames.nfree < LAUNDRY_NPAGES)
        return;
    for (unsigned i = 0; i < LAUNDRY_NPAGES; i++)
        laundry.place[i] = frame_take();
    laundry.npages = LAUNDRY_NPAGES;
}

static pfn_t *place_of(uint64_t n)
{
    return &laundry.place[n % LAUNDRY_NPAGES];
}

/* Who clears waits only when it has found all of them clean, and from then on nwashed stands still:
 * one of the calls takes the last, sees that, and tells. */
pfn_t laundry_take(void)
{
    if (frames.free >= laundry.limit || frames.free == NO_FRAME)
        return NO_FRAME;
    uint64_t nwashed = __atomic_load_n(&laundry.nwashed, __ATOMIC_ACQUIRE);
    uint64_t ntaken = laundry.ntaken + 1;
    pfn_t *place = place_of(laundry.ntaken), clean = *place;
    *place = frame_take();
    __atomic_store_n(&laundry.ntaken, ntaken, __ATOMIC_RELEASE);
    if (nwashed == ntaken)
        port_wash();
    return clean;
}

bool laundry_wash(void)
{
    uint64_t nwashed = laundry.nwashed;
    if (nwashed - __atomic_load_n(&laundry.ntaken, __ATOMIC_ACQUIRE) == laundry.npages)
        return false;
    zero_frame(port_frame(*place_of(nwashed)));
    __atomic_store_n(&laundry.nwashed, nwashed + 1, __ATOMIC_RELEASE);
    return true;
}

void laundry_frames(void (*owner)(pfn_t frame), void (*clean)(pfn_t frame))
{
    uint64_t nwashed = __atomic_load_n(&laundry.nwashed, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < laundry.npages; i++)
        owner(laundry.place[i]);
    for (uint64_t n = laundry.ntaken; n < nwashed; n++)
        clean(*place_of(n));
}
