/* picolibc's locks (sys/lock.h): one for malloc, atexit and the like, one for each stream. All of
 * them may be taken again by who has them. In programs without threads picolibc's own, which do
 * nothing, stand here. */
#include "retarget.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio-bufio.h>
#include <stdlib.h>
#include <sys/lock.h>

#include "words.h"

struct __lock {
    uint32_t word, depth;
    uintptr_t owner;             /* tp; 0: nobody */
    struct __file_bufio *stream; /* NULL: something else's */
    struct __lock *next;         /* of those that were made */
};

struct __lock __lock___libc_recursive_mutex;
static struct __lock streams[3], spare; /* spare: where there was no memory for one */
static struct __lock *made;

static uintptr_t me(void)
{
    uintptr_t pointer;
    __asm__("mv %0, tp" : "=r"(pointer));
    return pointer;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    if (lock == NULL)
        return;
    if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != me()) {
        words_lock(&lock->word);
        __atomic_store_n(&lock->owner, me(), __ATOMIC_RELAXED);
    }
    lock->depth++;
}

/* Not zero: it is the caller's. */
int __retarget_lock_try_acquire(_LOCK_T lock)
{
    if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != me()) {
        if (!words_try_lock(&lock->word))
            return 0;
        __atomic_store_n(&lock->owner, me(), __ATOMIC_RELAXED);
    }
    lock->depth++;
    return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (lock == NULL || --lock->depth > 0)
        return;
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
    words_unlock(&lock->word);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    __retarget_lock_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
    __retarget_lock_release_recursive(lock);
}

/* Streams alone ask for locks of this kind. */
void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof **lock);
    if (*lock == NULL) {
        *lock = &spare;
        return;
    }
    (*lock)->stream = (struct __file_bufio *)((char *)lock - offsetof(struct __file_bufio, lock));
    retarget_lock_libc();
    (*lock)->next = made;
    made = *lock;
    retarget_unlock_libc();
}

void __retarget_lock_close(_LOCK_T lock)
{
    if (lock == NULL || lock == &spare || (lock >= streams && lock < streams + 3))
        return;
    retarget_lock_libc();
    struct __lock **at = &made;
    while (*at != lock)
        at = &(*at)->next;
    *at = lock->next;
    retarget_unlock_libc();
    free(lock);
}

void retarget_streams(void)
{
    FILE *const file[] = {stdin, stdout, stderr};
    for (int i = 0; i < 3; i++) {
        streams[i].stream = (struct __file_bufio *)file[i];
        streams[i].stream->lock = &streams[i];
    }
}

/* A thread that the child has not got was using it: what it was about to write it does write, in
 * the parent, and what it has read is there. Its buffer may be full, or half written. */
static void take_back(struct __lock *lock)
{
    if (lock->word == 0 || lock->owner == me())
        return;
    if (lock->stream != NULL)
        lock->stream->len = lock->stream->off = 0;
    lock->owner = 0;
    lock->word = lock->depth = 0;
}

void retarget_child(void)
{
    for (int i = 0; i < 3; i++)
        take_back(&streams[i]);
    for (struct __lock *lock = made; lock != NULL; lock = lock->next)
        take_back(lock);
    take_back(&spare);
}

void retarget_lock_libc(void)
{
    __retarget_lock_acquire_recursive(&__lock___libc_recursive_mutex);
}

void retarget_unlock_libc(void)
{
    __retarget_lock_release_recursive(&__lock___libc_recursive_mutex);
}
