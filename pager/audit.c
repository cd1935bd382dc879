/* Recount of frames, maps and the kernel's entries. */
#include "audit.h"
#include "exec.h"
#include "fork.h"
#include "image.h"
#include "install.h"
#include "laundry.h"
#include "lend.h"

enum { LINES_MAX = 20, LINE_NBYTES = 96 };

static uint64_t nviolations;

static char *put_text(char *at, const char *text)
{
    while (*text != '\0')
        *at++ = *text++;
    return at;
}

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    unsigned n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static void violation(const char *what, uint64_t number, const char *where, uint64_t place)
{
    char line[LINE_NBYTES];
    if (++nviolations > LINES_MAX)
        return;
    char *at = put_number(put_text(put_text(line, "audit: "), what), number);
    at = put_text(put_number(put_text(at, where), place), "\n");
    *at = '\0';
    port_print(line);
}

static void own(pfn_t frame)
{
    if (!frame_is_held(frame))
        violation("I1: owner of a frame that is not ours: ", frame, " of ", frames.npages);
    else if (frame_refs(frame) != 0)
        frame_of(frame)->link++;
    else
        violation("I2: owner of a free frame ", frame, ", owners counted ", 0);
}

/* The first word is 0, and each is the one before it. */
static bool is_clean(pfn_t frame)
{
    const uint64_t *word = port_frame(frame);
    return word[0] == 0 && __builtin_memcmp(word, word + 1, PAGE_SIZE - sizeof *word) == 0;
}

static void must_be_clean(pfn_t frame)
{
    if (!is_clean(frame))
        violation("P2: washed but not all zeros: ", frame, " of ", frames.npages);
}

/* How many there are with this list's. */
static uint64_t audit_list(pfn_t listed, bool clean, uint64_t nlisted)
{
    for (; listed != NO_FRAME && nlisted <= frames.nfree; listed = frame_of(listed)->link) {
        if (!frame_is_held(listed) || frame_refs(listed) != 0) {
            violation("I2: on a free list but in use: ", listed, " after ", nlisted);
            break;
        }
        if (clean && !is_clean(listed))
            violation("I2: among the clean frames but not all zeros: ", listed, " after ", nlisted);
        nlisted++;
    }
    return nlisted;
}

/* The free lists are as long as nfree says, and all on them have count 0; as many frames have count
 * 0: then they hold exactly those. Tallies of the others start at 0. */
static void audit_free_lists(void)
{
    uint64_t nzero = 0, nlisted = 0;
    for (pfn_t f = frames.first; f < frames.limit; f++) {
        if (frame_refs(f) == 0)
            nzero++;
        else
            frame_of(f)->link = 0;
    }
    nlisted = audit_list(frames.free, false, audit_list(frames.clean, true, 0));
    if (nlisted != frames.nfree || nzero != frames.nfree)
        violation("I2: frames with count 0: ", nzero, ", free list says ", frames.nfree);
}

/* Entries of a leaf are owners once, however many maps share it. */
static bool is_first_seen(pfn_t leaf)
{
    return !frame_is_held(leaf) || frame_of(leaf)->link <= 1;
}

/* How many pages it has. */
static uint64_t audit_leaf(const struct process *process, pfn_t leaf, uint64_t start)
{
    const entry_t *entry = port_frame(leaf);
    bool counts = is_first_seen(leaf);
    uint64_t npages = 0;
    for (unsigned i = 0; i < LEAF_PAGES; i++) {
        if (entry[i] == 0)
            continue;
        npages++;
        if (counts)
            own(entry_frame(entry[i]));
        uint64_t va = start + (uint64_t)i * PAGE_SIZE;
        if (region_find(&process->regions, va) == NULL)
            violation("I5: page in no region, process ", process->pid, ", address ", va);
    }
    return npages;
}

static void audit_map(const struct process *process)
{
    const uint32_t *root = process->map.root;
    uint64_t npages = 0, nleaves = 0;
    own(process->map.root_frame);
    for (uint64_t leaf = 0; leaf < LEAVES; leaf++) {
        if (root[leaf] == 0)
            continue;
        uint64_t start = leaf << LEAF_SHIFT;
        nleaves++;
        own(root[leaf]);
        if (map_is_shared(&process->map, start) && !process->shares_leaves)
            violation("L6: leaf shared unawares, process ", process->pid, ", leaf ", leaf);
        npages += audit_leaf(process, root[leaf], start);
    }
    bool counted = process_is_embryo(process) || npages == process->map.npages;
    if (!counted || nleaves != process->map.nleaves)
        violation("map of process ", process->pid, ": pages not as counted: ", npages);
}

/* A server's window has no rights by fault; its pages are installed when they are shared. */
static unsigned allowed(const struct region *region)
{
    return region->use == USE_WINDOW ? RIGHT_R | RIGHT_W : region->rights;
}

static void audit_entries(struct process *process)
{
    uint64_t va = 0;
    pfn_t frame;
    unsigned rights;
    for (; port_next(process, &va, &frame, &rights); va += PAGE_SIZE) {
        const struct region *region = region_find(&process->regions, va);
        const entry_t *entry = va < ADDRESS_LIMIT ? map_find(&process->map, va) : NULL;
        if (entry == NULL || *entry != entry_make(frame))
            violation("I7: entry that is not in the map, process ", process->pid, ", address ", va);
        else if (region == NULL || (rights & ~allowed(region)) != 0)
            violation("I4: more rights than the region, process ", process->pid, ", address ", va);
        else if ((rights & RIGHT_W) != 0 && region->kind == REGION_PRIVATE &&
                 !sole(process, va, frame))
            violation("I3: writable but shared, process ", process->pid, ", address ", va);
    }
}

static bool copies_under_way(void)
{
    const struct process *process = process_init;
    do {
        if (process->busy > 0)
            return true;
        process = process->next;
    } while (process != process_init);
    return false;
}

err_t audit_run(const struct frame_run *own_run, unsigned nown)
{
    if (copies_under_way())
        return ERR_AGAIN;
    nviolations = 0;
    audit_free_lists();
    for (unsigned i = 0; i < nown; i++)
        for (uint64_t k = 0; k < own_run[i].npages; k++)
            own(own_run[i].first + k);
    frames_between(own);
    image_archive_frames(own);
    lend_frames(own);
    laundry_frames(own, must_be_clean);
    struct process *process = process_init;
    do {
        own((pfn_t)((char *)process - port_window) >> PAGE_SHIFT);
        if (process->map.root != NULL) {
            audit_map(process);
            audit_entries(process);
        }
        fork_frames(process, own);
        exec_frames(process, own);
        process = process->next;
    } while (process != process_init);
    for (pfn_t f = frames.first; f < frames.limit; f++) {
        const struct frame *frame = frame_of(f);
        if (frame->refs != 0 && frame->refs != frame->link)
            violation("I1: frame ", f, " has another count than owners: ", frame->link);
    }
    return (err_t)nviolations;
}
