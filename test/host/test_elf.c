/* The ELF reader against samples of its own. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool elf_sound(const uint8_t *bytes, size_t nbytes)
{
    struct elf_image image;
    enum elf_error error = elf_read(bytes, nbytes, UINT64_MAX, &image);
    return sound_elf(nbytes, UINT64_MAX, error, &image);
}

enum { TEXT, DATA, STACK, LANDING, NPROGRAM };
enum { TYPE = 0, FLAGS = 4, OFFSET = 8, VADDR = 16, PADDR = 24, FILESZ = 32, MEMSZ = 40 };

static void elf_program(struct sample *to, int index, uint32_t type, uint32_t flags,
                        uint64_t offset, uint64_t vaddr, uint64_t file_nbytes, uint64_t mem_nbytes)
{
    uint8_t *at = to->bytes + 64 + 56 * index;
    set_le(at + TYPE, type, 4);
    set_le(at + FLAGS, flags, 4);
    set_le(at + OFFSET, offset, 8);
    set_le(at + VADDR, vaddr, 8);
    set_le(at + FILESZ, file_nbytes, 8);
    set_le(at + MEMSZ, mem_nbytes, 8);
}

static void elf_sample(struct sample *to, uint32_t nprogram)
{
    memset(to, 0, sizeof *to);
    put(to, "\177ELF\2\1\1", 7);
    put_zeroes(to, 8192);
    set_le(to->bytes + 16, 2, 2);
    set_le(to->bytes + 18, 243, 2);
    set_le(to->bytes + 20, 1, 4);
    set_le(to->bytes + 24, 0x10400, 8);
    set_le(to->bytes + 32, 64, 8);
    set_le(to->bytes + 52, 64, 2);
    set_le(to->bytes + 54, 56, 2);
    set_le(to->bytes + 56, nprogram, 2);
    elf_program(to, TEXT, 1, ELF_R | ELF_X, 0, 0x10000, 0x800, 0x900);
    elf_program(to, DATA, 1, ELF_W, 0x810, 0x12810, 0x20, 0x2000);
    elf_program(to, STACK, 0x6474e551, ELF_R | ELF_W, 0, 0, 0, 0x8000);
    elf_program(to, LANDING, 0x60000001, ELF_R, 0, 0x10410, 0, 0x20);
    set_le(to->bytes + 64 + 56 * LANDING + PADDR, 0x10440, 8);
}

static enum elf_error elf_answer(const struct sample *from, uint64_t limit, struct elf_image *image)
{
    enum elf_error error = elf_read(from->bytes, from->nbytes, limit, image);
    CHECK(sound_elf(from->nbytes, limit, error, image));
    return error;
}

static void test_elf_values(void)
{
    static struct sample elf;
    struct elf_image image;
    elf_sample(&elf, NPROGRAM);
    CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == ELF_OK);
    CHECK(image.entry == 0x10400 && image.nsegments == 2 && image.stack_nbytes == 0x8000);
    CHECK(image.low == 0x10000 && image.high == 0x15000);
    CHECK(image.segment[0].vaddr == 0x10000 && image.segment[0].offset == 0);
    CHECK(image.segment[0].file_nbytes == 0x800 && image.segment[0].mem_nbytes == 0x900);
    CHECK(image.segment[0].rights == (RIGHT_R | RIGHT_X));
    CHECK(image.segment[1].vaddr == 0x12810 && image.segment[1].offset == 0x810);
    CHECK(image.segment[1].rights == (RIGHT_R | RIGHT_W));
    CHECK(image.land_start == 0x10410 && image.land_end == 0x10430);
    CHECK(image.land_target == 0x10440);
    CHECK(elf_answer(&elf, 0x15000, &image) == ELF_OK);
    CHECK(elf_answer(&elf, 0x14fff, &image) == ELF_BAD_SEGMENT);
    CHECK(elf_answer(&elf, 0, &image) == ELF_BAD_SEGMENT);
    elf.nbytes = 0x830; /* exactly to the end of the last byte that is loaded */
    CHECK(elf_answer(&elf, UINT64_MAX, &image) == ELF_OK);
    check_damage(elf_sound, elf.bytes, elf.nbytes);
    elf.nbytes--;
    CHECK(elf_answer(&elf, UINT64_MAX, &image) == ELF_TRUNCATED);

    elf_sample(&elf, 2);
    CHECK(elf_answer(&elf, UINT64_MAX, &image) == ELF_OK);
    CHECK(image.land_end == 0 && image.stack_nbytes == 0);
    for (int i = ELF_OK; i <= ELF_BAD_LANDING + 1; i++)
        CHECK(strlen(elf_error_text((enum elf_error)i)) > 5);
}

