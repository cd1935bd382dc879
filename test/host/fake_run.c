/* The fake machine's threads: accesses and requests. */
#include "fake_space.h"
#include "../../pager/fault.h"
#include "../../pager/invalid.h"
#include "../../pager/request.h"
#include <string.h>

enum {
    TOKEN_HANDLE_SHIFT = 4, /* above the thread's number; above both the count of messages */
    FAULTS_MAX = 3,
    FAULTS_MAX_DISTURBED = 50,
    PATIENCE = 1000, /* pieces */
};

const int port_in_kernel = 0;

static uint64_t nrefused; /* answers for which the pool had no room, and some was made */
static uint64_t ntokens, nlives;

static struct fake_thread *thread_of(const struct process *process, unsigned number)
{
    struct fake_thread *thread = &fake_space_of(process)->thread[number];
    if (number >= THREADS_MAX || thread->state == THREAD_NONE)
        fake_breach("a call about a thread that is not there", number);
    return thread;
}

/* The thread that waits with this token, or NULL. */
static struct fake_thread *by_token(uint64_t token)
{
    struct fake_space *space = &fake_space[token >> TOKEN_HANDLE_SHIFT & (FAKE_SPACES - 1)];
    struct fake_thread *thread = &space->thread[token & (THREADS_MAX - 1)];
    return space->owner != NULL && token != 0 && thread->token == token ? thread : NULL;
}

static uint64_t new_token(const struct process *process, unsigned number)
{
    struct fake_thread *thread = thread_of(process, number);
    if (thread->state != THREAD_RUNS || thread->token != 0)
        fake_breach("test: a thread asks that does not run", number);
    thread->token =
        ++ntokens << TOKEN_SHIFT | (uint64_t)process->handle << TOKEN_HANDLE_SHIFT | number;
    return thread->token;
}

err_t port_thread_make(struct process *process, unsigned number, uint64_t token)
{
    struct fake_thread *thread = &fake_space_of(process)->thread[number];
    const struct fake_thread *from = token == 0 ? NULL : by_token(token);
    if (number >= THREADS_MAX || thread->state != THREAD_NONE)
        fake_breach("a thread made twice", number);
    if (fake_fails(1))
        return ERR_POOL;
    if (token != 0 && from == NULL)
        return ERR_TOKEN;
    fake.pool_left--;
    *thread = (struct fake_thread){.state = THREAD_STOPPED, .life = ++nlives};
    if (from != NULL)
        thread->registers = from->registers;
    thread->registers.a0 = 0;
    return 0;
}

void port_thread_destroy(struct process *process, unsigned number)
{
    *thread_of(process, number) = (struct fake_thread){.state = THREAD_NONE};
    fake.pool_left++;
}

void port_thread_set(struct process *process, unsigned number,
                     const struct port_registers *registers)
{
    if (thread_of(process, number)->state != THREAD_STOPPED)
        fake_breach("registers of a thread that runs", number);
    thread_of(process, number)->registers = *registers;
    thread_of(process, number)->life = ++nlives;
}

void port_thread_start(struct process *process, unsigned number)
{
    thread_of(process, number)->state = THREAD_RUNS;
}

void port_thread_stop(struct process *process, unsigned number)
{
    thread_of(process, number)->state = THREAD_STOPPED;
    thread_of(process, number)->token = 0;
}

void port_thread_priority(struct process *process, unsigned number, unsigned priority)
{
    (void)thread_of(process, number);
    if (priority == 0 || priority >= PRIORITIES)
        fake_breach("a priority that the kernel refuses", priority);
}

void fake_has_run(const struct process *process, uint64_t time)
{
    fake_space_of(process)->time = time;
}

uint64_t port_time(const struct process *process)
{
    return fake_space_of(process)->time;
}

err_t port_server_make(struct process *server, unsigned slot)
{
    (void)fake_space_of(server);
    if (slot < SERVER_FIRST || slot >= SERVER_FIRST + SERVERS)
        fake_breach("no slot of a server", slot);
    return fake_fails(1) ? ERR_POOL : 0;
}

void port_server_notify(unsigned slot, uint64_t bits)
{
    fake.notified[slot] |= bits;
}

err_t port_connect(struct process *process, unsigned slot, uint64_t badge)
{
    struct fake_space *space = fake_space_of(process);
    if (fake_fails(0))
        return ERR_POOL;
    if (slot == SLOT_CONTROL) {
        if (space->writes)
            fake_breach("the console given twice", badge);
        space->writes = true;
        return 0;
    }
    if (space->badge[slot] != 0 || (badge & 1) != 0 || BADGE_PID(badge) != process->pid)
        fake_breach("a capability given twice, or with a wrong badge", badge);
    space->badge[slot] = badge;
    return 0;
}

