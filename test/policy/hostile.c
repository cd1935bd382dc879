/* A policy that says anything at random: all of it must be slow at most, never unsafe. */
#include "policy.h"

static uint32_t any(const struct policy_view *view, uint32_t n)
{
    uint64_t *state = view->state;
    *state =
        (*state ^ view->address ^ view->process) * 6364136223846793005ul + 1442695040888963407ul;
    return (uint32_t)(*state >> 33) % n;
}

/* One more than there are: no verdict at all. */
static enum fork_verdict at_fork(const struct policy_view *view)
{
    return (enum fork_verdict)any(view, FORK_VERDICTS + 1);
}

static enum leaf_verdict at_leaves(const struct policy_view *view)
{
    return (enum leaf_verdict)any(view, LEAF_VERDICTS + 1);
}

static enum store_verdict at_store(const struct policy_view *view)
{
    return (enum store_verdict)any(view, STORE_VERDICTS + 1);
}

static enum load_verdict at_load(const struct policy_view *view)
{
    return (enum load_verdict)any(view, LOAD_VERDICTS + 1);
}

static enum touch_verdict at_touch(const struct policy_view *view)
{
    return (enum touch_verdict)any(view, TOUCH_VERDICTS + 1);
}

static uint32_t around(const struct policy_view *view)
{
    uint32_t below = any(view, POLICY_WINDOW_MAX + 4), above = any(view, POLICY_WINDOW_MAX + 4);
    return POLICY_WINDOW(below, above);
}

const struct policy policy_hostile = {
    .name = "hostile",
    .at_fork = at_fork,
    .at_leaves = at_leaves,
    .at_store = at_store,
    .at_load = at_load,
    .at_touch = at_touch,
    .around = around,
};
