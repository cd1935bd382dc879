/* Copy-on-write of the map itself: fork shares leaves of 512 pages, and the first change copies
 * one.
 *
 * On-demand fork (Zhao, Gong, Fonseca, EuroSys 2021) does this with page tables. Wins where a large
 * process forks and either side stores little: fork costs nearly nothing a page. Both sides fault
 * again for each page that they only read, and pay once a leaf for its copy: it loses where most
 * pages are used soon after. */
#include "../policy.h"

static enum leaf_verdict at_leaves(const struct policy_view *view)
{
    (void)view;
    return LEAF_SHARE;
}

const struct policy policy_tables = {
    .name = "tables", .lazy_fork = true, .upgrades = true, .at_leaves = at_leaves};
