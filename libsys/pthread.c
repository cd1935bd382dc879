/* Threads: each has one mapping, freed by whoever joins it.
 *
 *     guard page | stack ... thread-local storage | struct pthread
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "libsys.h"
#include "retarget.h"
#include "words.h"

enum { GUARD = PAGE_SIZE, STACK_NBYTES = 65536, ALIGNMENT = 64 };
enum state { JOINABLE, DETACHED, ENDED };

struct pthread {
    uint32_t alive; /* the pager makes it 0 when the thread is gone */
    uint32_t state;
    uint64_t number; /* the pager's; 0: the process's first, and after a fork its only one */
    void *(*function)(void *);
    void *argument, *result;
    char *base; /* of its mapping */
    size_t nbytes;
};

static struct pthread first = {.alive = 1};
static __thread struct pthread *self; /* NULL: the first */
static uint32_t nothers;

pthread_t pthread_self(void)
{
    return self == NULL ? &first : self;
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

void libsys_fork_threads(enum libsys_fork moment)
{
    if (moment == FORK_BEFORE)
        retarget_lock_libc();
    if (moment == FORK_CHILD)
        retarget_child();
    if (moment != FORK_BEFORE)
        retarget_unlock_libc();
    if (moment == FORK_CHILD) {
        pthread_self()->number = 0;
        nothers = 0;
    }
}

/* It unmaps the stack that it stands on, so nothing may touch that between the two requests. */
static _Noreturn void end_detached(const struct pthread *thread)
{
    register uint64_t a0 __asm__("a0") = REQ_MUNMAP;
    register uint64_t a1 __asm__("a1") = (uint64_t)thread->base;
    register uint64_t a2 __asm__("a2") = thread->nbytes;
    register uint64_t s1 __asm__("s1") = thread->number;
    __asm__ volatile("li a6, %0\n\t"
                     "li a7, %1\n\t"
                     "ecall\n"
                     "1:\n\t"
                     "li a0, %2\n\t"
                     "mv a1, s1\n\t"
                     "li a2, 0\n\t"
                     "li a6, %0\n\t"
                     "li a7, %1\n\t"
                     "ecall\n\t"
                     "j 1b" ::"i"(SLOT_PAGER),
                     "i"(SYS_CALL), "i"(REQ_THREAD_EXIT), "r"(a0), "r"(a1), "r"(a2), "r"(s1)
                     : "memory");
    __builtin_unreachable();
}

/* The process's first thread, or its only one after a fork: the process ends with the last. */
static _Noreturn void end_first(void)
{
    uint32_t n;
    while ((n = __atomic_load_n(&nothers, __ATOMIC_ACQUIRE)) != 0)
        words_wait(&nothers, n);
    exit(0);
}

_Noreturn void pthread_exit(void *result)
{
    struct pthread *thread = pthread_self();
    if (thread->number == 0)
        end_first();
    thread->result = result;
    if (__atomic_fetch_sub(&nothers, 1, __ATOMIC_ACQ_REL) == 1)
        words_wake(&nothers, 1);
    if (__atomic_exchange_n(&thread->state, ENDED, __ATOMIC_ACQ_REL) == DETACHED)
        end_detached(thread);
    for (;;)
        libsys_request((uint64_t[6]){REQ_THREAD_EXIT, thread->number, (uint64_t)&thread->alive});
}

static void start(void *argument, uint64_t number)
{
    self = argument;
    self->number = number;
    pthread_exit(self->function(self->argument));
}

static struct pthread *make(size_t stack_nbytes)
{
    size_t nbytes = GUARD + ((stack_nbytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1));
    char *base = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (mprotect(base, GUARD, PROT_NONE) != 0) {
        munmap(base, nbytes);
        return NULL;
    }
    size_t own = (sizeof(struct pthread) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct pthread *thread = (struct pthread *)(base + nbytes - own);
    *thread = (struct pthread){.alive = 1, .base = base, .nbytes = nbytes};
    return thread;
}

int pthread_create(pthread_t *handle, const pthread_attr_t *attr, void *(*function)(void *),
                   void *argument)
{
    int saved = errno;
    struct pthread *thread = make(attr == NULL ? STACK_NBYTES : attr->stack_nbytes);
    if (thread == NULL) {
        errno = saved;
        return EAGAIN;
    }
    thread->function = function;
    thread->argument = argument;
    thread->state = attr != NULL && attr->detached ? DETACHED : JOINABLE;
    *handle = thread;
    char *stack = thread->base + GUARD;
    size_t nbytes = thread->nbytes;
    retarget_streams();
    __atomic_fetch_add(&nothers, 1, __ATOMIC_RELAXED);
    if (libsys_thread(start, thread, stack, (size_t)((char *)thread - stack)) > 0)
        return 0;
    __atomic_fetch_sub(&nothers, 1, __ATOMIC_RELAXED);
    munmap(stack - GUARD, nbytes);
    errno = saved;
    return EAGAIN;
}

int pthread_join(pthread_t thread, void **result)
{
    if (thread == pthread_self())
        return EDEADLK;
    if (thread == &first || __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE) == DETACHED)
        return EINVAL;
    while (__atomic_load_n(&thread->alive, __ATOMIC_ACQUIRE) != 0)
        words_wait(&thread->alive, 1);
    if (result != NULL)
        *result = thread->result;
    munmap(thread->base, thread->nbytes);
    return 0;
}

int pthread_detach(pthread_t thread)
{
    uint32_t state = JOINABLE;
    if (thread == &first)
        return EINVAL;
    if (__atomic_compare_exchange_n(&thread->state, &state, DETACHED, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return 0;
    return state == ENDED ? pthread_join(thread, NULL) : EINVAL;
}

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){.stack_nbytes = STACK_NBYTES};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t nbytes)
{
    if (nbytes < PTHREAD_STACK_MIN || nbytes > INT32_MAX)
        return EINVAL;
    attr->stack_nbytes = nbytes;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
        return EINVAL;
    attr->detached = state;
    return 0;
}
