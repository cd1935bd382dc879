/* Mutexes, condition variables, once: words that threads wait at. */
#include <errno.h>
#include <pthread.h>

#include "words.h"

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    *mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    return attr == NULL ? 0 : EINVAL;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return mutex->word == 0 ? 0 : EBUSY;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    words_lock(&mutex->word);
    return 0;
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&mutex->word, &free, 1, 0, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED)
               ? 0
               : EBUSY;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    if (__atomic_load_n(&mutex->word, __ATOMIC_RELAXED) == 0)
        return EPERM;
    words_unlock(&mutex->word);
    return 0;
}

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
    *cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    return attr == NULL ? 0 : EINVAL;
}

int pthread_cond_destroy(pthread_cond_t *cond)
{
    return cond->nwaiting == 0 ? 0 : EBUSY;
}

/* The turn is read before the mutex is left, so that a signal that comes in between changes it. */
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    uint32_t turn = __atomic_load_n(&cond->turn, __ATOMIC_RELAXED);
    __atomic_fetch_add(&cond->nwaiting, 1, __ATOMIC_SEQ_CST);
    int error = pthread_mutex_unlock(mutex);
    if (error == 0)
        words_wait(&cond->turn, turn);
    __atomic_fetch_sub(&cond->nwaiting, 1, __ATOMIC_SEQ_CST);
    return error == 0 ? pthread_mutex_lock(mutex) : error;
}

static void wake(pthread_cond_t *cond, uint32_t limit)
{
    __atomic_fetch_add(&cond->turn, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cond->nwaiting, __ATOMIC_SEQ_CST) != 0)
        words_wake(&cond->turn, limit);
}

int pthread_cond_signal(pthread_cond_t *cond)
{
    wake(cond, 1);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
    wake(cond, UINT32_MAX);
    return 0;
}

int pthread_once(pthread_once_t *once, void (*function)(void))
{
    uint32_t state = 0;
    if (__atomic_compare_exchange_n(&once->word, &state, 1, 0, __ATOMIC_ACQUIRE,
                                    __ATOMIC_ACQUIRE)) {
        function();
        __atomic_store_n(&once->word, 2, __ATOMIC_RELEASE);
        words_wake(&once->word, UINT32_MAX);
        return 0;
    }
    while ((state = __atomic_load_n(&once->word, __ATOMIC_ACQUIRE)) != 2)
        words_wait(&once->word, state);
    return 0;
}
