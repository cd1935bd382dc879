/* One random step of a random program, followed by the model. */
#include "random_step.h"
#include <string.h>

enum { REGIONS_SOFT_MAX = 14, BYTE_VALUES = 255 };

struct random_run random_run;

uint64_t random_pick(uint64_t n)
{
    random_run.state = random_run.state * 6364136223846793005ul + 1442695040888963407ul;
    return (random_run.state >> 33) % n;
}

/* Follows the deaths: whoever is no more, or a zombie, leaves the model. */
static void follow_deaths(void)
{
    for (struct model *m = model; m < model + MODEL_PROCESSES; m++) {
        const struct process *p = m->pid == 0 ? NULL : process_find(m->pid);
        if (m->pid != 0 && (p == NULL || p->state != PROCESS_ALIVE))
            model_end(m);
    }
}

static bool is_dying(int64_t pid)
{
    const struct process *p = process_find(pid);
    return p == NULL || p->state != PROCESS_ALIVE || p->dying;
}

/* A thread that may do something now; THREADS_MAX: none. What is asked in the middle of a copy of
 * the same process would wait for that. */
static unsigned idle_thread(const struct model *m)
{
    unsigned first = (unsigned)random_pick(THREADS_MAX);
    if (is_dying(m->pid) || m->process->busy > 0)
        return THREADS_MAX;
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if (fake_is_idle(m->process, (first + i) % THREADS_MAX))
            return (first + i) % THREADS_MAX;
    return THREADS_MAX;
}

struct model *random_process(void)
{
    struct model *m = &model[random_pick(MODEL_PROCESSES)];
    for (unsigned i = 0; i < MODEL_PROCESSES && m->pid == 0; i++)
        m = m + 1 == model + MODEL_PROCESSES ? model : m + 1;
    return m;
}

static int64_t ask(struct model *m, unsigned thread, uint64_t request, uint64_t a1, uint64_t a2,
                   uint64_t a3)
{
    uint64_t word[6] = {request, a1, a2, a3};
    return fake_request(m->process, thread, word) == FAKE_ANSWERED ? (int64_t)word[0] : FAKE_SILENT;
}

/* A death nobody asked for is lack of memory, or there is a fault in the core. */
static void check_death(int64_t pid, bool expected)
{
    const struct process *p = process_find(pid);
    if (p == NULL || !p->dying)
        return;
    random_run.nooms += p->cause == CAUSE_MEMORY;
    if (p->cause == CAUSE_MEMORY ? !random_run.tight
                                 : p->cause != CAUSE_KILLED && !expected && p->cause != CAUSE_EXIT)
        fake_breach("a process died without reason, cause", p->cause);
}

/* One access of a random page. In the middle of it other things may happen (at_unlock): the model
 * is asked when it is over, and told at once. */
static void do_access(struct model *m, unsigned thread)
{
    int64_t pid = m->pid;
    const struct model_region *r = &m->region[random_pick(m->nregions)];
    if (r->npages == 0)
        return;
    uint64_t va = model_probe(r->start + random_pick(r->npages) * PAGE_SIZE);
    unsigned right = random_pick(100) < 60 ? RIGHT_W : random_pick(8) == 0 ? RIGHT_X : RIGHT_R;
    bool legal = (r->rights & right) != 0;
    if (!legal && (m->process == process_init || random_pick(40) != 0))
        return;
    unsigned cause = right == RIGHT_W ? FAKE_STORE : right == RIGHT_R ? FAKE_LOAD : FAKE_FETCH;
    uint8_t byte = (uint8_t)random_pick(BYTE_VALUES), stored = byte;
    uint64_t nested = random_run.nnested;
    bool done = fake_access(m->process, thread, va, cause, &byte);
    random_run.naccesses++;
    if (!done) {
        check_death(pid, !legal || nested != random_run.nnested);
        return;
    }
    if (m->pid != pid)
        fake_breach("an access of the dead", va);
    for (r = m->region; r < m->region + m->nregions; r++) {
        if (va < r->start || va - r->start >= r->npages * PAGE_SIZE)
            continue;
        uint8_t *expected = model_byte(r, (va - r->start) >> PAGE_SHIFT);
        if ((r->rights & right) == 0)
            fake_breach("an access that the region does not allow", va);
        if (right == RIGHT_W)
            *expected = stored;
        else if (byte != *expected)
            fake_breach("P2: another byte than eager copying would show, at", va);
        return;
    }
    fake_breach("an access beyond all regions", va);
}

static void do_fork(struct model *m, unsigned thread)
{
    if (model_free_place() == NULL)
        return;
    int64_t pid = ask(m, thread, REQ_FORK, 0, 0, 0);
    if (pid > 0)
        model_fork(m, model_free_place(), process_find(pid));
    else if ((!random_run.tight && m->process->policy->limit == NULL) ||
             (pid != ERR_NOMEM && pid != ERR_POOL))
        fake_breach("fork refused", (uint64_t)-pid);
    random_run.nforks += pid > 0;
}

