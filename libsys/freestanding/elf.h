/* ELF executables: which bytes of a file go where, for 64-bit little-endian RISC-V.
 *
 * Source: System V ABI, chapters 4 and 5; RISC-V ELF psABI. Addresses are the program's, sizes and
 * offsets bytes. Nothing is loaded and nothing allocated: the reader describes, the caller maps.
 * Any bytes at all are answered with an error or an image; nothing outside [bytes, bytes + nbytes)
 * is read, and the file needs no alignment.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

enum { ELF_MAX_SEGMENTS = 8 };
enum { ELF_R = 4, ELF_W = 2, ELF_X = 1 }; /* as the file says it */

/* vaddr and offset agree modulo the page, so whole pages of the file can be mapped. */
struct elf_segment {
    uint64_t vaddr;
    uint64_t offset; /* 0 if file_nbytes is 0 */
    uint64_t file_nbytes;
    uint64_t mem_nbytes; /* at least 1, and at least file_nbytes; the rest is zero */
    uint32_t rights;     /* RIGHT_… (abi.h); never W and X; W brings R, as Sv39 demands */
};

struct elf_image {
    uint64_t entry; /* even, and inside an executable segment */
    uint32_t nsegments;
    struct elf_segment segment[ELF_MAX_SEGMENTS]; /* in the file's order; no two share a page */
    uint64_t stack_nbytes; /* what PT_GNU_STACK asks for, unchecked; 0 if it is silent */
    uint64_t low, high;    /* multiples of the page, around all segments */
    /* Bad-pointer landing, program header type PT_LOOS + 1: a fault of the code in [land_start,
     * land_end) may resume at land_target. Both lie in executable segments; all 0 if absent. */
    uint64_t land_start, land_end, land_target;
};

enum elf_error {
    ELF_OK = 0,
    ELF_TRUNCATED,         /* a header or a segment's bytes lie beyond nbytes */
    ELF_NOT_ELF,           /* no magic */
    ELF_WRONG_MACHINE,     /* not ELF64, little-endian, EM_RISCV, ET_EXEC */
    ELF_BAD_HEADERS,       /* program headers of another size, or nothing to load */
    ELF_TOO_MANY_SEGMENTS, /* more than ELF_MAX_SEGMENTS */
    ELF_BAD_SEGMENT,       /* bigger in the file, beyond the limit, off its page, or W and X */
    ELF_OVERLAP,           /* two segments share a page */
    ELF_BAD_ENTRY,
    ELF_BAD_LANDING, /* wraps, not in executable segments, odd target, or a second one */
};

/* Fills *out; after an error it is all zeroes. address_limit is the first address that no segment
 * may reach, rounded down to a page. */
enum elf_error elf_read(const void *bytes, size_t nbytes, uint64_t address_limit,
                        struct elf_image *out);

/* A short phrase for a message, never NULL. */
const char *elf_error_text(enum elf_error error);
