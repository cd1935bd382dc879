/* Pipes: a block of bytes each, and queues of those who wait for bytes or for room.
 *
 * A write is in order and whole: writers wait one behind the other until all their bytes are in, so
 * bytes of several writes never mix. An answer that finds nobody leaves the pipe as it was. */
#include <errno.h>
#include <string.h>

#include "files.h"

enum { PIPE_NBYTES = BLOCK_NBYTES };

struct waiter {
    struct waiter *next;
    struct pipe *pipe; /* NULL: free */
    uint64_t token;
    uint16_t nbytes, done;
    bool writes;
};

struct pipe {
    uint32_t block; /* 0: free */
    bool has_reader, has_writer;
    uint32_t first, n;
    struct waiter *readers, *writers;
};

static struct pipe pipes[PIPES_MAX];
static uint64_t npipes;
static struct waiter waiters[CONNECTIONS_MAX + 1][WAITS_MAX]; /* by the client's place */

_Static_assert(BLOCK_NBYTES <= UINT16_MAX, "a request's bytes");

uint64_t pipes_open(void)
{
    return npipes;
}

struct pipe *pipe_make(void)
{
    for (unsigned i = 0; i < PIPES_MAX; i++) {
        if (pipes[i].block != 0)
            continue;
        pipes[i] = (struct pipe){.block = block_take(), .has_reader = true, .has_writer = true};
        if (pipes[i].block == 0)
            return NULL;
        npipes++;
        return &pipes[i];
    }
    return NULL;
}

static void serve(struct pipe *pipe);

static struct waiter **queue_of(struct pipe *pipe, bool writes)
{
    return writes ? &pipe->writers : &pipe->readers;
}

static char *page_of(const struct waiter *waiter)
{
    return files_page((uint32_t)(waiter - waiters[0]) / WAITS_MAX);
}

static struct waiter *free_waiter(uint32_t place)
{
    for (unsigned i = 0; i < WAITS_MAX; i++)
        if (waiters[place][i].pipe == NULL)
            return &waiters[place][i];
    return NULL;
}

/* The request waits, at the queue's end. */
static void enqueue(struct pipe *pipe, bool writes, uint32_t place, uint64_t token, uint64_t nbytes,
                    uint64_t done)
{
    struct waiter **queue = queue_of(pipe, writes), *waiter = free_waiter(place);
    bool full = waiter == NULL;
    if (full) {
        /* More than a process has threads: some are gone. Those that are not may ask again. */
        pipe_forget(place);
        waiter = free_waiter(place);
    }
    *waiter = (struct waiter){NULL, pipe, token, (uint16_t)nbytes, (uint16_t)done, writes};
    while (*queue != NULL)
        queue = &(*queue)->next;
    *queue = waiter;
    if (full)
        serve(pipe); /* what stood in its way may be gone */
}

static void dequeue(struct waiter **queue)
{
    struct waiter *waiter = *queue;
    *queue = waiter->next;
    waiter->pipe = NULL;
}

/* Copies out of the pipe without taking. -EFAULT: the page is gone. */
static int64_t peek(const struct pipe *pipe, char *to, uint64_t nbytes)
{
    uint64_t n = nbytes < pipe->n ? nbytes : pipe->n, part = PIPE_NBYTES - pipe->first;
    const char *bytes = block_at(pipe->block);
    part = part < n ? part : n;
    if (libsys_copy(to, bytes + pipe->first, part) != 0 ||
        libsys_copy(to + part, bytes, n - part) != 0)
        return -EFAULT;
    return (int64_t)n;
}

static void take(struct pipe *pipe, int64_t n)
{
    if (n <= 0)
        return;
    pipe->first = (pipe->first + (uint32_t)n) % PIPE_NBYTES;
    pipe->n -= (uint32_t)n;
}

