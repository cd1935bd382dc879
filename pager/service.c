/* Servers: connections, transfer pages, events. */
#include "service.h"
#include "../libsys/freestanding/frame.h"
#include "install.h"
#include "lend.h"

/* A place of a server's table. */
struct place {
    uint32_t pid;
    uint16_t next;  /* free or dead: the next one of its list; 0: it is the last */
    uint64_t death; /* dead: the number of that event; it is free when that was heard */
};

/* So many events the server is not told of by a notification, if there is room for so many more. */
enum { UNREAD_MAX = 64 };

static struct service {
    struct process *process;      /* NULL: there is no such server */
    uint64_t starter;             /* request that is answered when it is ready; 0: it was */
    uint64_t window;              /* place i's page is at window + i * PAGE_SIZE */
    uint32_t nplaces, ntaken;     /* taken: by the living */
    struct server_events *events; /* in the page of place 0, which the server may write to: what it
                                     says there is believed only as far as it harms itself */
    uint64_t nevents;             /* that were written */
    uint16_t free, first_dead, last_dead;
    struct place place[CONNECTIONS_MAX + 1]; /* [0] is nobody's */
} services[SERVERS];

static struct service *service_in(uint64_t slot)
{
    return slot - SERVER_FIRST < SERVERS ? &services[slot - SERVER_FIRST] : NULL;
}

static uint64_t page_of(const struct service *service, uint32_t place)
{
    return service->window + (uint64_t)place * PAGE_SIZE;
}

err_t service_make(struct process *process, uint64_t slot, uint64_t nconnections)
{
    struct service *service = service_in(slot);
    if (service == NULL || service->process != NULL || nconnections > CONNECTIONS_MAX)
        return ERR_INVALID;
    err_t error = port_server_make(process, (unsigned)slot);
    if (error != 0)
        return error;
    *service = (struct service){.process = process, .nplaces = (uint32_t)nconnections};
    for (uint32_t i = (uint32_t)nconnections; i > 0; i--) {
        service->place[i].next = service->free;
        service->free = (uint16_t)i;
    }
    process->server = (uint8_t)slot;
    process->threaded = true; /* its clients' pages come and go, while it is served too */
    process->priority = PRIORITY_SERVER;
    return 0;
}

/* The page that both write to. */
static bool make_events(struct service *service)
{
    struct process *process = service->process;
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return false;
    zero_frame(port_frame(frame));
    map_put(&process->map, service->window, frame);
    service->events = port_frame(frame);
    return install_run(process, service->window, frame, 1, RIGHT_R | RIGHT_W) == 0;
}

/* The leaves that the window needs are made now, so that a client takes none later. */
err_t service_open(struct process *process, uint64_t token)
{
    struct service *service = service_in(process->server);
    service->starter = token;
    uint64_t nbytes = ((uint64_t)service->nplaces + 1) * PAGE_SIZE;
    if (service->nplaces == 0)
        return 0;
    uint64_t start = region_gap(&process->regions, nbytes, ADDRESS_LIMIT);
    const struct region region = {
        .start = start, .end = start + nbytes, .kind = REGION_SHARED, .use = USE_WINDOW};
    if (start == 0 || !region_add(&process->regions, &region))
        return ERR_NOMEM;
    for (uint64_t va = start; va < region.end; va += PAGE_SIZE)
        if (map_make(&process->map, va) == NULL)
            return ERR_NOMEM;
    service->window = start;
    return make_events(service) ? 0 : ERR_NOMEM;
}

static uint64_t nheard(const struct service *service)
{
    uint64_t tail = __atomic_load_n(&service->events->tail, __ATOMIC_ACQUIRE);
    return tail < service->nevents ? tail : service->nevents;
}

/* For `parent` see struct server_event. The event is there before `head` says so. */
static void tell(struct service *service, uint16_t at, uint16_t parent)
{
    struct server_events *events = service->events;
    struct place *place = &service->place[at];
    events->event[service->nevents % EVENTS] = (struct server_event){place->pid, at, parent};
    place->death = service->nevents;
    __atomic_store_n(&events->head, ++service->nevents, __ATOMIC_RELEASE);
    uint64_t nunread = service->nevents - nheard(service);
    if ((parent == EVENT_DEAD && events->urgent != 0) || nunread > UNREAD_MAX ||
        nunread + service->ntaken + UNREAD_MAX > EVENTS)
        port_server_notify(service->process->server, NOTE_EVENT);
}

/* There is room for the event, and for the death of everybody who lives. 0: none is free. */
static uint16_t free_place(struct service *service)
{
    uint64_t heard = nheard(service);
    while (service->first_dead != 0 && service->place[service->first_dead].death < heard) {
        uint16_t at = service->first_dead;
        service->first_dead = service->place[at].next;
        service->place[at] = (struct place){.next = service->free};
        service->free = at;
    }
    return service->nevents - heard + service->ntaken + 2 <= EVENTS ? service->free : 0;
}

static void leave_place(struct service *service, uint16_t at)
{
    struct place *place = &service->place[at];
    place->next = 0;
    if (service->first_dead == 0)
        service->first_dead = at;
    else
        service->place[service->last_dead].next = at;
    service->last_dead = at;
    service->ntaken--;
    tell(service, at, EVENT_DEAD);
}

