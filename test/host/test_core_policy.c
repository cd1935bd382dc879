/* What verdicts do: each mechanism under a policy of the tree that uses it. */
#include "check.h"
#include <string.h>

static const struct policy *named(const char *name)
{
    const struct policy *const *policy = policy_list;
    while (strcmp((*policy)->name, name) != 0)
        policy++;
    return *policy;
}

static int64_t ask_policy(struct process *process, const char *name)
{
    uint64_t word[6] = {REQ_POLICY_SET};
    memcpy(&word[1], name, strlen(name));
    return fake_request(process, 0, word) == FAKE_ANSWERED ? (int64_t)word[0] : FAKE_SILENT;
}

static struct process *start(const char *name)
{
    struct process *process = check_start();
    CHECK(process_set_policy(process, named(name)));
    return process;
}

/* Reads take no frame but a leaf; a store then takes one, and nobody else sees it. */
static void test_share_zero(void)
{
    uint8_t byte = 1;
    struct process *process = start("zero");
    uint64_t area = (uint64_t)check_mmap(process, 64, false);
    CHECK(fake_load(process, area, &byte) && byte == 0);
    uint64_t nfree = frames.nfree;
    for (uint64_t i = 1; i < 64; i++)
        CHECK(fake_load(process, area + i * PAGE_SIZE, &byte) && byte == 0);
    CHECK(frames.nfree == nfree);
    struct process *child = fake_fork(process);
    CHECK(child != NULL && fake_store(child, area + 5, 7));
    CHECK(fake_store(process, area + PAGE_SIZE, 8));
    CHECK(fake_load(process, area + 5, &byte) && byte == 0);
    CHECK(fake_load(child, area + PAGE_SIZE, &byte) && byte == 0);
    CHECK(fake_load(child, area + 5, &byte) && byte == 7);
    CHECK(*(const uint64_t *)port_frame(frames.zero) == 0 && fake_audit() == 0);
    check_end();
}

/* Stores that run upward: a fault, then windows of 1, 3, 7 … more pages. */
static void test_window(void)
{
    struct process *process = start("around");
    uint64_t area = (uint64_t)check_mmap(process, 64, false);
    for (uint64_t i = 0; i < 64; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, (uint8_t)i));
    struct process *child = fake_fork(process);
    uint64_t nfaults = process_nfaults(child);
    for (uint64_t i = 0; i < 64; i++)
        CHECK(fake_store(child, area + i * PAGE_SIZE + 1, 99));
    CHECK(process_nfaults(child) - nfaults <= 8);
    CHECK(child->counts.ahead >= 50);
    uint8_t byte = 0;
    for (uint64_t i = 0; i < 64; i++) {
        CHECK(fake_load(child, area + i * PAGE_SIZE, &byte) && byte == i);
        CHECK(fake_load(process, area + i * PAGE_SIZE + 1, &byte) && byte == 0);
        CHECK(check_refs(process, area + i * PAGE_SIZE) == 1);
    }
    nfaults = process_nfaults(process);
    for (uint64_t i = 0; i < 64; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, 1));
    CHECK(process_nfaults(process) - nfaults <= 8 && process->counts.ahead == 0);
    check_end();
}

/* Windows take no frame that somebody may need now. */
static void test_window_short(void)
{
    struct process *process = start("around");
    uint64_t area = (uint64_t)check_mmap(process, 64, false);
    for (uint64_t i = 0; i < 64; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, 1));
    struct process *child = fake_fork(process);
    check_drain(20);
    for (uint64_t i = 0; i < 8; i++)
        CHECK(fake_store(child, area + i * PAGE_SIZE, 2));
    CHECK(child->counts.ahead == 0 && child->counts.copies >= 8);
    check_refill();
    check_end();
}

/* No room for a window's entries, whoever's tables are dropped: none is left that is not true. */
static void test_window_refused(void)
{
    struct process *process = start("around");
    uint64_t area = (uint64_t)check_mmap(process, 64, false);
    for (uint64_t i = 0; i < 64; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, 1));
    struct process *child = fake_fork(process);
    CHECK(fake_store(child, area, 2) && fake_store(child, area + PAGE_SIZE, 2));
    fake_fail_after(1, 2);
    CHECK(fake_store(child, area + 3ul * PAGE_SIZE, 2));
    fake_fail_after(0, 0);
    CHECK(child->counts.ahead >= 4 && fake_audit() == 0);
    uint8_t byte = 0;
    CHECK(fake_store(process, area + 4ul * PAGE_SIZE, 9));
    CHECK(fake_load(child, area + 4ul * PAGE_SIZE, &byte) && byte == 1);
    check_end();
}

