/* Requests, and the start of the core. */
#include "request.h"
#include "audit.h"
#include "death.h"
#include "exec.h"
#include "fault.h"
#include "fork.h"
#include "mmap.h"

static uint64_t total_npages, own_npages;

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

static const char *start_init(const char *arguments)
{
    struct process *init = process_make(NULL);
    if (init == NULL)
        return "out of memory";
    init->pinned = true;
    init->threads = 1;
    if (port_space_make(init, true) != 0 || port_thread_make(init, 0) != 0)
        return "kernel pool used up";
    switch (exec_first(init, "init", arguments)) {
    case 0: return NULL;
    case ERR_NOENT: return "no init in the archive";
    case ERR_NOMEM: return "out of memory";
    default: return "init or the archive is damaged";
    }
}

const char *request_boot(const struct boot_info *info)
{
    uint64_t nbytes = info->memory_npages * sizeof(struct frame);
    uint64_t table_npages = (nbytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
    pfn_t table = info->memory_first + info->image_npages;
    pfn_t kept = info->archive_start >> PAGE_SHIFT;
    uint64_t nkept = (info->archive_nbytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
    if (info->image_npages + table_npages >= info->memory_npages ||
        (table < kept + nkept && kept < table + table_npages))
        return "no room for the frame table";
    if (kept < info->memory_first || kept + nkept > info->memory_first + info->memory_npages)
        return "the archive is not in the pager's memory";
    total_npages = info->total_npages;
    own_npages = info->image_npages + table_npages;
    frames_init(port_frame(table), info->memory_first, info->memory_npages, table + table_npages,
                kept, nkept);
    exec_init(port_frame(kept), nkept << PAGE_SHIFT);
    return start_init(info->arguments);
}

/* The ring changes with each death, so each look starts anew. */
static void kill_all(void)
{
    for (struct process *p = process_init->next; p != process_init;) {
        struct process *next = p->next;
        if (p->state == PROCESS_ALIVE && !p->dying && !p->pinned) {
            death_kill(p, CAUSE_KILLED);
            next = process_init->next;
        }
        p = next;
    }
}

static err_t do_kill(const struct process *process, int64_t pid)
{
    if (pid == -1 && process == process_init) {
        kill_all();
        return 0;
    }
    struct process *victim = process_find(pid);
    if (victim == NULL)
        return ERR_SEARCH;
    if (victim->pinned)
        return ERR_PERMISSION;
    death_kill(victim, CAUSE_KILLED);
    return 0;
}

static err_t make_thread(struct process *process, const uint64_t word[6])
{
    unsigned number = 1;
    while (number < THREADS_MAX && (process->threads >> number & 1) != 0)
        number++;
    if (number == THREADS_MAX)
        return ERR_LIMIT;
    err_t error = port_thread_make(process, number);
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
static err_t end_thread(struct process *process, uint64_t number)
{
    if (number == 0 || number >= THREADS_MAX || (process->threads >> number & 1) == 0)
        return ERR_INVALID;
    port_thread_destroy(process, (unsigned)number);
    process->threads &= ~(1u << number);
    return 0;
}

static err_t statistic(const struct process *process, uint64_t which)
{
    switch (which) {
    case STATISTIC_FREE: return (err_t)frames.nfree;
    case STATISTIC_TOTAL: return (err_t)frames.npages;
    case STATISTIC_UPGRADES: return (err_t)fault_statistics.upgrades;
    case STATISTIC_COPIES: return (err_t)fault_statistics.copies;
    case STATISTIC_ZEROS: return (err_t)fault_statistics.zeros;
    case STATISTIC_OWN_PAGES: return process->map.npages;
    case STATISTIC_POLICY:
        return (process->policy->lazy_fork ? POLICY_IS_LAZY : 0) |
               (process->policy->upgrades ? POLICY_UPGRADES : 0);
    case STATISTIC_REPLACED: return (err_t)fault_statistics.replaced;
    case STATISTIC_IN_KERNEL: return port_in_kernel;
    default: return ERR_INVALID;
    }
}

static void do_audit(struct process *process, uint64_t word[6])
{
    if (process != process_init) {
        word[0] = (uint64_t)ERR_PERMISSION;
        return;
    }
    word[0] = (uint64_t)audit_run(own_npages);
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
    if (process != process_init)
        return ERR_PERMISSION;
    __builtin_memcpy(name, &word[1], POLICY_NAME_NBYTES);
    const struct policy *policy = policy_by_name(name);
    if (policy == NULL)
        return ERR_NOENT;
    process->policy = policy;
    return 0;
}

/* Requests whose answer is one word. */
static err_t simple(struct process *process, uint64_t token, const uint64_t word[6])
{
    switch (word[0]) {
    case REQ_GETPID: return process->pid;
    case REQ_GETPPID: return process->parent == NULL ? 0 : process->parent->pid;
    case REQ_FORK: return fork_process(process, token);
    case REQ_KILL: return do_kill(process, (int64_t)word[1]);
    case REQ_SBRK: return mmap_sbrk(process, (int64_t)word[1]);
    case REQ_MMAP: return mmap_map(process, word[1], word[2], word[3] != 0);
    case REQ_MUNMAP: return mmap_unmap(process, word[1], word[2]);
    case REQ_THREAD: return make_thread(process, word);
    case REQ_THREAD_EXIT: return end_thread(process, word[1]);
    case REQ_STATISTICS: return statistic(process, word[1]);
    case REQ_POLICY_SET: return set_policy(process, word);
    default: return ERR_NUMBER;
    }
}

static bool handle(struct process *process, uint64_t token, uint64_t word[6])
{
    err_t error;
    switch (word[0]) {
    case REQ_EXIT: death_exit(process, (uint32_t)word[1]); return false;
    case REQ_EXEC:
        error = exec_process(process, word[1], word[2]);
        word[0] = (uint64_t)error;
        return error != 0;
    case REQ_WAIT: return death_wait(process, token, word);
    case REQ_AUDIT: do_audit(process, word); return true;
    case REQ_POLICY_NAME: word[0] = (uint64_t)policy_name(process, word[1], word); return true;
    default: word[0] = (uint64_t)simple(process, token, word); return true;
    }
}

bool request_handle(uint64_t badge, uint64_t token, uint64_t word[6])
{
    port_lock();
    struct process *process = process_of(badge);
    bool answered = process != NULL && !process->dying && handle(process, token, word);
    port_unlock();
    return answered;
}
