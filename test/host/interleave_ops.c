/* The scenes, and what two threads may ask for at once. */
#include "interleave.h"
#include "fake_space.h"
#include "../../pager/region.h"
#include <stdio.h>
#include <string.h>

enum { NPAGES = 160, POOL = 300, RW = RIGHT_R | RIGHT_W, BYTE_A = 1, BYTE_B = 2 };
enum { BLOCK = 0xfe000, THREAD_PC = 0x100000 };

void (*interleave_between)(void);

static int64_t parent_pid, child_pid;
static uint64_t area; /* of page a; b is the next */
static pfn_t drained[NPAGES];
static unsigned ndrained;
static uint64_t life[ACTOR_KINDS]; /* of their threads at the start */

static int64_t ask(struct process *process, unsigned thread, uint64_t request, uint64_t a1,
                   uint64_t a2)
{
    uint64_t word[6] = {request, a1, a2, 0};
    return fake_request(process, thread, word) == FAKE_ANSWERED ? (int64_t)word[0] : GONE;
}

static int64_t store_a(struct process *process, unsigned thread, uint8_t byte)
{
    return fake_access(process, thread, area, FAKE_STORE, &byte) ? 1 : GONE;
}

static int64_t store_b(struct process *process, unsigned thread, uint8_t byte)
{
    return fake_access(process, thread, area + PAGE_SIZE, FAKE_STORE, &byte) ? 1 : GONE;
}

static int64_t load_a(struct process *process, unsigned thread, uint8_t byte)
{
    return fake_access(process, thread, area, FAKE_LOAD, &byte) ? byte : GONE;
}

static int64_t do_fork(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    int64_t pid = ask(process, thread, REQ_FORK, 0, 0);
    return pid > 0 ? 1 : pid;
}

static int64_t do_exit(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_EXIT, 7, 0);
}

/* The parent kills the child, the child the parent. */
static int64_t do_kill(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    int64_t victim = process->pid == parent_pid ? child_pid : parent_pid;
    return ask(process, thread, REQ_KILL, (uint64_t)victim, 0);
}

static int64_t unmap_a(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_MUNMAP, area, PAGE_SIZE);
}

/* Gone, and there again with zeros: nothing of the old page may come back. */
static int64_t remap(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    uint64_t word[6] = {REQ_MMAP, 2 * PAGE_SIZE, RW};
    enum actor_is who = process->pid == child_pid ? CHILD : (enum actor_is)thread;
    if (ask(process, thread, REQ_MUNMAP, area, 2 * PAGE_SIZE) != 0)
        return GONE;
    if (interleave_between != NULL)
        interleave_between();
    if (interleave_process(who, &thread) == NULL)
        return GONE;
    return fake_request(process, thread, word) == FAKE_ANSWERED ? word[0] == area : GONE;
}

static int64_t do_exec(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_EXEC, BLOCK, PAGE_SIZE);
}

static int64_t end_thread(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_THREAD_EXIT, 1, 0);
}

static int64_t do_wait(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    int64_t pid = ask(process, thread, REQ_WAIT, (uint64_t)-1, 1);
    return pid > 0 ? 1 : pid;
}

/* Init's: it kills the parent, it audits. */
static int64_t init_kills(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_KILL, (uint64_t)parent_pid, 0);
}

static int64_t audit(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_AUDIT, 0, 0);
}

static int64_t shrink(struct process *process, unsigned thread, uint8_t byte)
{
    (void)byte;
    return ask(process, thread, REQ_SBRK, -(uint64_t)PAGE_SIZE, 0);
}

const struct op interleave_op[] = {
    {"store a", store_a, false},      {"store b", store_b, false}, {"load a", load_a, false},
    {"fork", do_fork, false},         {"exit", do_exit, false},    {"kill", do_kill, false},
    {"unmap a", unmap_a, false},      {"remap", remap, false},     {"exec", do_exec, false},
    {"end 1", end_thread, false},     {"wait", do_wait, false},    {"shrink", shrink, false},
    {"init kills", init_kills, true}, {"audit", audit, true},
};
const unsigned interleave_nops = sizeof interleave_op / sizeof *interleave_op;

static void must(bool ok, const char *what)
{
    if (!ok)
        fake_breach(what, 0);
}

static void pack_arguments(struct process *process)
{
    static const uint8_t block[] = {10, 0, 0, 0, 0, 0, 0, 0, 'b', 0};
    for (uint64_t i = 0; i < sizeof block; i++)
        must(fake_store(process, BLOCK + i, block[i]), "test: no argument block");
}

