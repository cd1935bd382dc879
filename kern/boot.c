/* The first program: from archive to ready thread. */
#include "boot.h"
#include "../libsys/freestanding/archive.h"
#include "../libsys/freestanding/elf.h"
#include "../libsys/freestanding/frame.h"
#include "console.h"
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
};

static void *take_page(struct loader *loader, uint64_t va, unsigned rights)
{
    pfn_t frame = loader->next++;
    uint64_t *leaf = table_make(loader->space->root, va);
    if (leaf == NULL || frame >= loader->limit)
        boot_fail("pager", "no room for it");
    leaf[table_index(va)] = table_entry(frame, rights);
    void *page = (void *)(frame << PAGE_SHIFT);
    zero_frame(page);
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

/* Its entry. */
static uint64_t load_program(struct loader *loader, const struct boot_info *info)
{
    struct archive_file file;
    struct elf_image image;
    size_t offset = 0;
    int found =
        archive_next((const void *)info->archive_start, info->archive_nbytes, &offset, &file);
    if (found <= 0)
        boot_fail("archive", found == 0 ? "empty" : "damaged");
    enum elf_error error = elf_read(file.data, file.nbytes, STACK_TOP / 2, &image);
    if (error != ELF_OK)
        boot_fail("pager", elf_error_text(error));
    for (uint32_t i = 0; i < image.nsegments; i++)
        load_segment(loader, file.data, &image.segment[i]);
    for (uint64_t i = 1; i <= STACK_NPAGES; i++)
        take_page(loader, STACK_TOP - i * PAGE_SIZE, RIGHT_R | RIGHT_W);
    return image.entry;
}

void boot_start_pager(struct boot_info *info)
{
    const pfn_t first = info->memory_first, npages = info->memory_npages;
    struct space *space = space_make();
    struct thread *thread = space == NULL ? NULL : thread_make(space, PAGER_PRIORITY, NULL);
    struct memory *memory = thread == NULL ? NULL : memory_make(space, first, npages, false);
    struct memory *devices =
        memory == NULL ? NULL : memory_make(space, 0, info->device_npages, true);
    bool whole = devices != NULL;
    for (uint64_t i = 0; whole && i < info->nothers; i++)
        whole = memory_add(memory, &info->other[i]);
    if (!whole)
        boot_fail("kernel pool", "too little memory");
    struct loader loader = {space, first, info->archive_start >> PAGE_SHIFT};
    thread_set(thread, load_program(&loader, info), STACK_TOP, INFO_VA, 0, 0);
    struct boot_info *page = take_page(&loader, INFO_VA, RIGHT_R);
    info->image_npages = loader.next - first;
    *page = *info;

    space->caps[BOOT_SLOT_SPACE] = cap_make(&space->object, TYPE_SPACE, CAP_MANAGE, 0);
    space->caps[BOOT_SLOT_MEMORY] =
        cap_make(&memory->object, TYPE_MEMORY, MEMORY_PLAIN | CAP_MANAGE | CAP_OWNER, 0);
    space->caps[BOOT_SLOT_DEVICES] =
        cap_make(&devices->object, TYPE_MEMORY, CAP_MANAGE | CAP_OWNER, 0);
    space->caps[BOOT_SLOT_CONTROL] = cap_make(
        NULL, TYPE_CONTROL, CONTROL_CREATE | CONTROL_CONSOLE | CONTROL_POWER | CONTROL_IRQ, 0);
    space->holds_power = true;
    sched_ready(thread);
}