static void test_elf_headers(void)
{
    static struct sample elf;
    struct elf_image image;
    static const struct {
        size_t at;
        uint64_t number;
        int nbytes;
        enum elf_error error;
    } cases[] = {
        {0, 0x7e, 1, ELF_NOT_ELF},
        {4, 1, 1, ELF_WRONG_MACHINE},
        {5, 2, 1, ELF_WRONG_MACHINE},
        {6, 0, 1, ELF_WRONG_MACHINE},
        {16, 3, 2, ELF_WRONG_MACHINE},
        {18, 62, 2, ELF_WRONG_MACHINE},
        {20, 2, 4, ELF_WRONG_MACHINE},
        {24, 0x10401, 8, ELF_BAD_ENTRY},
        {24, 0, 8, ELF_BAD_ENTRY},
        {24, UINT64_MAX - 1, 8, ELF_BAD_ENTRY},
        {24, 0x10900, 8, ELF_BAD_ENTRY},
        {24, 0x108fe, 8, ELF_OK},
        {24, 0x12810, 8, ELF_BAD_ENTRY},
        {32, UINT64_MAX, 8, ELF_TRUNCATED},
        {32, UINT64_MAX - 55, 8, ELF_TRUNCATED},
        {32, 8192 - 223, 8, ELF_TRUNCATED},
        {32, 8192 - 224, 8, ELF_BAD_HEADERS},
        {54, 64, 2, ELF_BAD_HEADERS},
        {56, 0, 2, ELF_BAD_HEADERS},
        {56, 0xffff, 2, ELF_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elf_sample(&elf, NPROGRAM);
        set_le(elf.bytes + cases[i].at, cases[i].number, cases[i].nbytes);
        CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == cases[i].error);
    }
    /* The first byte of an instruction whose second one is beyond its segment. */
    elf_sample(&elf, 2);
    set_le(elf.bytes + 24, 0x10900, 8);
    set_le(elf.bytes + 64 + MEMSZ, 0x901, 8);
    CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == ELF_BAD_ENTRY);
    set_le(elf.bytes + 64 + MEMSZ, 0x902, 8);
    CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == ELF_OK);
    CHECK(elf_read(elf.bytes, 0, UINT64_MAX, &image) == ELF_TRUNCATED);
    CHECK(elf_read(elf.bytes, 63, UINT64_MAX, &image) == ELF_TRUNCATED);
    CHECK(elf_read("#!sh", 4, UINT64_MAX, &image) == ELF_NOT_ELF);
}