static void do_mmap(struct model *m, unsigned thread)
{
    uint64_t npages = 1 + (random_pick(30) == 0 ? 600 : random_pick(8));
    bool shared = random_pick(2) == 0 && npages < 9;
    unsigned rights = random_pick(4) == 0 ? RIGHT_R : RIGHT_R | RIGHT_W;
    if (m->nregions >= REGIONS_SOFT_MAX || m->process == process_init)
        return;
    int64_t start = ask(m, thread, REQ_MMAP, npages * PAGE_SIZE - random_pick(100), rights, shared);
    if (start > 0)
        model_add(m, (uint64_t)start, npages, rights, shared, USE_MMAP);
    else if (start != ERR_NOMEM)
        fake_breach("mmap refused", (uint64_t)-start);
}

static void do_munmap(struct model *m, unsigned thread)
{
    unsigned i = (unsigned)random_pick(m->nregions);
    const struct model_region *r = &m->region[i];
    uint64_t page = random_pick(3) == 0 ? random_pick(r->npages + 1) : 0;
    uint64_t npages = random_pick(3) == 0 ? 1 + random_pick(r->npages + 2) : r->npages - page;
    int64_t error = ask(m, thread, REQ_MUNMAP, r->start + page * PAGE_SIZE, npages * PAGE_SIZE, 0);
    bool inside = npages > 0 && page + npages <= r->npages;
    if (r->use != USE_MMAP || npages == 0) {
        if (error != ERR_INVALID)
            fake_breach("munmap of what mmap did not give", r->start);
    } else if (inside) {
        if (error != 0)
            fake_breach("munmap refused", r->start);
        model_unmap(m, i, page, npages);
    } else if (error == 0) { /* it went on into the neighbours */
        uint64_t start = r->start + page * PAGE_SIZE, end = start + npages * PAGE_SIZE;
        for (unsigned j = 0; j < m->nregions;) {
            uint64_t low = m->region[j].start, high = low + m->region[j].npages * PAGE_SIZE;
            low = low > start ? low : start;
            high = high < end ? high : end;
            if (low < high)
                model_unmap(m, j, (low - m->region[j].start) >> PAGE_SHIFT,
                            (high - low) >> PAGE_SHIFT);
            j = low < high ? 0 : j + 1;
        }
    }
}

static void do_sbrk(struct model *m, unsigned thread)
{
    int64_t increment = (int64_t)random_pick(6 * PAGE_SIZE) - 2 * PAGE_SIZE;
    struct model_region *heap = m->region;
    while (heap->use != USE_HEAP)
        heap++;
    int64_t old = ask(m, thread, REQ_SBRK, (uint64_t)increment, random_pick(2), 0);
    if (old == ERR_NOMEM || old == ERR_INVALID)
        return;
    if (old != (int64_t)m->heap_break)
        fake_breach("sbrk: not the old break", (uint64_t)old);
    m->heap_break = (uint64_t)(old + increment);
    model_resize(heap, (m->heap_break - heap->start + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static void do_exec(struct model *m, unsigned thread)
{
    static const char *const name[] = {"a", "b", "none", "junk", "tall"};
    const char *path = name[random_pick(4) != 0 ? random_pick(2) : random_pick(5)];
    const struct model_region *r = &m->region[0];
    if (r->use != USE_STACK || thread != 0 || m->process == process_init || random_run.depth > 0)
        return;
    uint64_t page = random_pick(r->npages), va = r->start + page * PAGE_SIZE;
    uint64_t nested = random_run.nnested;
    int64_t pid = m->pid, error = fake_exec(m->process, va, path);
    if (is_dying(pid)) {
        check_death(pid, nested != random_run.nnested);
        return;
    }
    if (error == FAKE_SILENT)
        model_exec(m, fake_program_find(path), *model_byte(&m->region[0], page));
    else if (error != ERR_NOMEM && error != ERR_AGAIN && strlen(path) == 1 &&
             (error != ERR_POOL || !m->process->threaded || !random_run.tight)) /* a new space */
        fake_breach("exec refused", (uint64_t)-error);
}

static void do_thread(struct model *m, unsigned thread)
{
    if (m->process == process_init)
        return;
    if (random_pick(2) == 0)
        ask(m, thread, REQ_THREAD, 0x100000, 0, 0);
    else
        ask(m, thread, REQ_THREAD_EXIT, 1 + random_pick(3), 0, 0);
}

/* Waiting for good only with a thread to spare. */
static void do_wait(struct model *m, unsigned thread)
{
    bool block = thread != 0 && random_pick(3) == 0;
    ask(m, thread, REQ_WAIT, (uint64_t)-1, !block, 0);
}

void random_step(struct model *m)
{
    unsigned thread = idle_thread(m), what = (unsigned)random_pick(100);
    if (thread == THREADS_MAX)
        return;
    if (what < 64)
        do_access(m, thread);
    else if (what < 70)
        do_fork(m, thread);
    else if (what < 75)
        do_mmap(m, thread);
    else if (what < 80)
        do_munmap(m, thread);
    else if (what < 85)
        do_sbrk(m, thread);
    else if (what < 89)
        do_exec(m, thread);
    else if (what < 93)
        do_thread(m, thread);
    else if (what < 97)
        do_wait(m, thread);
    else if (what < 98 && m->process != process_init)
        ask(m, thread, REQ_EXIT, random_pick(256), 0, 0);
    else if (random_pick(3) == 0)
        ask(m, thread, REQ_KILL, (uint64_t)random_process()->pid, 0, 0);
    follow_deaths();
    if (process_init->dying)
        fake_breach("init died, cause", process_init->cause);
}
