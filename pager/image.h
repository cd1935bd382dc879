/* Images of programs: built beside the old one, so that an error changes nothing. Lock held. */
#pragma once
#include "../libsys/freestanding/elf.h"
#include "process.h"

/* An image under construction; nobody else sees it. */
struct image {
    struct elf_image elf;
    const uint8_t *file; /* in the archive; NULL: in pages of `offerer` */
    const struct process *offerer;
    uint64_t offered, nbytes; /* address there; the file's size */
    struct map map;
    struct regions regions;
    uint64_t block_start, block_end; /* the argument block is the top of the stack */
    uint64_t heap_start;
    bool pinned; /* no page may be shared */
};

/* The archive's bytes, through the window; its frames have a count of their own (its entries). */
void image_init(const void *archive, uint64_t nbytes);

/* Recounts the archive's frames for the audit: calls owner(frame) for each. */
void image_archive_frames(void (*owner)(pfn_t frame));

/* What the image is made of: a program of the archive, or pages of a process that are all there.
 * ERR_NOENT, ERR_NOEXEC; ERR_INVALID; ERR_NOMEM. */
err_t image_find(struct image *image, const char *path);
err_t image_offer(struct image *image, const struct process *offerer, uint64_t address,
                  uint64_t nbytes);

/* Everything but the argument block's pages. On an error the map holds nothing. ERR_NOEXEC,
 * ERR_NOMEM. */
err_t image_build(struct image *image, uint64_t block_npages);

/* Maps the archive, read only, into a process that may never be short of memory: its address.
 * ERR_NOMEM. */
err_t image_map_archive(struct process *process, uint64_t *nbytes);
