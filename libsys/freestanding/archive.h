/* The boot archive: cpio in the "newc" form (magic 070701), as read-only files in memory.
 *
 * Source: cpio(5), "New ASCII Format". Sizes are bytes. Nothing is copied: names and data point
 * into the archive, which stays the caller's. Any bytes at all are answered with -1, 0 or 1;
 * nothing outside [bytes, bytes + nbytes) is read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct archive_file {
    const char *name; /* a NUL follows it, inside the archive */
    size_t name_len;  /* up to the first NUL: the name's field may hold more of them as padding */
    const uint8_t *data;
    size_t nbytes;
    uint32_t mode; /* as in stat(2): 0100000 is a regular file */
};

/* Steps through the files; *offset starts at 0. Returns 1 with *file filled and *offset moved on, 0
 * at the trailer, -1 if damaged: a header cut short or not in hexadecimal, a name without a NUL, a
 * name or data beyond the end, no trailer. With 0 and -1 neither *offset nor *file changes. */
int archive_next(const void *bytes, size_t nbytes, size_t *offset, struct archive_file *file);

/* Finds the first file of exactly this name. Returns 1 with *file filled, 0 if there is none, -1 if
 * the archive is damaged before it; with 0 and -1 *file does not change. */
int archive_find(const void *bytes, size_t nbytes, const char *name, struct archive_file *file);
