/* cowtest: requests to the pager, good, bad and absurd. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cowtest.h"
#include "syscall.h"

/* Shared memory stays shared across fork, private memory does not; a hole may be cut. */
void test_mmap(void)
{
    enum { PAGES = 8 };
    char *shared =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *own =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED && own != MAP_FAILED);
    own[PAGE] = 1;
    if (test_fork() == 0) {
        shared[3 * PAGE] = 7;
        own[PAGE] = 7;
        own[2 * PAGE] = 7;
        _exit(0);
    }
    test_join(1);
    CHECK(shared[3 * PAGE] == 7 && own[PAGE] == 1 && own[2 * PAGE] == 0);
    CHECK(munmap(own + 3 * PAGE, 2 * PAGE) == 0);
    CHECK(munmap(own + 3 * PAGE, 2 * PAGE) == -1 && errno == EINVAL);
    CHECK(own[PAGE] == 1 && own[5 * PAGE] == 0);
    CHECK(munmap(own, 3 * PAGE) == 0 && munmap(own + 5 * PAGE, 3 * PAGE) == 0);
    CHECK(munmap(shared, PAGES * PAGE) == 0);
    const char *fixed = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(fixed != MAP_FAILED && fixed[5] == 0);
}

/* Shrinking gives frames back, and what grows again is zero. */
void test_sbrk(void)
{
    enum { PAGES = 40 };
    char *area = test_pages(PAGES);
    long frames = test_free_pages();
    CHECK(sbrk(-30 * PAGE) == area + PAGES * PAGE);
    CHECK(test_free_pages() >= frames + 30);
    CHECK(sbrk(30 * PAGE) == area + 10 * PAGE);
    CHECK(area[0] == 1 && area[9 * PAGE] == 1);
    for (int i = 10; i < PAGES; i++)
        CHECK(area[i * PAGE] == 0);
    errno = 0;
    CHECK(sbrk((ptrdiff_t)1 << 40) == (void *)-1);
    CHECK(sbrk((ptrdiff_t)(test_free_pages() + 1) * PAGE) == (void *)-1 && errno == ENOMEM);
    CHECK(sbrk(-((ptrdiff_t)1 << 30)) == (void *)-1 && errno == EINVAL);
    CHECK(sbrk(PTRDIFF_MIN) == (void *)-1 && sbrk(PTRDIFF_MAX) == (void *)-1);
    CHECK(sbrk(0) == area + PAGES * PAGE);
}

/* Data of the archive is copied before it is stored to: the next run finds it unchanged. */
static int counter = 41;

int test_exec_child(const char *argument)
{
    counter++;
    return strcmp(argument, "an argument") == 0 && counter == 42 ? 42 : 1;
}

