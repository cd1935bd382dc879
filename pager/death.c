/* Exit, kill, wait. */
#include "death.h"
#include "install.h"
#include "service.h"
#include "task.h"

enum { WAIT_ANY = -1 };

/* What parts of an end cost, in instructions, on the safe side. */
enum {
    RELEASE_COST = 4500, /* space, threads, connections */
    PAGE_COST = 10,
    LEAF_COST = 150,
    TELL_COST = 900,
    ADOPT_COST = 60,
    DOOM_COST = 60,
    STOP_COST = 250,
};

static void fill_answer(const struct process *child, uint64_t word[6])
{
    word[0] = child->pid;
    word[1] = child->status;
    word[2] = child->cause;
    word[3] = word[4] = word[5] = 0;
}

/* The parent is told of the zombie: the end of it. */
static void collect(struct process *parent, struct process *child)
{
    parent->children_time += child->time + child->children_time;
    process_free(child);
}

static bool may_wait(const struct process *process, int64_t pid)
{
    for (const struct process *child = process->children; child != NULL; child = child->sibling)
        if (pid == WAIT_ANY || child->pid == pid)
            return true;
    return false;
}

/* A child is gone: threads that now wait for nobody learn it. */
static void refuse_waiters(struct process *process)
{
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        struct waiter *waiter = &process->waiter[i];
        if (waiter->token == 0 || may_wait(process, waiter->pid))
            continue;
        port_reply(waiter->token, (const uint64_t[6]){(uint64_t)ERR_CHILD});
        waiter->token = 0;
    }
}

/* Hands a zombie to a thread that waits for it; a thread that is gone is passed over. */
static void tell_parent(struct process *child)
{
    struct process *parent = child->parent;
    uint64_t word[6];
    fill_answer(child, word);
    for (unsigned i = 0; parent != NULL && i < THREADS_MAX; i++) {
        struct waiter *waiter = &parent->waiter[i];
        if (waiter->token == 0 || (waiter->pid != WAIT_ANY && waiter->pid != child->pid))
            continue;
        uint64_t token = waiter->token;
        waiter->token = 0;
        if (port_reply(token, word)) {
            collect(parent, child);
            refuse_waiters(parent);
            return;
        }
    }
}

/* What it holds but its place in the table. */
static void release(struct process *process)
{
    /* The space first: no thread runs and no entry is left when the frames go. */
    if (process->handle != 0)
        port_space_destroy(process);
    service_leave(process);
    process->handle = 0;
    process->threads = 0;
    process->uncached = true;
    if (process->map.root != NULL)
        map_destroy(&process->map);
    regions_clear(&process->regions);
}

/* What release() costs, once the map is small. */
static uint64_t release_cost(const struct process *process)
{
    return RELEASE_COST + process->map.npages * PAGE_COST + process->map.nleaves * LEAF_COST;
}

void death_undo(struct process *process)
{
    release(process);
    process_free(process);
}

bool death_undo_part(struct process *embryo)
{
    if (!install_release_large(embryo, &embryo->map, &embryo->released))
        return false;
    if (!piece_affords(release_cost(embryo)))
        return false;
    death_undo(embryo);
    return true;
}

/* An orphan that is a zombie already is told to init, which may be waiting. True: none is left. */
static bool give_away_children(struct process *process)
{
    struct process *child;
    while ((child = process->children) != NULL) {
        bool ended = child->state == PROCESS_ZOMBIE;
        if (!piece_affords(ended ? TELL_COST : ADOPT_COST))
            return false;
        process_adopt(child);
        if (process->doom != 0)
            child->doom = process->doom; /* who looks for descendants still finds it */
        if (ended)
            tell_parent(child);
    }
    return true;
}

/* One that ends in spite of all is a bug in it. */
static void report_server(const struct process *process)
{
    char line[] = "pager: server died:                 \n";
    char *at = line + sizeof line - 2 - NAME_NBYTES;
    for (unsigned i = 0; i < NAME_NBYTES && process->name[i] != '\0'; i++)
        at[i] = process->name[i];
    port_print(line);
}

/* Those that were killed, in order. Their threads stop, so that they do nothing for their own end:
 * all that wait for the end of one work at the first. So nobody's end stands still because who
 * wanted it ends first. */
