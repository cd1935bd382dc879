/* Policies for host tests, as odd as the rules allow, or more. */
#include "../../pager/policy.h"

extern const struct policy policy_mixed, policy_illegal;

static enum store_verdict copy_always(const struct policy_view *view)
{
    (void)view;
    return STORE_COPY;
}

static enum fork_verdict every_other(const struct policy_view *view)
{
    return (view->address >> 12 & 1) != 0 ? FORK_COPY : FORK_SHARE;
}

static enum store_verdict lie(const struct policy_view *view)
{
    return view->address % 3 == 0 ? STORE_VERDICTS : STORE_UPGRADE;
}

static enum fork_verdict nonsense(const struct policy_view *view)
{
    (void)view;
    return FORK_VERDICTS;
}

static uint32_t everything(const struct policy_view *view)
{
    (void)view;
    return ~0u;
}

/* Lazy it is not: a fork must not count on what a policy says of itself. */
const struct policy policy_mixed = {
    .name = "mixed", .lazy_fork = true, .at_fork = every_other, .at_store = copy_always};
const struct policy policy_illegal = {
    .name = "illegal", .at_fork = nonsense, .at_store = lie, .around = everything};
