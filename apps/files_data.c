/* Inodes and blocks: what files consist of. */
#include <errno.h>
#include <string.h>

#include "files.h"

struct inode inodes[INODES_MAX];

static char *arena; /* block b at arena + b * BLOCK_NBYTES; block 0 is unused */
static uint32_t nblocks, nfree, first_free;

void data_init(char *start, uint64_t nbytes)
{
    arena = start;
    memset(inodes, 0, sizeof inodes);
    nblocks = (uint32_t)(nbytes / BLOCK_NBYTES);
    nfree = first_free = 0;
    for (uint32_t b = nblocks; b-- > 1;)
        block_free(b);
}

char *block_at(uint32_t block)
{
    return arena + (uint64_t)block * BLOCK_NBYTES;
}

/* The free list is in the free blocks. */
void block_free(uint32_t block)
{
    if (block == 0)
        return;
    memcpy(block_at(block), &first_free, sizeof first_free);
    first_free = block;
    nfree++;
}

uint32_t block_take(void)
{
    uint32_t block = first_free;
    if (block == 0)
        return 0;
    memcpy(&first_free, block_at(block), sizeof first_free);
    nfree--;
    memset(block_at(block), 0, BLOCK_NBYTES);
    return block;
}

uint64_t blocks_free(uint64_t *total)
{
    *total = (uint64_t)(nblocks - 1) * BLOCK_NBYTES;
    return (uint64_t)nfree * BLOCK_NBYTES;
}

uint64_t inodes_free(void)
{
    uint64_t n = 0;
    for (unsigned i = 1; i < INODES_MAX; i++)
        n += inodes[i].type == 0;
    return n;
}

struct inode *inode_make(enum files_type type)
{
    for (unsigned i = 1; i < INODES_MAX; i++) {
        if (inodes[i].type != 0)
            continue;
        inodes[i] = (struct inode){.type = (uint8_t)type};
        return &inodes[i];
    }
    return NULL;
}

uint16_t inode_number(const struct inode *inode)
{
    return (uint16_t)(inode - inodes);
}

/* Blocks from number `first` on. */
static void free_blocks(struct inode *inode, uint32_t first)
{
    for (uint32_t i = first; i < DIRECT_BLOCKS; i++) {
        block_free(inode->block[i]);
        inode->block[i] = 0;
    }
    if (inode->index == 0)
        return;
    uint32_t *index = (uint32_t *)block_at(inode->index);
    for (uint32_t i = first > DIRECT_BLOCKS ? first - DIRECT_BLOCKS : 0; i < INDEX_ENTRIES; i++) {
        block_free(index[i]);
        index[i] = 0;
    }
    if (first <= DIRECT_BLOCKS) {
        block_free(inode->index);
        inode->index = 0;
    }
}

static void free_if_unused(struct inode *inode)
{
    if (inode->nlinks != 0 || inode->nopen != 0)
        return;
    free_blocks(inode, 0);
    inode->type = 0;
}

void inode_hold(struct inode *inode)
{
    inode->nopen++;
}

void inode_drop(struct inode *inode)
{
    inode->nopen--;
    free_if_unused(inode);
}

void inode_unlink(struct inode *inode)
{
    inode->nlinks--;
    free_if_unused(inode);
}

/* The place of a block's number; NULL: it has none (with `make`: no block for the index). */
static uint32_t *block_slot(struct inode *inode, uint64_t number, bool make)
{
    if (number < DIRECT_BLOCKS)
        return &inode->block[number];
    if (inode->index == 0 && make)
        inode->index = block_take();
    if (inode->index == 0)
        return NULL;
    return (uint32_t *)block_at(inode->index) + (number - DIRECT_BLOCKS);
}

/* One piece inside a block. */
static int read_piece(struct inode *inode, uint64_t offset, void *to, uint64_t nbytes)
{
    static const char zeros[BLOCK_NBYTES];
    if (inode->origin != NULL)
        return libsys_copy(to, inode->origin + offset, nbytes);
    const uint32_t *slot = block_slot(inode, offset / BLOCK_NBYTES, false);
    const char *block = slot == NULL || *slot == 0 ? zeros : block_at(*slot);
    return libsys_copy(to, block + offset % BLOCK_NBYTES, nbytes);
}

