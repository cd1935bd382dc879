/* Unit tests: requests in the middle of a copy, or between an answer and its entry. */
#include "check.h"
#include "../../pager/fault.h"
#include "../../pager/install.h"
#include <string.h>

enum { PAGE = 0x105000 };

static struct process *p, *q; /* q is p's child; the page is shared by both */
static int64_t p_pid;
static pfn_t old;
static bool in_hook;
static void (*act)(void);

/* Once, at the first unlock of the fault: the copy runs. */
static void at_copy(void)
{
    if (in_hook || act == NULL)
        return;
    in_hook = true;
    fake.at_unlock = NULL;
    CHECK(frame_refs(old) >= 2 || check_refs(p, PAGE) == 0);
    fake.gives_up = true; /* what waits for the copy asks again when that is over */
    act();
    fake.gives_up = false;
    in_hook = false;
}

static void begin(void)
{
    p = check_start();
    p_pid = p->pid;
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1 && fake_store(p, PAGE, 1));
    q = fake_fork(p);
    old = entry_frame(*map_find(&p->map, PAGE));
    CHECK(frame_refs(old) == 2);
    in_hook = false;
}

static bool store_while(unsigned thread, void (*what)(void))
{
    uint8_t byte = 2;
    act = what;
    fake.at_unlock = at_copy;
    bool done = fake_access(p, thread, PAGE, FAKE_STORE, &byte);
    fake.at_unlock = NULL;
    return done;
}

static void nothing(void)
{
    CHECK(frame_refs(old) == 3);
}

static void kill_it(void)
{
    CHECK(fake_call(q, REQ_KILL, (uint64_t)p_pid, 0, 0) == FAKE_SILENT && p->dying &&
          p->state == PROCESS_ALIVE);
}

static void store_too(void)
{
    uint8_t byte = 7;
    CHECK(fake_access(p, 1, PAGE, FAKE_STORE, &byte) && frame_refs(old) == 2);
}

static void other_exits(void)
{
    CHECK(fake_call(q, REQ_EXIT, 0, 0, 0) == FAKE_SILENT && frame_refs(old) == 2);
}

static void fork_it(void)
{
    uint64_t word[6] = {REQ_FORK};
    CHECK(fake_request(p, 1, word) == FAKE_ANSWERED && (int64_t)word[0] > 0 &&
          frame_refs(old) == 4);
}

static void end_other(void)
{
    uint64_t word[6] = {REQ_THREAD_EXIT, 1};
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && word[0] == 0);
}

static void exec_it(void)
{
    uint64_t word[6] = {REQ_EXEC, check_stack(), PAGE_SIZE};
    uint8_t byte = 'b';
    CHECK(fake_access(p, 1, check_stack() + 8, FAKE_STORE, &byte));
    CHECK(fake_request(p, 1, word) == FAKE_WAITS && p->held);
}

static void test_copy_windows(void)
{
    uint8_t byte = 0;
    begin();
    CHECK(store_while(0, nothing) && check_refs(p, PAGE) == 1 && frame_refs(old) == 1);
    CHECK(fake_load(q, PAGE, &byte) && byte == 1);
    check_end();
    begin();
    CHECK(!store_while(0, kill_it) && frame_refs(old) == 1 && check_died(p_pid, CAUSE_KILLED));
    check_end();
    begin();
    CHECK(store_while(0, store_too) && frame_refs(old) == 1 && check_refs(p, PAGE) == 1);
    check_end();
    begin();
    CHECK(store_while(0, other_exits) && check_refs(p, PAGE) == 1);
    check_end();
    begin();
    CHECK(store_while(0, fork_it) && frame_refs(old) == 2 && check_refs(p, PAGE) == 1);
    check_end();
    begin();
    CHECK(store_while(0, exec_it));
    check_end();
}

/* The thread is ended while its fault is served; the process is left with one thread, whose entry
 * must not go on showing the old frame. */
static void test_ended_thread(void)
{
    uint8_t byte = 0;
    begin();
    CHECK(fake_load(p, PAGE, &byte));
    CHECK(!store_while(1, end_other));
    pfn_t frame;
    CHECK(fake_entry(p, PAGE, &frame) == 0 || entry_make(frame) == *map_find(&p->map, PAGE));
    CHECK(fake_audit() == 0);
    CHECK(fake_store(q, PAGE, 9) && fake_load(p, PAGE, &byte) && byte == 1);
    check_end();
}

static uint64_t area;

static bool deny;

static enum fake_answer take_area(void)
{
    uint64_t word[6] = {deny ? REQ_MPROTECT : REQ_MUNMAP, area, PAGE_SIZE, 0};
    enum fake_answer answer = fake_request(p, 1, word);
    CHECK(answer != FAKE_ANSWERED || word[0] == 0);
    return answer;
}

static void try_to_take_area(void)
{
    CHECK(take_area() == FAKE_WAITS && p->held && !p->dying);
}

/* What takes a page, or its rights, away waits for the copy that is made for it, and the copy is
 * not thrown away, nor its process ended for want of memory. */
