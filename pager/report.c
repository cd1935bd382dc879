/* Figures: of the whole, and of each process. */
#include "report.h"
#include "fault.h"
#include "install.h"
#include "laundry.h"
#include "task.h"

/* What parts cost, in instructions: a look at what is not there; a page, of which so many are
 * counted at once. */
enum { LOOK_COST = 30, COUNT_COST = 40, COUNTED_NPAGES = 32 };

err_t report_statistic(const struct process *process, uint64_t which)
{
    switch (which) {
    case STATISTIC_FREE: return (err_t)frames.nfree;
    case STATISTIC_TOTAL: return (err_t)frames.npages;
    case STATISTIC_UPGRADES: return (err_t)process_counts_total().upgrades;
    case STATISTIC_COPIES: return (err_t)process_counts_total().copies;
    case STATISTIC_ZEROS: return (err_t)process_counts_total().zeros;
    case STATISTIC_OWN_PAGES: return process->map.npages;
    case STATISTIC_POLICY:
        return (process->policy->lazy_fork ? POLICY_IS_LAZY : 0) |
               (process->policy->upgrades ? POLICY_UPGRADES : 0);
    case STATISTIC_REPLACED: return (err_t)policy_nreplaced;
    case STATISTIC_MAPS: return (err_t)process_counts_total().maps;
    case STATISTIC_AHEAD: return (err_t)process_counts_total().ahead;
    case STATISTIC_WASHED: return (err_t)laundry.ntaken;
    case STATISTIC_IN_KERNEL: return port_in_kernel;
    default: return ERR_INVALID;
    }
}

static struct process *next_process(uint64_t pid)
{
    struct process *best = NULL, *p = process_init;
    do {
        if (p->pid > pid && !process_is_embryo(p) && (best == NULL || p->pid < best->pid))
            best = p;
        p = p->next;
    } while (p != process_init);
    return best;
}

static void tell_state(const struct process *p, uint64_t word[6])
{
    word[1] = p->parent == NULL ? 0 : p->parent->pid;
    word[2] = (p->state == PROCESS_ZOMBIE ? INFO_ZOMBIE : 0u) |
              (p->server != 0 ? INFO_SERVER : 0u) | (p->threaded ? INFO_THREADED : 0u);
    word[3] = p->priority;
    word[4] = p->name_words[0];
    word[5] = p->name_words[1];
}

static void count_page(const struct process *p, const struct region *region, uint64_t va,
                       const entry_t *entry, uint64_t count[4])
{
    if (*entry == 0) {
        count[2]++;
        return;
    }
    pfn_t frame = entry_frame(*entry);
    count[sole(p, va, frame) ? 0 : 1]++;
    count[3] += (install_rights(p, region, va, frame) & RIGHT_W) != 0;
}

/* Counts the region's pages from *at on, up to its end. */
static bool count_region(const struct process *p, const struct region *region, uint64_t *at,
                         uint64_t count[4])
{
    while (*at < region->end) {
        uint64_t stop = map_leaf_end(*at, region->end);
        const entry_t *entry = map_find(&p->map, *at);
        if (!piece_affords(entry == NULL ? LOOK_COST : COUNT_COST * COUNTED_NPAGES))
            return false;
        if (entry == NULL) {
            count[2] += (stop - *at) >> PAGE_SHIFT;
            *at = stop;
        }
        for (unsigned n = 0; n < COUNTED_NPAGES && *at < stop; n++, *at += PAGE_SIZE)
            count_page(p, region, *at, entry++, count);
    }
    return true;
}

/* The other process may change between two pieces: each page is counted as it is then. */
static err_t pages_step(struct process *asker, struct task *task)
{
    (void)asker;
    const struct process *p = process_find(task->pages.pid);
    bool there = p != NULL && p->map.root != NULL;
    for (uint32_t i = 0; there && i < p->regions.n; i++) {
        const struct region *region = &p->regions.region[i];
        piece_spend(LOOK_COST); /* again in each piece: nothing is done by it */
        if (task->pages.at < region->start)
            task->pages.at = region->start;
        if (!count_region(p, region, &task->pages.at, task->pages.count))
            return TASK_LATER;
    }
    for (unsigned i = 0; i < 4; i++)
        task->word[1 + i] = task->pages.count[i];
    return task->pages.pid;
}

static err_t tell_pages(struct process *asker, uint64_t token, const struct process *p,
                        uint64_t word[6])
{
    asker->task.pages = (struct task_pages){.pid = p->pid};
    err_t result = task_begin(asker, token, word, pages_step, NULL);
    for (unsigned i = 1; i < 5 && result != TASK_LATER; i++)
        word[i] = asker->task.word[i];
    return result;
}

static void tell_page(struct process *p, uint64_t word[6])
{
    uint64_t va = word[3] & ~(uint64_t)(PAGE_SIZE - 1), at = va;
    const entry_t *entry =
        p->state == PROCESS_ALIVE && va < ADDRESS_LIMIT ? map_find(&p->map, va) : NULL;
    const struct region *region = region_find(&p->regions, va);
    word[1] = word[2] = word[3] = word[4] = 0;
    if (entry == NULL || *entry == 0 || region == NULL)
        return;
    pfn_t installed;
    unsigned rights;
    word[1] = entry_frame(*entry);
    word[2] = frame_refs(entry_frame(*entry));
    word[3] = region->rights;
    if (port_next(p, &at, &installed, &rights) && at == va)
        word[4] = rights;
}

err_t report_process(struct process *asker, uint64_t token, uint64_t word[6])
{
    struct process *p = next_process(word[1]);
    uint64_t what = word[2];
    if (what > INFO_PAGE)
        return ERR_INVALID;
    if (p == NULL)
        return 0;
    if (what == INFO_STATE) {
        tell_state(p, word);
    } else if (what == INFO_PAGES) {
        return tell_pages(asker, token, p, word);
    } else if (what == INFO_PAGE) {
        tell_page(p, word);
    } else {
        word[1] = p->counts.upgrades;
        word[2] = p->counts.copies;
        word[3] = p->counts.zeros;
        word[4] = p->counts.maps;
    }
    return p->pid;
}
