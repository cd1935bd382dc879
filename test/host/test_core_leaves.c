/* Leaves of the map that processes share: what copies them, and what must not. */
#include "check.h"
#include "../../pager/install.h"
#include <string.h>

enum { RW = RIGHT_R | RIGHT_W, MANY = 1600 };

extern const struct policy policy_tables, policy_cow, policy_around;

/* A process under `tables` whose heap begins a leaf and has `npages`, all stored to: page i has i.
 */
static struct process *start(uint64_t npages, uint64_t *area)
{
    CHECK(fake_boot(MANY, PLENTY) == NULL);
    struct process *process = fake_fork(process_init);
    CHECK(process != NULL && fake_exec(process, 0xfe000, "a") == FAKE_SILENT);
    process_set_policy(process, &policy_tables);
    uint64_t end = (uint64_t)fake_call(process, REQ_SBRK, 0, 0, 0);
    *area = (end + LEAF_SPAN - 1) & ~(LEAF_SPAN - 1);
    CHECK(fake_call(process, REQ_SBRK, *area - end, 0, 0) == (int64_t)end);
    CHECK(fake_call(process, REQ_SBRK, npages * PAGE_SIZE, 0, 0) == (int64_t)*area);
    for (uint64_t i = 0; i < npages; i++)
        CHECK(fake_store(process, *area + i * PAGE_SIZE, (uint8_t)i));
    return process;
}

static uint32_t leaf_refs(const struct process *process, uint64_t va)
{
    pfn_t leaf = process->map.root[va >> LEAF_SHIFT];
    return leaf == 0 ? 0 : frame_refs(leaf);
}

static bool shows(struct process *process, uint64_t va, uint8_t expected)
{
    uint8_t byte = (uint8_t)~expected;
    return fake_load(process, va, &byte) && byte == expected;
}

static bool sole_at(const struct process *process, uint64_t va)
{
    return sole(process, va, entry_frame(*map_find(&process->map, va)));
}

/* A fork takes no frame for pages or leaves, reads none either; the first store copies one leaf,
 * and the one that is left with the other needs no copy. */
static void test_first_store(void)
{
    uint64_t area;
    struct process *process = start(600, &area);
    CHECK(sole_at(process, area) && fake_entry(process, area, NULL) == RW);
    uint64_t nfree = frames.nfree;
    struct process *child = fake_fork(process);
    CHECK(child != NULL && nfree - frames.nfree == 2); /* the process, its root */
    CHECK(leaf_refs(process, area) == 2 && leaf_refs(process, area + LEAF_SPAN) == 2);
    CHECK(child->map.npages == process->map.npages && child->map.nleaves == process->map.nleaves);
    CHECK(fake_nentries(process) == 0 && fake_nentries(child) == 0);
    CHECK(!sole_at(process, area) && check_refs(process, area) == 1);
    nfree = frames.nfree;
    CHECK(shows(child, area, 0) && shows(process, area, 0) && frames.nfree == nfree);
    CHECK(fake_entry(child, area, NULL) == RIGHT_R && fake_entry(process, area, NULL) == RIGHT_R);
    CHECK(fake_store(child, area, 99) && nfree - frames.nfree == 2); /* the leaf, the page */
    CHECK(leaf_refs(process, area) == 1 && leaf_refs(process, area + LEAF_SPAN) == 2);
    CHECK(check_refs(child, area) == 1 && check_refs(child, area + PAGE_SIZE) == 2);
    CHECK(shows(process, area, 0) && fake_audit() == 0);
    uint64_t upgrades = process->counts.upgrades;
    CHECK(fake_store(process, area, 98) && process->counts.upgrades == upgrades + 1);
    CHECK(shows(child, area, 99) && nfree - frames.nfree == 2);
    check_end();
}

/* When the others are gone, leaf and pages are the last owner's: nothing is copied. */
static void test_last_owner(void)
{
    uint64_t area;
    struct process *process = start(20, &area);
    struct process *child = fake_fork(process), *grandchild = fake_fork(child);
    CHECK(leaf_refs(process, area) == 3 && shows(grandchild, area + PAGE_SIZE, 1));
    int64_t pid = child->pid, second = grandchild->pid;
    fake_call(child, REQ_EXIT, 0, 0, 0);
    CHECK(leaf_refs(process, area) == 2 && shows(grandchild, area + PAGE_SIZE, 1));
    CHECK(fake_exec(grandchild, check_stack(), "b") == FAKE_SILENT);
    CHECK(leaf_refs(process, area) == 1 && !grandchild->shares_leaves && fake_audit() == 0);
    uint64_t nfree = frames.nfree, copies = process->counts.copies;
    CHECK(fake_store(process, area + PAGE_SIZE, 7) && frames.nfree == nfree);
    CHECK(process->counts.copies == copies && shows(process, area + PAGE_SIZE, 7));
    fake_call(process, REQ_WAIT, (uint64_t)pid, 0, 0);
    CHECK(process_find(second) != NULL);
    check_end();
}

