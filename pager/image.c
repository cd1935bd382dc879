/* What a program's image consists of: segments, stack, heap; from the archive, or from pages that a
 * process offers. */
#include "image.h"
#include "../libsys/freestanding/archive.h"
#include "../libsys/freestanding/frame.h"
#include "install.h"
#include "task.h"

/* What parts cost, in instructions, on the safe side: a page that is looked at, shared, copied. */
enum { LOOK_COST = 90, PUT_COST = 60, COPY_COST = 1700 };

enum { STACK_NPAGES_DEFAULT = 64, STACK_NPAGES_MAX = 4096, FILES_INDEXED = 128 };
enum { PROGRAM_HEADERS_AT = 32, NPROGRAM_HEADERS_AT = 56, PROGRAM_HEADER_NBYTES = 56 };

static const uint8_t *archive;
static uint64_t archive_nbytes;

/* The first files of the archive; to read all its headers takes long. */
static struct archive_file indexed[FILES_INDEXED];
static unsigned nindexed;
static bool all_indexed;

void image_init(const void *bytes, uint64_t nbytes)
{
    size_t offset = 0;
    int more = 1;
    archive = bytes;
    archive_nbytes = nbytes;
    nindexed = 0;
    while (nindexed < FILES_INDEXED &&
           (more = archive_next(archive, nbytes, &offset, &indexed[nindexed])) == 1)
        nindexed++;
    all_indexed = more == 0;
}

/* As archive_find. */
static int find_file(const char *path, struct archive_file *file)
{
    for (unsigned i = 0; i < nindexed; i++) {
        const char *name = indexed[i].name, *p = path;
        for (; *p != '\0' && *p == *name; p++)
            name++;
        if (*p == *name) {
            *file = indexed[i];
            return 1;
        }
    }
    return all_indexed ? 0 : archive_find(archive, archive_nbytes, path, file);
}

static pfn_t frame_at(const void *address)
{
    return (pfn_t)((const char *)address - port_window) >> PAGE_SHIFT;
}

void image_archive_frames(void (*owner)(pfn_t frame))
{
    for (uint64_t at = 0; at < archive_nbytes; at += PAGE_SIZE)
        owner(frame_at(archive + at));
}

/* Words where it can be done: what the compiler would call goes byte by byte. */
static void copy_bytes(char *to, const char *from, uint64_t nbytes)
{
    if ((((uint64_t)to | (uint64_t)from) & 7) == 0)
        for (; nbytes >= 8; to += 8, from += 8, nbytes -= 8)
            *(uint64_t *)to = *(const uint64_t *)from;
    for (; nbytes > 0; nbytes--)
        *to++ = *from++;
}

/* Copies bytes of the file; those of an offered one may change while they are read, and that harms
 * nobody but the new program. */
static void read_file(const struct image *image, uint64_t offset, void *to, uint64_t nbytes)
{
    if (image->file != NULL) {
        copy_bytes(to, (const char *)image->file + offset, nbytes);
        return;
    }
    for (uint64_t n; nbytes > 0; offset += n, to = (char *)to + n, nbytes -= n) {
        uint64_t va = image->offered + offset, in_page = va % PAGE_SIZE;
        pfn_t frame = entry_frame(*map_find(&image->offerer->map, va));
        n = PAGE_SIZE - in_page < nbytes ? PAGE_SIZE - in_page : nbytes;
        copy_bytes(to, (const char *)port_frame(frame) + in_page, n);
    }
}

/* A page that is part file, part zeros, offered, or not aligned in the archive: a frame of its own.
 */
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
        read_file(image, segment->offset + (start - segment->vaddr), target + (start - page),
                  end - start);
    if (map_put(&image->map, page, frame))
        return true;
    frame_release(frame);
    return false;
}

/* Whole pages of the file are shared with the archive, which is one of their owners: so data is
 * copied at the first store, and text can't be stored to. bss comes at the first touch. The next
 * page, and where in the archive it lies: an error, or 0. */
