/* Copy-on-write without the last owner's upgrade: a store to a page that was shared always copies.
 *
 * What a pager does that keeps no counts (a bit "shared" in the entry is enough), as in early
 * systems. Each page that was shared once costs a copy on both sides, the second of them for
 * nothing: it never wins, and is here to show what counts are worth. */
#include "../policy.h"

static enum store_verdict at_store(const struct policy_view *view)
{
    (void)view;
    return STORE_COPY;
}

const struct policy policy_cow_noupgrade = {
    .name = "cow-noupgrade", .lazy_fork = true, .at_store = at_store};
