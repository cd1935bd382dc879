/* Exec in two halves: build the new image beside the old one, then change over. And first programs.
 */
#include "exec.h"
#include "fault.h"
#include "image.h"
#include "install.h"
#include "lend.h"
#include "service.h"
#include "task.h"

/* So many pages of a region get their entries with the new program. */
enum { INSTALLED_NPAGES = 64 };

/* What parts cost, in instructions, on the safe side. */
enum { COMMIT_COST = 6000, CHANGE_COST = 7500, UNDO_COST = 7500 };

/* What is there already, up to so many pages of a region; what gets no entry now will fault. */
static void install_regions(struct process *process, uint64_t limit)
{
    for (uint32_t i = 0; i < process->regions.n; i++) {
        const struct region *region = &process->regions.region[i];
        uint64_t npages = (region->end - region->start) >> PAGE_SHIFT;
        npages = npages < limit ? npages : limit;
        install_present(process, region, region->start, region->start + npages * PAGE_SIZE);
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
    process->released = 0;
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

/* What an exec remembers, in a frame of its own. */
struct exec {
    struct image image;
    uint64_t block, block_npages; /* the arguments */
    char path[PATH_NBYTES_MAX];
    struct identity fresh; /* of the space that the process will go on in; handle 0: its own */
    uint64_t released;     /* of the image's map, if it is given up */
    err_t error;
};

_Static_assert(sizeof(struct exec) <= PAGE_SIZE, "an exec is one frame");

static struct exec *exec_of(const struct task *task)
{
    return port_frame(task->exec);
}

/* A process that has had more threads goes on in a new space, under a new badge: a message of one
 * of them may have been delivered already and wait for the core's lock, and the new program must
 * not pay for it. Its old space, with the thread that asked, stays until the end. On an error all
 * is as it was. */
static err_t renew_space(struct process *process, struct exec *exec)
{
    struct identity old = identity_of(process);
    process->badge = process_next_badge(process);
    process->handle = 0;
    process->endpoint_handle = 0;
    process->connected = 0;
    err_t error = install_space(process, 0);
    if (error == 0)
        error = service_renew(process);
    if (error == 0)
        exec->fresh = identity_of(process);
    else if (process->handle != 0)
        port_space_destroy(process);
    set_identity(process, &old);
    return error;
}

/* The old space goes with all its threads. */
static void leave_space(struct process *process, const struct exec *exec)
{
    process->time += port_time(process);
    port_space_destroy(process);
    set_identity(process, &exec->fresh);
    process->threaded = false;
    process->uncached = true;
}

/* The second half: can't fail. The threads stop first, entries go next, then the frames. */
static void change_over(struct process *process, struct exec *exec)
{
    if (exec->fresh.handle != 0)
        leave_space(process, exec);
    else
        port_thread_stop(process, 0);
    process->threads = 1;
    process_forget_tokens(process);
    process->handler = 0;
    process->handler_waits = false;
    service_drop_pages(process);
    install_drop_all(process);
    map_destroy(&process->map);
    take_image(process, &exec->image, exec->path);
    install_regions(process, INSTALLED_NPAGES);
    start(process, &exec->image);
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

/* What the exec holds goes again: it failed, or its process ends. */
static err_t exec_undo(struct process *process, struct task *task)
{
    struct exec *exec = exec_of(task);
    struct map *map = &exec->image.map;
    if (!install_release_large(NULL, map, &exec->released) || !piece_affords(UNDO_COST))
        return TASK_LATER;
    if (exec->fresh.handle != 0) {
        struct identity old = identity_of(process);
        set_identity(process, &exec->fresh);
        port_space_destroy(process);
        set_identity(process, &old);
    }
    if (map->root != NULL)
        map_destroy(map);
    err_t error = exec->error;
    frame_release(task->exec);
    return error;
}

static err_t fail(struct task *task, err_t error)
{
    exec_of(task)->error = error;
    task->step = exec_undo;
    return TASK_LATER;
}

/* The pages of the old image go while its threads may still run: they fault, and what they ask
 * waits. */
static err_t change_step(struct process *process, struct task *task)
{
    if (!install_release_large(process, &process->map, &process->released) ||
        !piece_affords(CHANGE_COST))
        return TASK_LATER;
    pfn_t frame = task->exec;
    change_over(process, port_frame(frame));
    frame_release(frame);
    return TASK_SILENT;
}

/* The arguments become the new image's too, and nobody stores to them any more; then whatever else
 * may fail. */
static err_t commit_step(struct process *process, struct task *task)
{
    struct exec *exec = exec_of(task);
    if (!piece_affords(COMMIT_COST))
        return TASK_LATER;
    port_drop(process, exec->block, exec->block_npages);
    for (uint64_t at = 0; at < exec->block_npages * PAGE_SIZE; at += PAGE_SIZE) {
        pfn_t frame = entry_frame(*map_find(&process->map, exec->block + at));
        if (!map_put(&exec->image.map, exec->image.block_start + at, frame))
            return fail(task, ERR_NOMEM);
        frame_hold(frame);
    }
    err_t error = process->threaded ? renew_space(process, exec) : 0;
    if (error != 0)
        return fail(task, error);
    task->step = change_step;
    return TASK_LATER;
}

static err_t build_step(struct process *process, struct task *task)
{
    (void)process;
    err_t error = image_build(&exec_of(task)->image);
    if (error != 0)
        return error == TASK_LATER ? error : fail(task, error);
    task->step = commit_step;
    return TASK_LATER;
}

static err_t check_step(struct process *process, struct task *task)
{
    struct exec *exec = exec_of(task);
    err_t error = image_check(&exec->image);
    if (error == 0)
        error = image_begin(&exec->image, exec->block_npages);
    if (error != 0)
        return error == TASK_LATER ? error : fail(task, error);
    (void)process;
    task->step = build_step;
    return TASK_LATER;
}

/* From here on no page of the process is being copied: what other threads do with pages waits, so
 * that they can't keep the exec from ever beginning. */
static err_t begin_step(struct process *process, struct task *task)
{
    struct exec *exec = exec_of(task);
    const uint64_t *word = task->asked;
    if (process->busy > 0) {
        piece_end();
        return TASK_LATER;
    }
    if (!piece_affords(COMMIT_COST))
        return TASK_LATER;
    err_t error = ERR_INVALID;
    if (block_is_good(process, word[1], word[2]) && copy_path(process, word[1], exec->path))
        error = word[4] == 0 ? image_find(&exec->image, exec->path)
                             : image_offer(&exec->image, process, word[3], word[4]);
    if (error != 0)
        return fail(task, error);
    task->step = check_step;
    return TASK_LATER;
}

err_t exec_process(struct process *process, uint64_t token, const uint64_t word[6])
{
    pfn_t frame = frame_take();
    if (frame == NO_FRAME)
        return ERR_NOMEM;
    struct exec *exec = port_frame(frame);
    image_clear(&exec->image, process->pinned);
    exec->block = word[1];
    exec->block_npages = word[2] >> PAGE_SHIFT;
    exec->fresh.handle = 0;
    exec->error = 0;
    exec->released = 0;
    process->task.exec = frame;
    return task_begin(process, token, word, begin_step, exec_undo);
}

void exec_frames(const struct process *process, void (*owner)(pfn_t frame))
{
    const struct task *task = &process->task;
    if (task->step == NULL || task->over || task->undo != exec_undo)
        return;
    owner(task->exec);
    if (exec_of(task)->image.map.root != NULL)
        map_frames(&exec_of(task)->image.map, owner);
}

/* The image of a process that has none, all of it there. */
static err_t make_first(struct process *process, struct image *image, const char *name)
{
    err_t error = image_find(image, name);
    if (error == 0)
        error = image_begin(image, 1);
    piece_start_short();
    if (error == 0 && (error = image_build(image)) != 0)
        map_destroy(&image->map);
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
    struct image image;
    image_clear(&image, process->pinned);
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
    install_regions(process, UINT64_MAX);
    start(process, &image);
    return 0;
}

_Static_assert(sizeof(struct boot_info) <= PAGE_SIZE, "it takes the block's place");

/* A pager looks for the archive in its window, by physical address. Here it is below that. */
err_t exec_pager(struct process *process, const char *name, const struct boot_info *facts)
{
    struct image image;
    uint64_t archive_nbytes;
    image_clear(&image, false);
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
    install_regions(process, UINT64_MAX);
    start(process, &image);
    return 0;
}
