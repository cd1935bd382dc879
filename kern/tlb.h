/* TLB shootdown and the switch between spaces.
 * Source: privileged specification, 4.2.1 (SFENCE.VMA). */
#pragma once
#include "riscv.h"
#include "space.h"

/* The harts whose tables are this space's. */
uint64_t tlb_active(const struct space *space);

/* Rights or entries were taken away. On return no hart can use them: harts that run the space have
 * flushed, all others flush before they run it next. */
void tlb_forget(struct space *space);

/* An entry was added or widened: this hart need not see the old one. Others may take a fault that
 * the map already allows, which its pager answers by installing again. */
void tlb_refresh(struct space *space, uint64_t va, uint64_t npages);

/* Executable pages were added, whose contents some hart stored: harts that run the space fence
 * their instruction fetch now, the others before they run it next. */
void tlb_new_code(struct space *space);

/* This hart met its bit in `stale`; it walks the space's tables already: without ASIDs what it
 * walked before has the same number. */
static inline __attribute__((always_inline)) void tlb_catch_up(struct space *space, uint64_t bit)
{
    fence_asid(space->asid);
    fence_code();
    if (space->asid != 0) /* ASID 0 is many spaces': stale at each switch */
        space->stale &= ~bit;
}

/* Makes this hart walk the space's tables; NULL: the kernel's own. */
void tlb_activate(struct space *space);

extern uint64_t tlb_nshootdowns; /* of translations, on other harts */
