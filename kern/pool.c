/* Frames and type-stable objects of the kernel's pool. */
#include "pool.h"
#include "../libsys/freestanding/frame.h"
#include "console.h"

enum { TYPE_SHARE = 8 }; /* of the pool, for the objects of one type: 1 / 8 */

struct free_frame {
    struct free_frame *next;
};

struct pool pool;
uint64_t kernel_offset;

void pool_init(pfn_t first, uint64_t npages)
{
    pool.first = first;
    pool.base = pool_pointer(first);
    pool.npages = npages;
    pool.info = pool_pointer(first);
    pool.nfresh = (npages * sizeof *pool.info + PAGE_SIZE - 1) / PAGE_SIZE;
    for (uint64_t i = 0; i < npages; i++)
        pool.info[i] = (struct frame_info){.kind = i < pool.nfresh ? POOL_FRAME : POOL_FREE};
    pool.nfree = npages - pool.nfresh;
}

static void *take_frame(unsigned kind)
{
    struct free_frame **list = pool.clean != NULL ? &pool.clean : &pool.free, *frame = *list;
    if (frame != NULL)
        *list = frame->next;
    else if (pool.nfresh < pool.npages)
        frame = pool_pointer(pool.first + pool.nfresh++);
    else
        return NULL;
    pool.nfree--;
    pool.info[pool_pfn(frame) - pool.first] = (struct frame_info){.kind = (uint8_t)kind};
    if (list == &pool.clean)
        frame->next = NULL;
    else
        zero_frame(frame);
    return frame;
}

void *pool_frame(void)
{
    return take_frame(POOL_FRAME);
}

void pool_release(void *memory, bool clean)
{
    struct free_frame *frame = memory, **list = clean ? &pool.clean : &pool.free;
    uint64_t i = pool_pfn(frame) - pool.first;
    kernel_assert(i < pool.npages && pool.info[i].kind == POOL_FRAME);
    pool.info[i].kind = POOL_FREE;
    frame->next = *list;
    *list = frame;
    pool.nfree++;
}

static bool refill(unsigned type)
{
    if (pool.nframes_of[type] >= pool.npages / TYPE_SHARE)
        return false;
    char *frame = take_frame(POOL_OBJECT + type);
    if (frame == NULL)
        return false;
    pool.nframes_of[type]++;
    for (size_t at = PAGE_SIZE; at != 0;) {
        at -= pool_object_nbytes(type);
        struct object *object = (struct object *)(frame + at);
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
    struct object *object = pool.free_object[type], header = *object;
    pool.free_object[type] = header.next_free;
    header.next_free = NULL;
    header.dying = false;
    uint64_t *word = (uint64_t *)object, *end = word + pool_object_nbytes(type) / 8;
    for (; word != end; word += SMALL_OBJECT / 8) {
#pragma GCC unroll 16
        for (int i = 0; i < SMALL_OBJECT / 8; i++)
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
