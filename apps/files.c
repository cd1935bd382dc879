/* The files server: a file system in memory, and pipes.
 *
 *   program --- words: request, fd, numbers ---> files_request.c --> files_open.c --> files_names.c
 *      |                                              |                   |          files_data.c
 *      +-- transfer page: names, bytes ---------------+                   +--------> files_pipe.c
 *
 *   pager  --- struct server_events: born, dead ---> descriptors are copied, closed
 *
 * Its memory is all there from the start (argument: arena=SIZE), it asks for none later. Requests
 * that must wait are kept with their token. It calls nobody but the pager, at its start. Files are
 * lost at power-off. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "syscall.h"

enum { ARENA_DEFAULT_NPAGES = 1024 };

static char *window; /* transfer pages, by place */
static struct server_events *events;

char *files_page(uint32_t place)
{
    return window + (uint64_t)place * PAGE_SIZE;
}

bool files_answer(uint64_t token, int64_t result)
{
    return sys_reply(token, (const uint64_t[6]){(uint64_t)result}) == 0;
}

static void hear_events(void)
{
    uint64_t head = __atomic_load_n(&events->head, __ATOMIC_ACQUIRE), tail = events->tail;
    if (head == tail)
        return;
    for (; tail != head; tail++) {
        const struct server_event *event = &events->event[tail % EVENTS];
        if (event->parent == EVENT_DEAD)
            client_dead(event->place);
        else
            client_born(event->place, event->pid, event->parent);
    }
    events->urgent = pipes_open();
    __atomic_store_n(&events->tail, tail, __ATOMIC_RELEASE);
}

static bool serve(const struct reception *r, uint64_t word[6])
{
    bool answered = files_request(BADGE_INDEX(r->badge), BADGE_PID(r->badge), r->token, word);
    events->urgent = pipes_open();
    return answered;
}

static uint64_t arena_nbytes(const char *argument)
{
    uint64_t npages = strtoul(argument, NULL, 10);
    return (npages == 0 ? ARENA_DEFAULT_NPAGES : npages) * PAGE_SIZE;
}

/* Nobody is served without an arena: no client can connect to a server that has ended. */
int main(int argc, char **argv)
{
    uint64_t nbytes = arena_nbytes(argc > 1 ? argv[1] : "");
    uint64_t archive[6] = {REQ_ARCHIVE};
    char *arena = sbrk((ptrdiff_t)nbytes);
    if (arena == (char *)-1 || libsys_request(archive) < 0)
        return 1;
    data_init(arena, nbytes);
    if (names_init((const void *)archive[0], archive[1]) != 0)
        return 1;
    uint64_t ready[6] = {REQ_READY};
    libsys_request(ready);
    window = (char *)ready[1];
    events = (struct server_events *)window;
    struct reception r = {0};
    for (;;) {
        r.item = 0;
        sys_reply_receive(&r, SLOT_ENDPOINT, 0);
        hear_events();
        /* No token: only events; or whoever was answered is gone. */
        r.badge = r.token != 0 && serve(&r, r.word) ? r.token : 0;
    }
}
