/* Exec in two halves: build the new image beside the old one, then change over. */
#include "exec.h"
#include "../kern/archive.h"
#include "../kern/elf.h"
#include "copy.h"
#include "fault.h"
#include "install.h"

enum { STACK_NPAGES_DEFAULT = 64, STACK_NPAGES_MAX = 4096 };

static const uint8_t *archive;
static uint64_t archive_nbytes;

/* An image under construction; nobody else sees it. */
struct image {
    struct elf_image elf;
    struct archive_file file;
    struct map map;
    struct regions regions;
    uint64_t stack_top, block_start; /* the argument block is the top of the stack */
    bool pinned;                     /* no page may be shared */
};

void exec_init(const void *bytes, uint64_t nbytes)
{
    archive = bytes;
    archive_nbytes = nbytes;
}

static pfn_t frame_at(const void *address)
{
    return (pfn_t)((const char *)address - port_window) >> PAGE_SHIFT;
}

void exec_archive_frames(void (*owner)(pfn_t frame))
{
    for (uint64_t at = 0; at < archive_nbytes; at += PAGE_SIZE)
        owner(frame_at(archive + at));
}

static unsigned segment_rights(const struct elf_segment *segment)
{
    return ((segment->rights & ELF_R) != 0 ? RIGHT_R : 0u) |
           ((segment->rights & ELF_W) != 0 ? RIGHT_W : 0u) |
           ((segment->rights & ELF_X) != 0 ? RIGHT_X : 0u);
}

/* A page that is part file, part zeros, or not aligned in the archive: a frame of its own. */
static bool put_copy(struct image *image, uint64_t page, const struct elf_segment *segment)
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return false;
    uint8_t *target = port_frame(frame);
    zero_frame(target);
    uint64_t file_end = segment->vaddr + segment->file_nbytes;
    uint64_t start = page > segment->vaddr ? page : segment->vaddr;
    uint64_t end = page + PAGE_SIZE < file_end ? page + PAGE_SIZE : file_end;
    if (start < end)
        __builtin_memcpy(target + (start - page),
                         image->file.data + segment->offset + (start - segment->vaddr),
                         end - start);
    if (map_put(&image->map, page, frame))
        return true;
    frame_release(frame);
    return false;
}

/* Whole pages of the file are shared with the archive, which is one of their owners: so data is
 * copied at the first store, and text can't be stored to. bss comes at the first touch. */
static bool put_segment(struct image *image, const struct elf_segment *segment)
{
    uint64_t file_end = segment->vaddr + segment->file_nbytes;
    uint64_t page = segment->vaddr & ~(uint64_t)(PAGE_SIZE - 1);
    for (; page < file_end; page += PAGE_SIZE) {
        bool whole = page >= segment->vaddr && page + PAGE_SIZE <= file_end && !image->pinned;
        const uint8_t *bytes = archive;
        if (whole)
            bytes = image->file.data + segment->offset + (page - segment->vaddr);
        if (!whole || (uint64_t)(bytes - archive) % PAGE_SIZE != 0) {
            if (!put_copy(image, page, segment))
                return false;
            continue;
        }
        if (!map_put(&image->map, page, frame_at(bytes)))
            return false;
        frame_hold(frame_at(bytes));
    }
    return true;
}

static bool add_region(struct image *image, uint64_t start, uint64_t end, unsigned rights,
                       enum region_use use)
{
    const struct region region = {.start = start,
                                  .end = end,
                                  .rights = (uint8_t)rights,
                                  .kind = REGION_PRIVATE,
                                  .use = (uint8_t)use};
    return region_add(&image->regions, &region);
}