static err_t put_page(struct image *image, uint64_t page, const struct elf_segment *segment)
{
    uint64_t file_end = segment->vaddr + segment->file_nbytes;
    bool whole = page >= segment->vaddr && page + PAGE_SIZE <= file_end && !image->pinned &&
                 image->file != NULL;
    const uint8_t *bytes = archive;
    if (whole)
        bytes = image->file + segment->offset + (page - segment->vaddr);
    if (!whole || (uint64_t)(bytes - archive) % PAGE_SIZE != 0) {
        piece_spend(COPY_COST);
        return put_copy(image, page, segment) ? 0 : ERR_NOMEM;
    }
    if (!map_put(&image->map, page, frame_at(bytes)))
        return ERR_NOMEM;
    frame_hold(frame_at(bytes));
    return 0;
}

static err_t put_segments(struct image *image)
{
    for (; image->segment < image->elf.nsegments; image->segment++, image->at = 0) {
        const struct elf_segment *segment = &image->elf.segment[image->segment];
        if (image->at == 0)
            image->at = segment->vaddr & ~(uint64_t)(PAGE_SIZE - 1);
        for (; image->at < segment->vaddr + segment->file_nbytes; image->at += PAGE_SIZE) {
            if (!piece_affords(PUT_COST))
                return TASK_LATER;
            err_t error = put_page(image, image->at, segment);
            if (error != 0)
                return error;
        }
    }
    return 0;
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

/* Where block and stack lie: below the image, if there is room, or above it, where the heap
 * follows. Guard, stack, block: from low to high addresses. The block's end, or 0: nowhere. */
static uint64_t place_block(struct image *image, uint64_t needed)
{
    image->heap_start = image->elf.high;
    if (image->elf.low >= needed)
        return image->elf.low;
    if (needed > ADDRESS_LIMIT - image->elf.high)
        return 0;
    return image->heap_start = image->elf.high + needed;
}

static err_t lay_out(struct image *image, uint64_t block_npages)
{
    uint64_t stack_nbytes = image->elf.stack_nbytes;
    if (stack_nbytes > (uint64_t)STACK_NPAGES_MAX * PAGE_SIZE)
        return ERR_NOEXEC;
    if (stack_nbytes == 0)
        stack_nbytes = (uint64_t)STACK_NPAGES_DEFAULT * PAGE_SIZE;
    stack_nbytes = (stack_nbytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    image->block_end = place_block(image, stack_nbytes + (block_npages + 1) * PAGE_SIZE);
    if (image->block_end == 0)
        return ERR_NOEXEC;
    image->block_start = image->block_end - block_npages * PAGE_SIZE;
    bool ok = add_region(image, image->block_start - stack_nbytes, image->block_end,
                         RIGHT_R | RIGHT_W, USE_STACK);
    for (uint32_t i = 0; ok && i < image->elf.nsegments; i++) {
        const struct elf_segment *segment = &image->elf.segment[i];
        uint64_t start = segment->vaddr & ~(uint64_t)(PAGE_SIZE - 1);
        uint64_t end =
            (segment->vaddr + segment->mem_nbytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
        ok = segment->rights != 0 && add_region(image, start, end, segment->rights, USE_IMAGE);
    }
    return ok && add_region(image, image->heap_start, image->heap_start, RIGHT_R | RIGHT_W,
                            USE_HEAP)
               ? 0
               : ERR_NOEXEC;
}

void image_clear(struct image *image, bool pinned)
{
    image->file = NULL;
    image->offerer = NULL;
    image->map = (struct map){0};
    regions_clear(&image->regions);
    image->at = 0;
    image->segment = 0;
    image->pinned = pinned;
}

err_t image_find(struct image *image, const char *path)
{
    struct archive_file file;
    int found = find_file(path, &file);
    if (found <= 0)
        return found == 0 ? ERR_NOENT : ERR_NOEXEC;
    image->file = file.data;
    image->nbytes = file.nbytes;
    return elf_read(file.data, file.nbytes, ADDRESS_LIMIT, &image->elf) == ELF_OK ? 0 : ERR_NOEXEC;
}

static err_t is_offered(struct image *image)
{
    const struct process *offerer = image->offerer;
    uint64_t end = image->offered + image->nbytes;
    for (; image->at < end; image->at += PAGE_SIZE) {
        if (!piece_affords(LOOK_COST))
            return TASK_LATER;
        const struct region *region = region_find(&offerer->regions, image->at);
        const entry_t *entry = map_find(&offerer->map, image->at);
        if (region == NULL || region->rights == 0 || entry == NULL || *entry == 0)
            return ERR_INVALID;
    }
    image->at = 0;
    return 0;
}

/* Looks at a copy of the file's first page alone: all headers must lie there. */
static err_t read_headers(struct image *image, uint8_t *page)
{
    uint64_t offset;
    uint16_t count;
    read_file(image, 0, page, image->nbytes < PAGE_SIZE ? image->nbytes : PAGE_SIZE);
    __builtin_memcpy(&offset, page + PROGRAM_HEADERS_AT, sizeof offset);
    __builtin_memcpy(&count, page + NPROGRAM_HEADERS_AT, sizeof count);
    if (offset > PAGE_SIZE || offset + (uint64_t)count * PROGRAM_HEADER_NBYTES > PAGE_SIZE)
        return ERR_NOEXEC;
    return elf_read(page, image->nbytes, ADDRESS_LIMIT, &image->elf) == ELF_OK ? 0 : ERR_NOEXEC;
}

err_t image_offer(struct image *image, const struct process *offerer, uint64_t address,
                  uint64_t nbytes)
{
    if (address % PAGE_SIZE != 0 || nbytes == 0 || address >= ADDRESS_LIMIT ||
        nbytes > ADDRESS_LIMIT - address)
        return ERR_INVALID;
    image->offerer = offerer;
    image->offered = address;
    image->nbytes = nbytes;
    image->at = address;
    return 0;
}

err_t image_check(struct image *image)
{
    err_t error = image->offerer == NULL ? 0 : is_offered(image);
    if (error != 0 || image->offerer == NULL)
        return error;
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return ERR_NOMEM;
    zero_frame(port_frame(frame));
    error = read_headers(image, port_frame(frame));
    frame_release(frame);
    return error;
}

/* A pinned process has all its pages at once. */
static bool put_rest(struct image *image)
{
    for (uint32_t i = 0; i < image->regions.n; i++) {
        const struct region *region = &image->regions.region[i];
        for (uint64_t va = region->start; va < region->end; va += PAGE_SIZE) {
            const entry_t *entry = map_find(&image->map, va);
            if ((va >= image->block_start && va < image->block_end) ||
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

err_t image_begin(struct image *image, uint64_t block_npages)
{
    err_t error = lay_out(image, block_npages);
    if (error == 0 && !map_init(&image->map))
        error = ERR_NOMEM;
    return error;
}

err_t image_build(struct image *image)
{
    err_t error = put_segments(image);
    return error == 0 && image->pinned && !put_rest(image) ? ERR_NOMEM : error;
}

err_t image_map_archive(struct process *process, uint64_t *nbytes)
{
    uint64_t start = region_gap(&process->regions, archive_nbytes, ADDRESS_LIMIT);
    const struct region region = {.start = start,
                                  .end = start + archive_nbytes,
                                  .rights = RIGHT_R,
                                  .kind = REGION_PRIVATE,
                                  .use = USE_IMAGE};
    if (start == 0 || !region_add(&process->regions, &region))
        return ERR_NOMEM;
    for (uint64_t at = 0; at < archive_nbytes; at += PAGE_SIZE) {
        if (!map_put(&process->map, start + at, frame_at(archive + at))) {
            map_clear(&process->map, start, start + at);
            region_remove(&process->regions, start, region.end, USE_IMAGE);
            return ERR_NOMEM;
        }
        frame_hold(frame_at(archive + at));
    }
    install_present(process, &region, start, region.end);
    *nbytes = archive_nbytes;
    return (err_t)start;
}
