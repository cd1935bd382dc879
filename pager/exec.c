/* Exec in two halves: build the new image beside the old one, then change over. And first programs.
 */
#include "exec.h"
#include "fault.h"
#include "image.h"
#include "install.h"
#include "lend.h"
#include "service.h"

/* What is there already; what gets no entry now will fault. */
static void install_regions(struct process *process)
{
    for (uint32_t i = 0; i < process->regions.n; i++) {
        const struct region *region = &process->regions.region[i];
        install_present(process, region, region->start, region->end);
    }
}

/* What is seen of it in lists: the last part of the path. */
static void set_name(struct process *process, const char *path)
{
    const char *from = path;
    for (const char *p = path; *p != '\0'; p++)
        if (*p == '/')
            from = p + 1;
    for (unsigned i = 0; i < NAME_NBYTES; i++)
        process->name[i] = *from != '\0' ? *from++ : '\0';
}

static void take_image(struct process *process, const struct image *image, const char *path)
{
    process->map = image->map;
    process->shares_leaves = false;
    process->regions = image->regions;
    process->heap_break = image->heap_start;
    process->land_start = image->elf.land_start;
    process->land_end = image->elf.land_end;
    process->land_target = image->elf.land_target;
    set_name(process, path);
}

static void start(struct process *process, const struct image *image)
{
    uint64_t inherited = 0;
    for (unsigned i = 0; i < SERVERS; i++)
        inherited |= process->place[i] != 0 ? 1ul << (SERVER_FIRST + i) : 0;
    port_thread_set(process, 0,
                    &(struct port_registers){.pc = image->elf.entry,
                                             .sp = image->block_start,
                                             .a0 = image->block_start,
                                             .a1 = PROTOCOL_VERSION | inherited << 8});
    port_thread_start(process, 0);
}

/* What names a process to the port. */
struct identity {
    uint64_t badge;
    uint32_t handle, endpoint_handle, thread_handle[THREADS_MAX];
    uint8_t connected;
};

static struct identity identity_of(const struct process *process)
{
    struct identity identity = {.badge = process->badge,
                                .handle = process->handle,
                                .endpoint_handle = process->endpoint_handle,
                                .connected = process->connected};
    __builtin_memcpy(identity.thread_handle, process->thread_handle, sizeof identity.thread_handle);
    return identity;
}

static void set_identity(struct process *process, const struct identity *identity)
{
    process->badge = identity->badge;
    process->handle = identity->handle;
    process->endpoint_handle = identity->endpoint_handle;
    process->connected = identity->connected;
    __builtin_memcpy(process->thread_handle, identity->thread_handle,
                     sizeof identity->thread_handle);
}

/* A process that has had more threads goes on in a new space, under a new badge: a message of one
 * of them may have been delivered already and wait for the core's lock, and the new program must
 * not pay for it. On an error all is as it was. */
static err_t renew_space(struct process *process)
{
    struct identity old = identity_of(process);
    process->badge = process_next_badge(process);
    process->handle = 0;
    process->endpoint_handle = 0;
    process->connected = 0;
    err_t error = install_space(process, 0);
    if (error == 0)
        error = service_renew(process);
    if (error != 0) {
        if (process->handle != 0)
            port_space_destroy(process);
        set_identity(process, &old);
        return error;
    }
    struct identity new = identity_of(process);
    set_identity(process, &old);
    process->time += port_time(process);
    port_space_destroy(process); /* and all its threads */
    set_identity(process, &new);
    process->threaded = false;
    process->uncached = true;
    return 0;
}

/* The second half: can't fail. The thread stops first, entries go next, then the frames. */
static void change_over(struct process *process, const struct image *image, const char *path)
{
    port_thread_stop(process, 0);
    process->threads = 1;
    process_forget_tokens(process);
    process->handler = 0;
    process->handler_waits = false;
    service_drop_pages(process);
    install_drop_all(process);
    map_destroy(&process->map);
    take_image(process, image, path);
    install_regions(process);
    start(process, image);
}

