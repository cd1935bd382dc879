/* Entries in the kernel's tables, as a cache of the map: what may be installed, and how to get room
 * when the kernel's pool is used up. */
#ifndef PAGER_INSTALL_H
#define PAGER_INSTALL_H
#include "process.h"

/* L6, the only place that says so: may this page be stored to without anybody else seeing it? */
static inline bool sole(pfn_t frame)
{
    return frame_refs(frame) == 1;
}

/* The rights that a page's entry may have now. */
static inline unsigned install_rights(const struct region *region, pfn_t frame)
{
    if (region->kind == REGION_SHARED || sole(frame))
        return region->rights;
    return region->rights & ~(unsigned)RIGHT_W;
}

/* Installs a run; drops other processes' tables if the pool is used up. False: no room even so. */
bool install_run(struct process *process, uint64_t va, pfn_t first, uint64_t npages,
                 unsigned rights);

/* Installs the pages of [start, end), a part of the region, that are in the map: a run of
 * consecutive frames a call. False: no room; entries of the rest are as they were. */
bool install_present(struct process *process, const struct region *region, uint64_t start,
                     uint64_t end);

/* Drops the tables of one process other than the needy one; false: there was none left. */
bool install_reclaim(const struct process *needy);

/* Drops all entries of a process. */
void install_drop_all(struct process *process);
#endif
