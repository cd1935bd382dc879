/* The first program: from archive to ready thread. */
#include "boot.h"
#include "../libsys/freestanding/archive.h"
#include "console.h"
#include "../libsys/freestanding/elf.h"
#include "ipc.h"
#include "memory.h"
#include "sched.h"
#include "table.h"

enum { STACK_NPAGES = 8, PAGER_PRIORITY = PRIORITIES - 1 };

#define INFO_VA   (MEMORY_WINDOW - PAGE_SIZE)
#define STACK_TOP (INFO_VA - PAGE_SIZE)

_Noreturn void boot_fail(const char *what, const char *why)
{
    console_print("boot: %s: %s\n", what, why);
    console_power_off(1);
}

/* Frames that the first program gets, in order. */
struct loader {
    struct space *space;
    pfn_t next, limit;
    uint64_t archive_start, archive_end; /* in frames */
};

static void *take_page(struct loader *loader, uint64_t va, unsigned rights)
{
    pfn_t frame = loader->next++;
    uint64_t *leaf = table_make(loader->space->root, va);
    if (leaf == NULL || frame >= loader->limit ||
        (frame >= loader->archive_start && frame < loader->archive_end))
        boot_fail("pager", "no room for it");
    leaf[table_index(va)] = table_entry(frame, rights);
    uint64_t *page = (uint64_t *)(frame << PAGE_SHIFT);
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        page[i] = 0;
    return page;
}

static void load_segment(struct loader *loader, const uint8_t *file,
                         const struct elf_segment *segment)
{
    uint64_t end = segment->vaddr + segment->mem_nbytes, page_start;
    for (uint64_t va = segment->vaddr; va < end; va = page_start + PAGE_SIZE) {
        page_start = va & ~(uint64_t)(PAGE_SIZE - 1);
        uint8_t *page = take_page(loader, page_start, segment->rights);
        uint64_t done = va - segment->vaddr;
        for (uint64_t i = va - page_start; i < PAGE_SIZE && done < segment->file_nbytes; i++)
            page[i] = file[segment->offset + done++];
    }
}

static void give(struct space *space, uint64_t slot, struct object *object, unsigned type,
                 unsigned rights)
{
    *space_slot(space, slot, true) = cap_make(object, type, rights, 0);
}

static void load_program(struct loader *loader, const struct boot_info *info,
                         struct elf_image *image)
{
    struct archive_file file;
    size_t offset = 0;
    const void *archive = (const void *)info->archive_start;
    if (info->archive_nbytes == 0)
        boot_fail("archive", "missing (-initrd)");
    int found = archive_next(archive, info->archive_nbytes, &offset, &file);
    if (found <= 0)
        boot_fail("archive", found == 0 ? "empty" : "damaged");
    enum elf_error error = elf_read(file.data, file.nbytes, STACK_TOP / 2, image);
    if (error != ELF_OK)
        boot_fail("pager", elf_error_text(error));
    for (uint32_t i = 0; i < image->nsegments; i++)
        load_segment(loader, file.data, &image->segment[i]);
}

void boot_start_pager(pfn_t first, uint64_t npages, struct boot_info *info)
{
    struct space *space = space_make();
    struct thread *thread = space == NULL ? NULL : thread_make(space, PAGER_PRIORITY, NULL);
    if (space == NULL || thread == NULL)
        boot_fail("kernel pool", "too little memory");
    struct loader loader = {
        .space = space,
        .next = first,
        .limit = first + npages,
        .archive_start = info->archive_start >> PAGE_SHIFT,
        .archive_end = (info->archive_start + info->archive_nbytes + PAGE_SIZE - 1) >> PAGE_SHIFT,
    };
    struct elf_image image;
    load_program(&loader, info, &image);
    for (uint64_t i = 1; i <= STACK_NPAGES; i++)
        take_page(&loader, STACK_TOP - i * PAGE_SIZE, RIGHT_R | RIGHT_W);
    struct boot_info *page = take_page(&loader, INFO_VA, RIGHT_R);
    info->image_npages = loader.next - first;
    *page = *info;

    struct memory *memory = memory_make(space, first, npages, false);
    struct memory *devices = memory_make(space, 0, info->device_npages, true);
    if (memory == NULL || devices == NULL)
        boot_fail("kernel pool", "too little memory");
    give(space, BOOT_SLOT_SPACE, &space->object, TYPE_SPACE, CAP_MANAGE);
    give(space, BOOT_SLOT_MEMORY, &memory->object, TYPE_MEMORY,
         MEMORY_PLAIN | CAP_MANAGE | CAP_OWNER);
    give(space, BOOT_SLOT_DEVICES, &devices->object, TYPE_MEMORY, CAP_MANAGE | CAP_OWNER);
    give(space, BOOT_SLOT_CONTROL, NULL, TYPE_CONTROL,
         CONTROL_CREATE | CONTROL_CONSOLE | CONTROL_POWER | CONTROL_IRQ);
    space->fault_endpoint = &ipc_nobody;
    space->fault_generation = 1;
    space->holds_power = true;
    thread->x[0] = image.entry;
    thread->x[REG_SP] = STACK_TOP;
    thread->x[REG_A0] = INFO_VA;
    sched_ready(thread);
}
