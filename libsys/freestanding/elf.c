/* Reads the headers of an ELF executable and refuses every one that could not be mapped as stated.
 */
#include "elf.h"

#include <stdbool.h>

enum { PAGE_NBYTES = 4096, HEADER_NBYTES = 64, PROGRAM_HEADER_NBYTES = 56 };
enum { CLASS_64 = 2, LITTLE_ENDIAN_DATA = 1, ET_EXEC = 2, EM_RISCV = 243 };

enum { PT_LOAD = 1, PT_LANDING = 0x60000001 /* PT_LOOS + 1 */, PT_GNU_STACK = 0x6474e551 };

struct program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, file_nbytes, mem_nbytes;
};

static uint64_t le(const uint8_t *bytes, int nbytes)
{
    uint64_t number = 0;
    while (nbytes-- > 0)
        number = number << 8 | bytes[nbytes];
    return number;
}

static uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_NBYTES - 1);
}

/* Only for addresses up to a limit that is itself a multiple of the page: can't wrap. */
static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_NBYTES - 1);
}

static struct program_header read_program_header(const uint8_t *bytes)
{
    return (struct program_header){
        .type = (uint32_t)le(bytes, 4),
        .flags = (uint32_t)le(bytes + 4, 4),
        .offset = le(bytes + 8, 8),
        .vaddr = le(bytes + 16, 8),
        .paddr = le(bytes + 24, 8),
        .file_nbytes = le(bytes + 32, 8),
        .mem_nbytes = le(bytes + 40, 8),
    };
}

static bool overlaps(const struct elf_image *image, uint64_t low, uint64_t high)
{
    for (uint32_t i = 0; i < image->nsegments; i++) {
        const struct elf_segment *other = &image->segment[i];
        if (low < page_up(other->vaddr + other->mem_nbytes) && page_down(other->vaddr) < high)
            return true;
    }
    return false;
}

static enum elf_error add_segment(struct elf_image *image, const struct program_header *header,
                                  size_t nbytes, uint64_t limit)
{
    if (header->file_nbytes > header->mem_nbytes)
        return ELF_BAD_SEGMENT;
    if (header->mem_nbytes == 0)
        return ELF_OK;
    if (image->nsegments == ELF_MAX_SEGMENTS)
        return ELF_TOO_MANY_SEGMENTS;
    if (header->mem_nbytes > limit || header->vaddr > limit - header->mem_nbytes ||
        (header->vaddr - header->offset) % PAGE_NBYTES != 0)
        return ELF_BAD_SEGMENT;
    if ((header->flags & ELF_W) && (header->flags & ELF_X))
        return ELF_BAD_SEGMENT;
    /* Linkers may place an empty .bss behind the end of the file: its offset means nothing. */
    uint64_t offset = header->file_nbytes == 0 ? 0 : header->offset;
    if (offset > nbytes || header->file_nbytes > nbytes - offset)
        return ELF_TRUNCATED;

    uint64_t low = page_down(header->vaddr), high = page_up(header->vaddr + header->mem_nbytes);
    if (overlaps(image, low, high))
        return ELF_OVERLAP;
    uint32_t rights = (header->flags & (ELF_R | ELF_W) ? RIGHT_R : 0u) |
                      (header->flags & ELF_W ? RIGHT_W : 0u) |
                      (header->flags & ELF_X ? RIGHT_X : 0u);
    if (image->nsegments == 0 || low < image->low)
        image->low = low;
    if (high > image->high)
        image->high = high;
    image->segment[image->nsegments++] = (struct elf_segment){
        header->vaddr, offset, header->file_nbytes, header->mem_nbytes, rights};
    return ELF_OK;
}

/* Kept as read; whether it is sound shows when all segments are known. An empty one is none. */
static enum elf_error add_landing(struct elf_image *image, const struct program_header *header)
{
    if (header->mem_nbytes == 0)
        return ELF_OK;
    if (image->land_end != 0 || header->mem_nbytes > UINT64_MAX - header->vaddr)
        return ELF_BAD_LANDING;
    image->land_start = header->vaddr;
    image->land_end = header->vaddr + header->mem_nbytes;
    image->land_target = header->paddr;
    return ELF_OK;
}

