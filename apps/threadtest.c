/* Threads by their POSIX names: `threadtest` runs all tests, `threadtest NAME…` those named.
 *
 * `order`, the one with three threads, is about copy-on-write: when one thread has seen what
 * another stored to a page's copy, no third thread reads the old page any more. */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "threadtest.h"

pthread_t test_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    return thread;
}

void *test_joined(pthread_t thread)
{
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    return result;
}

static void *twice(void *argument)
{
    if ((uintptr_t)argument % 2 == 0)
        pthread_exit((void *)((uintptr_t)argument * 2));
    return (void *)((uintptr_t)argument * 2);
}

static void values(void)
{
    pthread_t thread[OTHERS_MAX];
    for (int round = 0; round < 10; round++) {
        for (uintptr_t i = 0; i < OTHERS_MAX; i++)
            thread[i] = test_thread(twice, (void *)i);
        for (uintptr_t i = OTHERS_MAX; i-- > 0;)
            CHECK((uintptr_t)test_joined(thread[i]) == i * 2);
    }
    CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
    CHECK(pthread_equal(pthread_self(), pthread_self()));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count(void *argument)
{
    enum { ROUNDS = 2000 };
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        long value = counter;
        if (i % 100 == 0)
            CHECK(pthread_mutex_trylock(&mutex) == EBUSY);
        *(volatile long *)&counter = value + 1;
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return argument;
}

static void locks(void)
{
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        thread[i] = test_thread(count, NULL);
    for (int i = 0; i < 4; i++)
        test_joined(thread[i]);
    CHECK(counter == 8000 && pthread_mutex_destroy(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == EPERM);
}

enum { ITEMS = 600, ROOM = 3 };
static int queue[ROOM], nqueued;

static void *produce(void *argument)
{
    for (int i = 1; i <= ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (nqueued == ROOM)
            pthread_cond_wait(&emptied, &mutex);
        queue[nqueued++] = i;
        pthread_cond_signal(&filled);
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void *consume(void *argument)
{
    long sum = 0;
    for (int i = 1; i <= ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (nqueued == 0)
            pthread_cond_wait(&filled, &mutex);
        sum += queue[--nqueued];
        pthread_mutex_unlock(&mutex);
        pthread_cond_signal(&emptied);
    }
    (void)argument;
    return (void *)sum;
}

/* As many go in as come out; and a broadcast reaches all that wait. */
static void conditions(void)
{
    pthread_t producer[2], consumer[2];
    long sum = 0;
    for (int i = 0; i < 2; i++) {
        producer[i] = test_thread(produce, NULL);
        consumer[i] = test_thread(consume, NULL);
    }
    for (int i = 0; i < 2; i++) {
        test_joined(producer[i]);
        sum += (long)test_joined(consumer[i]);
    }
    CHECK(sum == (long)ITEMS * (ITEMS + 1) && nqueued == 0);
    CHECK(pthread_cond_destroy(&filled) == 0 && pthread_cond_destroy(&emptied) == 0);
}

static int nstarted, go;

static void *await_go(void *argument)
{
    pthread_mutex_lock(&mutex);
    nstarted++;
    pthread_cond_signal(&emptied);
    while (!go)
        pthread_cond_wait(&filled, &mutex);
    pthread_mutex_unlock(&mutex);
    return argument;
}

static void broadcast(void)
{
    pthread_t thread[OTHERS_MAX];
    for (int i = 0; i < OTHERS_MAX; i++)
        thread[i] = test_thread(await_go, NULL);
    pthread_mutex_lock(&mutex);
    while (nstarted < OTHERS_MAX)
        pthread_cond_wait(&emptied, &mutex);
    go = 1;
    pthread_cond_broadcast(&filled);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < OTHERS_MAX; i++)
        test_joined(thread[i]);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread int own = 7;
static __thread char aligned[3] __attribute__((aligned(512))) = {1, 2, 3};
static __thread char aligned_zero __attribute__((aligned(2048)));

/* Where they really are: the compiler would answer without looking. */
static bool is_aligned(void)
{
    char *volatile at = aligned, *volatile zero_at = &aligned_zero;
    return (uintptr_t)at % 512 == 0 && (uintptr_t)zero_at % 2048 == 0 && at[2] == 3 &&
           *zero_at == 0;
}

static void only_once(void)
{
    counter++;
}

/* errno and thread-local variables are each thread's own; what runs once has run for all. */
static void *set_errno(void *argument)
{
    int value = (int)(uintptr_t)argument;
    CHECK(errno == 0 && own == 7 && is_aligned());
    for (int i = 0; i < 200; i++) {
        errno = own = value;
        CHECK(pthread_once(&once, only_once) == 0 && counter == 1);
        CHECK(close(99) == -1 || errno != value);
        errno = value;
        sched_yield();
        CHECK(errno == value && own == value);
    }
    return NULL;
}

static void per_thread(void)
{
    pthread_t thread[3];
    counter = 0;
    errno = 99;
    for (uintptr_t i = 0; i < 3; i++)
        thread[i] = test_thread(set_errno, (void *)(i + 1));
    for (int i = 0; i < 3; i++)
        test_joined(thread[i]);
    CHECK(errno == 99 && own == 7 && counter == 1 && is_aligned());
}

static void *allocate(void *argument)
{
    char *block[16] = {NULL};
    for (int i = 0; i < 1500; i++) {
        char **at = &block[i % 16];
        if (*at != NULL)
            CHECK((*at)[0] == (char)(uintptr_t)argument && (*at)[i % 16 + 20] == 5);
        free(*at);
        CHECK((*at = malloc((size_t)(i % 300 + 40))) != NULL);
        (*at)[0] = (char)(uintptr_t)argument;
        (*at)[i % 16 + 20] = 5;
    }
    for (int i = 0; i < 16; i++)
        free(block[i]);
    return NULL;
}

static void memory(void)
{
    pthread_t thread[3];
    for (uintptr_t i = 0; i < 3; i++)
        thread[i] = test_thread(allocate, (void *)(i + 1));
    allocate((void *)9);
    for (int i = 0; i < 3; i++)
        test_joined(thread[i]);
}

static void *wait_for_lock(void *argument)
{
    pthread_mutex_lock(argument);
    counter++;
    pthread_mutex_unlock(argument);
    return NULL;
}

/* The detached ones of the round before may not be quite gone. */
static pthread_t start_in_time(const pthread_attr_t *attr)
{
    pthread_t thread;
    int error;
    while ((error = pthread_create(&thread, attr, wait_for_lock, &mutex)) == EAGAIN)
        sched_yield();
    CHECK(error == 0);
    return thread;
}

/* Too many are refused; when they have ended there is room again, and no page is lost. */
static void limits(void)
{
    pthread_attr_t detached;
    pthread_t thread[OTHERS_MAX + 1];
    long pages = 0;
    CHECK(pthread_attr_init(&detached) == 0 && pthread_attr_setdetachstate(&detached, 1) == 0);
    CHECK(pthread_attr_setstacksize(&detached, 1) == EINVAL);
    for (int round = 0; round < 5; round++) {
        while (*(volatile long *)&counter < round * OTHERS_MAX) /* they still want the mutex */
            sched_yield();
        pthread_mutex_lock(&mutex);
        for (int i = 0; i < OTHERS_MAX; i++)
            thread[i] = start_in_time(i % 2 == 0 ? &detached : NULL);
        CHECK(pthread_create(&thread[OTHERS_MAX], NULL, wait_for_lock, &mutex) == EAGAIN);
        CHECK(pthread_detach(thread[1]) == 0 && pthread_detach(thread[1]) == EINVAL);
        pthread_mutex_unlock(&mutex);
        for (int i = 3; i < OTHERS_MAX; i += 2)
            test_joined(thread[i]);
        pages = round == 0 ? holstein_statistic(STATISTIC_OWN_PAGES) : pages;
    }
    while (holstein_statistic(STATISTIC_OWN_PAGES) > pages + 4) /* each left something: 35 */
        sched_yield();
}

struct order {
    struct shared *shared; /* word 0: run; word 1: highest value seen; word 2: values stored */
    volatile long *page;
};

static void *store_values(void *argument)
{
    const struct order *order = argument;
    for (long value = 1; order->shared->word[0] != 0; value++) {
        *order->page = value;
        order->shared->word[2] = value;
    }
    return NULL;
}

static void *tell_values(void *argument)
{
    const struct order *order = argument;
    while (order->shared->word[0] != 0)
        order->shared->word[1] = *order->page;
    return NULL;
}

static void *check_values(void *argument)
{
    const struct order *order = argument;
    long checks = 0;
    for (; order->shared->word[0] != 0; checks++) {
        long told = order->shared->word[1];
        CHECK(*order->page >= told);
    }
    return (void *)checks;
}

/* Forks share the page again and again, so that the first thread's stores go to new pages. */
static void order(void)
{
    enum { FORKS = 30 };
    struct order order = {test_shared(), (volatile long *)test_pages(1)};
    *order.page = 0;
    order.shared->word[0] = 1;
    pthread_t thread[3] = {test_thread(store_values, &order), test_thread(tell_values, &order),
                           test_thread(check_values, &order)};
    for (int f = 0; f < FORKS; f++) {
        long stored = order.shared->word[2];
        if (test_fork() == 0) {
            test_await(&order.shared->word[2], stored + 3);
            _exit(0);
        }
        test_join(1);
    }
    order.shared->word[0] = 0;
    for (int i = 0; i < 3; i++)
        test_joined(thread[i]);
}

static const struct test tests[] = {
    {"values", values},
    {"mutex", locks},
    {"cond", conditions},
    {"broadcast", broadcast},
    {"own", per_thread},
    {"malloc", memory},
    {"limits", limits},
    {"order", order},
    {"fork", test_fork_one},
    {"exec", test_exec_one},
    {"exit", test_exit_all},
    {"killed", test_kill_all},
    {"fault", test_fault_all},
    {"guard", test_guard},
    {"last", test_last},
    {"exec-pipe", test_exec_pipe},
    {"streams-exit", test_streams_exit},
    {"streams-fork", test_streams_fork},
    {"streams-exec", test_streams_exec},
};

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--exec") == 0)
        return test_exec_child(argv[2]);
    return test_main(tests, sizeof tests / sizeof tests[0], argc, argv);
}