void test_exec(void)
{
    char *argv[] = {"cowtest", "--exec", "an argument", NULL};
    for (int i = 0; i < 3; i++) {
        int status;
        pid_t child = test_fork();
        if (child == 0) {
            execv("cowtest", argv);
            _exit(1);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
    CHECK(execv("no-such-program", argv) == -1 && errno == ENOENT);
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(execv(name, argv) == -1 && errno == ENAMETOOLONG);
    CHECK(counter == 41);
}

/* A chain of processes, each forking the next and waiting for it, until fork fails. Where memory is
 * short to the last frame, one of the chain may end at a store instead. */
void test_deep(void)
{
    struct shared *shared = test_shared();
    for (;;) {
        uint32_t status, cause;
        pid_t child = fork();
        if (child == 0) {
            shared->word[0]++;
            continue;
        }
        if (child < 0) {
            CHECK(errno == ENOMEM || errno == EAGAIN);
            break;
        }
        CHECK(holstein_wait(child, &status, &cause) == child);
        CHECK(cause == CAUSE_MEMORY || (cause == CAUSE_EXIT && status == 0));
        break;
    }
    CHECK(shared->word[0] >= 100);
}

static const uint64_t absurd[] = {0,         1,           4095,       4096,
                                  1ul << 31, 1ul << 32,   1ul << 38,  1ul << 63,
                                  ~0ul,      ~0ul - 4095, 0x80200000, 0xffffffff80200000};
enum { ABSURD = sizeof absurd / sizeof absurd[0] };

static bool makes_sense(uint64_t request, uint64_t a)
{
    switch (request) {
    case REQ_STATISTICS:
    case REQ_POLICY_NAME: return a < 16 || a == ~0ul;
    case REQ_SBRK: return (long)a >= -2 * PAGE && (long)a <= 2 * PAGE;
    case REQ_KILL: return a == 0 || a == 1;
    case REQ_MMAP: return a > 0 && a <= PAGE;
    default: return false;
    }
}

static void absurd_requests(void)
{
    static const uint64_t requests[] = {REQ_KILL,        REQ_SBRK,           REQ_MMAP,
                                        REQ_MUNMAP,      REQ_AUDIT,          REQ_POLICY_NAME,
                                        REQ_THREAD_EXIT, REQ_STATISTICS,     REQ_EXEC,
                                        REQ_POLICY_SET,  REQ_POLICY_SET + 1, ~0ul};
    for (size_t r = 0; r < sizeof requests / sizeof requests[0]; r++) {
        for (int i = 0; i < ABSURD * ABSURD; i++) {
            uint64_t a = absurd[i % ABSURD], b = absurd[i / ABSURD];
            uint64_t word[6] = {requests[r], a, b, a, b, a};
            if (!makes_sense(requests[r], a))
                CHECK((long)holstein_request(word) < 0);
        }
    }
    /* What stands at an address: nothing there, or a process that is not. */
    for (int i = 0; i < ABSURD * ABSURD; i++) {
        uint64_t a = absurd[i % ABSURD], pid = absurd[i / ABSURD];
        uint64_t page[6] = {REQ_PROCESS, pid, INFO_PAGE, a};
        uint64_t none[6] = {REQ_PROCESS, pid, INFO_PAGE + 1 + a % (1ul << 63), a};
        long next = holstein_request(page);
        CHECK(next >= 0 && (next == 0 || (page[1] == 0) == (page[2] == 0)));
        CHECK(a < 1ul << 31 || next == 0 || page[1] == 0);
        CHECK(holstein_request(none) == ERR_INVALID);
    }
    /* A message that looks like a fault is a request like any other: the badge tells them apart. */
    uint64_t forged[6] = {(uint64_t)absurd, 15, 0x100000, 0, 0, 0};
    CHECK((long)holstein_request(forged) == ERR_NUMBER);
}

/* System calls on capabilities that are not there, or that do not allow it. */
static void absurd_system_calls(void)
{
    for (int i = 0; i < ABSURD + SLOTS_INLINE; i++) {
        uint64_t word[6] = {REQ_GETPID};
        uint64_t slot = i < ABSURD ? absurd[i] : (uint64_t)(i - ABSURD);
        if (slot != SLOT_PAGER)
            CHECK(sys_call(slot, word) == ERR_CAPABILITY);
    }
    for (uint64_t number = SYS_NOTIFY; number <= SYS_LAST + 3; number++)
        for (int i = 0; i < ABSURD; i++)
            if (number != SYS_CONSOLE_WRITE && number != SYS_STATISTICS)
                CHECK(syscall6(number, absurd[i], absurd[i], absurd[i], absurd[i], absurd[i],
                               absurd[i], NULL) < 0);
    CHECK(syscall6(~0ul, 0, 0, 0, 0, 0, 0, NULL) == ERR_NUMBER);
    CHECK(sys_power_off(SLOT_CONTROL, 0) == ERR_CAPABILITY);
    struct reception reception = {.badge = ~0ul};
    sys_reply_receive(&reception, SLOT_PAGER, 0);
    CHECK(reception.badge == NO_BADGE && (err_t)reception.word[0] == ERR_CAPABILITY);
    uint64_t word[6] = {0};
    CHECK(sys_reply(1ul << TOKEN_SHIFT | 1, word) == ERR_TOKEN &&
          sys_reply(~0ul, word) == ERR_TOKEN);
}

/* Absurd numbers and slots get an error, and nothing changes. The first round only touches what the
 * second would otherwise touch for the first time. */
/* It serves its own faults, has no other thread to do so, and faults: nobody would ever answer. */
static void own_handler(void)
{
    uint32_t status, cause;
    volatile uintptr_t nowhere = 8;
    pid_t child = test_fork();
    if (child == 0) {
        CHECK(holstein_request((uint64_t[6]){REQ_HANDLER, HANDLER_REGISTER}) == 0);
        *(volatile int *)nowhere = 1;
        _exit(0);
    }
    CHECK(holstein_wait(child, &status, &cause) == child && cause == CAUSE_ADDRESS);
}

void test_bad(void)
{
    long frames = 0, pages = 0;
    for (int round = 0; round < 2; round++) {
        frames = test_free_pages();
        pages = holstein_statistic(STATISTIC_OWN_PAGES);
        absurd_requests();
        absurd_system_calls();
        CHECK(kill(1, SIGKILL) == -1 && errno == EPERM);
        CHECK(kill(999999, SIGKILL) == -1 && errno == ESRCH);
        CHECK(wait(NULL) == -1 && errno == ECHILD);
    }
    CHECK(test_frames_are(frames));
    CHECK((!test_lazy_fork && !test_upgrades) || holstein_statistic(STATISTIC_OWN_PAGES) == pages);
    own_handler();
}

/* Killing: a sleeper, a runner, oneself; the parent learns of each. */
void test_kill(void)
{
    struct shared *shared = test_shared();
    uint32_t status, cause;
    for (int i = 0; i < 20; i++) {
        pid_t child = test_fork();
        if (child == 0) {
            shared->word[0]++;
            if (i % 3 == 0)
                wait(NULL);
            if (i % 3 == 1)
                kill(getpid(), SIGKILL);
            for (;;)
                test_pages(1);
        }
        test_await(&shared->word[0], i + 1);
        kill(child, SIGKILL);
        CHECK(holstein_wait(child, &status, &cause) == child);
        CHECK(cause == CAUSE_KILLED || cause == CAUSE_MEMORY || cause == CAUSE_EXIT);
    }
    CHECK(getppid() > 1);
}

/* Serves n calls: each is answered with the number of the child that made it. */
static void serve(int n)
{
    struct reception r = {0};
    for (; n > 0; n--) {
        sys_reply_receive(&r, SLOT_ENDPOINT, 0);
        CHECK(r.token != 0);
        r.word[0] = BADGE_PID(r.badge);
        CHECK(sys_reply(r.token, r.word) == 0);
        r.badge = 0;
    }
}

static err_t call_parent(uint64_t *answer)
{
    uint64_t word[6] = {0};
    err_t error = sys_call(SLOT_PARENT, word);
    *answer = word[0];
    return error;
}

/* Calls a parent that ends while it has the call. */
static void call_the_dying(struct shared *shared)
{
    uint64_t answer;
    if (test_fork() == 0) {
        shared->word[0] = call_parent(&answer);
        shared->word[1] = call_parent(&answer);
        shared->word[2] = 1;
        _exit(0);
    }
    struct reception r = {0};
    sys_reply_receive(&r, SLOT_ENDPOINT, 0);
    _exit(r.token == 0);
}

/* Children of a process that serves, and they alone, may call it; who dies owes no answer. */
void test_serve(void)
{
    enum { CHILDREN = 5 };
    struct shared *shared = test_shared();
    uint64_t answer;
    CHECK(call_parent(&answer) == ERR_CAPABILITY);
    for (int i = 0; i < 2; i++)
        CHECK(holstein_request((uint64_t[6]){REQ_SERVE}) == 0);
    for (int i = 0; i < CHILDREN; i++) {
        if (test_fork() != 0)
            continue;
        CHECK(call_parent(&answer) == 0 && answer == (uint64_t)getpid());
        if (test_fork() == 0)
            _exit(call_parent(&answer) != ERR_CAPABILITY);
        test_join(1);
        _exit(0);
    }
    serve(CHILDREN);
    test_join(CHILDREN);
    if (test_fork() == 0) {
        CHECK(holstein_request((uint64_t[6]){REQ_SERVE}) == 0);
        call_the_dying(shared);
    }
    test_join(1);
    test_await(&shared->word[2], 1);
    CHECK(shared->word[0] == ERR_DEAD && shared->word[1] == ERR_CAPABILITY);
}
