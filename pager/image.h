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
    uint64_t at;      /* the next page to be looked at, or put; 0: none was yet */
    uint32_t segment; /* where that is */
    bool pinned;      /* no page may be shared */
};

/* The archive's bytes, through the window; its frames have a count of their own (its entries). */
void image_init(const void *archive, uint64_t nbytes);

/* Recounts the archive's frames for the audit: calls owner(frame) for each. */
void image_archive_frames(void (*owner)(pfn_t frame));

/* An image of nothing, to begin with. pinned: no page of it may be shared. */
void image_clear(struct image *image, bool pinned);

/* What the image is made of: a program of the archive (ERR_NOENT, ERR_NOEXEC), or pages of a
 * process (ERR_INVALID). */
err_t image_find(struct image *image, const char *path);
err_t image_offer(struct image *image, const struct process *offerer, uint64_t address,
                  uint64_t nbytes);

/* Offered pages must all be there, and begin with headers. A part of the look (task.h): TASK_LATER;
 * 0; ERR_INVALID, ERR_NOEXEC, ERR_NOMEM. */
err_t image_check(struct image *image);

/* Regions, and an empty map; on an error there is no map. ERR_NOEXEC, ERR_NOMEM. */
err_t image_begin(struct image *image, uint64_t block_npages);

/* A part of everything but the argument block's pages: TASK_LATER, 0, ERR_NOMEM. What was put stays
 * in the map, the caller's to release. */
err_t image_build(struct image *image);

/* Maps the archive, read only, into a process that may never be short of memory: its address.
 * ERR_NOMEM. */
err_t image_map_archive(struct process *process, uint64_t *nbytes);
