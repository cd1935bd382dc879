/* Entries in the kernel's tables, as a cache of the map: what may be installed, and how to get room
 * when the kernel's pool is used up. */
#pragma once
#include "process.h"

/* L6, the only place that says so: may the frame, which this process has at va, be stored to
 * without anybody else seeing it? Every count on its path must be 1. (`unusual` was looked at where
 * time matters.) */
static inline bool sole(const struct process *process, uint64_t va, pfn_t frame)
{
    return frame_refs(frame) == 1 &&
           !(process->unusual != 0 && process->shares_leaves && map_is_shared(&process->map, va));
}

/* The rights that a page's entry may have now. */
static inline unsigned install_rights(const struct process *process, const struct region *region,
                                      uint64_t va, pfn_t frame)
{
    if (region->kind == REGION_SHARED || sole(process, va, frame))
        return region->rights;
    return region->rights & ~(unsigned)RIGHT_W;
}

/* A space and its first thread (port_space_make, port_thread_make), for which other processes'
 * tables are dropped if the pool is used up. After an error there may be the space. */
err_t install_space(struct process *process, uint64_t token);

/* Installs a run; drops other processes' tables if the pool is used up. ERR_POOL: no room even so;
 * another error is port_map's, and says nothing of room. */
err_t install_run(struct process *process, uint64_t va, pfn_t first, uint64_t npages,
                  unsigned rights);

/* Installs the pages of [start, end), a part of the region, that are in the map: a run of
 * consecutive frames a call. False: no room; entries of the rest are as they were. */
bool install_present(struct process *process, const struct region *region, uint64_t start,
                     uint64_t end);

/* How many pages from va on, which is in the map, have frames that follow each other and the same
 * rights, in leaf and region: so many may come back in one call. */
uint64_t install_length(const struct process *process, const struct region *region, uint64_t va);

/* Drops the tables of one process other than the needy one; false: there was none left. */
bool install_reclaim(const struct process *needy);

/* Releases the pages of a map that is to go, leaf by leaf, until few are left; before each leaf the
 * entries that the process has for it go (NULL: nobody has any). *released, 0 at first, is how far
 * it came. True: so few are left that the rest is done at once; false: the piece is over. */
bool install_release_large(struct process *process, struct map *map, uint64_t *released);

/* Drops all entries of a process. */
void install_drop_all(struct process *process);
