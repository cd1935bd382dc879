/* Unit tests: fork, exit, kill, wait, orphans, threads. */
#include "check.h"
#include <string.h>

static void test_fork(void)
{
    struct process *p = check_start();
    uint8_t byte = 0;
    CHECK(fake_store(p, 0x105000, 1) && fake_store(p, check_stack(), 2));
    uint32_t text = check_refs(p, 0x100000);
    uint64_t nfree = frames.nfree, npages = p->map.npages;
    struct process *q = fake_fork(p);
    CHECK(frames.nfree == nfree - 3 && q->map.npages == npages &&
          check_refs(p, 0x100000) == text + 1);
    CHECK(q->parent == p && q->pid != p->pid && fake_registers(q, 0)->a0 == 0);
    CHECK(fake_entry(q, 0x105000, NULL) == RIGHT_R && fake_load(q, 0x105000, &byte) && byte == 1);
    CHECK(fake_load(q, 0x100000, &byte));
    CHECK(fake_call(q, REQ_GETPPID, 0, 0, 0) == p->pid &&
          fake_call(q, REQ_GETPID, 0, 0, 0) == q->pid);
    struct process *r = fake_fork(q);
    CHECK(check_refs(p, 0x105000) == 3 && fake_store(q, 0x105000, 9) &&
          check_refs(p, 0x105000) == 2);
    CHECK(fake_load(r, 0x105000, &byte) && byte == 1);
    /* init is pinned: every page of the child is its own, and init may go on storing. */
    struct process *s = fake_fork(process_init);
    CHECK(check_refs(s, 0x102000) == 1 && check_refs(process_init, 0x102000) == 1 && !s->pinned &&
          (fake_entry(process_init, 0x102000, NULL) & RIGHT_W) != 0);
    for (uint64_t left = 0; left < 3; left++) {
        check_drain(left);
        CHECK(fake_call(p, REQ_FORK, 0, 0, 0) == ERR_NOMEM && frames.nfree == left);
        check_refill();
    }
    fake_fail_after(1, FAKE_FOREVER);
    nfree = frames.nfree;
    CHECK(fake_call(p, REQ_FORK, 0, 0, 0) == ERR_POOL && frames.nfree == nfree);
    fake_fail_after(0, 0);
    check_end();
}

/* What REQ_PROCESS says of a page before a fork, after it, and after the child's store. */
static void test_page(void)
{
    enum { PAGE = 0x105000, OWN = RIGHT_R | RIGHT_W };
    struct process *p = check_start();
    CHECK(fake_store(p, PAGE, 1));
    struct {
        struct process *process;
        uint64_t address, owners, region, installed;
    } wanted[] = {{p, PAGE, 1, OWN, OWN},     {p, PAGE + 4095, 1, OWN, OWN},
                  {p, 1ul << 31, 0, 0, 0},    {p, ~0ul, 0, 0, 0},
                  {p, PAGE, 2, OWN, RIGHT_R}, {NULL, PAGE, 2, OWN, RIGHT_R},
                  {p, PAGE, 1, OWN, RIGHT_R}, {NULL, PAGE, 1, OWN, OWN}};
    struct process *q = NULL;
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (i == 4)
            q = fake_fork(p);
        if (i == 6)
            CHECK(fake_store(q, PAGE, 2));
        const struct process *of = wanted[i].process == NULL ? q : wanted[i].process;
        uint64_t word[6] = {REQ_PROCESS, of->pid - 1, INFO_PAGE, wanted[i].address};
        CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && word[0] == of->pid);
        CHECK(word[1] == (wanted[i].owners == 0 ? 0 : entry_frame(*map_find(&of->map, PAGE))));
        CHECK(word[2] == wanted[i].owners && word[3] == wanted[i].region &&
              word[4] == wanted[i].installed);
    }
    CHECK(fake_call(p, REQ_PROCESS, 0, INFO_PAGE + 1, PAGE) == ERR_INVALID);
    check_end();
}