static void test_elf_segments(void)
{
    static struct sample elf;
    struct elf_image image;
    const uint64_t top = UINT64_MAX;
    static const struct {
        int index;
        int field;
        uint64_t number;
        enum elf_error error;
    } cases[] = {
        {DATA, FILESZ, 0x2001, ELF_BAD_SEGMENT},
        {DATA, MEMSZ, 0x1f, ELF_BAD_SEGMENT},
        {DATA, MEMSZ, 0x20, ELF_OK},
        {DATA, MEMSZ, UINT64_MAX, ELF_BAD_SEGMENT},
        {DATA, MEMSZ, UINT64_MAX - 0x12810, ELF_BAD_SEGMENT},
        {DATA, VADDR, UINT64_MAX, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0xfffffffffffff810, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0x12811, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0x13010, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0x11810, ELF_OK},      /* the very next page */
        {DATA, VADDR, 0x10810, ELF_OVERLAP}, /* the bytes don't meet, the pages do */
        {DATA, VADDR, 0xe810, ELF_OVERLAP},  /* below, and reaching into the first */
        {DATA, VADDR, 0xd810, ELF_OK},       /* not sorted */
        {DATA, OFFSET, UINT64_MAX - 0x7ef, ELF_TRUNCATED},
        {DATA, OFFSET, 0x2810, ELF_TRUNCATED},
        {TEXT, FILESZ, 0x901, ELF_BAD_SEGMENT},
        {TEXT, MEMSZ, 0x3000, ELF_OVERLAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elf_sample(&elf, NPROGRAM);
        set_le(elf.bytes + 64 + 56 * cases[i].index + cases[i].field, cases[i].number, 8);
        CHECK(elf_answer(&elf, top, &image) == cases[i].error);
    }
}

static void test_elf_rights_and_count(void)
{
    static struct sample elf;
    struct elf_image image;
    const uint64_t top = UINT64_MAX;
    elf_sample(&elf, NPROGRAM);
    elf_program(&elf, DATA, 1, ELF_W | ELF_X, 0x810, 0x12810, 0x20, 0x2000);
    CHECK(elf_answer(&elf, top, &image) == ELF_BAD_SEGMENT);
    elf_program(&elf, DATA, 1, 0xfffffff8 | ELF_R, 0x810, 0x12810, 0x20, 0x2000);
    CHECK(elf_answer(&elf, top, &image) == ELF_OK && image.segment[1].rights == RIGHT_R);
    elf_program(&elf, DATA, 1, ELF_R, 0x99810, 0x12810, 0, 0x2000); /* .bss behind the end */
    CHECK(elf_answer(&elf, top, &image) == ELF_OK && image.segment[1].offset == 0);
    elf_program(&elf, DATA, 1, ELF_R, 0x810, 0x10811, 0, 0); /* empty: skipped */
    CHECK(elf_answer(&elf, top, &image) == ELF_OK && image.nsegments == 1);
    elf_program(&elf, TEXT, 6, ELF_R | ELF_X, 0, 0x10000, 0x800, 0x900);
    CHECK(elf_answer(&elf, top, &image) == ELF_BAD_HEADERS);
    for (uint32_t n = 8; n <= 9; n++) {
        elf_sample(&elf, n);
        for (uint32_t i = 1; i < n; i++)
            elf_program(&elf, (int)i, 1, ELF_R, 0, 0x10000 + 0x1000 * i, 1, 0x1000);
        CHECK(elf_answer(&elf, top, &image) == (n == 8 ? ELF_OK : ELF_TOO_MANY_SEGMENTS));
    }
}

static void test_elf_landing(void)
{
    static struct sample elf;
    struct elf_image image;
    static const struct {
        uint64_t start, nbytes, target;
        enum elf_error error;
    } cases[] = {
        {0x10000, 0x900, 0x108fe, ELF_OK},
        {0x10000, 0x901, 0x108fe, ELF_BAD_LANDING},
        {0xffff, 0x10, 0x10440, ELF_BAD_LANDING},
        {0x12810, 0x10, 0x10440, ELF_BAD_LANDING},
        {0x10410, 0x20, 0x12810, ELF_BAD_LANDING},
        {0x10410, 0x20, 0x10900, ELF_BAD_LANDING},
        {0x10410, 0x20, 0x10441, ELF_BAD_LANDING},
        {0x10410, 0x20, 0, ELF_BAD_LANDING},
        {0x10410, 0x20, UINT64_MAX - 1, ELF_BAD_LANDING},
        {0x10410, UINT64_MAX, 0x10440, ELF_BAD_LANDING},
        {UINT64_MAX, 1, 0x10440, ELF_BAD_LANDING},
        {0x10410, 0, 0x10440, ELF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elf_sample(&elf, NPROGRAM);
        elf_program(&elf, LANDING, 0x60000001, ELF_R, 0, cases[i].start, 0, cases[i].nbytes);
        set_le(elf.bytes + 64 + 56 * LANDING + PADDR, cases[i].target, 8);
        CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == cases[i].error);
    }
    CHECK(image.land_start == 0 && image.land_end == 0 && image.land_target == 0);
    elf_sample(&elf, NPROGRAM); /* two landings */
    memcpy(elf.bytes + 64 + 56 * STACK, elf.bytes + 64 + 56 * LANDING, 56);
    CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == ELF_BAD_LANDING);
}

void test_elf(void)
{
    test_elf_values();
    test_elf_headers();
    test_elf_segments();
    test_elf_rights_and_count();
    test_elf_landing();
}
