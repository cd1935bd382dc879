/* What every pager owes its programs (pager/protocol.h), by requests in registers alone.
 *
 * Whoever writes another pager runs this under it. Parts that a pager may leave out are named. */
#include "conform.h"

#include <stdio.h>
#include <unistd.h>

#include "libsys.h"

long conform_wait(int64_t pid, bool now, uint32_t *status, uint32_t *cause)
{
    uint64_t word[6];
    do {
        word[0] = REQ_WAIT, word[1] = (uint64_t)pid, word[2] = now;
        holstein_request(word);
    } while ((long)word[0] == ERR_AGAIN);
    *status = (uint32_t)word[1];
    *cause = (uint32_t)word[2];
    return (long)word[0];
}

/* Is that part of the protocol there? */
static bool has(uint64_t request)
{
    uint64_t word[6] = {request, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul};
    return holstein_request(word) != ERR_NUMBER;
}

static void test_version(void)
{
    CHECK(START_VERSION(libsys_first_a1) == PROTOCOL_VERSION);
}

static void test_numbers(void)
{
    uint32_t status, cause;
    long self = conform_ask(REQ_GETPID, 0, 0), child = conform_ask(REQ_FORK, 0, 0);
    if (child == 0)
        _exit(conform_ask(REQ_GETPPID, 0, 0) == self && conform_ask(REQ_GETPID, 0, 0) != self
                  ? (int)conform_ask(REQ_GETPID, 0, 0)
                  : -1);
    CHECK(self > 0 && child > 0 && child != self && conform_ask(REQ_GETPID, 0, 0) == self);
    CHECK(conform_wait(child, false, &status, &cause) == child);
    CHECK(cause == CAUSE_EXIT && status == (uint32_t)child);
}

/* A status has 32 bits; each child is heard of once, by number or as any; others' never. */
static void test_wait(void)
{
    static const uint32_t statuses[] = {0, 1, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff};
    enum { N = sizeof statuses / sizeof statuses[0] };
    uint32_t status, cause;
    long child[N], self = conform_ask(REQ_GETPID, 0, 0);
    for (int i = 0; i < N; i++)
        if ((child[i] = test_fork()) == 0)
            _exit((int)statuses[i]);
    for (int i = N - 1; i > 0; i--) {
        CHECK(conform_wait(child[i], false, &status, &cause) == child[i]);
        CHECK(status == statuses[i] && cause == CAUSE_EXIT);
        CHECK(conform_wait(child[i], false, &status, &cause) == ERR_CHILD);
    }
    CHECK(conform_wait(-1, false, &status, &cause) == child[0] && status == statuses[0]);
    CHECK(conform_wait(-1, false, &status, &cause) == ERR_CHILD);
    CHECK(conform_wait(self, true, &status, &cause) == ERR_CHILD);
    CHECK(conform_wait(1L << 40, true, &status, &cause) == ERR_CHILD);
    if ((child[0] = test_fork()) == 0)
        for (;;)
            sys_yield();
    CHECK(conform_wait(-1, true, &status, &cause) == 0 &&
          conform_wait(child[0], true, &status, &cause) == 0);
    CHECK(conform_ask(REQ_KILL, (uint64_t)child[0], KILL_ONE) == 0);
    CHECK(conform_wait(-1, false, &status, &cause) == child[0] && cause == CAUSE_KILLED);
}

static void child_waits(void)
{
    uint32_t status, cause;
    if (test_fork() == 0) {
        for (int i = 0; i < TURNS; i++)
            sys_yield();
        _exit(0);
    }
    conform_wait(-1, false, &status, &cause);
}

/* One that runs, one that waits for a child of its own, oneself; then there is nobody. */
static void test_kill(void)
{
    uint32_t status, cause;
    for (int i = 0; i < 6; i++) {
        long child = test_fork();
        if (child == 0) {
            if (i % 3 == 0)
                child_waits();
            if (i % 3 == 1)
                conform_ask(REQ_KILL, (uint64_t)conform_ask(REQ_GETPID, 0, 0), KILL_ONE);
            for (;;)
                sys_yield();
        }
        for (int n = 0; n < TURNS / 4; n++)
            sys_yield();
        if (i % 3 != 1) {
            CHECK(conform_ask(REQ_KILL, (uint64_t)child, KILL_PROBE) == 0);
            CHECK(conform_ask(REQ_KILL, (uint64_t)child, KILL_ONE) == 0);
        }
        CHECK(conform_wait(child, false, &status, &cause) == child && cause == CAUSE_KILLED);
        CHECK(conform_ask(REQ_KILL, (uint64_t)child, KILL_PROBE) == ERR_SEARCH);
        CHECK(conform_ask(REQ_KILL, (uint64_t)child, KILL_ONE) == ERR_SEARCH);
    }
}

static void test_absurd(void)
{
    static const uint64_t absurd[] = {1ul << 31,   1ul << 32, 1ul << 38,  1ul << 63,
                                      ~0ul - 4095, ~0ul - 1,  0x80200000, 0xffffffff80200000};
    enum { N = sizeof absurd / sizeof absurd[0] };
    const long self = conform_ask(REQ_GETPID, 0, 0), end = conform_ask(REQ_SBRK, 0, 0);
    uint32_t status, cause;
    for (int i = 0; i < N * N; i++) {
        uint64_t a = absurd[i % N], b = absurd[i / N];
        uint64_t word[6] = {a, b, a, b, a, b};
        CHECK(holstein_request(word) == ERR_NUMBER);
        CHECK(conform_ask(REQ_KILL, a, KILL_ONE) == ERR_SEARCH);
        CHECK(conform_wait((int64_t)a, true, &status, &cause) == ERR_CHILD);
        CHECK((int64_t)a < 0 || conform_ask(REQ_SBRK, a, b) < 0);
    }
    uint64_t fault[6] = {0, 15, 0x100000};
    fault[0] = (uint64_t)test_main; /* only the badge makes a fault of a message */
    CHECK(holstein_request(fault) == ERR_NUMBER);
    CHECK(conform_ask(REQ_GETPID, 0, 0) == self && conform_ask(REQ_SBRK, 0, 0) == end);
    pid_t child = test_fork();
    if (child == 0)
        _exit(0);
    test_join(1);
}

static void test_optional(void)
{
    static const struct {
        uint64_t request;
        const char *name;
    } part[] = {
        {REQ_EXEC, "exec"},           {REQ_MUNMAP, "mmap"},           {REQ_MPROTECT, "mprotect"},
        {REQ_THREAD_EXIT, "threads"}, {REQ_WORD_WAKE, "words"},       {REQ_HANDLER, "handlers"},
        {REQ_PRIORITY, "priority"},   {REQ_STATISTICS, "statistics"}, {REQ_PROCESS, "processes"},
        {REQ_CONNECT, "servers"},     {REQ_POLICY_NAME, "policies"}};
    printf("conform: not tested here:");
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        printf(" %s%s", part[i].name, has(part[i].request) ? "" : " (not there)");
    printf("\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"version", test_version}, {"numbers", test_numbers},          {"wait", test_wait},
        {"kill", test_kill},       {"copies", conform_copies},         {"sbrk", conform_sbrk},
        {"wild", conform_wild},    {"exceptions", conform_exceptions}, {"memory", conform_memory},
        {"absurd", test_absurd}};
    test_optional();
    return test_main(tests, sizeof tests / sizeof tests[0], argc, argv);
}