static void test_deaths(void)
{
    struct process *p = check_start();
    int64_t first = p->pid;
    struct process *q = fake_fork(p), *r = fake_fork(q);
    int64_t second = q->pid, third = r->pid;
    uint64_t nfree = frames.nfree, word[6] = {REQ_WAIT, (uint64_t)-1, 0};
    CHECK(fake_call(q, REQ_WAIT, (uint64_t)first, 1, 0) == ERR_CHILD);
    CHECK(fake_call(q, REQ_WAIT, (uint64_t)-1, 1, 0) == 0);
    CHECK(fake_call(p, REQ_KILL, 12345, 0, 0) == ERR_SEARCH);
    CHECK(fake_call(p, REQ_KILL, (uint64_t)-1, 0, 0) == ERR_SEARCH);
    CHECK(fake_call(p, REQ_KILL, process_init->pid, 0, 0) == ERR_PERMISSION);
    CHECK(fake_request(p, 0, word) == FAKE_WAITS);
    CHECK(fake_call(q, REQ_EXIT, 0xfedcba98, 0, 0) == FAKE_SILENT);
    const uint64_t *reply = fake_reply(p, 0);
    CHECK((int64_t)reply[0] == second && reply[1] == 0xfedcba98 && reply[2] == CAUSE_EXIT &&
          process_find(second) == NULL && fake_is_idle(p, 0));
    CHECK(frames.nfree == nfree + 3 && r->parent == process_init);
    uint64_t all[6] = {REQ_WAIT, (uint64_t)third, 0};
    CHECK(fake_request(process_init, 0, all) == FAKE_WAITS);
    CHECK(fake_call(p, REQ_KILL, (uint64_t)third, KILL_ONE, 13) == 0 &&
          process_find(third) == NULL);
    reply = fake_reply(process_init, 0);
    CHECK((int64_t)reply[0] == third && reply[1] == 13 && reply[2] == CAUSE_KILLED);
    /* A zombie whose parent ends goes to init. */
    q = fake_fork(p);
    second = q->pid;
    fake_call(q, REQ_EXIT, 7, 0, 0);
    CHECK(process_find(second)->state == PROCESS_ZOMBIE);
    fake_call(p, REQ_KILL, (uint64_t)first, 0, 0);
    CHECK(check_died(first, CAUSE_KILLED) && check_died(second, CAUSE_EXIT));
    check_end();
}

/* Own time; and children's, with theirs, when they have been waited for and not before. */
static void test_times(void)
{
    struct process *p = check_start(), *q = fake_fork(p), *r = fake_fork(q);
    uint64_t word[6] = {REQ_TIMES};
    fake_has_run(p, 100);
    fake_has_run(q, 20);
    fake_has_run(r, 3);
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && word[0] == 100 && word[1] == 0);
    fake_call(r, REQ_EXIT, 0, 0, 0);
    CHECK(fake_call(q, REQ_TIMES, 0, 0, 0) == 20 && q->children_time == 0);
    CHECK(fake_call(q, REQ_WAIT, (uint64_t)-1, 0, 0) > 0 && q->children_time == 3);
    uint64_t wait[6] = {REQ_WAIT, (uint64_t)-1, 0};
    CHECK(fake_request(p, 0, wait) == FAKE_WAITS);
    fake_call(q, REQ_EXIT, 0, 0, 0);
    word[0] = REQ_TIMES;
    CHECK(fake_request(p, 0, word) == FAKE_ANSWERED && word[0] == 100 && word[1] == 23);
    check_end();
}

static pfn_t watched;
static uint32_t seen_refs;

static void watch(struct process *process, uint64_t va, pfn_t first)
{
    (void)process;
    if (va == 0x105000 && first != watched)
        seen_refs = frame_refs(watched);
}