static uint64_t piece(uint64_t offset, uint64_t nbytes)
{
    uint64_t n = BLOCK_NBYTES - offset % BLOCK_NBYTES;
    return n < nbytes ? n : nbytes;
}

int64_t inode_read(struct inode *inode, uint64_t offset, void *to, uint64_t nbytes)
{
    if (offset >= inode->size)
        return 0;
    if (nbytes > inode->size - offset)
        nbytes = inode->size - offset;
    for (uint64_t done = 0, n; done < nbytes; done += n) {
        n = piece(offset + done, nbytes - done);
        if (read_piece(inode, offset + done, (char *)to + done, n) != 0)
            return -EFAULT;
    }
    return (int64_t)nbytes;
}

/* Bytes that were written keep their place even if the next block can't be had. */
static int64_t write_blocks(struct inode *inode, uint64_t offset, const void *from, uint64_t nbytes)
{
    uint64_t done = 0;
    int64_t error = 0;
    while (done < nbytes && error == 0) {
        uint64_t at = offset + done, n = piece(at, nbytes - done);
        uint32_t *slot = block_slot(inode, at / BLOCK_NBYTES, true);
        if (slot != NULL && *slot == 0)
            *slot = block_take();
        if (slot == NULL || *slot == 0)
            error = -ENOSPC;
        else if (libsys_copy(block_at(*slot) + at % BLOCK_NBYTES, (const char *)from + done, n) !=
                 0)
            error = -EFAULT;
        else
            done += n;
    }
    if (offset + done > inode->size && done > 0)
        inode->size = (uint32_t)(offset + done);
    return done > 0 || nbytes == 0 ? (int64_t)done : error;
}

/* The contents leave the archive before the first change; an error changes nothing. */
static int copy_origin(struct inode *inode)
{
    if (inode->origin == NULL)
        return 0;
    struct inode copy = {.type = inode->type};
    int64_t n = write_blocks(&copy, 0, inode->origin, inode->size);
    if (n != (int64_t)inode->size) {
        free_blocks(&copy, 0);
        return -ENOSPC;
    }
    memcpy(inode->block, copy.block, sizeof copy.block);
    inode->index = copy.index;
    inode->origin = NULL;
    inode->origin_name = NULL;
    return 0;
}

int64_t inode_write(struct inode *inode, uint64_t offset, const void *from, uint64_t nbytes)
{
    const uint64_t limit = (uint64_t)FILE_BLOCKS_MAX * BLOCK_NBYTES;
    if (nbytes == 0)
        return 0;
    if (offset >= limit)
        return -EFBIG;
    int error = copy_origin(inode);
    if (error != 0)
        return error;
    return write_blocks(inode, offset, from, nbytes < limit - offset ? nbytes : limit - offset);
}

/* What is cut off is gone, so that it reads as zeros if the file grows again. */
int inode_resize(struct inode *inode, uint64_t nbytes)
{
    if (nbytes > (uint64_t)FILE_BLOCKS_MAX * BLOCK_NBYTES)
        return -EFBIG;
    if (nbytes == 0) {
        inode->origin = NULL;
        inode->origin_name = NULL;
    }
    int error = copy_origin(inode);
    if (error != 0)
        return error;
    if (nbytes < inode->size) {
        free_blocks(inode, (uint32_t)((nbytes + BLOCK_NBYTES - 1) / BLOCK_NBYTES));
        const uint32_t *slot = block_slot(inode, nbytes / BLOCK_NBYTES, false);
        if (nbytes % BLOCK_NBYTES != 0 && slot != NULL && *slot != 0)
            memset(block_at(*slot) + nbytes % BLOCK_NBYTES, 0,
                   BLOCK_NBYTES - nbytes % BLOCK_NBYTES);
    }
    inode->size = (uint32_t)nbytes;
    return 0;
}
