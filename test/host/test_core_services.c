/* Servers and their clients, protection, invalid accesses, offered images. */
#include "../../pager/invalid.h"
#include "check.h"
#include <string.h>

enum { RW = RIGHT_R | RIGHT_W };

static struct server_events *events; /* of the last server that keeps a table */
static uint64_t window;

/* Init is answered when the server is ready. */
static struct process *start_server(uint64_t slot, uint64_t nconnections)
{
    uint64_t word[6] = {REQ_SERVER, slot | nconnections << 8};
    memcpy(&word[3], "a\0argument", 11);
    if (fake_request(process_init, 0, word) != FAKE_WAITS)
        return NULL;
    struct process *server = process_init->previous;
    CHECK(!fake_is_idle(process_init, 0));
    memcpy(word, (uint64_t[6]){REQ_READY}, sizeof word);
    CHECK(fake_request(server, 0, word) == FAKE_ANSWERED && word[0] == 0);
    CHECK(fake_is_idle(process_init, 0) && fake_reply(process_init, 0)[0] == server->pid);
    window = word[1];
    CHECK((window == 0) == (nconnections == 0));
    if (window != 0)
        events = port_frame(entry_frame(*map_find(&server->map, window)));
    return server;
}

static bool heard_all(void)
{
    return events->tail == events->head;
}

/* Is that the next event? It is heard now. */
static bool event_is(uint64_t pid, uint64_t parent, uint64_t *place)
{
    if (heard_all())
        return false;
    const struct server_event *event = &events->event[events->tail++ % EVENTS];
    if (place != NULL)
        *place = event->place;
    return event->pid == pid && event->parent == parent;
}

static void test_connections(void)
{
    struct process *p = check_start(), *server = start_server(SLOT_FILES, 3);
    uint64_t place, child_place, nfree = frames.nfree;
    uint8_t byte = 0;
    CHECK(server != NULL && server->pinned && start_server(SLOT_FILES, 3) == NULL);
    CHECK(fake_call(p, REQ_CONNECT, SLOT_CONSOLE, 0, 0) == ERR_SEARCH &&
          fake_call(p, REQ_CONNECT, ~0ul, 0, 0) == ERR_SEARCH &&
          fake_call(server, REQ_CONNECT, SLOT_FILES, 0, 0) == ERR_SEARCH &&
          fake_call(p, REQ_READY, 0, 0, 0) == ERR_PERMISSION);
    uint64_t page = (uint64_t)fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0);
    CHECK(event_is(p->pid, 0, &place) && fake.notified[SLOT_FILES] == 0);
    CHECK(fake_store(p, page, 0x5a) && fake_load(server, window + place * PAGE_SIZE, &byte) &&
          byte == 0x5a && fake_audit() == 0);
    CHECK(fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0) == (int64_t)page);
    CHECK(fake_call(p, REQ_MUNMAP, page, PAGE_SIZE, 0) == ERR_INVALID &&
          fake_call(p, REQ_MPROTECT, page, PAGE_SIZE, RIGHT_R) == ERR_INVALID);
    struct process *child = fake_fork(p);
    CHECK(event_is(child->pid, place, &child_place) && child_place != place);
    uint32_t pid = child->pid;
    CHECK(!fake_load(child, page, &byte) && check_died(pid, CAUSE_ADDRESS));
    CHECK(event_is(pid, EVENT_DEAD, NULL) && fake.notified[SLOT_FILES] == 0);
    CHECK(fake_exec(p, check_stack(), "b") == FAKE_SILENT);
    CHECK(fake_entry(server, window + place * PAGE_SIZE, NULL) == 0 && p->transfer[1] == 0);
    CHECK(fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0) > 0 && heard_all());
    events->urgent = 1;
    fake_call(process_init, REQ_KILL, p->pid, 0, 0);
    CHECK(fake.notified[SLOT_FILES] == NOTE_EVENT);
    CHECK(fake_entry(server, window + place * PAGE_SIZE, NULL) == 0 && fake_audit() == 0);
    CHECK(event_is(p->pid, EVENT_DEAD, NULL) && heard_all() && nfree < frames.nfree);
    CHECK(fake_call(process_init, REQ_KILL, server->pid, 0, 0) == ERR_PERMISSION);
    check_end();
}