err_t port_endpoint_make(struct process *process)
{
    if (fake_fails(1))
        return ERR_POOL;
    process->endpoint_handle = 1;
    return 0;
}

err_t port_endpoint_give(const struct process *process, struct process *client, unsigned slot)
{
    const struct fake_space *space = fake_space_of(client);
    if (process->endpoint_handle == 0 ||
        (slot == SLOT_PARENT && space->thread[0].state != THREAD_STOPPED))
        fake_breach("an endpoint that is not there, or for a child that runs", client->pid);
    return fake_fails(0) ? ERR_POOL : 0;
}

err_t port_lend(struct process *process, pfn_t first, uint64_t npages)
{
    const struct fake_space *space = fake_space_of(process);
    if (first + npages != frames.first + frames.npages || space->thread[0].state != THREAD_STOPPED)
        fake_breach("lent from the middle, or to a process that runs", first);
    for (uint64_t i = 0; i < npages; i++)
        if (fake_nmapped[first - frames.first + i] != 0)
            fake_breach("lent, and an entry leads there", first + i);
    return fake_fails(1) ? ERR_POOL : 0;
}

bool port_reply(uint64_t token, const uint64_t word[6])
{
    struct fake_thread *thread = by_token(token);
    if (thread == NULL)
        return false;
    memcpy(thread->reply, word, sizeof thread->reply);
    thread->token = 0;
    return true;
}

/* fake_request asks again. */
void port_recall(uint64_t token, const uint64_t word[6])
{
    struct fake_thread *thread = by_token(token);
    (void)word;
    if (thread != NULL)
        thread->token = 0;
}

static bool make_room(uint64_t badge)
{
    port_lock();
    bool made = fault_make_room(badge);
    port_unlock();
    return made;
}

/* What the kernel does with an answer to a fault, and the server when that is refused. The process
 * may be gone. */
static bool resume(struct process *process, uint64_t badge, uint64_t token, fault_answer_t answer)
{
    uint64_t item = fault_item(answer);
    if (answer == 0)
        return false;
    if (fault_installs(item) && fake.at_install != NULL)
        fake.at_install();
    struct fake_thread *thread = by_token(token);
    if (thread == NULL)
        return false;
    if (fault_installs(item) &&
        port_map(process, item_address(item), fault_frame(answer), 1, item_rights(item)) != 0 &&
        (nrefused++, !make_room(badge)))
        return false;
    thread = by_token(token);
    if (thread == NULL)
        return false;
    thread->token = 0;
    return true;
}

static void wait_to_ask_again(void)
{
    if (fake.at_again != NULL)
        fake.at_again();
}

static struct fake_pending *pending_make(const struct fake_space *space, uint64_t va)
{
    struct fake_pending *pending = fake_pending;
    while (pending->space != NULL)
        if (++pending == fake_pending + FAKE_PENDING_MAX)
            fake_breach("test: too many faults at once", va);
    *pending = (struct fake_pending){space, va};
    return pending;
}

static bool still_lives(const struct fake_space *space, const struct process *process,
                        unsigned number, uint64_t life)
{
    return space->owner == process && space->thread[number].life == life &&
           space->thread[number].state == THREAD_RUNS;
}

/* Lets others go first; false: the thread did not live to see it. */
static bool wait_for_access(const struct process *process, unsigned number, uint64_t va,
                            unsigned needed)
{
    const struct fake_space *space = fake_space_of(process);
    uint64_t life = space->thread[number].life;
    if (fake.at_access != NULL)
        fake.at_access(process, va, needed);
    return still_lives(space, process, number, life);
}

/* On its way to the core's lock a message may meet the end of its thread, its process, or its
 * program: the badge must show it. */
static void deliver(void)
{
    if (fake.at_delivery != NULL)
        fake.at_delivery();
}