/* As many as there is room for. */
static int64_t add(struct pipe *pipe, const char *from, uint64_t nbytes)
{
    uint64_t room = PIPE_NBYTES - pipe->n, n = nbytes < room ? nbytes : room;
    uint64_t at = (pipe->first + pipe->n) % PIPE_NBYTES, part = PIPE_NBYTES - at;
    char *bytes = block_at(pipe->block);
    part = part < n ? part : n;
    if (libsys_copy(bytes + at, from, part) != 0 || libsys_copy(bytes, from + part, n - part) != 0)
        return -EFAULT;
    pipe->n += (uint32_t)n;
    return (int64_t)n;
}

/* One reader and one writer at a time, until neither can go on. */
static bool serve_reader(struct pipe *pipe)
{
    struct waiter *r = pipe->readers;
    if (r == NULL || (pipe->n == 0 && pipe->has_writer))
        return false;
    int64_t n = peek(pipe, page_of(r), r->nbytes);
    if (files_answer(r->token, n))
        take(pipe, n);
    dequeue(&pipe->readers);
    return true;
}

static bool serve_writer(struct pipe *pipe)
{
    struct waiter *w = pipe->writers;
    if (w == NULL || (pipe->n == PIPE_NBYTES && pipe->has_reader))
        return false;
    int64_t n = -EPIPE;
    if (pipe->has_reader)
        n = add(pipe, page_of(w) + w->done, (uint64_t)(w->nbytes - w->done));
    w->done = (uint16_t)(w->done + (n > 0 ? n : 0));
    if (n >= 0 && w->done < w->nbytes)
        return true;
    files_answer(w->token, w->done > 0 ? w->done : n);
    dequeue(&pipe->writers);
    return true;
}

static void serve(struct pipe *pipe)
{
    while (serve_reader(pipe) || serve_writer(pipe))
        ;
}

bool pipe_read(struct pipe *pipe, uint32_t place, uint64_t token, uint64_t nbytes, bool more,
               int64_t *result)
{
    *result = 0;
    if (nbytes == 0)
        return true;
    if (pipe->readers == NULL && (pipe->n > 0 || !pipe->has_writer)) {
        *result = peek(pipe, files_page(place), nbytes);
        take(pipe, *result);
        serve(pipe);
        return true;
    }
    if (more)
        return true; /* what it has is not kept back until there is more */
    enqueue(pipe, false, place, token, nbytes, 0);
    return false;
}

bool pipe_write(struct pipe *pipe, uint32_t place, uint64_t token, uint64_t nbytes, int64_t *result)
{
    *result = 0;
    if (!pipe->has_reader) {
        *result = -EPIPE;
        return true;
    }
    if (nbytes == 0)
        return true;
    if (pipe->writers == NULL) {
        *result = add(pipe, files_page(place), nbytes);
        serve(pipe);
        if (*result < 0 || (uint64_t)*result == nbytes)
            return true;
    }
    enqueue(pipe, true, place, token, nbytes, (uint64_t)*result);
    serve(pipe);
    return false;
}

void pipe_close(struct pipe *pipe, bool writer)
{
    if (writer)
        pipe->has_writer = false;
    else
        pipe->has_reader = false;
    serve(pipe);
    if (pipe->has_reader || pipe->has_writer)
        return;
    block_free(pipe->block);
    *pipe = (struct pipe){0};
    npipes--;
}

void pipe_forget(uint32_t place)
{
    struct pipe *served[WAITS_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < WAITS_MAX; i++) {
        struct waiter *waiter = &waiters[place][i];
        if (waiter->pipe == NULL)
            continue;
        struct waiter **queue = queue_of(waiter->pipe, waiter->writes);
        while (*queue != waiter)
            queue = &(*queue)->next;
        served[n++] = waiter->pipe;
        dequeue(queue);
        files_answer(waiter->token, waiter->done > 0 ? waiter->done : -EINTR);
    }
    /* Those behind it in the queues may go on now. */
    while (n > 0)
        serve(served[--n]);
}
