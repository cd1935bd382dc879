/* Requests, and the start of the core. */
#include "request.h"
#include "audit.h"
#include "../libsys/freestanding/frame.h"
#include "death.h"
#include "exec.h"
#include "fork.h"
#include "image.h"
#include "invalid.h"
#include "laundry.h"
#include "launch.h"
#include "mmap.h"
#include "report.h"
#include "service.h"
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

/* The ring changes with each death, so each look starts anew. */
static void kill_all(void)
{
    for (struct process *p = process_init->next; p != process_init;) {
        struct process *next = p->next;
        if (p->state == PROCESS_ALIVE && !p->dying && !p->pinned) {
            death_kill(p, CAUSE_KILLED, 0);
            next = process_init->next;
        }
        p = next;
    }
}

/* From the leaves up, so that nobody of them is handed to init and escapes. */
static void kill_family(struct process *process, uint32_t number)
{
    struct process *p;
    do {
        p = process;
        for (struct process *child = p->children; child != NULL;) {
            if (child->state == PROCESS_ALIVE && !child->dying) {
                p = child;
                child = p->children;
            } else {
                child = child->sibling;
            }
        }
        death_kill(p, CAUSE_KILLED, number);
    } while (p != process);
}

/* Not in line: its registers would have to be saved for the shortest request, too. */
static __attribute__((noinline)) err_t do_kill(const struct process *process,
                                               const uint64_t word[6])
{
    int64_t pid = (int64_t)word[1];
    uint64_t mode = word[2];
    uint32_t number = (uint32_t)word[3];
    if (pid == -1 && process == process_init) {
        kill_all();
        return 0;
    }
    struct process *victim = process_find(pid);
    if (victim == NULL)
        return ERR_SEARCH;
    if (mode == KILL_PROBE)
        return 0;
    if (victim->pinned)
        return ERR_PERMISSION;
    if (mode == KILL_FAMILY)
        kill_family(victim, number);
    else
        death_kill(victim, CAUSE_KILLED, number);
    return 0;
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
    if (invalid_leave(process, token))
        return 0;
    port_thread_destroy(process, (unsigned)number);
    process->threads &= ~(1u << number);
    if (!words_clear(process, word[2]))
        death_kill(process, CAUSE_MEMORY, 0);
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

/* Requests whose answer is one word. */
static err_t simple(struct process *process, uint64_t token, const uint64_t word[6])
{
    switch (word[0]) {
    case REQ_GETPID: return process->pid;
    case REQ_GETPPID: return process->parent == NULL ? 0 : process->parent->pid;
    case REQ_FORK: return process->apart != 0 ? ERR_PERMISSION : fork_process(process, token);
    case REQ_KILL: return do_kill(process, word);
    case REQ_SBRK: return mmap_sbrk(process, (int64_t)word[1], word[2] != 0);
    case REQ_MMAP: return mmap_map(process, word[1], word[2], word[3] != 0);
    case REQ_MUNMAP: return mmap_unmap(process, word[1], word[2]);
    case REQ_THREAD: return make_thread(process, word);
    case REQ_THREAD_EXIT: return end_thread(process, token, word);
    case REQ_STATISTICS: return report_statistic(process, word[1]);
    case REQ_SERVE: return serve_children(process);
    case REQ_POLICY_SET: return set_policy(process, word);
    case REQ_MPROTECT: return mmap_protect(process, word[1], word[2], word[3]);
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

static bool handle(struct process *process, uint64_t token, uint64_t word[6])
{
    err_t error;
    switch (word[0]) {
    case REQ_EXIT: death_exit(process, (uint32_t)word[1]); return false;
    case REQ_EXEC:
        error = process->apart != 0 ? ERR_PERMISSION : exec_process(process, word);
        word[0] = (uint64_t)error;
        return error != 0;
    case REQ_SERVER:
        error = process == process_init ? launch_server(token, word) : ERR_PERMISSION;
        word[0] = (uint64_t)error;
        return error != 0;
    case REQ_PAGER:
        error = process == process_init ? launch_pager(word) : ERR_PERMISSION;
        word[0] = (uint64_t)error;
        return true;
    case REQ_TIMES:
        word[0] = process->time + port_time(process);
        word[1] = process->children_time;
        return true;
    case REQ_WAIT: return death_wait(process, token, word);
    case REQ_WORD_WAIT: return words_wait(process, token, word);
    case REQ_HANDLER: return invalid_wait(process, token, word);
    case REQ_PROCESS: word[0] = (uint64_t)report_process(word); return true;
    case REQ_READY:
    case REQ_ARCHIVE: serve_server(process, word); return true;
    case REQ_AUDIT: do_audit(process, word); return true;
    case REQ_POLICY_NAME: word[0] = (uint64_t)policy_name(process, word[1], word); return true;
    default: word[0] = (uint64_t)simple(process, token, word); return true;
    }
}

bool request_handle(uint64_t badge, uint64_t token, uint64_t word[6])
{
    struct process *process = process_of(badge);
    return process != NULL && !process->dying && handle(process, token, word);
}