bool fake_access(struct process *process, unsigned number, uint64_t va, unsigned cause,
                 uint8_t *byte)
{
    unsigned needed = cause == FAKE_STORE ? RIGHT_W : cause == FAKE_LOAD ? RIGHT_R : RIGHT_X;
    bool undisturbed = fake.at_unlock == NULL && fake.at_install == NULL;
    uint64_t limit = undisturbed ? FAULTS_MAX : FAULTS_MAX_DISTURBED, refused = nrefused;
    const struct fake_space *space = fake_space_of(process);
    const uint64_t life = space->thread[number].life;
    for (uint64_t nfaults = 0;; nfaults++) {
        if (!wait_for_access(process, number, va, needed))
            return false;
        uint64_t entry = fake_find(space, va);
        if ((entry & needed) != 0) {
            uint8_t *at = (uint8_t *)port_frame(entry >> 3) + va % PAGE_SIZE;
            if (cause == FAKE_STORE)
                *at = *byte;
            else
                *byte = *at;
            return true;
        }
        /* Each refusal costs another process its tables, and this one a fault. */
        if (nfaults >= limit + (nrefused - refused) || nfaults > FAULTS_MAX_DISTURBED + limit)
            fake_breach("P1: the access still faults", va);
        uint64_t token = new_token(process, number);
        struct fake_pending *pending = pending_make(space, va);
        uint64_t badge = process->badge;
        deliver();
        port_lock();
        bool held = process_of(badge) != NULL && process_of(badge)->held;
        fault_answer_t answer = fault_handle(va, cause, fake.pc, token, badge);
        port_unlock();
        bool resumed = resume(process, badge, token, answer);
        pending->space = NULL;
        if (!resumed)
            return false;
        if (held) { /* it did a piece of its process's work */
            limit++;
            wait_to_ask_again();
            if (!still_lives(space, process, number, life))
                return false;
        }
    }
}

bool fake_load(struct process *process, uint64_t va, uint8_t *byte)
{
    return fake_access(process, 0, va, FAKE_LOAD, byte);
}

bool fake_store(struct process *process, uint64_t va, uint8_t byte)
{
    return fake_access(process, 0, va, FAKE_STORE, &byte);
}

/* A thread that is told to asks again, until it is told to no more, or is gone. */
enum fake_answer fake_request(struct process *process, unsigned number, uint64_t word[6])
{
    const struct fake_space *space = fake_space_of(process);
    const uint64_t life = space->thread[number].life;
    unsigned nasked = 0;
    do {
        uint64_t token = new_token(process, number);
        uint64_t badge = process->badge;
        deliver();
        port_lock();
        enum request_outcome outcome;
        do
            outcome = request_handle(badge, token, word);
        while (outcome == REQUEST_AGAIN && !(fake.gives_up && ++nasked > PATIENCE) &&
               !request_gives_way(badge));
        if (outcome == REQUEST_AGAIN)
            port_recall(token, word);
        port_unlock();
        struct fake_thread *thread = by_token(token);
        if (outcome == REQUEST_AGAIN && fake.gives_up && nasked > PATIENCE)
            return FAKE_WAITS;
        if (outcome == REQUEST_AGAIN) {
            wait_to_ask_again();
            continue;
        }
        if (thread == NULL)
            return FAKE_GONE;
        if (outcome == REQUEST_SILENT)
            return FAKE_WAITS;
        thread->token = 0;
        return FAKE_ANSWERED;
    } while (still_lives(space, process, number, life));
    return FAKE_GONE;
}

int64_t fake_call(struct process *process, uint64_t request, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t word[6] = {request, a1, a2, a3};
    return fake_request(process, 0, word) == FAKE_ANSWERED ? (int64_t)word[0] : FAKE_SILENT;
}

struct process *fake_fork(struct process *process)
{
    int64_t pid = fake_call(process, REQ_FORK, 0, 0, 0);
    return pid > 0 ? process_find(pid) : NULL;
}

int64_t fake_exec(struct process *process, uint64_t block, const char *path)
{
    const uint8_t header[8] = {(uint8_t)(9 + strlen(path))};
    for (uint64_t i = 0; i < sizeof header + strlen(path) + 1; i++) {
        uint8_t byte = i < sizeof header ? header[i] : (uint8_t)path[i - sizeof header];
        if (!fake_store(process, block + i, byte))
            return FAKE_SILENT;
    }
    return fake_call(process, REQ_EXEC, block, PAGE_SIZE, 0);
}

bool fake_is_idle(const struct process *process, unsigned number)
{
    const struct fake_thread *thread = &fake_space_of(process)->thread[number];
    return thread->state == THREAD_RUNS && thread->token == 0;
}

const uint64_t *fake_reply(const struct process *process, unsigned number)
{
    return thread_of(process, number)->reply;
}

const struct port_registers *fake_registers(const struct process *process, unsigned number)
{
    return &thread_of(process, number)->registers;
}
