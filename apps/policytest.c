/* policytest: families under different policies in one boot.
 *
 * Prints `policytest: NAME ok` or `policytest: NAME FAILED why`. Each test runs in a process of its
 * own, and the frames in use after it must be those before. */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holstein.h"

enum { PAGE = 4096, AREA = 256, FAMILIES = 200 };

#define CHECK(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

static _Noreturn void fail(int line, const char *why)
{
    printf("(line %d: %s) ", line, why);
    fflush(stdout);
    _exit(1);
}

static long nfree(void)
{
    return holstein_statistic(STATISTIC_FREE);
}

static bool policy_is(const char *name)
{
    static uint64_t word[6];
    word[0] = REQ_POLICY_NAME;
    word[1] = ~0ul;
    return holstein_request(word) == (long)strlen(name) &&
           memcmp(&word[1], name, strlen(name)) == 0;
}

static char *touched(long npages)
{
    char *area = sbrk(npages * PAGE);
    CHECK(area != (char *)-1);
    for (long i = 0; i < npages; i++)
        area[i * PAGE] = 1;
    return area;
}

static void join(int nchildren)
{
    uint32_t status, cause;
    for (int i = 0; i < nchildren; i++)
        CHECK(holstein_wait(-1, &status, &cause) > 0 && cause == CAUSE_EXIT && status == 0);
}

/* Frames that a fork of this process takes, with a large area touched. */
static long fork_cost(const char *policy)
{
    CHECK(holstein_policy(policy) == 0);
    touched(AREA);
    int gate[2];
    CHECK(pipe(gate) == 0);
    long before = nfree();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char byte;
        read(gate[0], &byte, 1);
        _exit(policy_is(policy) ? 0 : 1);
    }
    long cost = before - nfree();
    write(gate[1], "x", 1);
    join(1);
    return cost;
}

static void inherit(void)
{
    bool eager = policy_is("eager");
    if (fork() == 0) {
        CHECK(holstein_policy("eager") == 0 && policy_is("eager"));
        if (fork() == 0) {
            execvp("policytest", (char *[]){"policytest", "--is", "eager", NULL});
            _exit(1);
        }
        join(1);
        _exit(0);
    }
    join(1);
    CHECK(policy_is("eager") == eager);
}

/* Two families side by side: a fork copies in one and not in the other. */
static void families(void)
{
    static const char *const name[] = {"eager", "cow", "touch", "eager", "tables", "around"};
    for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
        if (fork() == 0) {
            long cost = fork_cost(name[i]);
            bool copies = strcmp(name[i], "eager") == 0;
            CHECK(copies ? cost >= AREA : cost < AREA / 2);
            _exit(0);
        }
        join(1);
    }
}

/* Reads take a frame a page, or none; afterwards another family stores to what was inherited. */
static void zeros(void)
{
    if (fork() == 0) {
        CHECK(holstein_policy("zero") == 0);
        volatile char *area = sbrk(AREA * PAGE);
        long before = nfree(), sum = 0;
        for (long i = 0; i < AREA; i++)
            sum += area[i * PAGE];
        CHECK(sum == 0 && before - nfree() < AREA / 16);
        if (fork() == 0) {
            CHECK(holstein_policy("cow-noupgrade") == 0);
            for (long i = 0; i < AREA; i++)
                area[i * PAGE] = 1;
            _exit(0);
        }
        join(1);
        for (long i = 0; i < AREA; i++)
            sum += area[i * PAGE];
        CHECK(sum == 0);
        _exit(0);
    }
    join(1);
}

/* The family that wants too much fails; what others have, and may still get, is not its affair. */
static void quota(void)
{
    long total = holstein_statistic(STATISTIC_TOTAL);
    pid_t glutton = fork();
    if (glutton == 0) {
        CHECK(holstein_policy("quota") == 0);
        CHECK(holstein_policy("cow") == -1 && errno == EPERM);
        char *area = mmap(NULL, (size_t)(total / 2) * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(area != MAP_FAILED);
        char *second = mmap(NULL, (size_t)(total / 2) * PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(second != MAP_FAILED);
        for (long i = 0; i < total / 2; i++)
            area[i * PAGE] = 1;
        CHECK(fork() == -1 && errno == ENOMEM);
        CHECK(sbrk(total / 4 * PAGE) == (void *)-1);
        for (long i = 0; i < total / 2; i++)
            second[i * PAGE] = 1; /* ends here */
        _exit(0);
    }
    uint32_t status, cause;
    touched(total / 8);
    CHECK(holstein_wait(glutton, &status, &cause) == glutton && cause == CAUSE_MEMORY);
    if (fork() == 0)
        _exit(0);
    join(1);
}

/* More families than there may be: refused, and nothing lost. */
static void many(void)
{
    int gate[2], nrefused = 0, nchildren = 0;
    CHECK(pipe(gate) == 0);
    while (nchildren < FAMILIES && nrefused == 0) {
        int said[2];
        CHECK(pipe(said) == 0);
        if (fork() == 0) {
            bool founded = holstein_policy("cow") == 0;
            char byte = founded ? 'y' : errno == EAGAIN ? 'n' : '?';
            write(said[1], &byte, 1);
            read(gate[0], &byte, 1);
            _exit(0);
        }
        char byte = 0;
        nchildren++;
        CHECK(read(said[0], &byte, 1) == 1 && (byte == 'y' || byte == 'n'));
        nrefused += byte == 'n';
        close(said[0]);
        close(said[1]);
    }
    for (int i = 0; i < nchildren; i++)
        write(gate[1], "x", 1);
    join(nchildren);
    CHECK(nrefused == 1 && nchildren > 30);
    CHECK(holstein_policy("cow") == 0);
}

static void absurd(void)
{
    CHECK(holstein_policy("") == -1 && errno == ENOENT);
    CHECK(holstein_policy("no-such-policy") == -1 && errno == ENOENT);
    CHECK(holstein_policy("a name that is much longer than any policy has") == -1);
    uint64_t word[6] = {REQ_POLICY_SET, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul};
    CHECK(holstein_request(word) == ERR_NOENT);
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"inherit", inherit}, {"families", families}, {"zeros", zeros},
    {"quota", quota},     {"many", many},         {"absurd", absurd},
};

static bool run(unsigned i)
{
    uint32_t status = 0, cause = 0;
    printf("policytest: %s ", tests[i].name);
    fflush(stdout); /* by now it has the page that files need, if it needs one */
    long before = nfree(), after = 0;
    pid_t child = fork();
    if (child == 0) {
        tests[i].function();
        _exit(0);
    }
    bool good =
        holstein_wait(child, &status, &cause) == child && cause == CAUSE_EXIT && status == 0;
    for (int turn = 0; turn < 10000 && (after = nfree()) != before; turn++)
        sched_yield();
    good = good && after == before;
    printf("%s\n", good ? "ok" : "FAILED");
    return good;
}

int main(int argc, char **argv)
{
    int nfailed = 0;
    if (argc == 3 && strcmp(argv[1], "--is") == 0)
        return policy_is(argv[2]) ? 0 : 1;
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++)
        nfailed += !run(i);
    return nfailed == 0 ? 0 : 1;
}