void interleave_begin(const struct setting *setting)
{
    must(fake_boot(NPAGES, POOL) == NULL, "test: no boot");
    process_set_policy(process_init, policy_list[0]);
    struct process *p = fake_fork(process_init);
    must(p != NULL && fake_exec(p, BLOCK, "a") == FAKE_SILENT, "test: no program");
    process_set_policy(p, policy_list[setting->policy]);
    parent_pid = p->pid;
    pack_arguments(p);
    must(fake_call(p, REQ_SBRK, PAGE_SIZE, 0, 0) > 0, "test: no heap");
    area = (uint64_t)fake_call(p, REQ_MMAP, 2 * PAGE_SIZE, RW, setting->scene == SCENE_ONE_MEMORY);
    must(fake_store(p, area, BYTE_A) && fake_store(p, area + PAGE_SIZE, BYTE_B), "test: no pages");
    struct process *q = fake_fork(p);
    must(q != NULL, "test: no child");
    child_pid = q->pid;
    must(fake_call(p, REQ_THREAD, THREAD_PC, 0, 0) == 1, "test: no thread");
    if (setting->scene == SCENE_HALF)
        must(fake_store(q, area + PAGE_SIZE, BYTE_B) && fake_store(p, area + PAGE_SIZE, BYTE_B),
             "test: no page of its own");
    if (setting->scene == SCENE_LAST)
        fake_call(q, REQ_EXIT, 0, 0, 0);
    if (setting->scene == SCENE_UNMAPPED) {
        fake_corrupt(p, area, 0, 0);
        fake_corrupt(q, area, 0, 0);
    }
    for (unsigned i = 0; i < ACTOR_KINDS; i++)
        if (i != CHILD || setting->scene != SCENE_LAST)
            life[i] = fake_space_of(i == CHILD  ? q
                                    : i == INIT ? process_init
                                                : p)
                          ->thread[i == PARENT_THREAD_1]
                          .life;
    while (setting->nfree != PLENTY_FREE && frames.nfree > setting->nfree)
        drained[ndrained++] = frame_take();
}

void interleave_end(void)
{
    while (ndrained > 0)
        frame_release(drained[--ndrained]);
    fake_halt();
}

struct process *interleave_process(enum actor_is who, unsigned *thread)
{
    struct process *process =
        who == INIT ? process_init : process_find(who == CHILD ? child_pid : parent_pid);
    *thread = who == PARENT_THREAD_1 ? 1 : 0;
    if (process == NULL || process->state != PROCESS_ALIVE || process->dying ||
        !fake_is_idle(process, *thread) ||
        fake_space_of(process)->thread[*thread].life != life[who])
        return NULL;
    return process;
}

/* What a load would show: the byte, or '-' for no region; nothing is touched. */
static int peek(const struct process *process, uint64_t va)
{
    if (region_find(&process->regions, va) == NULL)
        return '-' << 8;
    const entry_t *entry = map_find(&process->map, va);
    return entry == NULL || *entry == 0 ? 0 : *(uint8_t *)port_frame(entry_frame(*entry));
}

/* Children in the order of their numbers, which is that of their making. */
static int observe(char *text, uint64_t nbytes, int64_t pid)
{
    const struct process *p = process_find(pid);
    if (p == NULL)
        return 0;
    long number = pid - parent_pid, parent = (long)p->parent->pid - parent_pid;
    if (p->state == PROCESS_ZOMBIE)
        return snprintf(text, nbytes, "(%ld zombie %u %u)", number, p->cause, p->status);
    return snprintf(text, nbytes, "(%ld of %ld a %x b %x threads %x heap %lx)", number,
                    p->parent == process_init ? -1 : parent, peek(p, area),
                    peek(p, area + PAGE_SIZE), p->threads, p->heap_break);
}

void interleave_observe(char *text, uint64_t nbytes)
{
    int n = 0;
    text[0] = '\0';
    for (int64_t pid = parent_pid; pid < child_pid + 4; pid++)
        n += observe(text + n, nbytes - (uint64_t)n, pid);
}

bool interleave_is_sane(void)
{
    for (const struct process *p = process_init->next; p != process_init; p = p->next) {
        int a = p->state == PROCESS_ALIVE ? peek(p, area) : 0;
        int b = p->state == PROCESS_ALIVE ? peek(p, area + PAGE_SIZE) : 0;
        if ((a > BYTE_A && a < 0x10) || a == 0xa5 || (b > 0 && b < BYTE_B) || b == 0xa5)
            return false;
    }
    return true;
}
