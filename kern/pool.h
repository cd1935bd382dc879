/* The kernel's pool: the only memory it takes page tables, capability tables and objects from.
 *
 * Frames come zeroed; one that comes back zeroed is kept apart. Frames of objects never go back, so
 * that a slot of them holds an object of that type for ever (type-stable): a stale pointer meets a
 * newer generation, never a page table. So that nobody who once made very many takes them from the
 * others for ever, the objects of one type get an eighth of the pool at most. Pool and image are
 * all that the kernel's direct map covers. The caller holds the kernel lock. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "../libsys/freestanding/abi.h"

/* Physical address p is at kernel_offset + p: the image was linked for one address and may have
 * been loaded at any. A multiple of 2 MiB, set before anything else (kmap.c). */
extern uint64_t kernel_offset;

static inline void *pool_pointer(pfn_t frame)
{
    return (void *)(kernel_offset + (frame << PAGE_SHIFT));
}

static inline pfn_t pool_pfn(const void *frame)
{
    return ((uint64_t)frame - kernel_offset) >> PAGE_SHIFT;
}

/* Heads every kernel object. A capability is good while its key is the object's, and names
 * something that is not gone while they differ in OBJECT_DYING alone. */
#define OBJECT_DYING (1ul << 8)
struct object {
    union {
        struct { /* dying: being destroyed in pieces, only destroy may name it */
            uint64_t type : 8, dying : 8, generation : 48;
        };
        uint64_t key;
    };
    struct object *next_free;
    uint64_t serial; /* kept from one object to the next in the same place: a thread's token, a
                        space's ASID */
};

/* What a frame is (POOL_OBJECT + type); sizes of objects in bytes; frames that objects leave:
 * tables for one thread to go on with. */
enum { POOL_FREE, POOL_FRAME, POOL_OBJECT };
enum { LARGE_OBJECT = 512, SMALL_OBJECT = 128, POOL_RESERVE = 16 };

/* Of each frame, at the pool's start. */
struct frame_info {
    uint16_t nused; /* tables but the last: entries */
    uint8_t kind;
};

extern struct pool {
    char *base; /* frame `first`, mapped */
    pfn_t first;
    uint64_t npages, nfree, nfresh;  /* frames from nfresh on were never used */
    struct free_frame *free, *clean; /* clean: zeroed, but for the link */
    struct object *free_object[TYPE_CONTROL];
    uint64_t nframes_of[TYPE_CONTROL]; /* objects of each type */
    struct frame_info *info;
} pool;

void pool_init(pfn_t first, uint64_t npages);

/* A zeroed frame, or NULL when there is none. Released `clean`: it is all zero. */
void *pool_frame(void);
void pool_release(void *frame, bool clean);

static inline uint16_t *pool_nused(const void *inside)
{
    return &pool.info[pool_pfn(inside) - pool.first].nused;
}

/* An object of a TYPE_…, zeroed but for its header, or NULL: the pool is down to its reserve, or
 * the type has its share. Freeing raises the generation. */
void *pool_object(unsigned type);
void pool_object_free(struct object *object);

static inline uint64_t pool_object_nbytes(unsigned type)
{
    return type <= TYPE_THREAD ? LARGE_OBJECT : SMALL_OBJECT;
}

/* The object with that index among those of a type, alive or not; NULL if there is no such place.
 * Index and place belong together for ever. */
static inline void *pool_object_at(unsigned type, uint64_t index)
{
    uint64_t nbytes = pool_object_nbytes(type), frame = index / (PAGE_SIZE / nbytes);
    if (frame >= pool.npages || pool.info[frame].kind != POOL_OBJECT + type)
        return NULL;
    return pool.base + index * nbytes;
}

static inline uint64_t pool_object_limit(unsigned type) /* above every index in use */
{
    return pool.nfresh * (PAGE_SIZE / pool_object_nbytes(type));
}