/* True if one executable segment holds all of [start, end). */
static bool is_code(const struct elf_image *image, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < image->nsegments; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if ((segment->rights & RIGHT_X) && start >= segment->vaddr &&
            end <= segment->vaddr + segment->mem_nbytes)
            return true;
    }
    return false;
}

/* Instructions are at least two bytes, so neither address is at the last byte of its segment. */
static bool is_target(const struct elf_image *image, uint64_t address)
{
    return address % 2 == 0 && address <= UINT64_MAX - 2 && is_code(image, address, address + 2);
}

static enum elf_error check_header(const uint8_t *file, size_t nbytes)
{
    if (nbytes >= 4 && le(file, 4) != 0x464c457f) /* 0x7f 'E' 'L' 'F' */
        return ELF_NOT_ELF;
    if (nbytes < HEADER_NBYTES)
        return ELF_TRUNCATED;
    if (file[4] != CLASS_64 || file[5] != LITTLE_ENDIAN_DATA || file[6] != 1 ||
        le(file + 16, 2) != ET_EXEC || le(file + 18, 2) != EM_RISCV || le(file + 20, 4) != 1)
        return ELF_WRONG_MACHINE;
    uint64_t offset = le(file + 32, 8), count = le(file + 56, 2);
    if (count != 0 && le(file + 54, 2) != PROGRAM_HEADER_NBYTES)
        return ELF_BAD_HEADERS;
    if (offset > nbytes || count * PROGRAM_HEADER_NBYTES > nbytes - offset)
        return ELF_TRUNCATED;
    return ELF_OK;
}

static enum elf_error read_image(const uint8_t *file, size_t nbytes, uint64_t limit,
                                 struct elf_image *image)
{
    enum elf_error error = check_header(file, nbytes);
    if (error != ELF_OK)
        return error;
    const uint8_t *at = file + le(file + 32, 8);
    for (uint64_t left = le(file + 56, 2); left > 0; left--, at += PROGRAM_HEADER_NBYTES) {
        struct program_header header = read_program_header(at);
        if (header.type == PT_LOAD)
            error = add_segment(image, &header, nbytes, limit);
        else if (header.type == PT_LANDING)
            error = add_landing(image, &header);
        else if (header.type == PT_GNU_STACK)
            image->stack_nbytes = header.mem_nbytes;
        if (error != ELF_OK)
            return error;
    }
    if (image->nsegments == 0)
        return ELF_BAD_HEADERS;
    image->entry = le(file + 24, 8);
    if (!is_target(image, image->entry))
        return ELF_BAD_ENTRY;
    if (image->land_end != 0 && (!is_code(image, image->land_start, image->land_end) ||
                                 !is_target(image, image->land_target)))
        return ELF_BAD_LANDING;
    return ELF_OK;
}

enum elf_error elf_read(const void *bytes, size_t nbytes, uint64_t address_limit,
                        struct elf_image *out)
{
    *out = (struct elf_image){0};
    enum elf_error error = read_image(bytes, nbytes, page_down(address_limit), out);
    if (error != ELF_OK)
        *out = (struct elf_image){0};
    return error;
}

const char *elf_error_text(enum elf_error error)
{
    switch (error) {
    case ELF_OK: return "no error";
    case ELF_TRUNCATED: return "file is cut short";
    case ELF_NOT_ELF: return "not an ELF file";
    case ELF_WRONG_MACHINE: return "not a 64-bit RISC-V executable";
    case ELF_BAD_HEADERS: return "no usable program headers";
    case ELF_TOO_MANY_SEGMENTS: return "too many segments";
    case ELF_BAD_SEGMENT: return "a segment can't be mapped";
    case ELF_OVERLAP: return "two segments share a page";
    case ELF_BAD_ENTRY: return "entry is not in code";
    case ELF_BAD_LANDING: return "bad-pointer landing is not in code";
    }
    return "unknown error";
}