static err_t give_capability(struct process *process, const struct service *service)
{
    unsigned slot = service->process->server;
    if ((process->connected >> slot & 1) != 0)
        return 0;
    err_t error =
        port_connect(process, slot, BADGE(process->pid, process->place[slot - SERVER_FIRST]));
    if (error == 0)
        process->connected |= (uint8_t)(1u << slot);
    return error;
}

/* The server learns of it. */
static err_t take_place(struct process *process, struct service *service, uint16_t parent)
{
    uint16_t at = free_place(service);
    if (at == 0)
        return ERR_LIMIT;
    process->place[service - services] = at;
    service->free = service->place[at].next;
    service->place[at] = (struct place){.pid = process->pid};
    service->ntaken++;
    tell(service, at, parent);
    return 0;
}

/* One frame in both maps. New frame, checks first; what is left over goes back. */
static err_t share_page(struct process *process, struct service *service, uint16_t at)
{
    uint64_t va = region_gap(&process->regions, PAGE_SIZE, ADDRESS_LIMIT);
    const struct region region = {.start = va,
                                  .end = va + PAGE_SIZE,
                                  .rights = RIGHT_R | RIGHT_W,
                                  .kind = REGION_SHARED,
                                  .use = USE_TRANSFER};
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return ERR_NOMEM;
    zero_frame(port_frame(frame));
    uint64_t theirs = page_of(service, at);
    bool room = va != 0 && process->regions.n < REGIONS_MAX;
    if (!room || install_run(service->process, theirs, frame, 1, RIGHT_R | RIGHT_W) != 0) {
        frame_release(frame);
        return room ? ERR_POOL : ERR_NOMEM;
    }
    if (!map_put(&process->map, va, frame)) {
        port_drop(service->process, theirs, 1);
        frame_release(frame);
        return ERR_NOMEM;
    }
    region_add(&process->regions, &region);
    map_put(&service->process->map, theirs, frame);
    frame_hold(frame);
    process->transfer[service - services] = va;
    return (err_t)va;
}

static err_t give_console(struct process *process)
{
    if ((process->connected >> SLOT_CONTROL & 1) != 0)
        return 0;
    err_t error = port_connect(process, SLOT_CONTROL, 0);
    if (error == 0)
        process->connected |= 1 << SLOT_CONTROL;
    return error;
}

err_t service_connect(struct process *process, uint64_t slot)
{
    struct service *service = service_in(slot);
    if (slot == SLOT_CONTROL && process->apart == 0)
        return give_console(process);
    if (service == NULL || service->process == NULL || process->apart != 0)
        return slot == SLOT_SECOND && process->apart == 0 ? lend_connect(process) : ERR_SEARCH;
    if (service->nplaces == 0)
        return give_capability(process, service);
    uint64_t number = slot - SERVER_FIRST;
    err_t error = process->place[number] != 0 ? 0 : take_place(process, service, 0);
    if (error == 0)
        error = give_capability(process, service);
    if (error != 0 || process->transfer[number] != 0)
        return error != 0 ? error : (err_t)process->transfer[number];
    return share_page(process, service, process->place[number]);
}

err_t service_inherit(const struct process *parent, struct process *child)
{
    err_t error = 0;
    for (unsigned i = 0; i < SERVERS && error == 0; i++)
        if (parent->place[i] != 0 && services[i].process != NULL)
            error = take_place(child, &services[i], parent->place[i]);
    return error;
}

static void answer_starter(struct service *service, err_t result)
{
    if (service->starter != 0)
        port_reply(service->starter, (const uint64_t[6]){(uint64_t)result});
    service->starter = 0;
}

/* The server's entry goes on every hart; if it is copying just now, that copy fails. */
static void drop_page(struct process *process, unsigned number)
{
    struct service *service = &services[number];
    if (process->transfer[number] == 0)
        return;
    process->transfer[number] = 0;
    if (service->process == NULL)
        return;
    uint64_t va = page_of(service, process->place[number]);
    port_drop(service->process, va, 1);
    map_clear(&service->process->map, va, va + PAGE_SIZE);
}

void service_drop_pages(struct process *process)
{
    for (unsigned i = 0; i < SERVERS; i++)
        drop_page(process, i);
}

err_t service_renew(struct process *process)
{
    uint16_t old[SERVERS];
    __builtin_memcpy(old, process->place, sizeof old);
    err_t error = service_inherit(process, process);
    for (unsigned i = 0; i < SERVERS; i++) {
        uint16_t new = process->place[i];
        if (new == old[i])
            continue;
        process->place[i] = old[i];
        if (error == 0)
            drop_page(process, i);
        leave_place(&services[i], error == 0 ? old[i] : new);
        if (error == 0)
            process->place[i] = new;
    }
    return error;
}

/* A server, or another pager. */
static void leave_apart(struct process *process)
{
    if (process->borrows)
        lend_return(process);
    if (process->server == 0)
        return;
    answer_starter(service_in(process->server), ERR_NOEXEC);
    service_in(process->server)->process = NULL;
    process->server = 0;
}

void service_leave(struct process *process)
{
    service_drop_pages(process);
    for (unsigned i = 0; i < SERVERS; i++) {
        if (process->place[i] == 0)
            continue;
        if (services[i].process != NULL)
            leave_place(&services[i], process->place[i]);
        process->place[i] = 0;
    }
    if (process->apart != 0)
        leave_apart(process);
}

err_t service_ready(struct process *process, uint64_t *window)
{
    struct service *service = service_in(process->server);
    answer_starter(service, process->pid);
    *window = service->window;
    return 0;
}
