/* The table of processes: numbers, families, the ring of all. */
#include "process.h"
#include "../libsys/freestanding/frame.h"

struct process *process_init;

struct process *process_bucket[PID_BUCKETS];
static uint32_t last_pid;
static struct family families[FAMILIES_MAX]; /* [0]: of init and the servers */
static struct process_counts departed;       /* of processes that are no more */

static void link_child(struct process *parent, struct process *child)
{
    child->parent = parent;
    child->sibling = parent->children;
    child->sibling_link = &parent->children;
    if (child->sibling != NULL)
        child->sibling->sibling_link = &child->sibling;
    parent->children = child;
}

static void unlink_child(struct process *child)
{
    *child->sibling_link = child->sibling;
    if (child->sibling != NULL)
        child->sibling->sibling_link = child->sibling_link;
}

static void link_bucket(struct process *process)
{
    struct process **head = &process_bucket[process->pid % PID_BUCKETS];
    process->bucket_next = *head;
    process->bucket_link = head;
    if (*head != NULL)
        (*head)->bucket_link = &process->bucket_next;
    *head = process;
}

static struct process *find(uint32_t pid)
{
    struct process *process = process_bucket[pid % PID_BUCKETS];
    while (process != NULL && process->pid != pid)
        process = process->bucket_next;
    return process;
}

/* Numbers come round after 2^31; one that still lives is passed over. */
static uint32_t new_pid(void)
{
    do
        last_pid = last_pid % INT32_MAX + 1;
    while (find(last_pid) != NULL);
    return last_pid;
}

static void join(struct process *process, struct family *family)
{
    const struct policy *policy = family->policy;
    family->nmembers++;
    process->family = family;
    process->policy = policy;
    process->asks = policy->at_store != NULL || policy->at_load != NULL ||
                    policy->at_touch != NULL || policy->around != NULL || policy->limit != NULL;
}

static struct family *root_family(void)
{
    families[0].policy = policy_list[0];
    return &families[0];
}

bool process_set_policy(struct process *process, const struct policy *policy)
{
    struct family *family = families + 1;
    while (family < families + FAMILIES_MAX && family->nmembers > 0)
        family++;
    if (family == families + FAMILIES_MAX)
        return false;
    *family = (struct family){.policy = policy};
    process->family->nmembers--;
    join(process, family);
    return true;
}

uint64_t process_family_npages(const struct process *process)
{
    uint64_t npages = 0;
    const struct process *p = process;
    do {
        npages += p->family == process->family ? p->map.npages : 0;
        p = p->next;
    } while (p != process);
    return npages;
}

void process_forget_tokens(struct process *process)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < THREADS_MAX; i++)
        process->waiter[i].token = process->sleeper[i].token = process->faulted[i].token = 0;
}

/* What follows is not read before it is written, but for tokens. */
enum { UNREAD = offsetof(struct process, regions) };

struct process *process_make(struct process *parent)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return NULL;
    struct process *process = port_frame(frame);
    __builtin_memset(process, 0, UNREAD);
    regions_clear(&process->regions);
    process_forget_tokens(process);
    process->task.step = NULL;
    process->doomed = 0;
    process->doom = 0;
    process->pid = new_pid();
    process->badge = process_badge(process->pid);
    process->uncached = true;
    join(process, parent != NULL ? parent->family : root_family());
    process->priority = parent != NULL ? parent->priority : PRIORITY_DEFAULT;
    link_bucket(process);
    if (process_init == NULL) {
        process->next = process->previous = process;
        process_init = process;
        return process;
    }
    if (parent != NULL)
        link_child(parent, process);
    process->next = process_init;
    process->previous = process_init->previous;
    process->previous->next = process;
    process_init->previous = process;
    return process;
}

static void add_counts(struct process_counts *sum, const struct process_counts *counts)
{
    sum->upgrades += counts->upgrades;
    sum->copies += counts->copies;
    sum->zeros += counts->zeros;
    sum->maps += counts->maps;
    sum->ahead += counts->ahead;
}

struct process_counts process_counts_total(void)
{
    struct process_counts sum = departed;
    const struct process *process = process_init;
    do {
        add_counts(&sum, &process->counts);
        process = process->next;
    } while (process != process_init);
    return sum;
}

void process_free(struct process *process)
{
    add_counts(&departed, &process->counts);
    process->family->nmembers--;
    if (process->bucket_next != NULL)
        process->bucket_next->bucket_link = process->bucket_link;
    *process->bucket_link = process->bucket_next;
    process->previous->next = process->next;
    process->next->previous = process->previous;
    if (process->parent != NULL)
        unlink_child(process);
    if (process == process_init)
        process_init = NULL;
    frame_release((pfn_t)((char *)process - port_window) >> PAGE_SHIFT);
}

void process_adopt(struct process *child)
{
    unlink_child(child);
    link_child(process_init, child);
}

struct process *process_find(int64_t pid)
{
    if (pid <= 0 || pid > INT32_MAX)
        return NULL;
    struct process *process = find((uint32_t)pid);
    return process == NULL || process_is_embryo(process) ? NULL : process;
}
