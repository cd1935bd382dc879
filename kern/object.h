/* Objects: made with a capability, destroyed by their owner in bounded pieces. */
#pragma once
#include "space.h"

/* Makes an object and puts an owner's capability into a free slot of `maker` (abi.h, TYPE_…).
 * ERR_NUMBER: no such type; ERR_CAPABILITY: the slot is taken, or the argument names nothing fit;
 * ERR_TOKEN, ERR_STATE: the thread to copy; ERR_POOL. */
err_t object_create(struct space *maker, uint64_t type, uint64_t slot, uint64_t a, uint64_t b,
                    uint64_t c);

/* Does a piece. 0: the object is gone and the slot empty; 1: repeat; ERR_AGAIN: repeat, another
 * hart is on its way out; ERR_CAPABILITY: no owner's capability; ERR_STATE: the caller's own space.
 */
err_t object_destroy(struct space *owner, uint64_t slot);

/* The same for what is not named by a slot. */
err_t object_destroy_piece(struct object *object);

/* Copies an endpoint or control capability into a free slot of a space made by
 * `maker` (or its own), with no more rights. ERR_CAPABILITY, ERR_POOL; ERR_NUMBER: a badge that is
 * odd (kept for faults); ERR_STATE: others would receive where a space's faults go. */
err_t object_install(struct space *maker, struct space *space, uint64_t slot, uint64_t source,
                     uint64_t badge, uint64_t rights);
err_t object_remove(struct space *space, uint64_t slot);
