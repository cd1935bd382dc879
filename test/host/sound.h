/* What must hold for every answer of the readers, whatever the input: shared by tests and fuzzers.
 */
#pragma once

#include "archive.h"
#include "dt.h"
#include "elf.h"

#include <stdbool.h>
#include <string.h>

static inline bool sound_inside(const void *part, size_t part_nbytes, const void *all,
                                size_t nbytes)
{
    uintptr_t start = (uintptr_t)part, low = (uintptr_t)all;
    return start >= low && start - low <= nbytes && part_nbytes <= nbytes - (start - low);
}

static inline bool sound_range(struct dt_range range)
{
    return range.nbytes == 0 ? range.base == 0 : range.nbytes <= UINT64_MAX - range.base;
}

static inline bool sound_harts(const struct dt_machine *machine)
{
    if (machine->nharts > DT_MAX_HARTS)
        return false;
    for (uint32_t i = 0; i < DT_MAX_HARTS; i++) {
        if (i >= machine->nharts && machine->plic_context[i] != UINT32_MAX)
            return false;
        for (uint32_t j = 0; j < i && i < machine->nharts; j++)
            if (machine->hart_id[i] == machine->hart_id[j])
                return false;
    }
    return true;
}

static inline bool sound_ranges(const struct ranges *set)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (set->range[i].nbytes == 0 || !sound_range(set->range[i]) ||
            (i > 0 && set->range[i - 1].base + set->range[i - 1].nbytes >= set->range[i].base))
            return false;
    return set->n <= RANGES_MAX;
}

/* Holds after errors too. */
static inline bool sound_dt(const void *blob, size_t nbytes, uint64_t inside, enum dt_error error,
                            const struct dt_machine *machine)
{
    bool found = ranges_find(&machine->ram, (struct dt_range){inside, 1}) != NULL;
    if (error == DT_OK && (!found || machine->nharts == 0 || machine->timebase_hz == 0))
        return false;
    if (machine->uart.nbytes == 0 && machine->uart_irq != 0)
        return false;
    if (machine->bootargs == NULL
            ? machine->bootargs_len != 0
            : !sound_inside(machine->bootargs, machine->bootargs_len, blob, nbytes) ||
                  memchr(machine->bootargs, 0, machine->bootargs_len))
        return false;
    return sound_ranges(&machine->ram) && sound_ranges(&machine->reserved) &&
           sound_ranges(&machine->kept) && sound_range(machine->archive) &&
           sound_range(machine->tester) && sound_range(machine->plic) &&
           sound_range(machine->uart) && sound_harts(machine);
}

static inline bool sound_file(const void *bytes, size_t nbytes, const struct archive_file *file)
{
    return sound_inside(file->name, file->name_len + 1, bytes, nbytes) &&
           strlen(file->name) == file->name_len &&
           sound_inside(file->data, file->nbytes, bytes, nbytes) &&
           ((uintptr_t)file->data - (uintptr_t)bytes) % 4 == 0;
}

/* Steps through a whole archive and looks each file up again. */
static inline bool sound_archive(const void *bytes, size_t nbytes, int *last)
{
    size_t offset = 0, before = 0;
    struct archive_file file, again;
    for (int nfiles = 0; (*last = archive_next(bytes, nbytes, &offset, &file)) == 1; nfiles++) {
        if (!sound_file(bytes, nbytes, &file) || offset < before + 110 || offset > nbytes)
            return false;
        before = offset;
        if (nfiles < 100 && (archive_find(bytes, nbytes, file.name, &again) != 1 ||
                             again.data > file.data || strcmp(again.name, file.name) != 0))
            return false;
    }
    return (*last == 0 || *last == -1) && offset == before;
}

static inline bool sound_code(const struct elf_image *image, uint64_t address)
{
    for (uint32_t i = 0; i < image->nsegments; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if ((segment->rights & RIGHT_X) && address >= segment->vaddr &&
            address - segment->vaddr < segment->mem_nbytes)
            return true;
    }
    return false;
}

static inline bool sound_segment(const struct elf_image *image, uint32_t index, size_t nbytes,
                                 uint64_t limit)
{
    const struct elf_segment *one = &image->segment[index];
    uint64_t end = one->vaddr + one->mem_nbytes;
    if (one->mem_nbytes == 0 || one->file_nbytes > one->mem_nbytes || end < one->vaddr ||
        end > limit || one->offset > nbytes || one->file_nbytes > nbytes - one->offset)
        return false;
    if (one->file_nbytes != 0 && one->vaddr % 4096 != one->offset % 4096)
        return false;
    if (one->rights > 7 || (one->rights & 6) == 6 || (one->rights & 3) == RIGHT_W)
        return false;
    for (uint32_t i = 0; i < index; i++) {
        const struct elf_segment *other = &image->segment[i];
        uint64_t other_last = (other->vaddr + other->mem_nbytes - 1) / 4096;
        if (one->vaddr / 4096 <= other_last && other->vaddr / 4096 <= (end - 1) / 4096)
            return false;
    }
    return one->vaddr >= image->low && end <= image->high;
}

static inline bool sound_elf(size_t nbytes, uint64_t limit, enum elf_error error,
                             const struct elf_image *image)
{
    static const struct elf_image zero;
    if (error != ELF_OK)
        return memcmp(image, &zero, sizeof zero) == 0;
    if (image->nsegments == 0 || image->nsegments > ELF_MAX_SEGMENTS || image->high > limit ||
        image->low % 4096 != 0 || image->high % 4096 != 0 || image->low >= image->high)
        return false;
    for (uint32_t i = 0; i < image->nsegments; i++)
        if (!sound_segment(image, i, nbytes, limit))
            return false;
    if (image->entry % 2 != 0 || !sound_code(image, image->entry))
        return false;
    if (image->land_end == 0)
        return image->land_start == 0 && image->land_target == 0;
    return image->land_start < image->land_end && sound_code(image, image->land_start) &&
           sound_code(image, image->land_end - 1) && sound_code(image, image->land_target);
}
