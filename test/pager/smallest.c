/* The smallest pager: forks copy every page at once, and there is nothing else.
 *
 * It keeps no map. All that a process may access is installed when it is made, so that the kernel's
 * tables, read back by SYS_NEXT, say what it has, and a fault is always an error. Programs have a
 * fixed stack, and of the protocol what fork, wait, exit and sbrk need. */
#include "smallest.h"
#include "../../libsys/syscall.h"
#include "../../pager/protocol.h"

enum {
    ENDPOINT = 4, /* where processes call and fault */
    SLOT_FIRST = 128,
    PROCESSES = 64, /* place 0 is nobody: parent of the first ones and of orphans */
};

static struct process {
    enum { NONE, ALIVE, ZOMBIE } state;
    unsigned parent;
    uint64_t heap_break, waiting; /* token of its wait, or 0 */
    int64_t waits_for;
    uint32_t status, cause;
} table[PROCESSES];

static const struct boot_info *info;
static pfn_t free_frame; /* the first of a list through the frames; 0: none */
static uint64_t nfree;
static unsigned nalive, nfailed;

uint64_t smallest_space(unsigned p)
{
    return SLOT_FIRST + 2 * p;
}

static uint64_t thread_of(unsigned p)
{
    return SLOT_FIRST + 2 * p + 1;
}

static bool is_archive(pfn_t frame)
{
    return frame - (info->archive_start >> PAGE_SHIFT) <= info->archive_nbytes >> PAGE_SHIFT;
}

static void release(pfn_t frame)
{
    *window(frame) = free_frame;
    free_frame = frame;
    nfree++;
}

/* A frame with those bytes of a page (the rest is zero) becomes a page of a process. */
bool smallest_page(unsigned p, uint64_t va, unsigned rights, const void *bytes, uint64_t offset,
                   uint64_t nbytes)
{
    pfn_t frame = free_frame;
    if (frame == 0)
        return false;
    free_frame = *window(frame);
    nfree--;
    __builtin_memset(window(frame), 0, PAGE_SIZE);
    __builtin_memcpy((char *)window(frame) + offset, bytes, nbytes);
    if (sys_map(smallest_space(p), va, rights, frame, 1, BOOT_SLOT_MEMORY) == 1)
        return true;
    release(frame);
    return false;
}

/* The space first: no thread runs and no entry is left when the frames go. */
static void take_down(unsigned p)
{
    pfn_t frame;
    for (long at = 0; (at = sys_next(smallest_space(p), (uint64_t)at, &frame)) >= 0;
         at += PAGE_SIZE) {
        at &= ~(long)RIGHTS_MASK;
        if ((uint64_t)at >= MEMORY_WINDOW)
            break;
        sys_unmap(smallest_space(p), (uint64_t)at, 1);
        if (!is_archive(frame))
            release(frame);
    }
    err_t left;
    do
        left = sys_destroy(smallest_space(p));
    while (left == 1 || left == ERR_AGAIN);
    table[p] = (struct process){0};
}

/* A place with a space and a thread, with the registers of a caller if there is a token; 0: there
 * is none, or no room in the kernel. */
unsigned smallest_make(unsigned parent, uint64_t token)
{
    unsigned p = 1;
    while (p < PROCESSES && table[p].state != NONE)
        p++;
    if (p == PROCESSES ||
        sys_create(TYPE_SPACE, smallest_space(p), ENDPOINT, p * 2, BOOT_SLOT_CONTROL) != 0)
        return 0;
    if (sys_cap_install(smallest_space(p), SLOT_CONTROL, BOOT_SLOT_CONTROL, 0, CONTROL_CONSOLE) !=
            0 ||
        sys_create_thread(thread_of(p), smallest_space(p), PRIORITY_DEFAULT, token,
                          BOOT_SLOT_CONTROL) != 0) {
        take_down(p);
        return 0;
    }
    table[p] = (struct process){.state = ALIVE, .parent = parent};
    return p;
}

/* Its registers are set: it runs. */
static void set_off(unsigned p, uint64_t heap_break)
{
    nalive++;
    table[p].heap_break = heap_break;
    sys_thread_start(thread_of(p));
}

void smallest_start(unsigned p, uint64_t pc, uint64_t sp, uint64_t argument, uint64_t heap)
{
    sys_thread_set(thread_of(p), pc, sp, argument, PROTOCOL_VERSION, 0);
    set_off(p, heap);
}

