/* Asks a process's policy; what it says is legal (policy.h), or was replaced by the default. Lock
 * held. */
#pragma once
#include "process.h"

/* nreserved: frames that the fork still needs for itself. */
enum fork_verdict verdict_fork(const struct process *parent, const struct region *region,
                               uint64_t va, pfn_t frame, uint64_t nreserved);

/* Only of a policy that has something to say about it. */
enum leaf_verdict verdict_leaves(const struct process *parent);

enum store_verdict verdict_store(const struct process *process, const struct region *region,
                                 uint64_t va, pfn_t frame);
enum load_verdict verdict_load(const struct process *process, const struct region *region,
                               uint64_t va, pfn_t frame);
enum touch_verdict verdict_touch(const struct process *process, const struct region *region,
                                 uint64_t va, bool store);
/* Only of a policy that has something to say about it. */
uint32_t verdict_around(const struct process *process, const struct region *region, uint64_t va,
                        pfn_t frame);

/* May the process's family map so many pages more? */
bool verdict_allows(const struct process *process, uint64_t npages);
