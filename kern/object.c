/* Create, destroy, install, remove. */
#include "object.h"
#include "console.h"
#include "ipc.h"
#include "memory.h"
#include "sched.h"
#include "timer.h"
#include "tlb.h"

enum { STOPS_A_PIECE = 16 };

static err_t make_space(struct space *maker, uint64_t endpoint_slot, uint64_t badge,
                        struct object **made)
{
    struct endpoint *endpoint = space_object(maker, endpoint_slot, TYPE_ENDPOINT, CAP_OWNER);
    if (endpoint == NULL || endpoint->lent)
        return ERR_CAPABILITY;
    if ((badge & 1) != 0)
        return ERR_NUMBER;
    struct space *space = space_make();
    if (space == NULL)
        return ERR_POOL;
    space->creator = maker;
    endpoint->hears_faults = true;
    space_set_pager(space, endpoint, badge);
    *made = &space->object;
    return 0;
}

static err_t make_thread(struct space *maker, uint64_t space_slot_number, uint64_t priority,
                         uint64_t token, struct object **made)
{
    struct space *space = space_object(maker, space_slot_number, TYPE_SPACE, CAP_MANAGE);
    if (space == NULL)
        return ERR_CAPABILITY;
    if (priority >= PRIORITIES)
        return ERR_NUMBER;
    struct thread *source = token == 0 ? NULL : ipc_answerable(maker, token);
    if (token != 0 && (source == NULL || source->space->creator != maker)) /* its maker's alone */
        return ERR_TOKEN;
    if (source != NULL && thread_in_fault(source))
        return ERR_STATE;
    struct thread *thread = thread_make(space, (uint32_t)priority, source);
    if (thread == NULL)
        return ERR_POOL;
    *made = &thread->object;
    return 0;
}

err_t object_create(struct space *maker, uint64_t type, uint64_t slot, uint64_t a, uint64_t b,
                    uint64_t c)
{
    struct cap *cap;
    struct object *made = NULL;
    err_t error = space_free_slot(maker, slot, &cap);
    if (error != 0)
        return error;
    if (type == TYPE_SPACE)
        error = make_space(maker, a, b, &made);
    else if (type == TYPE_THREAD)
        error = make_thread(maker, a, b, c, &made);
    else if (type == TYPE_ENDPOINT)
        error = (made = pool_object(TYPE_ENDPOINT)) == NULL ? ERR_POOL : 0;
    else
        error = ERR_NUMBER;
    if (error != 0)
        return error;
    const unsigned rights = CAP_CALL | CAP_RECEIVE | CAP_NOTIFY | CAP_MANAGE | CAP_OWNER;
    *cap = cap_make(made, (unsigned)type, rights, 0);
    maker->owns = true;
    return 0;
}

static err_t destroy_thread(struct thread *thread)
{
    err_t error = sched_stop(thread);
    if (error != 0)
        return error;
    struct thread **link = &thread->space->threads;
    while (*link != thread)
        link = &(*link)->space_next;
    *link = thread->space_next;
    pool_object_free(&thread->object);
    return 0;
}

/* Anything but a space. */
static err_t destroy_simple(struct object *object)
{
    if (object->type == TYPE_THREAD)
        return destroy_thread((struct thread *)object);
    if (object->type == TYPE_MEMORY) {
        memory_return((struct memory *)object);
        return 0;
    }
    object->dying = true; /* between two pieces nobody joins those that wait */
    timer_cancel((struct endpoint *)object);
    if (ipc_close_piece((struct endpoint *)object))
        return 1;
    pool_object_free(object);
    return 0;
}

/* No thread of the space runs on when it returns 0. */
static err_t stop_threads(struct space *space)
{
    for (unsigned n = 0; space->threads != NULL; n++) {
        err_t error = n == STOPS_A_PIECE ? 1 : destroy_thread(space->threads);
        if (error != 0)
            return error;
    }
    return 0;
}