static void test_taken_away(void)
{
    uint8_t byte = 3;
    for (int i = 0; i < 2; i++) {
        begin();
        deny = i != 0;
        area = (uint64_t)check_mmap(p, 1, false);
        CHECK(fake_store(p, area, 5));
        fake_call(q, REQ_EXIT, 0, 0, 0);
        uint64_t word[6] = {REQ_WAIT, (uint64_t)-1, 1};
        fake_request(p, 0, word);
        q = fake_fork(p);
        old = entry_frame(*map_find(&p->map, area));
        act = try_to_take_area;
        fake.at_unlock = at_copy;
        CHECK(fake_access(p, 0, area, FAKE_STORE, &byte) && check_refs(p, area) == 1);
        fake.at_unlock = NULL;
        CHECK(take_area() == FAKE_ANSWERED && fake_entry(p, area, NULL) == 0);
        CHECK(check_refs(p, area) == deny && frame_refs(old) == 1 && fake_audit() == 0);
        CHECK(!fake_store(p, area, 6) && check_died(p_pid, CAUSE_ADDRESS));
        check_end();
    }
}

/* A process whose entry is on its way loses its tables to somebody else's lack of room. */
static void take_tables(void)
{
    if (in_hook)
        return;
    in_hook = true;
    fake_fail_after(1, 2); /* both p and q lose theirs */
    int64_t pid = fake_call(q, REQ_FORK, 0, 0, 0);
    CHECK(pid > 0);
    fake_fail_after(0, 0);
    in_hook = false;
}

static void test_reclaim_before_install(void)
{
    p = check_start();
    q = fake_fork(p);
    in_hook = false;
    int64_t old_break = fake_call(p, REQ_SBRK, PAGE_SIZE, 0, 0);
    fake.at_install = take_tables;
    CHECK(fake_store(p, (uint64_t)old_break, 1));
    fake.at_install = NULL;
    CHECK(fake_call(p, REQ_SBRK, -(uint64_t)PAGE_SIZE, 0, 0) == old_break + PAGE_SIZE);
    CHECK(fake_entry(p, (uint64_t)old_break, NULL) == 0 && fake_audit() == 0);
    check_end();
}

/* Two threads fault on one page; the first upgrades it, the policy wants the second to copy it.
 * What the first stores while that copy runs must not be lost. */
static void store_first(void)
{
    uint8_t byte = 0x42;
    CHECK(fake_access(p, 1, PAGE + 5, FAKE_STORE, &byte));
    in_hook = true;
}

extern const struct policy policy_cow_noupgrade;

static void test_copy_of_own(void)
{
    uint8_t byte = 0;
    p = check_start();
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1 && fake_store(p, PAGE, 1));
    process_set_policy(p, &policy_cow_noupgrade);
    old = entry_frame(*map_find(&p->map, PAGE));
    in_hook = false;
    act = store_first;
    fake.at_unlock = at_copy;
    port_lock();
    fault_answer_t answer = fault_handle(PAGE, FAKE_STORE, 0, 1, p->badge);
    fake.at_unlock = NULL;
    port_unlock();
    store_first();
    CHECK(answer == FAULT_RESUME && fake_load(p, PAGE + 5, &byte) && byte == 0x42);
    check_end();
}

/* While the pages of a process with several threads are copied one by one, none can store. */
static unsigned nstorable, nasked;

static enum fork_verdict look(const struct policy_view *view)
{
    nasked++;
    nstorable += (fake_entry(p, view->address, NULL) & RIGHT_W) != 0;
    return FORK_COPY;
}

static enum fork_verdict no_verdict(const struct policy_view *view)
{
    (void)view;
    return FORK_VERDICTS;
}

static void test_settled(void)
{
    static const struct policy looking = {.name = "looking", .at_fork = look};
    static const struct policy absurd = {.name = "absurd", .at_fork = no_verdict};
    p = check_start();
    CHECK(fake_store(p, PAGE, 1) && fake_entry(p, PAGE, NULL) == (RIGHT_R | RIGHT_W));
    process_set_policy(p, &looking);
    nasked = nstorable = 0;
    CHECK(fake_fork(p) != NULL && nasked > 2 && nstorable > 0); /* its one thread is here */
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1 && fake_store(p, PAGE, 1));
    nstorable = 0;
    CHECK(fake_fork(p) != NULL && nstorable == 0);
    process_set_policy(p, &absurd);
    uint64_t replaced = policy_nreplaced;
    CHECK(fake_fork(p) != NULL && policy_nreplaced > replaced);
    check_end();
}

/* A run ends where the next frame, though it follows, has an owner more. */
static void test_run_rights(void)
{
    uint64_t bss = 0x105000;
    pfn_t aside[64], naside = 0;
    p = check_start();
    while (frame_of(frames.free)->link != frames.free + 1 && naside < 64)
        aside[naside++] = frame_take();
    CHECK(fake_store(p, bss, 1) && fake_store(p, bss + PAGE_SIZE, 1));
    while (naside > 0)
        frame_release(aside[--naside]);
    pfn_t first = entry_frame(*map_find(&p->map, bss));
    pfn_t second = entry_frame(*map_find(&p->map, bss + PAGE_SIZE));
    CHECK(second == first + 1);
    port_lock();
    frame_hold(second);
    install_drop_all(p);
    const struct region *region = region_find(&p->regions, bss);
    install_present(p, region, bss, bss + 2 * PAGE_SIZE);
    port_unlock();
    CHECK(fake_entry(p, bss, NULL) == (RIGHT_R | RIGHT_W));
    CHECK(fake_entry(p, bss + PAGE_SIZE, NULL) == RIGHT_R);
    frame_release(second);
    check_end();
}

void test_windows(void)
{
    test_copy_windows();
    test_ended_thread();
    test_taken_away();
    test_reclaim_before_install();
    test_copy_of_own();
    test_settled();
    test_run_rights();
}
