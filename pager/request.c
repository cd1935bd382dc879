/* Requests, and the start of the core. */
#include "request.h"
#include "audit.h"
#include "../libsys/freestanding/frame.h"
#include "death.h"
#include "exec.h"
#include "fork.h"
#include "held.h"
#include "image.h"
#include "invalid.h"
#include "laundry.h"
#include "launch.h"
#include "mmap.h"
#include "report.h"
#include "service.h"
#include "task.h"
#include "words.h"

enum { OWN_RUNS = 2 }; /* image; frame table and the frame of zeros */

static uint64_t total_npages;
static struct frame_run own[OWN_RUNS];

static const struct policy *policy_by_name(const char *name)
{
    for (const struct policy *const *p = policy_list; *p != NULL; p++) {
        unsigned i = 0;
        while ((*p)->name[i] != '\0' && (*p)->name[i] == name[i])
            i++;
        if ((*p)->name[i] == name[i])
            return *p;
    }
    return NULL;
}

/* Behind the image if it fits below the archive, else behind that; NO_FRAME: nowhere. */
static pfn_t find_room(const struct boot_info *info, const struct frame_run *archive,
                       uint64_t npages)
{
    pfn_t low = info->memory_first + info->image_npages, high = archive->first + archive->npages;
    if (low + npages <= archive->first)
        return low;
    return high + npages < info->memory_first + info->memory_npages ? high : NO_FRAME;
}