static void last_words(struct space *space)
{
    if (space->line_nbytes > 0) {
        console_write(space->line, space->line_nbytes);
        console_write("\n", 1);
        space->line_nbytes = 0;
    }
    if (space->holds_power) {
        console_print("the program that may power off is dead\n");
        console_power_off(1);
    }
}

/* A piece of a space and of what it made. Its threads stop first, so that nothing new is made; then
 * the innermost space goes first. */
static err_t destroy_space(struct space *top)
{
    struct space *space = top;
    for (;;) {
        space->object.dying = true;
        err_t error = stop_threads(space);
        if (error != 0)
            return error;
        struct cap *cap = space_owned(space);
        if (cap == NULL) {
            if (space->owns)
                space->looked_at = 0; /* of places of threads */
            space->owns = false;
            break;
        }
        if (cap->type == TYPE_SPACE) {
            space = (struct space *)cap->object;
            continue;
        }
        error = destroy_simple(cap->object);
        if (error != 0)
            return error;
        cap->type = TYPE_NONE;
        return 1;
    }
    /* A hart that works in the kernel for a thread that was stopped is on its way off the tables.
     */
    if (tlb_active(space) != 0)
        return ERR_AGAIN;
    if (space->serves) {
        space->serves = ipc_server_died_piece(space);
        return 1;
    }
    last_words(space);
    return space_free_piece(space) || space != top;
}

err_t object_destroy_piece(struct object *object)
{
    return object->type == TYPE_SPACE ? destroy_space((struct space *)object)
                                      : destroy_simple(object);
}

err_t object_destroy(struct space *owner, uint64_t slot)
{
    struct cap *cap = space_slot(owner, slot, false);
    if (cap == NULL || cap->type == TYPE_NONE || (cap->rights & CAP_OWNER) == 0 ||
        !cap_is_alive(cap))
        return ERR_CAPABILITY;
    /* Memory returns with its holder's death alone: entries and a window may still lead to it. */
    if (cap->object == &owner->object || cap->type == TYPE_MEMORY)
        return ERR_STATE;
    err_t error = object_destroy_piece(cap->object);
    if (error == 0)
        cap->type = TYPE_NONE;
    return error;
}

err_t object_install(struct space *maker, struct space *space, uint64_t slot, uint64_t source,
                     uint64_t badge, uint64_t rights)
{
    struct cap *from = space_slot(maker, source, false);
    if (from == NULL || (from->type != TYPE_ENDPOINT && from->type != TYPE_CONTROL) ||
        space_cap(maker, source, from->type, 0) == NULL)
        return ERR_CAPABILITY;
    if ((badge & 1) != 0)
        return ERR_NUMBER;
    /* A badge is given by the endpoint's maker; others hand on the one they have. */
    if (from->type == TYPE_ENDPOINT && (from->rights & CAP_OWNER) == 0 && badge != from->badge)
        return ERR_CAPABILITY;
    rights &= from->rights & ~(unsigned)(CAP_OWNER | CAP_MANAGE);
    /* Whoever hears of a space's faults is its maker: who else answered one with a frame of his own
     * could not take it away again. */
    bool lends = from->type == TYPE_ENDPOINT && (rights & CAP_RECEIVE) != 0 && space != maker;
    struct endpoint *endpoint = (struct endpoint *)from->object;
    if (lends && endpoint->hears_faults)
        return ERR_STATE;
    struct cap *to;
    err_t error = space_free_slot(space, slot, &to);
    if (error != 0)
        return error;
    *to = *from;
    to->badge = badge;
    to->rights = (uint8_t)rights;
    if (lends)
        endpoint->lent = true;
    if (to->type == TYPE_CONTROL && (to->rights & CONTROL_POWER) != 0) {
        space->holds_power = true;
        maker->holds_power = maker == space;
    }
    return 0;
}

err_t object_remove(struct space *space, uint64_t slot)
{
    struct cap *cap = space_slot(space, slot, false);
    if (cap == NULL || cap->type == TYPE_NONE || (cap->rights & CAP_OWNER) != 0)
        return ERR_CAPABILITY;
    cap->type = TYPE_NONE;
    return 0;
}
