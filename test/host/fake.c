/* The fake machine below the core: spaces, entries, threads, the lock. */
#include "fake_space.h"
#include "../../pager/port.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;
struct fake_space fake_space[FAKE_SPACES];
uint32_t fake_nmapped[FAKE_NPAGES_MAX], fake_nstorable[FAKE_NPAGES_MAX];

static bool locked;
static uint64_t ncalls_made;

_Noreturn void fake_breach(const char *what, uint64_t number)
{
    printf("breach: %s %llx\n", what, (unsigned long long)number);
    if (fake.repeat != NULL)
        printf("repeat with: %s\n", fake.repeat);
    fflush(stdout);
    abort();
}

/* No entry to a free frame; with `settled` no private page writable that has several owners. Forks
 * and execs raise counts before the call that narrows: so that is looked at where they are done. */
static void check_counts(bool settled)
{
    if (fake.lenient || frames.npages == 0)
        return;
    for (uint64_t i = 0; i < frames.npages; i++) {
        if (fake_nmapped[i] == 0)
            continue;
        uint32_t refs = frame_refs(frames.first + i);
        if (refs == 0 && fake_nmapped[i] > fake_nharmless(FAKE_FIRST + i))
            fake_breach("an entry points at a free frame", i);
        if (settled && refs != 1 && fake_nstorable[i] != 0)
            fake_breach("I3: a private page with several owners is writable", i);
    }
}

bool port_several = true;
int32_t port_piece = PORT_PIECE;

/* Every other time, so that the core is both left and gone on with. */
bool port_gives_way(void)
{
    static bool gives_way;
    fake.npieces++;
    return gives_way = !gives_way;
}

void port_let_in(void)
{
    port_unlock();
    if (fake.at_again != NULL)
        fake.at_again();
    port_lock();
}

/* The same of pages in leaves that several maps share. Their entries go first, always. */
static void check_leaves(void)
{
    for (const struct fake_space *space = fake_space; space < fake_space + FAKE_SPACES; space++) {
        if (fake.lenient || space->owner == NULL || space->owner->map.root == NULL)
            continue;
        for (uint64_t leaf = fake_next_bit(space->has_leaf, 0, LEAVES); leaf < LEAVES;
             leaf = fake_next_bit(space->has_leaf, leaf + 1, LEAVES))
            if (space->leaf[leaf]->nstorable > 0 &&
                map_is_shared(&space->owner->map, leaf << LEAF_SHIFT))
                fake_breach("I3: a private page in a shared leaf is writable", leaf);
    }
}

void port_lock(void)
{
    if (locked)
        fake_breach("lock taken twice", 0);
    locked = true;
}

void port_unlock(void)
{
    if (!locked)
        fake_breach("unlock without lock", 0);
    check_counts(true);
    check_leaves();
    locked = false;
    fake.nunlocks++;
    if (fake.at_unlock != NULL)
        fake.at_unlock();
}

void fake_boot_lock(bool on)
{
    locked = on;
}

/* At the head of every call down. */
static void enter(void)
{
    if (!locked)
        fake_breach("a call down without the lock", 0);
    check_counts(false);
    check_leaves();
    if (fake.at_call != NULL)
        fake.at_call();
}

bool fake_fails(uint64_t pool)
{
    ncalls_made++;
    fake.ncalls = ncalls_made;
    if (fake.fail_after != 0 && ncalls_made >= fake.fail_after &&
        ncalls_made - fake.fail_after < fake.fail_count)
        return true;
    return fake.pool_left < pool;
}

void fake_fail_after(uint64_t n, uint64_t count)
{
    ncalls_made = fake.ncalls = 0;
    fake.fail_after = n;
    fake.fail_count = count;
}

struct fake_space *fake_space_of(const struct process *process)
{
    if (process->handle == 0 || process->handle >= FAKE_SPACES ||
        fake_space[process->handle].owner != process)
        fake_breach("a call about a space that is not there, handle", process->handle);
    return &fake_space[process->handle];
}

static void check_run(uint64_t va, uint64_t npages)
{
    if (va % PAGE_SIZE != 0 || npages == 0 || va >= ADDRESS_LIMIT ||
        npages > (ADDRESS_LIMIT - va) >> PAGE_SHIFT)
        fake_breach("a run beyond the limit", va);
}

static void check_rights(unsigned rights)
{
    if (rights == 0 || rights > RIGHTS_MASK || (rights & (RIGHT_R | RIGHT_W)) == RIGHT_W)
        fake_breach("rights that the kernel refuses", rights);
}

