/* Memory lent to another pager: given, refused, back, and every failure on the way. */
#include "../../pager/port.h"
#include "../../pager/request.h"
#include "check.h"
#include <string.h>

enum { MANY = 2048, LENT = 1024, TAIL = FAKE_FIRST + MANY - LENT };

static int64_t start_pager(struct process *process, uint64_t npages, const char *name)
{
    uint64_t word[6] = {REQ_PAGER, npages};
    strncpy((char *)&word[3], name, 24);
    return fake_request(process, 0, word) == FAKE_ANSWERED ? (int64_t)word[0] : FAKE_SILENT;
}

static bool is_clear(pfn_t frame)
{
    static const uint8_t zeros[PAGE_SIZE];
    return memcmp(port_frame(frame), zeros, PAGE_SIZE) == 0;
}

static void boot(void)
{
    CHECK(fake_boot(MANY, PLENTY) == NULL);
}

/* What it finds at the address in its a0. */
static void check_facts(struct process *pager)
{
    uint64_t at = fake_registers(pager, 0)->a0;
    const struct boot_info *info = port_frame(entry_frame(*map_find(&pager->map, at)));
    uint8_t byte = 0;
    CHECK(info->memory_first == TAIL && info->memory_npages == LENT && info->image_npages == 0 &&
          info->console_address == 0 && strcmp(info->arguments, "run='cowtest three'") == 0);
    CHECK(fake_load(pager, MEMORY_WINDOW + info->archive_start, &byte) && byte == '0');
}

static struct process *victim;
static uint64_t victims_page;

static void unmap_it(void)
{
    uint64_t word[6] = {REQ_MUNMAP, victims_page, PAGE_SIZE};
    fake.at_unlock = NULL;
    port_lock();
    CHECK(request_handle(victim->badge, 0, word) == REQUEST_ANSWERED && word[0] == 0);
    port_unlock();
}

/* A client to which it handed its right on unmaps what it is just touching. */
static void test_clients_speak_for_it(void)
{
    boot();
    int64_t pid = start_pager(process_init, LENT, "a");
    victim = process_find(pid);
    victims_page = (uint64_t)check_mmap(victim, 1, false);
    uint8_t byte = 1;
    CHECK(fake_call(process_init, REQ_CONNECT, SLOT_SECOND, 0, 0) == 0 && fake_audit() == 0);
    fake.at_unlock = unmap_it;
    fake_access(victim, 0, victims_page, FAKE_STORE, &byte);
    fake.at_unlock = NULL;
    CHECK(fake_audit() == 0);
    check_end();
}

static void test_lent(void)
{
    boot();
    struct process *child = fake_fork(process_init);
    uint64_t nfree = frames.nfree;
    int64_t pid = start_pager(process_init, LENT, "a");
    struct process *pager = process_find(pid);
    CHECK(pager != NULL && pager->parent == process_init && !pager->pinned);
    CHECK(frames.nfree < nfree - LENT && fake_audit() == 0);
    for (pfn_t frame = TAIL; frame < TAIL + LENT; frame++)
        CHECK(frame_refs(frame) == 1 && is_clear(frame));
    check_facts(pager);
    CHECK(start_pager(process_init, LENT / 2, "a") == ERR_LIMIT &&
          start_pager(child, LENT / 2, "a") == ERR_PERMISSION);
    CHECK(fake_call(pager, REQ_FORK, 0, 0, 0) == ERR_PERMISSION &&
          fake_call(pager, REQ_EXEC, 0, 0, 0) == ERR_PERMISSION &&
          fake_call(pager, REQ_SERVE, 0, 0, 0) == ERR_PERMISSION &&
          fake_call(pager, REQ_POLICY_SET, 0, 0, 0) == ERR_PERMISSION &&
          fake_call(pager, REQ_READY, 0, 0, 0) == ERR_PERMISSION &&
          fake_call(pager, REQ_CONNECT, SLOT_CONTROL, 0, 0) == ERR_SEARCH &&
          fake_call(pager, REQ_CONNECT, SLOT_SECOND, 0, 0) == ERR_SEARCH);
    CHECK(fake_call(child, REQ_CONNECT, SLOT_SECOND, 0, 0) == 0);
    CHECK(fake_call(child, REQ_KILL, (uint64_t)pid, KILL_ONE, 0) == 0 && fake_audit() == 0);
    CHECK(frames.nfree == nfree - 1 && check_died(pid, CAUSE_KILLED) && frames.nfree == nfree);
    CHECK(fake_call(child, REQ_CONNECT, SLOT_SECOND, 0, 0) == ERR_SEARCH);
    CHECK(start_pager(process_init, LENT, "a") > 0 && fake_audit() == 0); /* once more */
    check_end();
}

static void test_refused(void)
{
    static const uint64_t absurd[] = {0,    1,        LEAF_PAGES - 1, MANY, MANY + LEAF_PAGES,
                                      ~0ul, 1ul << 63};
    boot();
    uint64_t nfree = frames.nfree;
    for (unsigned i = 0; i < sizeof absurd / sizeof *absurd; i++)
        CHECK(start_pager(process_init, absurd[i], "a") == ERR_INVALID && frames.nfree == nfree);
    CHECK(start_pager(process_init, LENT, "nobody") == ERR_NOENT && frames.nfree == nfree);
    CHECK(start_pager(process_init, LENT, "junk") == ERR_NOEXEC && frames.nfree == nfree);
    CHECK(fake_audit() == 0);
    check_drain(LENT - 1);
    CHECK(start_pager(process_init, LENT, "a") == ERR_NOMEM && frames.nfree == LENT - 1);
    check_refill();
    check_end();
}

/* The n-th frame, or call down, is not to be had. */
static void test_failures(void)
{
    boot();
    int64_t pid = 0;
    for (uint64_t left = LENT; pid <= 0; left++) {
        check_drain(left);
        pid = start_pager(process_init, LENT, "a");
        CHECK(pid > 0 || (pid == ERR_NOMEM && frames.nfree == left));
        check_refill();
    }
    CHECK(fake_call(process_init, REQ_KILL, (uint64_t)pid, KILL_ONE, 0) == 0 &&
          check_died(pid, CAUSE_KILLED) && fake_audit() == 0);
    uint64_t nfree = frames.nfree;
    unsigned nfailed = 0;
    for (uint64_t n = 1;; n++) {
        fake_fail_after(n, FAKE_FOREVER);
        pid = start_pager(process_init, LENT, "a");
        bool enough = fake.ncalls < n;
        fake_fail_after(0, 0);
        if (enough)
            break;
        nfailed += pid == ERR_POOL;
        CHECK(pid > 0 || (pid == ERR_POOL && frames.nfree == nfree));
        if (pid > 0)
            CHECK(fake_call(process_init, REQ_KILL, (uint64_t)pid, KILL_ONE, 0) == 0 &&
                  check_died(pid, CAUSE_KILLED));
        CHECK(frames.nfree == nfree && fake_audit() == 0);
    }
    CHECK(nfailed >= 4); /* space, thread, endpoint, memory */
    check_end();
}

void test_lending(void)
{
    test_lent();
    test_clients_speak_for_it();
    test_refused();
    test_failures();
}
