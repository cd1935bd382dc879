/* Copy-on-write, and reads of untouched memory share one frame of zeros.
 *
 * As Linux and others do with anonymous memory. Wins where large areas are mostly read before they
 * are written, sparse arrays and tables that are searched: they cost no frame. Loses where each
 * page is read first and then stored to: two faults and a copy of zeros instead of one fault. */
#include "../policy.h"

static enum touch_verdict at_touch(const struct policy_view *view)
{
    return view->store ? TOUCH_ZERO : TOUCH_SHARE_ZERO;
}

const struct policy policy_zero = {
    .name = "zero", .lazy_fork = true, .upgrades = true, .at_touch = at_touch};