/* Places run out before anything is made; a place is given anew only after its death was heard. */
static void test_places(void)
{
    struct process *p = check_start();
    CHECK(start_server(SLOT_FILES, 2) != NULL);
    CHECK(fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0) > 0);
    struct process *child = fake_fork(p);
    uint64_t nfree = frames.nfree;
    CHECK(child != NULL && fake_call(p, REQ_FORK, 0, 0, 0) == ERR_LIMIT && frames.nfree == nfree);
    int64_t pid = child->pid;
    fake_call(p, REQ_KILL, (uint64_t)pid, 0, 0);
    CHECK(fake_call(p, REQ_FORK, 0, 0, 0) == ERR_LIMIT);
    CHECK(event_is(p->pid, 0, NULL) && event_is((uint64_t)pid, 1, NULL) &&
          fake_call(p, REQ_FORK, 0, 0, 0) == ERR_LIMIT &&
          event_is((uint64_t)pid, EVENT_DEAD, NULL) && heard_all());
    CHECK(fake_fork(p) != NULL);
    check_end();
}

/* A program that takes the place of several threads has a new one at the server, born of the old;
 * without room for it nothing has happened. */
static void test_threads_exec(void)
{
    struct process *p = check_start(), *server = start_server(SLOT_FILES, 2);
    uint64_t place, next, page = (uint64_t)fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0);
    uint8_t byte;
    CHECK(event_is(p->pid, 0, &place) && fake_store(p, page, 0x5a));
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1);
    struct process *child = fake_fork(p);
    CHECK(child != NULL && fake_exec(p, check_stack(), "b") == ERR_LIMIT);
    CHECK(process_is_threaded(p) && p->transfer[1] == page && fake_load(p, page, &byte) &&
          fake_load(server, window + place * PAGE_SIZE, &byte) && byte == 0x5a);
    fake_call(process_init, REQ_KILL, child->pid, 0, 0);
    while (!heard_all())
        event_is(0, 0, NULL);
    CHECK(fake_exec(p, check_stack(), "b") == FAKE_SILENT && !process_is_threaded(p));
    CHECK(event_is(p->pid, place, &next) && next != place && event_is(p->pid, EVENT_DEAD, NULL));
    CHECK(heard_all() && p->place[1] == next &&
          fake_entry(server, window + place * PAGE_SIZE, NULL) == 0);
    CHECK(fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0) > 0 && heard_all() &&
          fake_entry(server, window + next * PAGE_SIZE, NULL) != 0 && fake_audit() == 0);
    check_end();
}

/* The server hears nothing: births stop while there is still room for every death. Then it says
 * that it heard more than there was, or less than before: only places that are free are given. */
static void test_unheard(void)
{
    struct process *p = check_start(), *child;
    CHECK(start_server(SLOT_FILES, CONNECTIONS_MAX) != NULL);
    CHECK(fake_call(p, REQ_CONNECT, SLOT_FILES, 0, 0) > 0);
    unsigned n = 0;
    fake.notified[SLOT_FILES] = 0;
    for (; (child = fake_fork(p)) != NULL; n++) {
        fake_call(p, REQ_KILL, child->pid, 0, 0);
        CHECK((fake.notified[SLOT_FILES] != 0) == (events->head > 64));
    }
    CHECK(n == (EVENTS - 2) / 2 && events->head == 2 * n + 1 && fake_audit() == 0);
    events->tail = ~0ul;
    CHECK((child = fake_fork(p)) != NULL && events->head == 2 * n + 2);
    fake_call(p, REQ_KILL, child->pid, 0, 0);
    events->tail = 0;
    CHECK(fake_fork(p) == NULL && fake_audit() == 0);
    events->tail = events->head;
    for (n = 0; n + 1 < CONNECTIONS_MAX && fake_fork(p) != NULL; n++)
        events->tail = events->head;
    CHECK(n > 10); /* as many as there are frames for */
    check_end();
}

