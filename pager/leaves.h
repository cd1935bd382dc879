/* Whole leaves of a map that cross a fork. */
#pragma once
#include "process.h"

/* The child, whose map is empty from fork->at on, gets the next leaves that may be shared; the
 * parent's entries for them go first, and both fault theirs back in. The parent is not pinned.
 * Can't fail. True: all were looked at; false: there are more (task.h). Lock held. */
bool leaves_share_part(struct process *parent, struct task_fork *fork);

/* Has the child's map all that the parent's has in the leaf for va: nothing, or the leaf itself? */
static inline bool leaves_are_same(const struct process *parent, const struct process *child,
                                   uint64_t va)
{
    return parent->map.root[va >> LEAF_SHIFT] == child->map.root[va >> LEAF_SHIFT];
}
