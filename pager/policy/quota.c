/* Copy-on-write with a limit: no family may have more than five eighths of memory in its maps.
 *
 * Pages count once for each process that maps them, whether they share a frame or not: what a
 * family could come to need if everybody stored everywhere. So the family that exceeds it fails,
 * with a fork, sbrk or mmap refused or by the death of one of its own, and no other. Wins where
 * families do not trust each other; loses where much is shared and little is stored, because forks
 * are refused that copy-on-write could have served. */
#include "../policy.h"

static uint64_t limit(const struct policy_view *view)
{
    return view->total_npages / 8 * 5;
}

const struct policy policy_quota = {.name = "quota", .upgrades = true, .limit = limit};
