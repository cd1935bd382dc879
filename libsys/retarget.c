/* picolibc's locks (sys/lock.h): one for malloc, atexit and the like, one for each stream. All of
 * them may be taken again by who has them. In programs without threads picolibc's own, which do
 * nothing, stand here. */
#include "retarget.h"
#include <stdint.h>
#include <stdio-bufio.h>
#include <stdlib.h>
#include <sys/lock.h>

#include "words.h"

struct __lock {
    uint32_t word, depth;
    uintptr_t owner; /* tp; 0: nobody */
};

struct __lock __lock___libc_recursive_mutex;
static struct __lock streams[3], spare; /* spare: where there was no memory for one */

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

void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof **lock);
    if (*lock == NULL)
        *lock = &spare;
}

void __retarget_lock_close(_LOCK_T lock)
{
    if (lock != &spare && (lock < streams || lock >= streams + 3))
        free(lock);
}

void retarget_streams(void)
{
    FILE *const file[] = {stdin, stdout, stderr};
    for (int i = 0; i < 3; i++)
        ((struct __file_bufio *)file[i])->lock = &streams[i];
}

void retarget_lock_libc(void)
{
    __retarget_lock_acquire_recursive(&__lock___libc_recursive_mutex);
}

void retarget_unlock_libc(void)
{
    __retarget_lock_release_recursive(&__lock___libc_recursive_mutex);
}
