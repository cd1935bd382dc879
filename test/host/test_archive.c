/* The archive reader against samples of its own. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool archive_sound(const uint8_t *bytes, size_t nbytes)
{
    int last;
    return sound_archive(bytes, nbytes, &last);
}

static void cpio_file(struct sample *to, const char *name, size_t name_nbytes, uint32_t mode,
                      const char *data)
{
    char header[111];
    snprintf(header, sizeof header, "070701%08X%08x%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
             1u, (unsigned)mode, 0u, 0u, 1u, 0u, (unsigned)strlen(data), 0u, 0u, 0u, 0u,
             (unsigned)name_nbytes, 0u);
    put(to, header, 110);
    put(to, name, strlen(name));
    to->bytes[to->nbytes] = 0;
    put_zeroes(to, to->nbytes + name_nbytes - strlen(name));
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
    put(to, data, strlen(data));
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
}

/* The last file's header starts at *last. */
static void cpio_sample(struct sample *to, size_t *last)
{
    memset(to, 0, sizeof *to);
    cpio_file(to, "pager", 18, 0100755, "abcde"); /* padded so that data starts at 128 */
    cpio_file(to, "empty", 6, 0100644, "");
    *last = to->nbytes;
    cpio_file(to, "init", 5, 0100755, "second to none");
    cpio_file(to, "TRAILER!!!", 11, 0, "");
}

static void test_archive_values(void)
{
    static struct sample cpio;
    size_t last, offset = 0;
    struct archive_file file;
    cpio_sample(&cpio, &last);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 1);
    CHECK(file.name_len == 5 && strcmp(file.name, "pager") == 0 && file.mode == 0100755);
    CHECK(file.data == cpio.bytes + 128 && file.nbytes == 5 && memcmp(file.data, "abcde", 5) == 0);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 1);
    CHECK(strcmp(file.name, "empty") == 0 && file.nbytes == 0 && file.mode == 0100644);
    CHECK(offset == last);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 1);
    CHECK(strcmp(file.name, "init") == 0 && file.nbytes == 14);
    size_t end = offset;
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 0 && offset == end);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 0);

    CHECK(archive_find(cpio.bytes, cpio.nbytes, "init", &file) == 1);
    CHECK(file.nbytes == 14 && memcmp(file.data, "second to none", 14) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "ini", &file) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "init2", &file) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "", &file) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "TRAILER!!!", &file) == 0);
    CHECK(strcmp(file.name, "init") == 0); /* left alone by what was not found */
    check_damage(archive_sound, cpio.bytes, cpio.nbytes);
}

static void test_archive_damage(void)
{
    static struct sample cpio;
    size_t last;
    struct archive_file file;
    static const struct {
        size_t at; /* in the last file's header */
        const char *text;
        int found;
    } cases[] = {
        {0, "070702", -1},    {0, "070707", -1},    {14, "0000g000", -1}, {102, "0000000 ", -1},
        {6, "0000:000", -1},  {6, "0000@000", -1},  {6, "0000`000", -1},  {6, "0000/000", -1},
        {6, "09AFaf90", 1},   {6, "0x000001", -1},  {54, "FFFFFFFF", -1}, {54, "ffffffff", -1},
        {54, "00001000", -1}, {94, "00000000", -1}, {94, "00000004", -1}, {94, "FFFFFFFF", -1},
        {94, "00000005", 1},  {54, "00000000", 1},  {102, "abcdefAB", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cpio_sample(&cpio, &last);
        memcpy(cpio.bytes + last + cases[i].at, cases[i].text, strlen(cases[i].text));
        CHECK(archive_find(cpio.bytes, cpio.nbytes, "init", &file) == cases[i].found);
        CHECK(archive_find(cpio.bytes, cpio.nbytes, "empty", &file) == 1);
    }
    cpio_sample(&cpio, &last);
    CHECK(archive_find(cpio.bytes, 0, "init", &file) == -1);
    CHECK(archive_find(cpio.bytes, last, "init", &file) == -1);
    CHECK(archive_find(cpio.bytes, last, "empty", &file) == 1);
    size_t offset = SIZE_MAX;
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == -1 && offset == SIZE_MAX);
    offset = cpio.nbytes;
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == -1);
}

void test_archive(void)
{
    test_archive_values();
    test_archive_damage();
}