const char *request_boot(const struct boot_info *info)
{
    struct frame_run run[FRAME_RUNS_MAX], kept[OWN_RUNS + 1];
    unsigned nruns = frames_runs(info, run);
    uint64_t nbytes = frames_span(run, nruns).npages * sizeof(struct frame);
    uint64_t table_npages = (nbytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
    const struct frame_run archive = {info->archive_start >> PAGE_SHIFT,
                                      (info->archive_nbytes + PAGE_SIZE - 1) >> PAGE_SHIFT};
    if (!run_has(&run[0], archive.first) || !run_has(&run[0], archive.first + archive.npages - 1))
        return "the archive is not in the pager's memory";
    pfn_t table = find_room(info, &archive, table_npages + 1);
    if (table == NO_FRAME)
        return "no room for the frame table";
    total_npages = info->total_npages;
    own[0] = (struct frame_run){info->memory_first, info->image_npages};
    own[1] = (struct frame_run){table, table_npages + 1};
    kept[0] = own[0];
    kept[1] = own[1];
    kept[2] = archive;
    frames_init(port_frame(table), run, nruns, kept, OWN_RUNS + 1);
    frames.zero = table + table_npages;
    zero_frame(port_frame(frames.zero));
    laundry_init();
    image_init(port_frame(archive.first), archive.npages << PAGE_SHIFT);
    return launch_init(info);
}

/* Whoever is among those that it kills gets no answer. */
static err_t kill_many(struct process *process, uint64_t token, const uint64_t word[6],
                       struct process *first, uint32_t number)
{
    err_t error = death_kill_many(process, token, word, first, number);
    return process->dying ? TASK_LATER : error;
}

/* Not in line: its registers would have to be saved for the shortest request, too. */
static __attribute__((noinline)) err_t do_kill(struct process *process, uint64_t token,
                                               const uint64_t word[6])
{
    int64_t pid = (int64_t)word[1];
    uint64_t mode = word[2];
    uint32_t number = (uint32_t)word[3];
    if (pid == -1 && process == process_init)
        return kill_many(process, token, word, process, number);
    struct process *victim = process_find(pid);
    if (victim == NULL)
        return ERR_SEARCH;
    if (mode == KILL_PROBE)
        return 0;
    if (victim->pinned)
        return ERR_PERMISSION;
    if (mode == KILL_FAMILY)
        return kill_many(process, token, word, victim, number);
    if (victim != process)
        return death_kill_other(process, token, word, victim, number);
    return death_kill(process, CAUSE_KILLED, number) ? TASK_SILENT : TASK_LATER;
}

static err_t set_priority(struct process *process, uint64_t pid, uint64_t priority)
{
    struct process *target = pid == 0 ? process : process_find((int64_t)pid);
    if (target == NULL || target->state == PROCESS_ZOMBIE)
        return ERR_SEARCH;
    if (priority == ~0ul)
        return target->priority;
    if (priority == 0 || priority > PRIORITY_PROGRAM_MAX)
        return ERR_INVALID;
    if (target->pinned)
        return ERR_PERMISSION;
    target->priority = (uint8_t)priority;
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if ((target->threads >> i & 1) != 0)
            port_thread_priority(target, i, target->priority);
    return target->priority;
}

static err_t make_thread(struct process *process, const uint64_t word[6])
{
    unsigned number = 1;
    while (number < THREADS_MAX && (process->threads >> number & 1) != 0)
        number++;
    if (number == THREADS_MAX)
        return ERR_LIMIT;
    err_t error = port_thread_make(process, number, 0);
    if (error != 0)
        return error;
    process->threads |= 1u << number;
    process->threaded = true;
    port_thread_set(process, number,
                    &(struct port_registers){
                        .pc = word[1], .sp = word[2], .a0 = word[3], .a1 = number, .tp = word[4]});
    port_thread_start(process, number);
    return number;
}

/* The answer goes to whoever asked: if that was the thread that ended, nobody gets it. */
static err_t end_thread(struct process *process, uint64_t token, const uint64_t word[6])
{
    uint64_t number = word[1];
    if (number == 0 || number >= THREADS_MAX || (process->threads >> number & 1) == 0)
        return ERR_INVALID;
    if (!words_populate(process, word[2])) {
        if (death_help())
            return TASK_LATER;
        return death_kill(process, CAUSE_MEMORY, 0) ? TASK_SILENT : TASK_LATER;
    }
    if (invalid_leave(process, token))
        return death_kill(process, CAUSE_ADDRESS, 0) ? TASK_SILENT : TASK_LATER;
    port_thread_destroy(process, (unsigned)number);
    process->threads &= ~(1u << number);
    words_clear(process, word[2]);
    return 0;
}

static void do_audit(struct process *process, uint64_t word[6])
{
    if (process != process_init) {
        word[0] = (uint64_t)ERR_PERMISSION;
        return;
    }
    word[0] = (uint64_t)audit_run(own, OWN_RUNS);
    word[1] = total_npages;
    word[2] = frames.nfree;
    word[3] = frames.npages - frames.nfree;
    word[4] = total_npages - frames.npages;
}

static err_t policy_name(const struct process *process, uint64_t index, uint64_t word[6])
{
    const struct policy *policy = process->policy;
    for (uint64_t i = 0; index != ~0ul && i <= index; i++)
        if ((policy = policy_list[i]) == NULL)
            return ERR_NOENT;
    const char *name = policy->name;
    char bytes[POLICY_NAME_NBYTES + 1] = {0};
    err_t n = 0;
    for (; n < POLICY_NAME_NBYTES && name[n] != '\0'; n++)
        bytes[n] = name[n];
    __builtin_memcpy(&word[1], bytes, sizeof bytes);
    return n;
}

static err_t set_policy(struct process *process, const uint64_t word[6])
{
    char name[POLICY_NAME_NBYTES + 2] = {0};
    if (process->apart != 0 || (process != process_init && process->policy->limit != NULL))
        return ERR_PERMISSION;
    __builtin_memcpy(name, &word[1], POLICY_NAME_NBYTES);
    const struct policy *policy = policy_by_name(name);
    if (policy == NULL)
        return ERR_NOENT;
    return process_set_policy(process, policy) ? 0 : ERR_LIMIT;
}

static err_t serve_children(struct process *process)
{
    if (process->apart != 0)
        return ERR_PERMISSION;
    return process->endpoint_handle != 0 ? 0 : port_endpoint_make(process);
}

/* Requests whose answer is one word, or that are answered later (task.h). */
static err_t simple(struct process *process, uint64_t token, const uint64_t word[6])
{
    switch (word[0]) {
    case REQ_GETPID: return process->pid;
    case REQ_GETPPID: return process->parent == NULL ? 0 : process->parent->pid;
    case REQ_EXIT: return death_exit(process, (uint32_t)word[1]) ? TASK_SILENT : TASK_LATER;
    case REQ_FORK: return process->apart != 0 ? ERR_PERMISSION : fork_process(process, token, word);
    case REQ_EXEC: return process->apart != 0 ? ERR_PERMISSION : exec_process(process, token, word);
    case REQ_KILL: return do_kill(process, token, word);
    case REQ_SBRK: return mmap_sbrk(process, token, word);
    case REQ_MMAP: return mmap_map(process, token, word);
    case REQ_MUNMAP: return mmap_unmap(process, token, word);
    case REQ_THREAD: return make_thread(process, word);
    case REQ_THREAD_EXIT: return end_thread(process, token, word);
    case REQ_STATISTICS: return report_statistic(process, word[1]);
    case REQ_SERVE: return serve_children(process);
    case REQ_POLICY_SET: return set_policy(process, word);
    case REQ_MPROTECT: return mmap_protect(process, token, word);
    case REQ_PRIORITY: return set_priority(process, word[1], word[2]);
    case REQ_CONNECT: return service_connect(process, word[1]);
    case REQ_WORD_WAKE: return words_wake(process, word[1], word[2]);
    default: return ERR_NUMBER;
    }
}

/* What servers alone may ask. */
static void serve_server(struct process *process, uint64_t word[6])
{
    if (process->server == 0)
        word[0] = (uint64_t)ERR_PERMISSION;
    else
        word[0] = (uint64_t)(word[0] == REQ_READY ? service_ready(process, &word[1])
                                                  : image_map_archive(process, &word[1]));
}

/* The result of a request, which may be that it is not answered yet. Who lacks frames helps one
 * that is dying, and asks again. */
static enum request_outcome result(err_t result, uint64_t word[6])
{
    if (result == TASK_SILENT)
        return REQUEST_SILENT;
    if (result == TASK_LATER || (result == ERR_NOMEM && death_help()))
        return REQUEST_AGAIN;
    word[0] = (uint64_t)result;
    return REQUEST_ANSWERED;
}

static enum request_outcome answered_if(bool answered)
{
    return answered ? REQUEST_ANSWERED : REQUEST_SILENT;
}

static enum request_outcome handle(struct process *process, uint64_t token, uint64_t word[6])
{
    err_t error;
    switch (word[0]) {
    case REQ_SERVER:
        error = process == process_init ? launch_server(token, word) : ERR_PERMISSION;
        word[0] = (uint64_t)error;
        return answered_if(error != 0);
    case REQ_PAGER:
        error = process == process_init ? launch_pager(word) : ERR_PERMISSION;
        word[0] = (uint64_t)error;
        return REQUEST_ANSWERED;
    case REQ_TIMES:
        word[0] = process->time + port_time(process);
        word[1] = process->children_time;
        return REQUEST_ANSWERED;
    case REQ_WAIT: return answered_if(death_wait(process, token, word));
    case REQ_WORD_WAIT: return answered_if(words_wait(process, token, word));
    case REQ_HANDLER: return result(invalid_wait(process, token, word), word);
    case REQ_PROCESS: return result(report_process(process, token, word), word);
    case REQ_READY:
    case REQ_ARCHIVE: serve_server(process, word); return REQUEST_ANSWERED;
    case REQ_AUDIT: do_audit(process, word); return REQUEST_ANSWERED;
    case REQ_POLICY_NAME:
        word[0] = (uint64_t)policy_name(process, word[1], word);
        return REQUEST_ANSWERED;
    default: return result(simple(process, token, word), word);
    }
}

/* The thread that a task works for gets its answer; the others wait until it has it. Should that
 * thread ask something else, it does not want the answer any more. */
static bool take_answer(struct process *process, uint64_t token, uint64_t word[6],
                        enum request_outcome *outcome)
{
    struct task *task = &process->task;
    if ((task->owner ^ token) << (64 - TOKEN_SHIFT) != 0) {
        *outcome = REQUEST_AGAIN;
        return true;
    }
    task_end(process);
    for (unsigned i = 0; i < 6; i++)
        if (word[i] != task->asked[i])
            return false;
    *outcome = result((err_t)task->word[0], word);
    for (unsigned i = 1; i < 6 && *outcome == REQUEST_ANSWERED; i++)
        word[i] = task->word[i];
    return true;
}

/* A held process's. False: it is to be handled as any other. */
static __attribute__((noinline)) bool handle_held(struct process *process, uint64_t token,
                                                  uint64_t word[6], enum request_outcome *outcome)
{
    err_t done = held_works(process) ? held_piece(process) : 0;
    *outcome = done == TASK_SILENT ? REQUEST_SILENT : REQUEST_AGAIN;
    return done == TASK_LATER || done == TASK_SILENT || take_answer(process, token, word, outcome);
}

enum request_outcome request_handle(uint64_t badge, uint64_t token, uint64_t word[6])
{
    struct process *process = process_of(badge);
    enum request_outcome outcome;
    if (process == NULL)
        return REQUEST_SILENT;
    if (process->held && handle_held(process, token, word, &outcome))
        return outcome;
    return handle(process, token, word);
}

/* Another pager's right to ask may have been handed on, to a slot that a recall does not name, and
 * init must not wait: what they ask is done at once. Whoever is no more is of no interest. */
bool request_gives_way(uint64_t badge)
{
    const struct process *process = process_of(badge);
    if (process == NULL)
        return true;
    bool may = !process->borrows && process != process_init, gives_way = port_gives_way();
    if (gives_way && !may)
        port_let_in();
    return gives_way && may;
}