static struct {
    struct process *first, *last;
    uint64_t nwere; /* ever in it */
} doomed;

static struct process *last_dying; /* one that ends by itself, or NULL */

static void leave_doomed(struct process *process)
{
    struct process **link = &doomed.first, *before = NULL;
    while (*link != process) {
        before = *link;
        link = &before->doomed_next;
    }
    *link = process->doomed_next;
    if (doomed.last == process)
        doomed.last = before;
    process->doomed = 0;
}

static void finish(struct process *process)
{
    if (process->doomed != 0)
        leave_doomed(process);
    if (last_dying == process)
        last_dying = NULL;
    if (process->server != 0)
        report_server(process);
    if (process->handle != 0)
        process->time += port_time(process);
    release(process);
    process->state = PROCESS_ZOMBIE;
    tell_parent(process);
}

/* The threads of one that was killed stop at once, or when the copy that is under way has come
 * back: in the baseline its thread runs, and waits for the core's lock. At any rate before its
 * first entry goes: an answer to a fault of a single thread may be on its way, with an entry for a
 * page that is about to be freed. */
static void stop_threads(struct process *process)
{
    for (unsigned i = 0; i < THREADS_MAX && process->threads != 0; i++) {
        if ((process->threads >> i & 1) == 0)
            continue;
        port_thread_stop(process, i);
        process->threads &= ~(1u << i);
        piece_spend(STOP_COST);
    }
}

/* A part of a process's end; afterwards it may be no more. First what its task leaves behind, then
 * its pages but for a few, leaf by leaf, then its children. A copy that runs unlocked uses the
 * process: nothing goes before it has come back. */
static void end_part(struct process *process)
{
    struct task *task = &process->task;
    if (process->busy > 0) {
        piece_end();
        return;
    }
    if (process->doomed != 0)
        stop_threads(process);
    if (task->step != NULL && !task->over && task->undo != NULL &&
        task->undo(process, task) == TASK_LATER)
        return;
    task->step = NULL;
    if (!install_release_large(process, &process->map, &process->released))
        return;
    if (process != process_init && !give_away_children(process))
        return;
    if (piece_affords(release_cost(process)))
        finish(process);
}

/* True: whoever was doomed up to that number is no more. */
static bool doomed_part(uint64_t last)
{
    if (doomed.first != NULL && doomed.first->doomed <= last)
        end_part(doomed.first);
    return doomed.first == NULL || doomed.first->doomed > last;
}

static bool is_over(uint64_t badge)
{
    const struct process *process = process_of(badge);
    return process == NULL || process->state == PROCESS_ZOMBIE;
}

bool death_piece(struct process *process)
{
    uint64_t badge = process->badge;
    if (is_over(badge))
        return true;
    piece_start();
    do {
        if (process->doomed != 0)
            doomed_part(process->doomed);
        else
            end_part(process);
    } while (!is_over(badge) && !piece_is_over());
    return is_over(badge);
}

bool death_help(void)
{
    struct process *process = doomed.first != NULL ? doomed.first : last_dying;
    if (process == NULL)
        return false;
    death_piece(process);
    return true;
}

static void mark(struct process *process, uint32_t status, enum death_cause cause)
{
    if (process->dying)
        return;
    process->dying = process->held = true;
    process->status = status;
    process->cause = cause;
}

static bool end_itself(struct process *process, uint32_t status, enum death_cause cause)
{
    if (process->state == PROCESS_ZOMBIE)
        return true;
    mark(process, status, cause);
    if (process->doomed == 0)
        last_dying = process;
    return death_piece(process);
}

bool death_exit(struct process *process, uint32_t status)
{
    return end_itself(process, status, CAUSE_EXIT);
}

bool death_kill(struct process *process, enum death_cause cause, uint32_t number)
{
    return end_itself(process, number, cause);
}

static void doom(struct process *process, uint32_t number)
{
    mark(process, number, CAUSE_KILLED);
    if (process->doomed != 0)
        return;
    if (process->busy == 0)
        stop_threads(process);
    process->doomed = ++doomed.nwere;
    process->doomed_next = NULL;
    if (doomed.first == NULL)
        doomed.first = process;
    else
        doomed.last->doomed_next = process;
    doomed.last = process;
    if (last_dying == process)
        last_dying = NULL;
}

