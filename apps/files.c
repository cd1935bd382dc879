/* The files server: a file system in memory, and pipes.
 *
 *   program --- words: request, fd, numbers ---> files_request.c --> files_open.c --> files_names.c
 *      |                                              |                   |          files_data.c
 *      +-- transfer page: names, bytes ---------------+                   +--------> files_pipe.c
 *
 *   pager  --- NOTE_EVENT: born, dead ---> descriptors are copied, closed
 *
 * Its memory is all there from the start (argument: arena=SIZE), it asks for none later. Requests
 * that must wait are kept with their token. It calls nobody but the pager, for events. Files are
 * lost at power-off. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "syscall.h"

enum { ARENA_DEFAULT_NPAGES = 1024 };

static char *window; /* transfer pages, by place */

char *files_page(uint32_t place)
{
    return window + (uint64_t)place * PAGE_SIZE;
}

bool files_answer(uint64_t token, int64_t result)
{
    return sys_reply(token, (const uint64_t[6]){(uint64_t)result}) == 0;
}

static void pull_events(void)
{
    long event;
    do {
        uint64_t word[6] = {REQ_EVENT};
        event = libsys_request(word);
        window = (char *)word[4];
        if (event == EVENT_BORN)
            client_born((uint32_t)word[2], (uint32_t)word[1], (uint32_t)word[3]);
        else if (event == EVENT_DEAD)
            client_dead((uint32_t)word[2]);
    } while (event > EVENT_NONE);
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
    pull_events();
    struct reception r = {0};
    for (;;) {
        r.item = 0;
        sys_reply_receive(&r, SLOT_ENDPOINT, 0);
        if (r.token == 0) {
            /* Events; or whoever was answered is gone. */
            if (r.badge != NO_BADGE)
                pull_events();
            r.badge = 0;
        } else if (files_request(BADGE_INDEX(r.badge), BADGE_PID(r.badge), r.token, r.word)) {
            r.badge = r.token;
        } else {
            r.badge = 0;
        }
    }
}
