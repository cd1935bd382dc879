/* The smallest pager: forks copy every page at once, and there is nothing else.
 *
 * It keeps no map. All that a process may access is installed when it is made, so that the kernel's
 * tables, read back by SYS_NEXT, say what it has, and a fault is always an error. Programs have a
 * fixed stack, and of the protocol what apps/conform.c asks for. */
#include "smallest.h"
#include "../../libsys/syscall.h"
#include "../../pager/protocol.h"

enum {
    MEMORY = BOOT_SLOT_MEMORY,
    CONTROL = BOOT_SLOT_CONTROL,
    ENDPOINT = 5, /* where processes call and fault */
    SLOT_FIRST = 128,
    PROCESSES = 64, /* place 0 is nobody: parent of the first ones and of orphans */
};

static struct process {
    enum { NONE, ALIVE, ZOMBIE } state;
    unsigned parent;
    uint64_t heap_start, heap_break, waiting; /* token of its wait, or 0 */
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
    if (sys_map(smallest_space(p), va, rights, frame, 1, MEMORY) == 1)
        return true;
    release(frame);
    return false;
}

/* Its pages in a range go. */
static void drop(unsigned p, uint64_t from, uint64_t to)
{
    pfn_t frame;
    long at = (long)from;
    while ((at = sys_next(smallest_space(p), (uint64_t)at, &frame)) >= 0 && (uint64_t)at < to) {
        at &= ~(long)RIGHTS_MASK;
        sys_unmap(smallest_space(p), (uint64_t)at, 1);
        if (!is_archive(frame))
            release(frame);
        at += PAGE_SIZE;
    }
}

/* No entry is left when a frame goes, and no thread when the place does. */
static void take_down(unsigned p)
{
    drop(p, 0, MEMORY_WINDOW);
    err_t left;
    do
        left = sys_destroy(smallest_space(p));
    while (left == 1 || left == ERR_AGAIN);
    table[p] = (struct process){0};
    nalive--;
}

/* A place with a space and a thread, with the registers of a caller if there is a token; 0: there
 * is none, or no room in the kernel. */
unsigned smallest_make(unsigned parent, uint64_t token)
{
    unsigned p = 1;
    while (p < PROCESSES && table[p].state != NONE)
        p++;
    if (p == PROCESSES || sys_create(TYPE_SPACE, smallest_space(p), ENDPOINT, p * 2, CONTROL) != 0)
        return 0;
    table[p] = (struct process){.state = ALIVE, .parent = parent};
    nalive++;
    if (sys_cap_install(smallest_space(p), SLOT_CONTROL, CONTROL, 0, CONTROL_CONSOLE) == 0 &&
        sys_create_thread(thread_of(p), smallest_space(p), PRIORITY_DEFAULT, token, CONTROL) == 0)
        return p;
    take_down(p);
    return 0;
}

void smallest_start(unsigned p, uint64_t pc, uint64_t sp, uint64_t argument, uint64_t heap)
{
    table[p].heap_start = table[p].heap_break = heap;
    sys_thread_set(thread_of(p), pc, sp, argument, PROTOCOL_VERSION, 0);
    sys_thread_start(thread_of(p));
}

static err_t do_fork(unsigned parent, uint64_t token)
{
    pfn_t frame;
    unsigned p = smallest_make(parent, token);
    if (p == 0)
        return ERR_NOMEM;
    for (long at = 0; (at = sys_next(smallest_space(parent), (uint64_t)at, &frame)) >= 0;
         at = (at & ~(long)RIGHTS_MASK) + PAGE_SIZE)
        if (!smallest_page(p, (uint64_t)(at & ~(long)RIGHTS_MASK), (unsigned)at & RIGHTS_MASK,
                           window(frame), 0, PAGE_SIZE)) {
            take_down(p);
            return ERR_NOMEM;
        }
    table[p].heap_start = table[parent].heap_start;
    table[p].heap_break = table[parent].heap_break;
    sys_thread_start(thread_of(p));
    return p;
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
    for (unsigned child = 1; child < PROCESSES; child++)
        if (table[child].state != NONE && table[child].parent == p) {
            table[child].parent = 0;
            table[child].state = table[child].state == ZOMBIE ? NONE : ALIVE;
        }
    nfailed += parent == 0 && !smallest_ended(p, status, cause);
    if (parent != 0)
        table[p] = (struct process){ZOMBIE, parent, .status = status, .cause = cause};
    if (token != 0 && do_wait(parent, table[parent].waits_for, false, word)) {
        table[parent].waiting = 0;
        sys_reply(token, word);
    }
}