/* What is taken from one is not taken from the other: a part of a leaf, a whole one, pages that
 * come anew. Without a frame for the copy a request changes nothing. */
static void test_unmap(void)
{
    uint64_t area;
    struct process *process = start(600, &area);
    struct process *child = fake_fork(process);
    uint64_t npages = child->map.npages, nfree = frames.nfree;
    check_drain(0);
    CHECK(fake_call(child, REQ_SBRK, -(uint64_t)100 * PAGE_SIZE, 0, 0) == ERR_NOMEM);
    CHECK(frames.nfree == 0 && child->heap_break == process->heap_break &&
          leaf_refs(child, area) == 2);
    check_refill();
    CHECK(fake_call(child, REQ_SBRK, -(uint64_t)80 * PAGE_SIZE, 0, 0) > 0);
    CHECK(child->map.npages == npages - 80 && nfree - frames.nfree == 1);
    CHECK(shows(process, area + 599ul * PAGE_SIZE, 599 & 0xff) && fake_audit() == 0);
    CHECK(fake_call(child, REQ_SBRK, -(uint64_t)520 * PAGE_SIZE, 0, 0) > 0);
    CHECK(child->map.npages == npages - 600 && nfree - frames.nfree == 1);
    CHECK(leaf_refs(process, area) == 1 && leaf_refs(child, area) == 0 && fake_audit() == 0);
    CHECK(fake_call(child, REQ_SBRK, 600ul * PAGE_SIZE, 0, 0) > 0);
    CHECK(shows(child, area + PAGE_SIZE, 0) && shows(process, area + PAGE_SIZE, 1));
    struct process *second = fake_fork(process);
    int64_t place = check_mmap(second, 3, false);
    CHECK(place > 0 && fake_store(second, (uint64_t)place, 1) && fake_audit() == 0);
    CHECK(fake_call(second, REQ_MPROTECT, (uint64_t)place, PAGE_SIZE, 0) == 0);
    struct process *third = fake_fork(second);
    CHECK(third != NULL && fake_audit() == 0 && leaf_refs(third, (uint64_t)place) == 2);
    check_drain(0);
    CHECK(fake_call(third, REQ_MUNMAP, (uint64_t)place, PAGE_SIZE, 0) == ERR_NOMEM);
    CHECK(leaf_refs(second, (uint64_t)place) == 2 &&
          map_find(&second->map, (uint64_t)place)[0] != 0);
    check_refill();
    check_end();
}

/* Memory that stays shared keeps its leaf, and everybody's stores are seen. */
static void test_shared_memory(void)
{
    uint64_t area;
    struct process *process = start(4, &area);
    uint64_t private = (uint64_t)check_mmap(process, 2, false);
    uint64_t shared = (uint64_t)check_mmap(process, 2, true);
    CHECK(private >> LEAF_SHIFT == shared >> LEAF_SHIFT && fake_store(process, private, 5));
    struct process *child = fake_fork(process);
    CHECK(leaf_refs(process, shared) == 1 && leaf_refs(process, area) == 2);
    CHECK(fake_store(child, shared, 6) && shows(process, shared, 6));
    CHECK(fake_store(process, shared, 7) && shows(child, shared, 7));
    CHECK(fake_store(child, private, 8) && shows(process, private, 5) && fake_audit() == 0);
    /* Both then map such memory anew where a leaf was shared until then. */
    uint64_t fresh = (uint64_t)check_mmap(child, 1, true);
    CHECK((int64_t)fresh > 0 && fake_store(child, fresh, 1) && fake_audit() == 0);
    check_end();
}

/* Another policy meets what this one left. */
static void test_other_policy(void)
{
    uint64_t area;
    struct process *process = start(10, &area), *child = fake_fork(process);
    process_set_policy(child, &policy_cow);
    struct process *grandchild = fake_fork(child);
    CHECK(grandchild != NULL && leaf_refs(grandchild, area) == 1 && leaf_refs(child, area) == 2);
    CHECK(check_refs(child, area) == 2 && grandchild->map.npages == child->map.npages);
    CHECK(fake_store(grandchild, area, 1) && fake_store(child, area, 2));
    CHECK(shows(process, area, 0) && shows(grandchild, area, 1) && shows(child, area, 2));
    CHECK(fake_audit() == 0);
    check_end();
}

