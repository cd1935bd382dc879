/* The table of processes: numbers, families, the ring of all. */
#include "process.h"
#include "copy.h"

struct process *process_init;

struct process *process_bucket[PID_BUCKETS];
static uint32_t last_pid;

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
    process->policy = parent != NULL ? parent->policy : policy_list[0];
    link_bucket(process);
    if (parent == NULL) {
        process->next = process->previous = process;
        process_init = process;
        return process;
    }
    link_child(parent, process);
    process->next = process_init;
    process->previous = process_init->previous;
    process->previous->next = process;
    process_init->previous = process;
    return process;
}

void process_free(struct process *process)
{
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
