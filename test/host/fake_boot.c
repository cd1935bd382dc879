/* The start and the end of the fake machine, and its audit. */
#include "fake_space.h"
#include "../../pager/audit.h"
#include "../../pager/death.h"
#include "../../pager/laundry.h"
#include "../../pager/request.h"
#include <string.h>
#include <sys/mman.h>

char *port_window;

static uint64_t own_npages, archive_npages;

const char *fake_boot(uint64_t npages, uint64_t pool)
{
    static char *memory;
    if (memory == NULL)
        memory = mmap(NULL, (uint64_t)FAKE_NPAGES_MAX * PAGE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 0xa5, npages * PAGE_SIZE);
    port_window = memory - (FAKE_FIRST << PAGE_SHIFT);
    frames = (struct frame_table){0};
    fake.pool_left = pool;
    uint64_t table = (npages * sizeof(struct frame) + PAGE_SIZE - 1) >> PAGE_SHIFT;
    own_npages = FAKE_IMAGE_NPAGES + table + 1; /* the frame of zeros */
    static struct boot_info info;
    info = (struct boot_info){.version = BOOT_VERSION,
                              .memory_first = FAKE_FIRST,
                              .memory_npages = npages,
                              .image_npages = FAKE_IMAGE_NPAGES,
                              .total_npages = npages + 1024,
                              .archive_start = (FAKE_FIRST + own_npages + 1) << PAGE_SHIFT,
                              .arguments = "run='cowtest three'"};
    info.archive_nbytes = fake_archive(port_frame(FAKE_FIRST + own_npages + 1));
    archive_npages = info.archive_nbytes >> PAGE_SHIFT;
    fake_boot_lock(true);
    const char *problem = request_boot(&info);
    fake_boot_lock(false);
    return problem;
}

uint64_t fake_audit(void)
{
    port_lock();
    const struct frame_run own = {FAKE_FIRST, own_npages};
    uint64_t n = (uint64_t)audit_run(&own, 1);
    void (*hook)(void) = fake.at_unlock;
    fake.at_unlock = NULL;
    port_unlock();
    fake.at_unlock = hook;
    return n;
}

static void end(struct process *process)
{
    bool over = death_exit(process, 0);
    while (!over)
        over = death_piece(process);
    process_free(process);
}

static void end_servers(void)
{
    port_lock();
    for (struct process *p = process_init->next, *next; p != process_init; p = next) {
        next = p->next;
        if (p->server != 0) {
            end(p);
        }
    }
    port_unlock();
}

void fake_halt(void)
{
    fake_fail_after(0, 0);
    bool quiet = fake.quiet;
    fake.at_unlock = fake.at_call = fake.at_install = fake.at_delivery = NULL;
    fake.at_access = NULL;
    if (fake_audit() != 0)
        fake_breach("audit at the end", 0);
    fake.quiet = true;
    if (fake_is_idle(process_init, 0)) {
        fake_call(process_init, REQ_KILL, (uint64_t)-1, 0, 0);
        while (fake_call(process_init, REQ_WAIT, (uint64_t)-1, 1, 0) > 0)
            ;
    }
    end_servers();
    if (process_init->children != NULL || process_init->next != process_init)
        fake_breach("init still has children", 0);
    if (fake_audit() != 0)
        fake_breach("audit when all are dead", 0);
    port_lock();
    end(process_init);
    port_unlock();
    fake.quiet = quiet;
    if (frames.nfree + own_npages + archive_npages + laundry.npages != frames.npages)
        fake_breach("I8: frames lost, free now", frames.nfree);
}
