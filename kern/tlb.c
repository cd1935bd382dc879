/* TLB shootdown: now on harts that run the space, later on those that don't. */
#include "tlb.h"
#include "remote.h"
#include "thread.h"

uint64_t tlb_nshootdowns;

uint64_t tlb_active(const struct space *space)
{
    uint64_t active = 0;
    for (uint32_t i = 0; i < nharts; i++)
        if (harts[i]->space == space || harts[i]->next == space)
            active |= harts[i]->bit;
    return active;
}

/* What tlb_active says is right while the kernel lock is held. A hart says under the lock where it
 * goes (`next`) and looks for its bit in `stale`; satp it writes when it has left the lock, because
 * that may cost more than all the rest, and then it is no more where it came from (`space`). So one
 * that is not on the space can't come to run it before it sees its bit, and one that is still on it
 * keeps its tables from being freed. The others do their fence wherever they are: in user mode they
 * are interrupted, in the kernel they do it while they wait for this lock. */
static bool fence_others(struct space *space, uint64_t what)
{
    uint64_t active = tlb_active(space), others = active & ~this_hart()->bit;
    space->stale |= hart_bits & ~active;
    if (others != 0)
        remote_fence(others, what);
    return others != 0;
}

void tlb_forget(struct space *space)
{
    if (this_hart()->space == space)
        fence_asid(space->asid);
    tlb_nshootdowns += fence_others(space, space->asid);
}

void tlb_refresh(struct space *space, uint64_t va, uint64_t npages)
{
    if (npages == 1)
        fence_page(va, space->asid);
    else
        fence_asid(space->asid);
}

void tlb_new_code(struct space *space)
{
    fence_others(space, REMOTE_CODE);
    fence_code();
}

void tlb_activate(struct space *space)
{
    struct hart *me = this_hart();
    if (me->space == space)
        return;
    me->space = me->next = space;
    if (space == NULL) {
        csr_write(satp, SATP_SV39 | pool_pfn(kernel_root));
        return;
    }
    csr_write(satp, space->satp);
    if ((space->stale & me->bit) != 0)
        tlb_catch_up(space, me->bit);
}
