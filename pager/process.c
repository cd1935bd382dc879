/* The table of processes: numbers, families, the ring of all. */
#include "process.h"
#include "copy.h"

struct process *process_init;

struct process *process_bucket[PID_BUCKETS];
static uint32_t last_pid;
static struct process_counts departed; /* of processes that are no more */

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

/* Numbers come round after 2^31; one that still lives is passed over. */
static uint32_t new_pid(void)
{
    do
        last_pid = last_pid % INT32_MAX + 1;
    while (process_find(last_pid) != NULL);
    return last_pid;
}

struct process *process_make(struct process *parent)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return NULL;
    struct process *process = port_frame(frame);
    zero_frame(process);
    process->pid = new_pid();
    process->badge = process_badge(process->pid);
    process->uncached = true;
    process_set_policy(process, parent != NULL ? parent->policy : policy_list[0]);
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

void process_set_policy(struct process *process, const struct policy *policy)
{
    process->policy = policy;
    process->asks = policy->at_store != NULL;
}

static void add_counts(struct process_counts *sum, const struct process_counts *counts)
{
    sum->upgrades += counts->upgrades;
    sum->copies += counts->copies;
    sum->zeros += counts->zeros;
    sum->maps += counts->maps;
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
    if (pid <= 0)
        return NULL;
    struct process *process = process_bucket[pid % PID_BUCKETS];
    while (process != NULL && process->pid != pid)
        process = process->bucket_next;
    return process;
}
