/* What programs must see: every fork copies everything, shared memory is one block. One byte a page
 * stands for the page. */
#pragma once
#include "fake.h"

enum { MODEL_PROCESSES = 12, MODEL_REGIONS = 24 };

struct model_block {
    unsigned nrefs;
    uint8_t byte[]; /* a page */
};

struct model_region {
    uint64_t start, npages;
    unsigned rights;
    bool shared;
    enum region_use use;
    uint64_t offset; /* pages into the block */
    struct model_block *block;
};

struct model {
    int64_t pid; /* 0: unused */
    struct process *process;
    uint64_t heap_break;
    unsigned nregions;
    struct model_region region[MODEL_REGIONS];
};

extern struct model model[MODEL_PROCESSES];

/* Where in its page the byte that stands for it lies: behind what exec writes into a block. */
static inline uint64_t model_probe(uint64_t va)
{
    return (va & ~(uint64_t)(PAGE_SIZE - 1)) + 0x4d2;
}

uint8_t *model_byte(const struct model_region *region, uint64_t page);
struct model *model_find(int64_t pid); /* NULL: none */
struct model *model_free_place(void);
void model_fork(const struct model *parent, struct model *child, struct process *process);
void model_end(struct model *m);
/* Also adds pages of zeros to the region's end when it is a heap that grows. */
void model_resize(struct model_region *region, uint64_t npages);
void model_add(struct model *m, uint64_t start, uint64_t npages, unsigned rights, bool shared,
               enum region_use use);
void model_unmap(struct model *m, unsigned region, uint64_t page, uint64_t npages);
/* The image of a program; the page that held the argument block becomes the top of the stack. */
void model_exec(struct model *m, const struct fake_program *program, uint8_t block_byte);
