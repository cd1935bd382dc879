/* Copy on the first access, read or write.
 *
 * Accent and Mach could defer a copy until data were referenced at all; this is what a pager does
 * that can't protect pages against stores alone. The child of a fork begins without entries for
 * what it may store to, and each page that it accesses becomes its own. Wins over eager copying
 * where a child accesses little; against cow it pays a frame and a copy for each page that is only
 * read, and saves one fault where a read comes before a store. The parent, whose entries stay,
 * copies when it stores. */
#include "../policy.h"

static enum fork_verdict at_fork(const struct policy_view *view)
{
    return (view->rights & RIGHT_W) != 0 ? FORK_OMIT : FORK_SHARE;
}

static enum load_verdict at_load(const struct policy_view *view)
{
    return (view->rights & RIGHT_W) != 0 && view->shared_frame ? LOAD_COPY : LOAD_MAP;
}

const struct policy policy_touch = {
    .name = "touch", .lazy_fork = true, .upgrades = true, .at_fork = at_fork, .at_load = at_load};
