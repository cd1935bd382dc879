/* Shared by the smallest pager and what starts programs for it. */
#pragma once
#include <stdbool.h>

#include "../../libsys/freestanding/abi.h"

static inline uint64_t *window(pfn_t frame)
{
    return (uint64_t *)(MEMORY_WINDOW + (frame << PAGE_SHIFT));
}

static inline uint64_t page_up(uint64_t va)
{
    return (va + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* smallest.c. Places of processes are numbers from 1 on. */
_Noreturn void server_main(const struct boot_info *boot);
uint64_t smallest_space(unsigned p); /* its slot */
unsigned smallest_make(unsigned parent,
                       uint64_t token); /* a space and a thread; 0: no place, or no room */
bool smallest_page(unsigned p, uint64_t va, unsigned rights, const void *bytes, uint64_t offset,
                   uint64_t nbytes); /* adds one: zeros but for those bytes; false: no frame */
void smallest_start(unsigned p, uint64_t pc, uint64_t sp, uint64_t argument, uint64_t heap);

/* smallest_boot.c: how much of the memory another pager will get; programs are made and started;
 * one of those has ended, was that as it should be?; the end of it all. */
uint64_t smallest_ngranted(const struct boot_info *boot);
bool smallest_boot(const struct boot_info *boot);
bool smallest_ended(unsigned p, uint32_t status, uint32_t cause);
_Noreturn void smallest_finish(const struct boot_info *boot, bool good, bool whole, uint64_t nfree);