err_t port_space_make(struct process *process, bool init)
{
    (void)init;
    enter();
    if (process->handle != 0)
        fake_breach("a second space for a process", process->pid);
    if (fake_fails(SPACE_COST))
        return ERR_POOL;
    uint32_t handle = 1;
    while (handle < FAKE_SPACES && fake_space[handle].owner != NULL)
        handle++;
    if (handle == FAKE_SPACES)
        return ERR_LIMIT;
    fake.pool_left -= SPACE_COST;
    memset(&fake_space[handle], 0, sizeof fake_space[handle]);
    fake_space[handle].owner = process;
    process->handle = handle;
    return 0;
}

void port_space_destroy(struct process *process)
{
    enter();
    struct fake_space *space = fake_space_of(process);
    fake_unmap(space, 0, ADDRESS_LIMIT >> PAGE_SHIFT);
    for (unsigned i = 0; i < THREADS_MAX; i++)
        fake.pool_left += space->thread[i].state != THREAD_NONE;
    fake.pool_left += SPACE_COST;
    space->owner = NULL;
    process->handle = 0;
}

err_t port_map(struct process *process, uint64_t va, pfn_t first, uint64_t npages, unsigned rights)
{
    struct fake_space *space = fake_space_of(process);
    if (locked)
        enter();
    if (fake.at_map != NULL)
        fake.at_map(process, va, first);
    check_run(va, npages);
    check_rights(rights);
    if (va >> LEAF_SHIFT != (va + (npages - 1) * PAGE_SIZE) >> LEAF_SHIFT)
        fake_breach("a run beyond its leaf: half of it might stay", va);
    if (fake_fails(space->leaf[va >> LEAF_SHIFT] == NULL))
        return ERR_POOL;
    for (uint64_t i = 0; i < npages; i++)
        fake_install(space, va + i * PAGE_SIZE, first + i, rights);
    check_counts(true);
    return 0;
}

void port_protect(struct process *process, uint64_t va, uint64_t npages, unsigned rights)
{
    enter();
    struct fake_space *space = fake_space_of(process);
    check_run(va, npages);
    check_rights(rights);
    for (uint64_t i = 0; i < npages; i++) {
        uint64_t entry = fake_find(space, va + i * PAGE_SIZE);
        if (entry != 0)
            fake_install(space, va + i * PAGE_SIZE, entry >> 3, rights);
    }
    check_counts(true);
}

void port_drop(struct process *process, uint64_t va, uint64_t npages)
{
    enter();
    check_run(va, npages);
    fake_unmap(fake_space_of(process), va, npages);
}

/* A leaf at a time, as the kernel; at a leaf that has no room the rest is only narrowed. */
err_t port_share(struct process *from, struct process *to, uint64_t va, uint64_t npages,
                 unsigned rights)
{
    enter();
    struct fake_space *source = fake_space_of(from), *target = fake_space_of(to);
    uint64_t leaf = va >> LEAF_SHIFT;
    check_run(va, npages);
    check_rights(rights);
    if ((va + (npages - 1) * PAGE_SIZE) >> LEAF_SHIFT != leaf)
        fake_breach("a share of more than a leaf", va);
    if (source->leaf[leaf] == NULL)
        return 0;
    if (fake_fails(target->leaf[leaf] == NULL))
        return ERR_POOL;
    for (; npages > 0; npages--, va += PAGE_SIZE) {
        uint64_t entry = fake_find(source, va);
        if (entry == 0)
            continue;
        if (fake_find(target, va) != 0)
            fake_breach("a share over an entry", va);
        fake_install(source, va, entry >> 3, (unsigned)entry & rights);
        fake_install(target, va, entry >> 3, (unsigned)entry & rights);
    }
    check_counts(true);
    return 0;
}

bool port_next(struct process *process, uint64_t *va, pfn_t *frame, unsigned *rights)
{
    struct fake_space *space = fake_space_of(process);
    uint64_t leaf = *va >> LEAF_SHIFT, at = *va >> PAGE_SHIFT & (LEAF_PAGES - 1);
    for (leaf = fake_next_bit(space->has_leaf, leaf, LEAVES); leaf < LEAVES;
         leaf = fake_next_bit(space->has_leaf, leaf + 1, LEAVES)) {
        at =
            fake_next_bit(space->leaf[leaf]->valid, leaf == *va >> LEAF_SHIFT ? at : 0, LEAF_PAGES);
        if (at < LEAF_PAGES) {
            uint64_t entry = space->leaf[leaf]->entry[at];
            *va = leaf << LEAF_SHIFT | at << PAGE_SHIFT;
            *frame = entry >> 3;
            *rights = entry & RIGHTS_MASK;
            return true;
        }
    }
    return false;
}

void port_wash(void)
{
    fake.nwashes++;
}

void port_print(const char *line)
{
    fake.nprinted++;
    if (!fake.quiet)
        fputs(line, stdout);
}