static void test_threads(void)
{
    struct process *p = check_start();
    uint8_t byte = 6;
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0x99000, 5) == 1);
    const struct port_registers *r = fake_registers(p, 1);
    CHECK(r->pc == 0x100000 && r->sp == 0x99000 && r->a0 == 5 && r->a1 == 1 && fake_is_idle(p, 1));
    CHECK(fake_access(p, 1, 0x105000, FAKE_STORE, &byte));
    struct process *q = fake_fork(p);
    watched = entry_frame(*map_find(&p->map, 0x105000));
    fake.at_map = watch;
    CHECK(fake_access(p, 1, 0x105000, FAKE_STORE, &byte) && seen_refs >= 2);
    fake.at_map = NULL;
    CHECK(check_refs(p, 0x105000) == 1 && check_refs(q, 0x105000) == 1 && !process_is_threaded(q));
    CHECK(fake_call(p, REQ_THREAD_EXIT, 0, 0, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_THREAD_EXIT, 2, 0, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_THREAD_EXIT, 99, 0, 0) == ERR_INVALID);
    for (int64_t i = 2; i < THREADS_MAX; i++)
        CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == i);
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == ERR_LIMIT);
    CHECK(fake_call(p, REQ_THREAD_EXIT, 3, 0, 0) == 0 && fake_call(p, REQ_THREAD, 0, 0, 0) == 3);
    /* Threads that waited and were ended leave nothing behind that keeps others from waiting. */
    for (unsigned i = 0; i < 2 * THREADS_MAX; i++) {
        uint64_t word[6] = {REQ_WAIT, q->pid, 0};
        CHECK(fake_request(p, 1, word) == FAKE_WAITS);
        CHECK(fake_call(p, REQ_THREAD_EXIT, 1, 0, 0) == 0 &&
              fake_call(p, REQ_THREAD, 0, 0, 0) == 1);
    }
    uint64_t word[6] = {REQ_WAIT, q->pid, 0};
    int64_t pid = q->pid;
    CHECK(fake_request(p, 1, word) == FAKE_WAITS && fake_call(p, REQ_THREAD_EXIT, 1, 0, 0) == 0);
    fake_call(q, REQ_EXIT, 0, 0, 0);
    CHECK(check_died(pid, CAUSE_EXIT));
    CHECK(fake_exec(p, check_stack(), "b") == FAKE_SILENT && p->threads == 1 &&
          fake_is_idle(p, 0) && !fake_is_idle(p, 1));
    check_end();
}

static enum fake_answer wait_at(struct process *p, unsigned thread, uint64_t va, uint64_t value)
{
    uint64_t word[6] = {REQ_WORD_WAIT, va, value};
    enum fake_answer answer = fake_request(p, thread, word);
    CHECK(answer == FAKE_WAITS || (int64_t)word[0] == ERR_AGAIN);
    return answer;
}

/* Waiting at a word: only while it has that value, woken in the order they came; an ended thread's
 * word becomes 0 in a page of its own. */
static void test_words(void)
{
    struct process *p = check_start();
    uint64_t va = check_stack(), text = 0x100000, word[6] = {REQ_THREAD_EXIT, 1, va};
    uint8_t byte = 9;
    CHECK(fake_store(p, va, 5) && fake_call(p, REQ_THREAD, text, 0, 0) == 1 &&
          fake_call(p, REQ_THREAD, text, 0, 0) == 2);
    CHECK(fake_call(p, REQ_WORD_WAIT, va + 1, 0, 0) == ERR_INVALID &&
          fake_call(p, REQ_WORD_WAIT, text, 0, 0) == ERR_INVALID &&
          fake_call(p, REQ_WORD_WAIT, ~3ul, 0, 0) == ERR_INVALID);
    CHECK(wait_at(p, 1, va, 4) == FAKE_ANSWERED && wait_at(p, 1, va, 5) == FAKE_WAITS &&
          wait_at(p, 2, va, 5) == FAKE_WAITS);
    CHECK(fake_call(p, REQ_WORD_WAKE, va + 4, 9, 0) == 0);
    CHECK(fake_call(p, REQ_WORD_WAKE, va, 1, 0) == 1 && fake_is_idle(p, 1) && !fake_is_idle(p, 2));
    struct process *child = fake_fork(p);
    CHECK(fake_call(child, REQ_WORD_WAKE, va, 9, 0) == 0 && !fake_is_idle(p, 2));
    CHECK(fake_request(p, 1, word) == FAKE_GONE && fake_is_idle(p, 2));
    CHECK(fake_load(p, va, &byte) && byte == 0 && fake_load(child, va, &byte) && byte == 5);
    CHECK(wait_at(p, 2, va, 0) == FAKE_WAITS && fake_audit() == 0);
    check_end();
}

void test_processes(void)
{
    test_fork();
    test_page();
    test_deaths();
    test_times();
    test_threads();
    test_words();
}