/* The block's pages are all there, in private regions: what the program packed just now. */
static bool block_is_good(const struct process *process, uint64_t address, uint64_t nbytes)
{
    if (address % PAGE_SIZE != 0 || nbytes < PAGE_SIZE || nbytes % PAGE_SIZE != 0 ||
        nbytes > (uint64_t)ARGUMENT_NPAGES_MAX * PAGE_SIZE || address > ADDRESS_LIMIT - nbytes)
        return false;
    for (uint64_t va = address; va < address + nbytes; va += PAGE_SIZE) {
        const struct region *region = region_find(&process->regions, va);
        const entry_t *entry = map_find(&process->map, va);
        if (region == NULL || region->kind != REGION_PRIVATE || entry == NULL || *entry == 0)
            return false;
    }
    return true;
}

/* Copied out before it is looked at: another thread may be writing. */
static bool copy_path(const struct process *process, uint64_t address, char path[PATH_NBYTES_MAX])
{
    const struct argument_block *block = port_frame(entry_frame(*map_find(&process->map, address)));
    __builtin_memcpy(path, block->path, PATH_NBYTES_MAX);
    for (unsigned i = 0; i < PATH_NBYTES_MAX; i++)
        if (path[i] == '\0')
            return i > 0;
    return false;
}

err_t exec_process(struct process *process, const uint64_t word[6])
{
    uint64_t address = word[1], nbytes = word[2];
    char path[PATH_NBYTES_MAX];
    if (process->busy > 0)
        return ERR_AGAIN;
    if (!block_is_good(process, address, nbytes) || !copy_path(process, address, path))
        return ERR_INVALID;
    struct image image = {.pinned = process->pinned};
    err_t error =
        word[4] == 0 ? image_find(&image, path) : image_offer(&image, process, word[3], word[4]);
    if (error == 0)
        error = image_build(&image, nbytes >> PAGE_SHIFT);
    if (error != 0)
        return error;
    for (uint64_t at = 0; at < nbytes; at += PAGE_SIZE) {
        pfn_t frame = entry_frame(*map_find(&process->map, address + at));
        if (!map_put(&image.map, image.block_start + at, frame)) {
            map_destroy(&image.map);
            return ERR_NOMEM;
        }
        frame_hold(frame);
    }
    if (process->threaded && (error = renew_space(process)) != 0) {
        map_destroy(&image.map);
        return error;
    }
    change_over(process, &image, path);
    return 0;
}

/* The image of a process that has none, all of it there. */
static err_t make_first(struct process *process, struct image *image, const char *name)
{
    err_t error = image_find(image, name);
    if (error == 0)
        error = image_build(image, 1);
    if (error != 0)
        return error;
    take_image(process, image, name);
    for (uint32_t i = 0; i < process->regions.n; i++)
        if (!fault_populate(process, process->regions.region[i].start,
                            process->regions.region[i].end))
            return ERR_NOMEM;
    return 0;
}

static void *block_of(const struct process *process, const struct image *image)
{
    return port_frame(entry_frame(*map_find(&process->map, image->block_start)));
}

err_t exec_first(struct process *process, const char *name, const char *argument)
{
    struct image image = {.pinned = process->pinned};
    err_t error = make_first(process, &image, name);
    if (error != 0)
        return error;
    struct argument_block *block = block_of(process, &image);
    block->argc = 2;
    char *at = block->strings, *limit = (char *)block + PAGE_SIZE - 1;
    const char *const strings[] = {name, argument};
    for (unsigned i = 0; i < 2; i++) {
        for (const char *s = strings[i]; *s != '\0' && at < limit;)
            *at++ = *s++;
        *at++ = '\0';
    }
    block->nbytes = (uint32_t)(at - (char *)block);
    install_regions(process);
    start(process, &image);
    return 0;
}

_Static_assert(sizeof(struct boot_info) <= PAGE_SIZE, "it takes the block's place");

/* A pager looks for the archive in its window, by physical address. Here it is below that. */
err_t exec_pager(struct process *process, const char *name, const struct boot_info *facts)
{
    struct image image = {0};
    uint64_t archive_nbytes;
    err_t error = make_first(process, &image, name);
    if (error != 0)
        return error;
    err_t archive = image_map_archive(process, &archive_nbytes);
    if (archive < 0)
        return archive;
    struct boot_info *info = block_of(process, &image);
    *info = *facts;
    info->archive_start = (uint64_t)archive - MEMORY_WINDOW;
    lend_describe(info);
    install_regions(process);
    start(process, &image);
    return 0;
}