/* A store that finds no frame for the leaf ends its process, and all counts return. */
static void test_short(void)
{
    uint64_t area;
    struct process *process = start(10, &area), *child = fake_fork(process);
    int64_t pid = child->pid;
    check_drain(0);
    CHECK(!fake_store(child, area, 1) && check_died(pid, CAUSE_MEMORY));
    CHECK(leaf_refs(process, area) == 1);
    CHECK(fake_store(process, area, 3) && shows(process, area, 3));
    check_refill();
    CHECK(fake_audit() == 0);
    check_end();
}

/* Memory shared for good comes into a shared leaf, and there is no frame for the leaf's copy. */
static void test_populate_short(void)
{
    uint64_t area;
    struct process *process = start(4, &area);
    uint64_t private = (uint64_t)check_mmap(process, 2, false);
    CHECK(fake_store(process, private, 5) && fake_fork(process) != NULL);
    check_drain(6);
    CHECK(leaf_refs(process, private) == 2 && check_mmap(process, 6, true) == ERR_NOMEM);
    CHECK(leaf_refs(process, private) == 2 && frames.nfree == 6);
    uint64_t shared = (uint64_t)check_mmap(process, 5, true);
    CHECK(shared >> LEAF_SHIFT == private >> LEAF_SHIFT && frames.nfree == 0);
    check_refill();
    check_end();
}

/* Init must never need a frame to store. */
static void test_pinned(void)
{
    uint64_t area;
    start(1, &area);
    process_set_policy(process_init, &policy_tables);
    CHECK(fake_fork(process_init) != NULL && leaf_refs(process_init, check_data()) == 1);
    check_end();
}

/* While a page is copied, another thread forks, and the new child reads that page. */
static struct process *forker, *newborn;
static uint64_t page_read;

static void fork_and_read(void)
{
    uint64_t word[6] = {REQ_FORK};
    fake.at_unlock = NULL;
    CHECK(fake_request(forker, 1, word) == FAKE_ANSWERED);
    newborn = process_find((int64_t)word[0]);
    CHECK(newborn != NULL && shows(newborn, page_read, 0));
}

static void test_fork_in_a_copy(void)
{
    forker = start(4, &page_read);
    CHECK(fake_fork(forker) != NULL && fake_call(forker, REQ_THREAD, 0x100000, 0, 0) == 1);
    fake.at_unlock = fork_and_read;
    CHECK(fake_store(forker, page_read, 9) && newborn != NULL && fake_audit() == 0);
    CHECK(shows(newborn, page_read, 0) && shows(forker, page_read, 9));
    check_end();
}

/* A window that another policy opens goes on into a shared leaf. */
static void test_window(void)
{
    uint64_t area;
    struct process *process = start(600, &area), *child = fake_fork(process);
    process_set_policy(child, &policy_around);
    for (uint64_t i = 490; i < 600; i++)
        CHECK(shows(process, area + i * PAGE_SIZE, (uint8_t)i));
    for (uint64_t i = 490; i < 600; i++)
        CHECK(fake_store(child, area + i * PAGE_SIZE, 0xaa));
    CHECK(child->counts.ahead > 60 && fake_audit() == 0);
    for (uint64_t i = 490; i < 600; i++)
        CHECK(shows(process, area + i * PAGE_SIZE, (uint8_t)i));
    check_end();
}

/* Entries went with their leaf; a read brings back those of the frames that follow. */
static void test_read_ahead(void)
{
    uint64_t area;
    struct process *process = start(100, &area), *child = fake_fork(process);
    uint64_t maps = child->counts.maps, nfree = frames.nfree;
    for (uint64_t i = 0; i < 100; i++)
        CHECK(shows(child, area + i * PAGE_SIZE, (uint8_t)i));
    CHECK(child->counts.maps - maps < 20 && frames.nfree == nfree);
    for (uint64_t i = 0; i < 100; i++)
        CHECK(fake_entry(child, area + i * PAGE_SIZE, NULL) == RIGHT_R);
    CHECK(fake_entry(child, area + 100ul * PAGE_SIZE, NULL) == 0);
    check_end();
}

/* A leaf that is shared already keeps its entries at the next fork. */
static void test_again(void)
{
    uint64_t area;
    struct process *process = start(10, &area);
    CHECK(fake_fork(process) != NULL && shows(process, area, 0));
    CHECK(fake_fork(process) != NULL && fake_entry(process, area, NULL) == RIGHT_R);
    CHECK(leaf_refs(process, area) == 3 && fake_audit() == 0);
    check_end();
}

void test_leaves(void)
{
    test_first_store();
    test_last_owner();
    test_unmap();
    test_shared_memory();
    test_other_policy();
    test_short();
    test_populate_short();
    test_pinned();
    test_fork_in_a_copy();
    test_window();
    test_read_ahead();
    test_again();
}