static void test_protect(void)
{
    struct process *p = check_start();
    uint64_t va = (uint64_t)check_mmap(p, 4, false);
    uint8_t byte = 0;
    uint32_t n = p->regions.n;
    CHECK(fake_store(p, va, 1) && fake_store(p, va + PAGE_SIZE, 2));
    CHECK(fake_call(p, REQ_MPROTECT, va + PAGE_SIZE, PAGE_SIZE, RIGHT_R) == 0 &&
          p->regions.n == n + 2 && fake_load(p, va + PAGE_SIZE, &byte) && byte == 2);
    CHECK(fake_call(p, REQ_MPROTECT, va + PAGE_SIZE, PAGE_SIZE, 0) == 0);
    struct process *child = fake_fork(p);
    CHECK(fake_call(child, REQ_MPROTECT, va + PAGE_SIZE, PAGE_SIZE, RW) == 0 &&
          child->regions.n == n && fake_load(child, va + PAGE_SIZE, &byte) && byte == 2 &&
          fake_store(child, va + PAGE_SIZE, 3) && fake_audit() == 0);
    CHECK(fake_call(p, REQ_MPROTECT, va + 1, PAGE_SIZE, RW) == ERR_INVALID &&
          fake_call(p, REQ_MPROTECT, va, 0, RW) == ERR_INVALID &&
          fake_call(p, REQ_MPROTECT, va, 5 * PAGE_SIZE, RW) == ERR_INVALID &&
          fake_call(p, REQ_MPROTECT, va, PAGE_SIZE, RIGHT_W) == ERR_INVALID &&
          fake_call(p, REQ_MPROTECT, p->heap_break, PAGE_SIZE, RW) == ERR_INVALID);
    /* The heap, empty as it is, keeps its rights when what lies before it loses them. */
    uint64_t heap = region_heap(&p->regions)->start;
    CHECK(p->heap_break == heap &&
          fake_call(p, REQ_MPROTECT, heap - PAGE_SIZE, PAGE_SIZE, RIGHT_R) == 0 &&
          region_heap(&p->regions)->rights == RW);
    int64_t pid = p->pid;
    CHECK(!fake_load(p, va + PAGE_SIZE, &byte) && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

/* Parts of the heap with other rights, while it grows and shrinks: each page has those that it was
 * given last, and one that is new may be stored to. */
static void test_protect_heap(void)
{
    enum { NPAGES = 12 };
    struct process *p = check_start();
    const uint64_t start = p->heap_break;
    uint8_t right[NPAGES] = {0}, byte = 0;
    uint64_t npages = 0, nregions = p->regions.n, state = 1;
    for (int step = 0; step < 3000; step++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t from = (state >> 40) % NPAGES, to = (state >> 50) % (NPAGES + 1);
        unsigned wanted = (state >> 33) % 3 == 0 ? 0 : (state >> 33) % 3 == 1 ? RIGHT_R : RW;
        if ((state >> 60) % 2 == 0) {
            int64_t more = (int64_t)(to - npages) * (int64_t)PAGE_SIZE;
            CHECK(fake_call(p, REQ_SBRK, (uint64_t)more, 0, 0) ==
                  (int64_t)(start + npages * PAGE_SIZE));
            for (; npages < to; npages++)
                right[npages] = RW;
            npages = to;
        } else if (from < to) {
            int64_t error = fake_call(p, REQ_MPROTECT, start + from * PAGE_SIZE,
                                      (to - from) * PAGE_SIZE, wanted);
            CHECK(error == (to <= npages ? 0 : ERR_INVALID));
            memset(right + from, (int)wanted, error == 0 ? to - from : 0);
        }
        uint32_t changes = npages > 0;
        for (uint64_t i = 0; i < npages; i++) {
            uint64_t va = start + i * PAGE_SIZE;
            CHECK(region_find(&p->regions, va)->rights == right[i]);
            CHECK((right[i] & RIGHT_W) == 0 || fake_store(p, va, (uint8_t)i));
            CHECK((right[i] & RIGHT_R) == 0 || fake_load(p, va, &byte));
            changes += i > 0 && right[i] != right[i - 1];
        }
        CHECK(p->regions.n == nregions - 1 + (changes == 0 ? 1 : changes));
        CHECK(region_find(&p->regions, start + npages * PAGE_SIZE) == NULL && fake_audit() == 0);
    }
    check_end();
}

/* A server maps the archive: its pages have one owner more for each, and nobody may store there. */
static void test_archive(void)
{
    struct process *p = check_start(), *server = start_server(SLOT_FILES, 0);
    uint64_t word[6] = {REQ_ARCHIVE}, nfree = frames.nfree;
    uint8_t byte = 0;
    CHECK(fake_call(p, REQ_ARCHIVE, 0, 0, 0) == ERR_PERMISSION);
    CHECK(fake_request(server, 0, word) == FAKE_ANSWERED && (int64_t)word[0] > 0 && word[1] > 0);
    CHECK(fake_load(server, word[0], &byte) && byte == '0' && check_refs(server, word[0]) == 2);
    CHECK(fake_entry(server, word[0], NULL) == RIGHT_R && fake_audit() == 0 &&
          nfree - frames.nfree <= 2);
    check_end();
}

/* Thread 1 serves the invalid accesses of thread 0, which goes on when it says so. */
static void test_handler(void)
{
    struct process *p = check_start();
    uint64_t word[6] = {REQ_THREAD, 0x100000, 0x101000};
    uint64_t va = (uint64_t)fake_call(p, REQ_MMAP, PAGE_SIZE, 0, 0);
    uint8_t byte = 9;
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && word[0] == 1);
    memcpy(word, (uint64_t[6]){REQ_HANDLER, HANDLER_WAIT}, sizeof word);
    CHECK(fake_request(p, 1, word) == FAKE_WAITS);
    CHECK(!fake_store(p, va, 1) && !fake_is_idle(p, 0) && fake_is_idle(p, 1));
    const uint64_t *fault = fake_reply(p, 1);
    CHECK(fault[0] == 0 && fault[1] == va && fault[2] == FAKE_STORE);
    memcpy(word, (uint64_t[6]){REQ_MPROTECT, va, PAGE_SIZE, RW}, sizeof word);
    CHECK(fake_request(p, 1, word) == FAKE_ANSWERED && word[0] == 0);
    memcpy(word, (uint64_t[6]){REQ_HANDLER, HANDLER_RESUME}, sizeof word);
    CHECK(fake_request(p, 1, word) == FAKE_WAITS && fake_is_idle(p, 0));
    CHECK(fake_store(p, va, 1) && fake_load(p, va, &byte) && byte == 1);
    CHECK(!fake_store(p, 8, 1) && !fake_is_idle(p, 0));
    int64_t pid = p->pid;
    memcpy(word, (uint64_t[6]){REQ_HANDLER, HANDLER_KILL}, sizeof word);
    CHECK(fake_request(p, 1, word) == FAKE_GONE && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

/* The handler's own fault, and one that waits for a handler that leaves, end the process. */
static void test_handler_gone(void)
{
    for (int own = 0; own < 2; own++) {
        struct process *p = check_start();
        uint64_t word[6] = {REQ_THREAD, 0x100000, 0x101000};
        uint8_t byte = 0;
        int64_t pid = p->pid;
        fake_request(p, 0, word);
        memcpy(word, (uint64_t[6]){REQ_HANDLER, HANDLER_WAIT}, sizeof word);
        CHECK(fake_request(p, 1, word) == FAKE_WAITS && !fake_store(p, 8, 1));
        if (own != 0) {
            CHECK(!fake_access(p, 1, 8, FAKE_LOAD, &byte));
        } else {
            memcpy(word, (uint64_t[6]){REQ_THREAD_EXIT, 1}, sizeof word);
            CHECK(fake_request(p, 1, word) == FAKE_GONE);
        }
        CHECK(check_died(pid, CAUSE_ADDRESS));
        check_end();
    }
}

/* Program b from pages that a process wrote: nothing of them is shared with it afterwards. */
static void test_offer(void)
{
    struct process *p = check_start();
    uint64_t nbytes = 5 * PAGE_SIZE, image = (uint64_t)check_mmap(p, 5, false);
    uint8_t bytes[1 << 16], byte = 0;
    const uint8_t *b = fake_archive_file("low", bytes, &nbytes);
    for (uint64_t i = 0; i < nbytes; i++)
        CHECK(fake_store(p, image + i, b[i]));
    fake_store(p, check_stack() + 8, 'x');
    uint64_t word[6] = {REQ_EXEC, check_stack(), PAGE_SIZE, image + 1, nbytes};
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && (int64_t)word[0] == ERR_INVALID);
    memcpy(word, (uint64_t[6]){REQ_EXEC, check_stack(), PAGE_SIZE, image, 8 * PAGE_SIZE},
           sizeof word);
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && (int64_t)word[0] == ERR_INVALID);
    memcpy(word, (uint64_t[6]){REQ_EXEC, check_stack(), PAGE_SIZE, image, ~0ul}, sizeof word);
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && (int64_t)word[0] == ERR_INVALID);
    memcpy(word, (uint64_t[6]){REQ_EXEC, check_stack(), PAGE_SIZE, image, 100}, sizeof word);
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && (int64_t)word[0] == ERR_NOEXEC);
    memcpy(word, (uint64_t[6]){REQ_EXEC, check_stack(), PAGE_SIZE, image, nbytes}, sizeof word);
    CHECK(fake_request(p, 0, word) == FAKE_GONE);
    CHECK(fake_load(p, 0, &byte) && byte == fake_program_byte(fake_program_find("low"), 0) &&
          check_refs(p, 0) == 1);
    check_end();
}

void test_services(void)
{
    test_connections();
    test_places();
    test_threads_exec();
    test_unheard();
    test_protect();
    test_protect_heap();
    test_archive();
    test_handler();
    test_handler_gone();
    test_offer();
}
