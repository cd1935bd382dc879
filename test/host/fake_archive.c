/* Small ELF programs in a cpio archive, aligned as test/mkarchive.py does. */
#include "fake.h"
#include <stdio.h>
#include <string.h>

enum { X = 1, W = 2, R = 4, HEADER_NBYTES = 64, PROGRAM_HEADER_NBYTES = 56 };
enum { SEGMENTS = 3, ENTRY_HEADER_NBYTES = 110 };

/* a: whole pages and tails. b: stack, text and data in three leaves, data from the middle of a
 * page, text not readable, default stack. low: at address 0, with no room for a stack
 * below it. The rest is refused at exec, or must do no harm (mute: a segment without rights). */
const struct fake_program fake_program[] = {
    {"init", 0x2000, {{0x100000, 0x1800, 0x1800, R | X}, {0x102000, 0x1200, 0x2100, R | W}, {0}}},
    {"a", 0x4000, {{0x100000, 0x2300, 0x2300, R | X}, {0x103000, 0x1400, 0x3800, R | W}, {0}}},
    {"b", 0, {{0x400000, 0x2000, 0x2000, X}, {0x5ff800, 0x2800, 0x2900, R | W}, {0}}},
    {"tall", 0x4000ul << 12, {{0x7000000, 0x1000, 0x1000, R | X}, {0}, {0}}},
    {"wrap", ~0ul, {{0x7000000, 0x1000, 0x1000, R | X}, {0}, {0}}},
    {"low", 0x4000, {{0, 0x1000, 0x1000, R | X}, {0}, {0}}},
    {"mute", 0x1000, {{0x100000, 0x1000, 0x1000, R | X}, {0x102000, 0x1000, 0x1000, 0}, {0}}},
    {"junk", 0, {{0}, {0}, {0}}},
    {NULL, 0, {{0}, {0}, {0}}},
};

const struct fake_program *fake_program_find(const char *name)
{
    const struct fake_program *p = fake_program;
    while (p->name != NULL && strcmp(p->name, name) != 0)
        p++;
    return p->name == NULL ? NULL : p;
}

uint8_t fake_program_byte(const struct fake_program *program, uint64_t va)
{
    for (int i = 0; i < SEGMENTS; i++) {
        const struct fake_segment *s = &program->segment[i];
        if (va >= s->vaddr && va < s->vaddr + s->file_nbytes)
            return (uint8_t)(1 +
                             ((va >> PAGE_SHIFT) * 7 + (uint64_t)(program - fake_program)) % 255);
    }
    return 0;
}

static void put(uint8_t *to, uint64_t value, int nbytes)
{
    for (int i = 0; i < nbytes; i++, value >>= 8)
        to[i] = (uint8_t)value;
}

static void put_program_header(uint8_t *to, uint32_t type, const struct fake_segment *s,
                               uint64_t offset)
{
    put(to, type, 4);
    put(to + 4, s->flags, 4);
    put(to + 8, offset, 8);
    put(to + 16, s->vaddr, 8);
    put(to + 32, s->file_nbytes, 8);
    put(to + 40, s->mem_nbytes, 8);
}

/* The file's size. Segments begin on the page behind the last one, plus what vaddr is off by. */
static uint64_t put_elf(uint8_t *to, const struct fake_program *program)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    uint64_t count = 0, end = PAGE_SIZE;
    memset(to, 0, PAGE_SIZE);
    if (program->segment[0].mem_nbytes == 0)
        return PAGE_SIZE;
    memcpy(to, ident, sizeof ident);
    put(to + 16, 2, 2);
    put(to + 18, 243, 2);
    put(to + 20, 1, 4);
    put(to + 24, program->segment[0].vaddr, 8);
    put(to + 32, HEADER_NBYTES, 8);
    put(to + 54, PROGRAM_HEADER_NBYTES, 2);
    uint8_t *header = to + HEADER_NBYTES;
    for (int i = 0; i < SEGMENTS && program->segment[i].mem_nbytes != 0; i++) {
        const struct fake_segment *s = &program->segment[i];
        uint64_t start =
            ((end + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1)) + s->vaddr % PAGE_SIZE;
        memset(to + end, 0xee, start - end);
        for (uint64_t at = 0; at < s->file_nbytes; at++)
            to[start + at] = fake_program_byte(program, s->vaddr + at);
        put_program_header(header + count++ * PROGRAM_HEADER_NBYTES, 1, s, start);
        end = start + s->file_nbytes;
    }
    if (program->stack_nbytes != 0) {
        const struct fake_segment stack = {0, 0, program->stack_nbytes, R | W};
        put_program_header(header + count++ * PROGRAM_HEADER_NBYTES, 0x6474e551, &stack, 0);
    }
    put(to + 56, count, 2);
    return end;
}

/* The offset of the data. */
static uint64_t put_entry(uint8_t *to, uint64_t at, const char *name, uint64_t nbytes,
                          uint64_t align)
{
    uint64_t name_nbytes = strlen(name) + 1;
    name_nbytes += -(at + ENTRY_HEADER_NBYTES + name_nbytes) & (align - 1);
    char header[ENTRY_HEADER_NBYTES + 1];
    snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0,
             0100755, 0, 0, 1, 0, (unsigned)nbytes, 0, 0, 0, 0, (unsigned)name_nbytes, 0);
    memcpy(to + at, header, ENTRY_HEADER_NBYTES);
    memset(to + at + ENTRY_HEADER_NBYTES, 0, name_nbytes);
    memcpy(to + at + ENTRY_HEADER_NBYTES, name, strlen(name));
    return at + ENTRY_HEADER_NBYTES + name_nbytes;
}

static uint64_t make(uint8_t *to)
{
    static uint8_t file[1 << 16];
    uint64_t at = 0;
    for (const struct fake_program *p = fake_program; p->name != NULL; p++) {
        uint64_t nbytes = put_elf(file, p);
        at = put_entry(to, at, p->name, nbytes, PAGE_SIZE);
        memcpy(to + at, file, nbytes);
        for (at += nbytes; at % 4 != 0;)
            to[at++] = 0;
    }
    at = put_entry(to, at, "TRAILER!!!", 0, 4);
    while (at % PAGE_SIZE != 0)
        to[at++] = 0;
    return at;
}

const uint8_t *fake_archive_file(const char *name, uint8_t *to, uint64_t *nbytes)
{
    *nbytes = put_elf(to, fake_program_find(name));
    return to;
}

uint64_t fake_archive(uint8_t *to)
{
    static uint8_t made[1 << 18];
    static uint64_t nbytes;
    if (nbytes == 0)
        nbytes = make(made);
    memcpy(to, made, nbytes);
    return nbytes;
}
