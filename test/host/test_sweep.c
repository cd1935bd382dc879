/* Failure sweeps: one scenario, in which the n-th frame, or the n-th call down, is not to be had.
 */
#include "fake.h"
#include "../../pager/fault.h"
#include <stdio.h>
#include <stdlib.h>

enum { NPAGES = 400, POOL = 1000, STAGES = 8, FRAMES_EVER_USED = 120 };

static pfn_t drained[NPAGES];
static bool enough; /* nothing had to be taken away */

static bool lives(int64_t pid)
{
    const struct process *p = process_find(pid);
    return p != NULL && p->state == PROCESS_ALIVE;
}

static void audit(const char *where)
{
    if (fake_audit() != 0)
        fake_breach(where, 0);
}

/* A request that fails changes no count of free frames (I8). */
static int64_t ask(struct process *process, uint64_t request, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t nfree = frames.nfree;
    int64_t result = fake_call(process, request, a1, a2, a3);
    if (result < 0 && result != FAKE_SILENT && frames.nfree != nfree)
        fake_breach("I8: a refused request changed the free count", request);
    audit("after a request");
    return result;
}

static bool store(int64_t pid, uint64_t va)
{
    if (lives(pid))
        fake_store(process_find(pid), va, 1);
    audit("after a store");
    if (process_init->dying)
        fake_breach("init died", process_init->cause);
    return lives(pid);
}

static struct process *hoarder;
static uint64_t nfree_wanted;
static int drain_stage = -1; /* where in the scenario frames become few; -1: nowhere */

/* Leaves so many frames free. The others need an owner for the audit: a process that does nothing,
 * of which one frame becomes a leaf. */
static void stage(int number)
{
    const uint64_t start = 1ul << 30;
    unsigned n = 0;
    if (number != drain_stage)
        return;
    while (frames.nfree > nfree_wanted)
        drained[n++] = frame_take();
    enough = n <= 1;
    if (n > 0)
        frame_release(drained[--n]);
    const struct region spare = {
        .start = start, .end = start + n * PAGE_SIZE, .rights = 1, .use = USE_MMAP};
    if (n > 0 && region_add(&hoarder->regions, &spare))
        for (unsigned i = 0; i < n; i++)
            map_put(&hoarder->map, start + i * PAGE_SIZE, drained[i]);
}

/* Private memory in a leaf of its own, the heap up and down, with frames few before each. */
static void grow_and_shrink(int64_t pid)
{
    stage(4);
    int64_t area = ask(process_find(pid), REQ_MMAP, 3 * PAGE_SIZE, RIGHT_R | RIGHT_W, 0);
    stage(5);
    if (area > 0 && store(pid, (uint64_t)area + PAGE_SIZE))
        ask(process_find(pid), REQ_MUNMAP, (uint64_t)area, 2 * PAGE_SIZE, 0);
    if (!lives(pid))
        return;
    stage(6);
    int64_t old = ask(process_find(pid), REQ_SBRK, 4 * PAGE_SIZE, 0, 0);
    if (old > 0 && store(pid, (uint64_t)old + 3 * PAGE_SIZE))
        ask(process_find(pid), REQ_SBRK, -(uint64_t)3 * PAGE_SIZE, 0, 0);
    if (lives(pid))
        ask(process_find(pid), REQ_WAIT, (uint64_t)-1, 1, 0);
}

/* Fork, exec, shared and private memory, stores to shared pages, heap, threads, kill, exits. */
static void scenario(void)
{
    stage(0);
    int64_t child = ask(process_init, REQ_FORK, 0, 0, 0);
    if (child < 0 || !store(child, 0x103000) || !store(child, 0xfe000))
        return;
    stage(7);
    uint64_t nfree = frames.nfree;
    if (fake_exec(process_find(child), 0xfe000, "a") != FAKE_SILENT && frames.nfree != nfree)
        fake_breach("I8: a refused exec changed the free count", nfree);
    audit("after exec");
    if (!store(child, 0x103000) || !store(child, 0x105000))
        return;
    stage(1);
    int64_t shared = ask(process_find(child), REQ_MMAP, 5 * PAGE_SIZE, RIGHT_R | RIGHT_W, 1);
    stage(2);
    int64_t second = ask(process_find(child), REQ_FORK, 0, 0, 0);
    if (!store(child, 0x105000))
        return;
    stage(3);
    if (shared > 0 && second > 0 && store(second, (uint64_t)shared))
        store(child, (uint64_t)shared);
    if (second > 0 && store(second, 0x105000) && store(second, 0x104000)) {
        int64_t old = ask(process_find(second), REQ_SBRK, 3 * PAGE_SIZE, 0, 0);
        if (old > 0)
            store(second, (uint64_t)old + 2 * PAGE_SIZE);
    }
    if (lives(second) && ask(process_find(second), REQ_THREAD, 0x100000, 0, 0) > 0)
        store(second, 0x106000);
    if (lives(second))
        ask(process_find(second), REQ_FORK, 0, 0, 0);
    if (lives(second))
        store(second, 0x106000);
    if (lives(child))
        grow_and_shrink(child);
    if (lives(child) && lives(second))
        ask(process_find(child), REQ_KILL, (uint64_t)second, 0, 0);
    if (lives(child))
        ask(process_find(child), REQ_EXIT, 3, 0, 0);
}

static void begin(unsigned policy)
{
    const char *problem = fake_boot(NPAGES, POOL);
    if (problem != NULL)
        fake_breach(problem, 0);
    process_set_policy(process_init, policy_list[policy]);
}

/* True: as many frames as are ever used. */
static bool sweep_frames(unsigned policy, int at_stage, uint64_t nfree)
{
    begin(policy);
    enough = true;
    hoarder = fake_fork(process_init);
    nfree_wanted = nfree;
    drain_stage = at_stage;
    scenario();
    drain_stage = -1;
    fake_halt();
    return enough;
}

static uint64_t sweep_calls(unsigned policy, uint64_t n, uint64_t count)
{
    begin(policy);
    fake_fail_after(n, count);
    scenario();
    uint64_t ncalls = fake.ncalls;
    fake_halt();
    return ncalls;
}

int main(void)
{
    char repeat[80];
    uint64_t nruns = 0;
    fake.repeat = repeat;
    for (unsigned policy = 0; policy_list[policy] != NULL; policy++) {
        uint64_t n = 0;
        for (int at_stage = 0; at_stage < STAGES; at_stage++, n = 0)
            do
                snprintf(repeat, sizeof repeat, "test_sweep (%s, stage %d, %lu frames)",
                         policy_list[policy]->name, at_stage, n);
            while (nruns++, !sweep_frames(policy, at_stage, n++) && n < FRAMES_EVER_USED);
        for (uint64_t count = 1; count <= FAKE_FOREVER; count += FAKE_FOREVER - 1) {
            bool more = true;
            for (n = 1; more; n++, nruns++) {
                snprintf(repeat, sizeof repeat, "test_sweep (%s, call %lu, %lu times)",
                         policy_list[policy]->name, n, count);
                more = sweep_calls(policy, n, count) >= n;
            }
        }
    }
    printf("sweep: %lu runs, ok\n", nruns);
    return 0;
}
