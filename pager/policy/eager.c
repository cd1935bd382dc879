/* No copy-on-write: fork copies every page, as early Unix did.
 *
 * Wins when the child stores to nearly everything, because no store faults later; loses whenever
 * the child executes another program or only reads, and needs the memory at once. Pages that the
 * boot archive owns are still copied at the first store. */
#include "../policy.h"

static enum fork_verdict at_fork(const struct policy_view *view)
{
    (void)view;
    return FORK_COPY;
}

const struct policy policy_eager = {.name = "eager", .upgrades = true, .at_fork = at_fork};
