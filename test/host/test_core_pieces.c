/* Unit tests: requests in pieces (task.h), left between any two of them. */
#include "check.h"
#include "../../pager/task.h"
#include <string.h>

enum { SMALL_PIECE = 700, LARGE_NPAGES = 300, MACHINE_NPAGES = 1100 };

static struct process *asker;
static uint64_t area; /* LARGE_NPAGES private pages of the asker, all touched */

static int64_t ask_fork(void)
{
    return fake_fork(asker) != NULL;
}

static int64_t ask_exit(void)
{
    return fake_call(asker, REQ_EXIT, 5, 0, 0);
}

static int64_t ask_unmap(void)
{
    return fake_call(asker, REQ_MUNMAP, area, LARGE_NPAGES * PAGE_SIZE, 0);
}

static int64_t ask_protect(void)
{
    return fake_call(asker, REQ_MPROTECT, area, LARGE_NPAGES * PAGE_SIZE, RIGHT_R);
}

static int64_t ask_shared(void)
{
    return check_mmap(asker, 100, true);
}

static int64_t ask_pages(void)
{
    uint64_t word[6] = {REQ_PROCESS, asker->pid - 1, INFO_PAGES};
    CHECK(fake_request(asker, 0, word) != FAKE_ANSWERED || word[0] == asker->pid);
    return (int64_t)(word[1] << 48 | word[2] << 32 | word[3] << 16 | word[4]);
}

static int64_t ask_exec(void)
{
    return fake_exec(asker, check_stack(), "a");
}

/* No program: all its pages are looked at before that is seen. */
static int64_t ask_offered(void)
{
    uint64_t word[6] = {REQ_EXEC, check_stack(), PAGE_SIZE, area, LARGE_NPAGES * PAGE_SIZE};
    return fake_request(asker, 0, word) == FAKE_ANSWERED ? (int64_t)word[0] : FAKE_SILENT;
}

static int64_t ask_kill(void)
{
    struct process *victim = fake_fork(asker);
    return victim == NULL ? 0 : fake_call(asker, REQ_KILL, victim->pid, KILL_FAMILY, 9);
}

static int64_t (*const ask[])(void) = {ask_fork,  ask_exit, ask_unmap,   ask_protect, ask_shared,
                                       ask_pages, ask_exec, ask_offered, ask_kill};
enum { ASKS = sizeof ask / sizeof ask[0] };

static void prepare(const char *policy)
{
    asker = check_start_in(MACHINE_NPAGES);
    uint64_t word[6] = {REQ_POLICY_SET};
    strcpy((char *)&word[1], policy);
    CHECK(fake_request(asker, 0, word) == FAKE_ANSWERED && word[0] == 0);
    area = (uint64_t)check_mmap(asker, LARGE_NPAGES, false);
    for (uint64_t i = 0; i < LARGE_NPAGES; i++)
        CHECK(fake_store(asker, area + i * PAGE_SIZE, (uint8_t)i));
    CHECK(fake_store(asker, check_stack(), 0));
}

static uint64_t ndeliveries, kill_at;

/* The asker is killed before one of its messages. */
static void count_and_kill(void)
{
    if (++ndeliveries != kill_at)
        return;
    fake.at_delivery = NULL;
    CHECK(fake_audit() == 0);
    CHECK(fake_call(process_init, REQ_KILL, asker->pid, 0, 0) == 0);
}

/* Killed between any two pieces of anything: the audit is clean, and every frame returns. */
static void test_killed_between(const char *policy)
{
    for (unsigned i = 0; i < ASKS; i++) {
        bool was_killed = true;
        for (kill_at = 1; was_killed; kill_at += 1 + kill_at / 2) {
            port_piece = PORT_PIECE;
            prepare(policy);
            port_piece = SMALL_PIECE;
            ndeliveries = 0;
            fake.at_delivery = count_and_kill;
            ask[i]();
            was_killed = fake.at_delivery == NULL;
            fake.at_delivery = NULL;
            check_end();
        }
        CHECK(kill_at > 2);
    }
    port_piece = PORT_PIECE;
}

/* What is done in many pieces comes out as what is done in one. */
static void test_same_in_pieces(void)
{
    int64_t result[2][ASKS];
    uint64_t npieces[2];
    for (unsigned small = 0; small < 2; small++) {
        npieces[small] = 0;
        for (unsigned i = 0; i < ASKS; i++) {
            port_piece = PORT_PIECE;
            prepare("cow");
            port_piece = small != 0 ? SMALL_PIECE : INT32_MAX;
            uint64_t before = fake.npieces;
            result[small][i] = ask[i]();
            npieces[small] += fake.npieces - before;
            check_end();
        }
    }
    CHECK(memcmp(result[0], result[1], sizeof result[0]) == 0);
    CHECK(npieces[0] == 0 && npieces[1] > ASKS);
    port_piece = PORT_PIECE;
}

static struct process *other_child;

/* Between two pieces of a fork another process asks, and is served; the child can't be found. */
static void others_ask(void)
{
    fake.at_again = NULL;
    CHECK(fake_call(process_init, REQ_GETPID, 0, 0, 0) == process_init->pid);
    CHECK(fake_call(process_init, REQ_KILL, asker->pid + 2, KILL_PROBE, 0) == ERR_SEARCH);
    CHECK(asker->held && !asker->dying && fake_audit() == 0);
    other_child = fake_fork(process_init);
}

static void test_served_between(void)
{
    prepare("cow");
    other_child = NULL;
    port_piece = SMALL_PIECE;
    fake.at_again = others_ask;
    const struct process *child = fake_fork(asker);
    fake.at_again = NULL;
    CHECK(child != NULL && other_child != NULL);
    uint8_t byte = 0;
    for (uint64_t i = 0; i < LARGE_NPAGES; i += 50)
        CHECK(fake_load(process_find(child->pid), area + i * PAGE_SIZE, &byte) &&
              byte == (uint8_t)i);
    port_piece = PORT_PIECE;
    check_end();
}

static struct process *root;

/* Between two pieces of the kill every one of the family forks, or tries to. */
static void family_forks(void)
{
    fake.at_again = NULL;
    fake.gives_up = true;
    for (struct process *p = process_init->next; p != process_init; p = p->next)
        if (p != asker && p->state == PROCESS_ALIVE && p->server == 0 && fake_is_idle(p, 0))
            fake_fork(p);
    fake.gives_up = false;
    fake.at_again = family_forks;
}

static unsigned nliving(void)
{
    unsigned n = 0;
    for (const struct process *p = process_init->next; p != process_init; p = p->next)
        n += p->state == PROCESS_ALIVE && p->server == 0;
    return n;
}

/* A family that forks while it is killed: nobody escapes. */
static void test_family(void)
{
    asker = check_start();
    root = fake_fork(asker);
    struct process *child = fake_fork(root);
    CHECK(fake_fork(child) != NULL && fake_fork(root) != NULL && fake_fork(child) != NULL);
    port_piece = 1; /* one a piece */
    fake.at_again = family_forks;
    CHECK(fake_call(asker, REQ_KILL, root->pid, KILL_FAMILY, 9) == 0);
    fake.at_again = NULL;
    port_piece = PORT_PIECE;
    CHECK(nliving() == 1);
    check_end();
}

void test_pieces(void)
{
    test_same_in_pieces();
    test_killed_between("cow");
    test_killed_between("eager");
    test_killed_between("tables");
    test_served_between();
    test_family();
}