/* The child begins without entries, and each page that it reads becomes its own. */
static void test_omit(void)
{
    uint8_t byte = 0;
    struct process *process = start("touch");
    uint64_t va = check_data();
    CHECK(fake_store(process, va, 5));
    struct process *child = fake_fork(process);
    CHECK(fake_entry(child, va, NULL) == 0 && check_refs(child, va) == 2);
    CHECK(fake_load(child, va, &byte) && byte == 5 && check_refs(child, va) == 1);
    CHECK((fake_entry(child, va, NULL) & RIGHT_W) != 0);
    check_end();
}

/* No frame is free: a policy that always copies is not asked about the last owner's page. */
static void test_last_owner_short(void)
{
    struct process *process = start("cow-noupgrade");
    uint64_t va = check_data(), replaced = policy_nreplaced;
    uint8_t byte = 0;
    CHECK(fake_store(process, va, 5));
    struct process *child = fake_fork(process);
    fake_call(process, REQ_KILL, child->pid, 0, 0);
    CHECK(check_died(child->pid, CAUSE_KILLED) && check_refs(process, va) == 1);
    check_drain(0);
    CHECK(fake_store(process, va, 6) && policy_nreplaced == replaced);
    check_refill();
    CHECK(fake_load(process, va, &byte) && byte == 6);
    check_end();
}

/* A policy that says it is lazy and copies: what the fork needs for its last leaf stays. */
static void test_fork_short(void)
{
    struct process *process = start("mixed");
    check_fill_low(process);
    uint64_t last = (uint64_t)check_mmap(process, 2, false);
    CHECK(check_mmap(process, 250, false) > 0 && check_mmap(process, 260, false) > 0);
    uint64_t area = (uint64_t)check_mmap(process, 120, false);
    CHECK(area >> LEAF_SHIFT < last >> LEAF_SHIFT && fake_store(process, last, 1));
    for (uint64_t i = 0; i < 120; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, 1));
    check_drain(45);
    struct process *child = fake_fork(process);
    uint8_t byte = 0;
    CHECK(child != NULL && frames.nfree >= 32 && check_refs(child, last) > 0);
    CHECK(fake_load(child, last, &byte) && byte == 1);
    check_refill();
    check_end();
}

/* The family that exceeds its limit fails, by fork and by first access; another does not. */
static void test_limit(void)
{
    struct process *process = start("quota"), *other = fake_fork(process_init);
    int64_t pid = process->pid;
    uint64_t area = (uint64_t)check_mmap(process, 200, false);
    for (uint64_t i = 0; i < 150; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, 1));
    CHECK(frames.nfree > 150 && fake_call(process, REQ_FORK, 0, 0, 0) == ERR_NOMEM);
    CHECK(check_mmap(process, 100, false) == ERR_NOMEM);
    CHECK(fake_call(process, REQ_SBRK, 100 * PAGE_SIZE, 0, 0) == ERR_NOMEM);
    CHECK(fake_call(process, REQ_SBRK, 100 * PAGE_SIZE, 1, 0) == ERR_NOMEM);
    CHECK(ask_policy(process, "cow") == ERR_PERMISSION);
    uint64_t second = (uint64_t)check_mmap(process, 60, false);
    CHECK((int64_t)second > 0);
    for (uint64_t i = 150; i < 200; i++)
        CHECK(fake_store(process, area + i * PAGE_SIZE, 1));
    bool alive = true;
    for (uint64_t i = 0; i < 60 && alive; i++)
        alive = fake_store(process, second + i * PAGE_SIZE, 1);
    CHECK(!alive && check_died(pid, CAUSE_MEMORY));
    CHECK(other->state == PROCESS_ALIVE && fake_fork(other) != NULL);
    check_end();
}

/* Children inherit; others keep theirs; there is an end of families, and all return. */
static void test_families(void)
{
    struct process *process = check_start(), *before = fake_fork(process);
    CHECK(ask_policy(process, "no such policy") == ERR_NOENT);
    CHECK(ask_policy(process, "eager") == 0);
    struct process *child = fake_fork(process);
    CHECK(child->policy == named("eager") && child->family == process->family);
    CHECK(before->policy == policy_list[0] && before->family != process->family);
    CHECK(check_refs(child, check_data()) == 1 || check_refs(child, check_stack()) <= 1);
    int64_t pid = child->pid;
    fake_call(child, REQ_EXIT, 0, 0, 0);
    fake_call(process, REQ_WAIT, (uint64_t)pid, 0, 0);
    const struct family *family = process->family;
    for (unsigned i = 0; i < 3 * FAMILIES_MAX; i++)
        CHECK(ask_policy(process, "cow") == 0);
    CHECK(family->nmembers <= 1 && fake_audit() == 0);
    check_end();
}

void test_policies(void)
{
    test_share_zero();
    test_window();
    test_window_short();
    test_window_refused();
    test_omit();
    test_last_owner_short();
    test_fork_short();
    test_limit();
    test_families();
}
