/* Frames and type-stable objects of the kernel's pool. */
#include "pool.h"
#include "console.h"

enum { KIND_FREE, KIND_FRAME, KIND_OBJECT = POOL_KIND_OBJECT };
enum { TYPE_SHARE = 8 }; /* of the pool, for the objects of one type: 1 / 8 */

static const uint16_t object_nbytes[] = {
    [TYPE_SPACE] = 512,
    [TYPE_THREAD] = THREAD_NBYTES,
    [TYPE_ENDPOINT] = 128,
    [TYPE_MEMORY] = 128,
};

struct free_frame {
    struct free_frame *next;
};

struct pool pool;

void pool_init(pfn_t first, uint64_t npages)
{
    pool.first = first;
    pool.base = pool_pointer(first);
    pool.npages = npages;
    pool.info = pool_pointer(first);
    pool.nfresh = (npages * sizeof *pool.info + PAGE_SIZE - 1) / PAGE_SIZE;
    for (uint64_t i = 0; i < npages; i++)
        pool.info[i] = (struct frame_info){.kind = i < pool.nfresh ? KIND_FRAME : KIND_FREE};
    pool.nfree = npages - pool.nfresh;
}

uint64_t pool_free_frames(void)
{
    return pool.nfree;
}

uint64_t pool_total_frames(void)
{
    return pool.npages;
}

static void zero_frame(uint64_t *word)
{
    for (uint64_t *end = word + PAGE_SIZE / 8; word != end; word += 64) {
#pragma GCC unroll 64
        for (int i = 0; i < 64; i++)
            word[i] = 0;
    }
}

static void *take_frame(uint8_t kind)
{
    struct free_frame *frame;
    bool clean = pool.clean != NULL;
    if (clean) {
        frame = pool.clean;
        pool.clean = frame->next;
        frame->next = NULL;
    } else if (pool.free != NULL) {
        frame = pool.free;
        pool.free = frame->next;
    } else if (pool.nfresh < pool.npages) {
        frame = pool_pointer(pool.first + pool.nfresh++);
    } else {
        return NULL;
    }
    pool.nfree--;
    pool.info[pool_pfn(frame) - pool.first] = (struct frame_info){.kind = kind};
    if (!clean)
        zero_frame((uint64_t *)frame);
    return frame;
}

void *pool_frame(void)
{
    return take_frame(KIND_FRAME);
}

static void release(struct free_frame *frame, struct free_frame **list)
{
    uint64_t i = pool_pfn(frame) - pool.first;
    kernel_assert(i < pool.npages && pool.info[i].kind == KIND_FRAME);
    pool.info[i].kind = KIND_FREE;
    frame->next = *list;
    *list = frame;
    pool.nfree++;
}

void pool_release(void *frame)
{
    release(frame, &pool.free);
}

void pool_release_clean(void *frame)
{
    release(frame, &pool.clean);
}

static bool refill(unsigned type)
{
    if (pool.nframes_of[type] >= pool.npages / TYPE_SHARE)
        return false;
    char *frame = take_frame((uint8_t)(KIND_OBJECT + type));
    if (frame == NULL)
        return false;
    pool.nframes_of[type]++;
    for (size_t at = PAGE_SIZE; at != 0; at -= object_nbytes[type]) {
        struct object *object = (struct object *)(frame + at - object_nbytes[type]);
        object->type = (uint8_t)type;
        object->generation = 1;
        object->next_free = pool.free_object[type];
        pool.free_object[type] = object;
    }
    return true;
}

void *pool_object(unsigned type)
{
    /* Tables can always be had back from spaces (they are a cache), objects can't: so objects never
     * take the last frames, without which nobody could run. */
    if (pool.nfree < POOL_RESERVE || (pool.free_object[type] == NULL && !refill(type)))
        return NULL;
    struct object *object = pool.free_object[type];
    pool.free_object[type] = object->next_free;
    object->next_free = NULL;
    object->dying = false;
    const struct object header = *object;
    uint64_t *word = (uint64_t *)object;
    for (uint64_t *end = word + object_nbytes[type] / 8; word != end; word += 16) {
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
            word[i] = 0;
    }
    *object = header;
    return object;
}

void pool_object_free(struct object *object)
{
    object->generation++;
    object->next_free = pool.free_object[object->type];
    pool.free_object[object->type] = object;
}

void *pool_object_at(unsigned type, uint64_t index)
{
    uint64_t per_frame = PAGE_SIZE / object_nbytes[type], i = index / per_frame;
    if (i >= pool.npages || pool.info[i].kind != KIND_OBJECT + type)
        return NULL;
    return (char *)pool_pointer(pool.first + i) + index % per_frame * object_nbytes[type];
}

uint64_t pool_object_index(const struct object *object)
{
    uint64_t nbytes = object_nbytes[object->type];
    return ((uint64_t)object - (uint64_t)pool_pointer(pool.first)) / nbytes;
}

uint64_t pool_object_limit(unsigned type)
{
    return pool.nfresh * (PAGE_SIZE / object_nbytes[type]);
}
