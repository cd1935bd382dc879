/* Whole leaves of a map that cross a fork. */
#pragma once
#include "process.h"

/* If the policy, which has something to say about it, says so, the child, whose map is empty, gets
 * each leaf that may be shared; the parent's entries for it go first, and both fault theirs back
 * in. The parent is not pinned. Can't fail. Lock held. */
void leaves_share(struct process *parent, struct process *child);

/* Has the child's map all that the parent's has in the leaf for va: nothing, or the leaf itself? */
static inline bool leaves_are_same(const struct process *parent, const struct process *child,
                                   uint64_t va)
{
    return parent->map.root[va >> LEAF_SHIFT] == child->map.root[va >> LEAF_SHIFT];
}
