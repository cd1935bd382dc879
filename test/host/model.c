/* The model of test_random. */
#include "model.h"
#include <stdlib.h>
#include <string.h>

struct model model[MODEL_PROCESSES];

static struct model_block *new_block(uint64_t npages)
{
    struct model_block *block = calloc(1, sizeof *block + npages + 1);
    block->nrefs = 1;
    return block;
}

static void leave_block(struct model_block *block)
{
    if (--block->nrefs == 0)
        free(block);
}

uint8_t *model_byte(const struct model_region *region, uint64_t page)
{
    return &region->block->byte[region->offset + page];
}

struct model *model_find(int64_t pid)
{
    for (struct model *m = model; m < model + MODEL_PROCESSES; m++)
        if (m->pid == pid)
            return m;
    return NULL;
}

struct model *model_free_place(void)
{
    return model_find(0);
}

static void own_block(struct model_region *region)
{
    struct model_block *old = region->block;
    region->block = new_block(region->npages);
    memcpy(region->block->byte, old->byte + region->offset, region->npages);
    region->offset = 0;
    leave_block(old);
}

void model_fork(const struct model *parent, struct model *child, struct process *process)
{
    *child = *parent;
    child->pid = process->pid;
    child->process = process;
    for (unsigned i = 0; i < child->nregions; i++) {
        child->region[i].block->nrefs++;
        if (!child->region[i].shared)
            own_block(&child->region[i]);
    }
}

void model_end(struct model *m)
{
    for (unsigned i = 0; i < m->nregions; i++)
        leave_block(m->region[i].block);
    memset(m, 0, sizeof *m);
}

void model_add(struct model *m, uint64_t start, uint64_t npages, unsigned rights, bool shared,
               enum region_use use)
{
    if (m->nregions == MODEL_REGIONS)
        fake_breach("test: too many regions in the model", start);
    m->region[m->nregions++] =
        (struct model_region){start, npages, rights, shared, use, 0, new_block(npages)};
}

void model_resize(struct model_region *region, uint64_t npages)
{
    uint64_t kept = npages < region->npages ? npages : region->npages;
    struct model_block *old = region->block;
    region->block = new_block(npages);
    memcpy(region->block->byte, old->byte, kept);
    leave_block(old);
    region->npages = npages;
}

void model_unmap(struct model *m, unsigned index, uint64_t page, uint64_t npages)
{
    struct model_region *region = &m->region[index], above = *region;
    above.start += (page + npages) * PAGE_SIZE;
    above.offset += page + npages;
    above.npages -= page + npages;
    region->npages = page;
    if (above.npages > 0) {
        above.block->nrefs++;
        m->region[m->nregions++] = above;
    }
    if (page == 0) {
        leave_block(region->block);
        *region = m->region[--m->nregions];
    }
}

void model_exec(struct model *m, const struct fake_program *program, uint8_t block_byte)
{
    const struct model kept = *m;
    uint64_t low = program->segment[0].vaddr, high = 0;
    uint64_t nstack = program->stack_nbytes == 0 ? 64 : program->stack_nbytes >> PAGE_SHIFT;
    model_end(m);
    m->pid = kept.pid;
    m->process = kept.process;
    model_add(m, low - (nstack + 1) * PAGE_SIZE, nstack + 1, RIGHT_R | RIGHT_W, false, USE_STACK);
    *model_byte(&m->region[0], nstack) = block_byte;
    for (int i = 0; i < 2; i++) {
        const struct fake_segment *s = &program->segment[i];
        uint64_t start = s->vaddr & ~(uint64_t)(PAGE_SIZE - 1);
        uint64_t npages = (s->vaddr + s->mem_nbytes - start + PAGE_SIZE - 1) >> PAGE_SHIFT;
        unsigned rights = (s->flags & 4 ? RIGHT_R : 0u) | (s->flags & 2 ? RIGHT_W : 0u) |
                          (s->flags & 1 ? RIGHT_X : 0u);
        model_add(m, start, npages, rights, false, USE_IMAGE);
        for (uint64_t p = 0; p < npages; p++)
            *model_byte(&m->region[m->nregions - 1], p) =
                fake_program_byte(program, model_probe(start + p * PAGE_SIZE));
        high = start + npages * PAGE_SIZE;
    }
    model_add(m, high, 0, RIGHT_R | RIGHT_W, false, USE_HEAP);
    m->heap_break = high;
}
