/* Threads, mutexes, condition variables. All return 0 or an error number. What ../README.md does
 * not name is not there: attributes but the stack's size, cancellation, keys (use __thread),
 * timeouts. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { PTHREAD_CREATE_JOINABLE, PTHREAD_CREATE_DETACHED };
enum { PTHREAD_STACK_MIN = 8192 };

typedef struct pthread *pthread_t;
typedef struct {
    size_t stack_nbytes;
    int detached;
} pthread_attr_t;
typedef struct {
    uint32_t word; /* 0 free, 1 locked, 2 locked and somebody may wait */
} pthread_mutex_t;
typedef struct {
    uint32_t turn, nwaiting;
} pthread_cond_t;
typedef struct {
    uint32_t word; /* 0 not yet, 1 somebody is at it, 2 done */
} pthread_once_t;
typedef int pthread_mutexattr_t, pthread_condattr_t; /* NULL alone */

/* Versions of clang-format differ about braces in a macro. */
/* clang-format off */
#define PTHREAD_MUTEX_INITIALIZER {.word = 0}
#define PTHREAD_COND_INITIALIZER  {.turn = 0, .nwaiting = 0}
#define PTHREAD_ONCE_INIT         {.word = 0}
/* clang-format on */

int pthread_attr_init(pthread_attr_t *attr);
int pthread_attr_destroy(pthread_attr_t *attr);
int pthread_attr_setstacksize(pthread_attr_t *attr, size_t nbytes); /* EINVAL */
int pthread_attr_setdetachstate(pthread_attr_t *attr, int state);   /* EINVAL */

/* EAGAIN: a process has at most 8 threads, or memory is short. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *),
                   void *argument);
int pthread_join(pthread_t thread, void **result); /* EDEADLK, EINVAL */
int pthread_detach(pthread_t thread);              /* EINVAL */
pthread_t pthread_self(void);
int pthread_equal(pthread_t a, pthread_t b);
_Noreturn void pthread_exit(void *result);

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int pthread_mutex_destroy(pthread_mutex_t *mutex); /* EBUSY */
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_trylock(pthread_mutex_t *mutex); /* EBUSY */
int pthread_mutex_unlock(pthread_mutex_t *mutex);  /* EPERM: nobody has it */

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr);
int pthread_cond_destroy(pthread_cond_t *cond); /* EBUSY */
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int pthread_cond_signal(pthread_cond_t *cond);
int pthread_cond_broadcast(pthread_cond_t *cond);

int pthread_once(pthread_once_t *once, void (*function)(void));