static uint32_t last_doom; /* of the requests that kill many */
uint32_t death_nlooking;

bool death_is_near(const struct process *process)
{
    while (process != NULL && process->doom == 0)
        process = process->parent;
    return process != NULL;
}

static void stop_looking(struct task_kill *kill)
{
    death_nlooking -= kill->doom != 0;
    kill->doom = 0;
    process_init->doom = 0;
}

/* Does this request kill the process too? All, or one and its descendants: parents stand before
 * their children in the ring. */
static bool is_meant(const struct process *process, uint32_t doom_number)
{
    return process->doom == doom_number ||
           (process->parent != NULL && process->parent->doom == doom_number);
}

/* The next ones of the ring. Whoever would fork meanwhile waits, so that it comes to an end; a
 * child that is made all the same comes last: nobody escapes. The asker may be among them. True:
 * all were looked at. */
static bool doom_many(struct process *asker, struct task_kill *kill)
{
    struct process *at = process_of(kill->at);
    if (at == NULL)
        at = process_init;
    while (piece_affords(DOOM_COST)) {
        at = at->next;
        if (at == process_init)
            return true;
        kill->at = at->badge;
        if (at->state != PROCESS_ALIVE || at->pinned || !is_meant(at, kill->doom))
            continue;
        at->doom = kill->doom;
        if (at == asker)
            mark(at, kill->number, CAUSE_KILLED);
        else
            doom(at, kill->number);
    }
    return false;
}

/* The answer to the asker, if it is not among those that it killed, comes when all are gone. */
static err_t kill_step(struct process *asker, struct task *task)
{
    if (task->kill.doom != 0) {
        if (!doom_many(asker, &task->kill))
            return TASK_LATER;
        stop_looking(&task->kill);
        task->kill.last = doomed.nwere;
    }
    return doomed_part(task->kill.last) ? 0 : TASK_LATER;
}

/* An asker that ends by itself ends what it began first. One that is killed too leaves it to those
 * that wait for its own end. */
static err_t kill_undo(struct process *asker, struct task *task)
{
    if (asker->doomed == 0)
        return kill_step(asker, task);
    stop_looking(&task->kill);
    return 0;
}

err_t death_kill_other(struct process *asker, uint64_t token, const uint64_t word[6],
                       struct process *victim, uint32_t number)
{
    if (victim->state == PROCESS_ALIVE)
        doom(victim, number);
    asker->task.kill = (struct task_kill){.last = victim->doomed};
    return task_begin(asker, token, word, kill_step, kill_undo);
}

err_t death_kill_many(struct process *asker, uint64_t token, const uint64_t word[6],
                      struct process *first, uint32_t number)
{
    if (++last_doom == 0)
        last_doom = 1;
    first->doom = last_doom;
    death_nlooking++;
    const struct process *before = first == process_init ? first : first->previous;
    asker->task.kill = (struct task_kill){.at = before->badge, .doom = last_doom, .number = number};
    return task_begin(asker, token, word, kill_step, kill_undo);
}

static struct process *zombie_of(const struct process *process, int64_t pid)
{
    struct process *child = process->children;
    while (child != NULL &&
           (child->state != PROCESS_ZOMBIE || (pid != WAIT_ANY && child->pid != pid)))
        child = child->sibling;
    return child;
}

bool death_wait(struct process *process, uint64_t token, uint64_t word[6])
{
    int64_t pid = (int64_t)word[1];
    struct process *child = zombie_of(process, pid);
    if (child != NULL) {
        fill_answer(child, word);
        collect(process, child);
        refuse_waiters(process);
        return true;
    }
    struct waiter *waiter = process->waiter;
    while (waiter < process->waiter + THREADS_MAX && waiter->token != 0)
        waiter++;
    if (!may_wait(process, pid)) {
        word[0] = (uint64_t)ERR_CHILD;
    } else if (word[2] != 0) {
        word[0] = 0;
    } else {
        /* Full: some of them are threads that ended. One asks again, if it is still there. */
        if (waiter == process->waiter + THREADS_MAX) {
            waiter = process->waiter;
            port_reply(waiter->token, (const uint64_t[6]){(uint64_t)ERR_AGAIN});
        }
        *waiter = (struct waiter){.token = token, .pid = pid};
        return false;
    }
    return true;
}