static err_t do_fork(unsigned parent, uint64_t token)
{
    pfn_t frame;
    unsigned p = smallest_make(parent, token);
    bool good = p != 0;
    for (long at = 0; good && (at = sys_next(smallest_space(parent), (uint64_t)at, &frame)) >= 0;
         at += PAGE_SIZE) {
        unsigned rights = (unsigned)at & RIGHTS_MASK;
        at &= ~(long)RIGHTS_MASK;
        good = smallest_page(p, (uint64_t)at, rights, window(frame), 0, PAGE_SIZE);
    }
    if (good) {
        set_off(p, table[parent].heap_break);
        return p;
    }
    if (p != 0)
        take_down(p);
    return ERR_NOMEM;
}

/* Answers with a zombie that is waited for, or an error; false: nothing to say yet. */
static bool do_wait(unsigned parent, int64_t wanted, bool now, uint64_t word[6])
{
    bool alive = false;
    for (unsigned p = 1; p < PROCESSES; p++) {
        if (table[p].state == NONE || table[p].parent != parent || (wanted != -1 && wanted != p))
            continue;
        alive = true;
        if (table[p].state == ZOMBIE) {
            word[0] = p;
            word[1] = table[p].status;
            word[2] = table[p].cause;
            table[p].state = NONE;
            return true;
        }
    }
    word[0] = alive ? 0 : (uint64_t)ERR_CHILD;
    return !alive || now;
}

static void end(unsigned p, uint32_t status, uint32_t cause)
{
    unsigned parent = table[p].parent;
    uint64_t word[6] = {0}, token = table[parent].waiting;
    take_down(p);
    nalive--;
    for (unsigned child = 1; child < PROCESSES; child++)
        if (table[child].state != NONE && table[child].parent == p) {
            table[child].parent = 0;
            table[child].state = table[child].state == ZOMBIE ? NONE : ALIVE;
        }
    nfailed += parent == 0 && (status != 0 || cause != CAUSE_EXIT);
    if (parent != 0)
        table[p] = (struct process){ZOMBIE, parent, .status = status, .cause = cause};
    if (token != 0 && do_wait(parent, table[parent].waits_for, false, word)) {
        table[parent].waiting = 0;
        sys_reply(token, word);
    }
}

/* Grows only. */
static err_t do_sbrk(unsigned p, uint64_t increment)
{
    uint64_t old = table[p].heap_break, page = (old + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (increment > info->memory_npages << PAGE_SHIFT || increment >> PAGE_SHIFT >= nfree)
        return ERR_NOMEM;
    for (; page < old + increment; page += PAGE_SIZE)
        if (!smallest_page(p, page, RIGHT_R | RIGHT_W, "", 0, 0))
            return ERR_NOMEM;
    table[p].heap_break = old + increment;
    return (err_t)old;
}

static bool serve(unsigned p, uint64_t token, uint64_t word[6])
{
    switch (word[0]) {
    case REQ_EXIT: end(p, (uint32_t)word[1], CAUSE_EXIT); return false;
    case REQ_FORK: word[0] = (uint64_t)do_fork(p, token); return true;
    case REQ_SBRK: word[0] = (uint64_t)do_sbrk(p, word[1]); return true;
    case REQ_GETPID: word[0] = p; return true;
    case REQ_WAIT:
        table[p].waits_for = (int64_t)word[1];
        table[p].waiting = do_wait(p, (int64_t)word[1], word[2] != 0, word) ? 0 : token;
        return table[p].waiting == 0;
    default: word[0] = (uint64_t)ERR_NUMBER; return true;
    }
}

/* All that is not the image's or the archive's is free, but for what another pager gets. */
static void take_memory(uint64_t ngranted)
{
    pfn_t end = info->memory_first + info->memory_npages - ngranted;
    for (pfn_t frame = info->memory_first + info->image_npages; frame < end; frame++)
        if (!is_archive(frame))
            release(frame);
}

_Noreturn void server_main(const struct boot_info *boot)
{
    struct reception r = {0};
    info = boot;
    take_memory(smallest_ngranted(boot));
    uint64_t before = nfree;
    bool good = sys_create(TYPE_ENDPOINT, ENDPOINT, NO_SLOT, 0, BOOT_SLOT_CONTROL) == 0 &&
                smallest_boot(boot);
    while (nalive > 0) {
        r.item = 0;
        sys_reply_receive(&r, ENDPOINT, BOOT_SLOT_MEMORY);
        unsigned p = (unsigned)r.badge / 2;
        bool answered = false;
        if (r.token != 0 && (r.badge & 1) != 0)
            end(p, 0, CAUSE_ADDRESS); /* all that it may access is there */
        else if (r.token != 0)
            answered = serve(p, r.token, r.word);
        r.badge = answered ? r.token : 0;
    }
    smallest_finish(boot, good && nfailed == 0, nfree == before, nfree);
}
