/* Memory objects: cover, windows, grant and return. */
#include "memory.h"
#include "table.h"
#include "tlb.h"
#include "vm.h"

enum { SWEEP_ENTRIES = 256 };

static const uint64_t window_bits = PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;

static const struct ranges *kept; /* NULL: nothing */

static struct frame_run other[BOOT_OTHERS_MAX]; /* runs of the memory that has several */
static unsigned nothers;
static const struct memory *whose;

void memory_keep(const struct ranges *registers)
{
    kept = registers;
}

static uint64_t window_va(const struct memory *memory)
{
    return MEMORY_WINDOW + (memory->first << PAGE_SHIFT);
}

static bool map_window(struct memory *memory)
{
    return table_map_large(memory->holder->root, window_va(memory), memory->first, memory->npages,
                           window_bits);
}

/* The part of the space's window that shows this memory. */
static void unmap_window(struct space *space, const struct memory *memory)
{
    table_map_large(space->root, window_va(memory), 0, memory->npages, 0);
    tlb_forget(space);
}

struct memory *memory_make(struct space *holder, pfn_t first, uint64_t npages, bool device)
{
    struct memory *memory = pool_object(TYPE_MEMORY);
    if (memory == NULL)
        return NULL;
    memory->first = first;
    memory->npages = npages;
    memory->device = device;
    memory->holder = holder;
    if (device || map_window(memory))
        return memory;
    unmap_window(holder, memory);
    pool_object_free(&memory->object);
    return NULL;
}

bool memory_add(struct memory *memory, const struct frame_run *run)
{
    whose = memory;
    other[nothers++] = *run;
    return table_map_large(memory->holder->root, MEMORY_WINDOW + (run->first << PAGE_SHIFT),
                           run->first, run->npages, window_bits);
}

static bool run_has(const struct frame_run *run, pfn_t first, uint64_t npages)
{
    return first >= run->first && npages <= run->npages &&
           first - run->first <= run->npages - npages;
}

bool memory_holds(const struct memory *memory, pfn_t first, uint64_t npages)
{
    for (unsigned i = 0; memory == whose && i < nothers; i++)
        if (run_has(&other[i], first, npages))
            return true;
    if (!memory_covers(memory, first, npages))
        return false;
    for (uint32_t i = 0; memory->device && kept != NULL && i < kept->n; i++) {
        uint64_t start = kept->range[i].base >> PAGE_SHIFT;
        uint64_t last = (kept->range[i].base + kept->range[i].nbytes - 1) >> PAGE_SHIFT;
        if (first <= last && start < first + npages)
            return false;
    }
    return true;
}

/* Takes the tail away from the giver: no new entry can name it from here on. */
static err_t split(struct memory *memory, uint64_t npages, struct space *receiver)
{
    if (memory->device)
        return ERR_STATE;
    if (npages == 0 || npages % LEAF_PAGES != 0 || npages >= memory->npages)
        return ERR_LENGTH;
    struct memory *tail =
        memory_make(receiver, memory->first + memory->npages - npages, npages, false);
    if (tail == NULL)
        return ERR_POOL;
    tail->parent = memory;
    memory->npages -= npages;
    unmap_window(memory->holder, tail);
    unmap_window(receiver, tail); /* until the last step */
    tail->object.dying = true;    /* until then only destroy may name it */
    memory->granting = tail;
    memory->holder->ngrants++;
    return 0;
}

/* Drops the giver's entries in the tail from the spaces it made, some at a time. True: all done. */
static bool sweep(struct memory *tail)
{
    struct space *giver = tail->parent->holder;
    for (unsigned n = 0; n < SWEEP_ENTRIES;) {
        if (tail->sweep_index >= pool_object_limit(TYPE_SPACE))
            return true;
        struct space *space = pool_object_at(TYPE_SPACE, tail->sweep_index);
        uint64_t entry = 0, va = MEMORY_WINDOW;
        if (space != NULL && space->root != NULL && (space->creator == giver || space == giver))
            va = table_next(space->root, tail->sweep_va, MEMORY_WINDOW, &entry);
        if (entry != 0 && memory_covers(tail, table_frame(entry), 1))
            vm_unmap(space, va, 1);
        tail->sweep_va = va >= MEMORY_WINDOW ? 0 : va + (entry != 0 ? PAGE_SIZE : 0);
        tail->sweep_index += va >= MEMORY_WINDOW;
        n += entry != 0 ? 1 : SWEEP_ENTRIES / 8;
    }
    return false;
}

err_t memory_grant(struct memory *memory, uint64_t npages, struct space *receiver, uint64_t slot)
{
    struct memory *tail = memory->granting;
    struct cap *cap = space_slot(receiver, slot, false);
    if (tail == NULL) {
        err_t error = space_free_slot(receiver, slot, &cap);
        if (error == 0)
            error = split(memory, npages, receiver);
        if (error != 0)
            return error;
        tail = memory->granting;
        *cap = cap_make(&tail->object, TYPE_MEMORY, MEMORY_PLAIN | CAP_MANAGE | CAP_OWNER, 0);
        receiver->owns = true; /* it dies with the receiver from now on */
        return ERR_AGAIN;
    }
    if (cap == NULL || cap->type != TYPE_MEMORY || cap->object != &tail->object ||
        tail->npages != npages)
        return ERR_STATE;
    if (!sweep(tail))
        return ERR_AGAIN;
    map_window(tail); /* its tables are there since the first step */
    tlb_forget(receiver);
    tail->object.dying = false;
    memory->granting = NULL;
    memory->holder->ngrants--;
    tail->lent_next = memory->lent;
    memory->lent = tail;
    return 0;
}

void memory_return(struct memory *memory)
{
    struct memory *parent = memory->parent;
    memory->returned = true;
    if (parent == NULL)
        return;
    if (parent->granting == memory) { /* the receiver died before it had it */
        parent->granting = NULL;
        parent->holder->ngrants--;
        memory->lent_next = parent->lent;
        parent->lent = memory;
    }
    /* In order: below a tail that is on its way is nothing of the parent's. */
    while (parent->granting == NULL && parent->lent != NULL && parent->lent->returned) {
        struct memory *tail = parent->lent;
        parent->lent = tail->lent_next;
        parent->npages += tail->npages;
        tail->holder = parent->holder;
        map_window(tail);
        tlb_forget(tail->holder);
        pool_object_free(&tail->object);
    }
}
