/* Exit, kill, wait. */
#include "death.h"
#include "service.h"

enum { WAIT_ANY = -1 };

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

void death_undo(struct process *process)
{
    release(process);
    process_free(process);
}

/* An orphan that is a zombie already is told to init, which may be waiting. */
static void give_away_children(struct process *process)
{
    struct process *child;
    while ((child = process->children) != NULL) {
        process_adopt(child);
        if (child->state == PROCESS_ZOMBIE)
            tell_parent(child);
    }
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

static void finish(struct process *process)
{
    if (process->server != 0)
        report_server(process);
    if (process->handle != 0)
        process->time += port_time(process);
    release(process);
    if (process != process_init)
        give_away_children(process);
    process->state = PROCESS_ZOMBIE;
    tell_parent(process);
}

static void die(struct process *process, uint32_t status, enum death_cause cause)
{
    if (process->state == PROCESS_ZOMBIE)
        return;
    if (!process->dying) {
        process->dying = true;
        process->status = status;
        process->cause = cause;
    }
    /* A copy that runs unlocked uses the process: it comes back here when it is done. */
    if (process->busy == 0)
        finish(process);
}

void death_exit(struct process *process, uint32_t status)
{
    die(process, status, CAUSE_EXIT);
}

void death_kill(struct process *process, enum death_cause cause, uint32_t number)
{
    die(process, number, cause);
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