static err_t do_sbrk(unsigned p, int64_t increment)
{
    uint64_t old = table[p].heap_break, new = old + (uint64_t)increment, page = page_up(old);
    if (increment < 0 && (new < table[p].heap_start || new > old))
        return ERR_INVALID;
    if (increment > 0 && (uint64_t)increment >> PAGE_SHIFT >= nfree)
        return ERR_NOMEM;
    while (new > page && smallest_page(p, page, RIGHT_R | RIGHT_W, "", 0, 0))
        page += PAGE_SIZE;
    table[p].heap_break = page < new ? old : new;
    drop(p, page_up(table[p].heap_break), page);
    return page < new ? ERR_NOMEM : (err_t)old;
}

static err_t do_kill(uint64_t p, uint64_t mode)
{
    if (p == 0 || p >= PROCESSES || table[p].state != ALIVE)
        return ERR_SEARCH;
    if (mode == KILL_ONE)
        end((unsigned)p, 0, CAUSE_KILLED);
    return mode == KILL_FAMILY ? ERR_INVALID : 0;
}

/* All that a process may access is there: by scause, why it ends. */
static const enum death_cause cause_of[16] = {
    CAUSE_ALIGNMENT,   CAUSE_ADDRESS,   CAUSE_INSTRUCTION,
    CAUSE_INSTRUCTION, CAUSE_ALIGNMENT, CAUSE_ALIGNMENT,
    CAUSE_ALIGNMENT,   CAUSE_ALIGNMENT, [8 ... 15] = CAUSE_ADDRESS,
};

static bool serve(unsigned p, uint64_t token, uint64_t word[6])
{
    switch (word[0]) {
    case REQ_EXIT: end(p, (uint32_t)word[1], CAUSE_EXIT); return false;
    case REQ_FORK: word[0] = (uint64_t)do_fork(p, token); return true;
    case REQ_SBRK: word[0] = (uint64_t)do_sbrk(p, (int64_t)word[1]); return true;
    case REQ_GETPID: word[0] = p; return true;
    case REQ_GETPPID: word[0] = table[p].parent; return true;
    case REQ_KILL: word[0] = (uint64_t)do_kill(word[1], word[2]); return true;
    case REQ_WAIT:
        table[p].waits_for = (int64_t)word[1];
        table[p].waiting = do_wait(p, (int64_t)word[1], word[2] != 0, word) ? 0 : token;
        return table[p].waiting == 0;
    default: word[0] = (uint64_t)ERR_NUMBER; return true;
    }
}

_Noreturn void server_main(const struct boot_info *boot)
{
    struct reception r = {0};
    info = boot;
    pfn_t frame = info->memory_first + info->image_npages;
    pfn_t limit = info->memory_first + info->memory_npages - smallest_ngranted(boot);
    for (; frame < limit; frame++) /* what no other pager gets */
        if (!is_archive(frame))
            release(frame);
    uint64_t before = nfree;
    bool good = sys_create(TYPE_ENDPOINT, ENDPOINT, 0, 0, CONTROL) == 0 && smallest_boot(boot);
    while (good && nalive > 0) {
        r.item = 0;
        sys_reply_receive(&r, ENDPOINT, MEMORY);
        unsigned p = (unsigned)r.badge / 2;
        bool answered = false;
        if (r.token != 0 && (r.badge & 1) != 0)
            end(p, 0, cause_of[r.word[1] % 16]);
        else if (r.token != 0)
            answered = serve(p, r.token, r.word);
        r.badge = answered ? r.token : 0;
    }
    smallest_finish(boot, good && nfailed == 0, nfree == before, nfree);
}
