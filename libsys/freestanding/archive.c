/* Reads the cpio "newc" archive: every size is checked against what is left before it is used. */
#include "archive.h"

#include <stdbool.h>

/*  0      6     14     22   ..  54         ..  94         102     110
 *  | magic | ino | mode |    ..  | data size .. | name size | check | name, NUL, pad | data, pad
 *  Fields are eight hexadecimal digits; both pads reach to the next multiple of 4. */
enum { HEADER_NBYTES = 110, MODE_AT = 14, DATA_SIZE_AT = 54, NAME_SIZE_AT = 94, NFIELDS = 13 };

static bool text_is(const char *text, size_t len, const char *other)
{
    for (size_t i = 0; i < len; i++)
        if (other[i] == '\0' || text[i] != other[i])
            return false;
    return other[len] == '\0';
}

static size_t text_len(const char *text, size_t nbytes)
{
    size_t len = 0;
    while (len < nbytes && text[len] != '\0')
        len++;
    return len;
}

/* The digit's value, or 16 if it is none. */
static uint32_t hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint32_t)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (uint32_t)(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F')
        return (uint32_t)(digit - 'A' + 10);
    return 16;
}

static uint32_t hex_field(const char *digits)
{
    uint32_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 4 | hex_digit(digits[i]);
    return number;
}

static bool header_good(const char *header)
{
    for (int i = 0; i < 6; i++)
        if (header[i] != "070701"[i])
            return false;
    for (int i = 6; i < 6 + 8 * NFIELDS; i++)
        if (hex_digit(header[i]) > 15)
            return false;
    return true;
}

int archive_next(const void *bytes, size_t nbytes, size_t *offset, struct archive_file *file)
{
    const char *archive = bytes;
    size_t at = *offset;
    if (at > nbytes || nbytes - at < HEADER_NBYTES || !header_good(archive + at))
        return -1;
    uint32_t mode = hex_field(archive + at + MODE_AT);
    size_t data_nbytes = hex_field(archive + at + DATA_SIZE_AT);
    size_t name_nbytes = hex_field(archive + at + NAME_SIZE_AT);
    at += HEADER_NBYTES;
    if (name_nbytes > nbytes - at)
        return -1;
    const char *name = archive + at;
    size_t name_len = text_len(name, name_nbytes);
    if (name_len == name_nbytes)
        return -1;
    if (text_is(name, name_len, "TRAILER!!!"))
        return 0;
    at += name_nbytes;
    size_t pad = -at & 3;
    if (pad > nbytes - at || data_nbytes > nbytes - at - pad)
        return -1;
    at += pad;
    *file = (struct archive_file){name, name_len, (const uint8_t *)archive + at, data_nbytes, mode};
    at += data_nbytes;
    pad = -at & 3;
    *offset = pad > nbytes - at ? nbytes : at + pad;
    return 1;
}

int archive_find(const void *bytes, size_t nbytes, const char *name, struct archive_file *file)
{
    size_t offset = 0;
    struct archive_file each;
    int more;
    while ((more = archive_next(bytes, nbytes, &offset, &each)) == 1) {
        if (text_is(each.name, each.name_len, name)) {
            *file = each;
            return 1;
        }
    }
    return more;
}