/* Guard, stack, argument block, image, heap: from low to high addresses. */
static err_t lay_out(struct image *image, uint64_t block_npages)
{
    uint64_t stack_nbytes = image->elf.stack_nbytes;
    if (stack_nbytes > (uint64_t)STACK_NPAGES_MAX * PAGE_SIZE)
        return ERR_NOEXEC;
    if (stack_nbytes == 0)
        stack_nbytes = (uint64_t)STACK_NPAGES_DEFAULT * PAGE_SIZE;
    stack_nbytes = (stack_nbytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    image->stack_top = image->elf.low;
    image->block_start = image->stack_top - block_npages * PAGE_SIZE;
    uint64_t needed = stack_nbytes + (block_npages + 1) * PAGE_SIZE;
    if (image->stack_top < needed)
        return ERR_NOEXEC;
    uint64_t stack_start = image->block_start - stack_nbytes;
    bool ok = add_region(image, stack_start, image->stack_top, RIGHT_R | RIGHT_W, USE_STACK);
    for (uint32_t i = 0; ok && i < image->elf.nsegments; i++) {
        const struct elf_segment *segment = &image->elf.segment[i];
        uint64_t start = segment->vaddr & ~(uint64_t)(PAGE_SIZE - 1);
        uint64_t end =
            (segment->vaddr + segment->mem_nbytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
        ok = segment_rights(segment) != 0 &&
             add_region(image, start, end, segment_rights(segment), USE_IMAGE);
    }
    return ok && add_region(image, image->elf.high, image->elf.high, RIGHT_R | RIGHT_W, USE_HEAP)
               ? 0
               : ERR_NOEXEC;
}

static err_t find_program(struct image *image, const char *path)
{
    int found = archive_find(archive, archive_nbytes, path, &image->file);
    if (found <= 0)
        return found == 0 ? ERR_NOENT : ERR_NOEXEC;
    enum elf_error error =
        elf_read(image->file.data, image->file.nbytes, ADDRESS_LIMIT, &image->elf);
    return error == ELF_OK ? 0 : ERR_NOEXEC;
}

/* A pinned process has all its pages at once. */
static bool put_rest(struct image *image)
{
    for (uint32_t i = 0; i < image->regions.n; i++) {
        const struct region *region = &image->regions.region[i];
        for (uint64_t va = region->start; va < region->end; va += PAGE_SIZE) {
            const entry_t *entry = map_find(&image->map, va);
            if ((va >= image->block_start && va < image->stack_top) ||
                (entry != NULL && *entry != 0))
                continue;
            pfn_t frame = frame_take();
            if (frame == NO_FRAME)
                return false;
            zero_frame(port_frame(frame));
            if (!map_put(&image->map, va, frame)) {
                frame_release(frame);
                return false;
            }
        }
    }
    return true;
}

/* Everything but the argument block's pages. On an error the map holds nothing. */
static err_t build(struct image *image, const char *path, uint64_t block_npages)
{
    err_t error = find_program(image, path);
    if (error == 0)
        error = lay_out(image, block_npages);
    if (error != 0)
        return error;
    if (!map_init(&image->map))
        return ERR_NOMEM;
    for (uint32_t i = 0; i < image->elf.nsegments; i++) {
        if (!put_segment(image, &image->elf.segment[i])) {
            map_destroy(&image->map);
            return ERR_NOMEM;
        }
    }
    if (image->pinned && !put_rest(image)) {
        map_destroy(&image->map);
        return ERR_NOMEM;
    }
    return 0;
}

/* What is there already; what gets no entry now will fault. */
static void install_regions(struct process *process)
{
    for (uint32_t i = 0; i < process->regions.n; i++) {
        const struct region *region = &process->regions.region[i];
        install_present(process, region, region->start, region->end);
    }
}

static void start(struct process *process, const struct image *image)
{
    port_thread_set(process, 0,
                    &(struct port_registers){.pc = image->elf.entry,
                                             .sp = image->block_start,
                                             .a0 = image->block_start,
                                             .a1 = PROTOCOL_VERSION});
    port_thread_start(process, 0);
}

/* The second half: can't fail. Threads stop first, entries go next, then the frames. */
static void change_over(struct process *process, const struct image *image)
{
    for (unsigned i = 1; i < THREADS_MAX; i++)
        if ((process->threads >> i & 1) != 0)
            port_thread_destroy(process, i);
    port_thread_stop(process, 0);
    process->threads = 1;
    process->threaded = false;
    for (unsigned i = 0; i < THREADS_MAX; i++)
        process->waiter[i].token = 0;
    install_drop_all(process);
    map_destroy(&process->map);
    process->map = image->map;
    process->regions = image->regions;
    process->heap_break = image->elf.high;
    install_regions(process);
    start(process, image);
}

/* The block's pages are all there, in private regions: what the program packed just now. */
static bool block_is_good(const struct process *process, uint64_t address, uint64_t nbytes)
{
    if (address % PAGE_SIZE != 0 || nbytes < PAGE_SIZE || nbytes % PAGE_SIZE != 0 ||
        nbytes > (uint64_t)ARGUMENT_NPAGES_MAX * PAGE_SIZE || address > ADDRESS_LIMIT - nbytes)
        return false;
    for (uint64_t va = address; va < address + nbytes; va += PAGE_SIZE) {
        const struct region *region = region_find(&process->regions, va);
        const entry_t *entry = map_find(&process->map, va);
        if (region == NULL || region->kind != REGION_PRIVATE || entry == NULL || *entry == 0)
            return false;
    }
    return true;
}

/* Copied out before it is looked at: another thread may be writing. */
static bool copy_path(const struct process *process, uint64_t address, char path[PATH_NBYTES_MAX])
{
    const struct argument_block *block = port_frame(entry_frame(*map_find(&process->map, address)));
    __builtin_memcpy(path, block->strings, PATH_NBYTES_MAX);
    for (unsigned i = 0; i < PATH_NBYTES_MAX; i++)
        if (path[i] == '\0')
            return i > 0;
    return false;
}

err_t exec_process(struct process *process, uint64_t address, uint64_t nbytes)
{
    char path[PATH_NBYTES_MAX];
    if (process->busy > 0)
        return ERR_AGAIN;
    if (!block_is_good(process, address, nbytes) || !copy_path(process, address, path))
        return ERR_INVALID;
    struct image image = {.pinned = process->pinned};
    err_t error = build(&image, path, nbytes >> PAGE_SHIFT);
    if (error != 0)
        return error;
    for (uint64_t at = 0; at < nbytes; at += PAGE_SIZE) {
        pfn_t frame = entry_frame(*map_find(&process->map, address + at));
        if (!map_put(&image.map, image.block_start + at, frame)) {
            map_destroy(&image.map);
            return ERR_NOMEM;
        }
        frame_hold(frame);
    }
    change_over(process, &image);
    return 0;
}

err_t exec_first(struct process *process, const char *name, const char *argument)
{
    struct image image = {.pinned = process->pinned};
    err_t error = build(&image, name, 1);
    if (error != 0)
        return error;
    process->map = image.map;
    process->regions = image.regions;
    process->heap_break = image.elf.high;
    for (uint32_t i = 0; i < process->regions.n; i++)
        if (!fault_populate(process, process->regions.region[i].start,
                            process->regions.region[i].end))
            return ERR_NOMEM;
    struct argument_block *block =
        port_frame(entry_frame(*map_find(&process->map, image.block_start)));
    block->argc = 2;
    char *at = block->strings, *limit = (char *)block + PAGE_SIZE - 1;
    const char *const strings[] = {name, name, argument};
    for (unsigned i = 0; i < 3; i++) {
        for (const char *s = strings[i]; *s != '\0' && at < limit;)
            *at++ = *s++;
        *at++ = '\0';
    }
    block->nbytes = (uint32_t)(at - (char *)block);
    install_regions(process);
    start(process, &image);
    return 0;
}
