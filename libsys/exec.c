/* exec: arguments into fresh pages, which the pager moves; a program that was written comes along
 * as an image in pages, from which the pager copies. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libsys.h"

enum { ARGUMENTS_MAX = 4096 };

static void *pages(size_t nbytes)
{
    return mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static size_t page_up(size_t nbytes)
{
    return (nbytes + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

/* A string that somebody handed in, from `at` on but not beyond `end`: behind its NUL, or NULL. */
static char *put_string(char *at, const char *end, const char *from)
{
    for (; at < end; at++, from++) {
        if (libsys_copy(at, from, 1) != 0) {
            errno = EFAULT;
            return NULL;
        }
        if (*at == '\0')
            return at + 1;
    }
    errno = E2BIG;
    return NULL;
}

/* Each page of what is left of the block is touched by the writing; the rest is cut off. */
static size_t put_block(struct argument_block *block, const char *path, char *const argv[])
{
    const char *end = (char *)block + (size_t)ARGUMENT_NPAGES_MAX * PAGE_SIZE;
    char *at = block->strings;
    if (put_string(block->path, block->path + PATH_NBYTES_MAX, path) == NULL) {
        if (errno == E2BIG)
            errno = ENAMETOOLONG;
        return 0;
    }
    block->argc = 0;
    for (const char *argument; block->argc < ARGUMENTS_MAX; block->argc++) {
        if (libsys_copy(&argument, &argv[block->argc], sizeof argument) != 0) {
            errno = EFAULT;
            return 0;
        }
        if (argument == NULL) {
            block->nbytes = (uint32_t)(at - (char *)block);
            return block->nbytes;
        }
        at = put_string(at, end, argument);
        if (at == NULL)
            return 0;
    }
    errno = E2BIG;
    return 0;
}

/* The whole file in fresh pages, or NULL. */
static char *read_image(int fd, size_t *nbytes)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return NULL;
    if (!S_ISREG(stat.st_mode) || stat.st_size == 0) {
        errno = ENOEXEC;
        return NULL;
    }
    *nbytes = (size_t)stat.st_size;
    char *image = pages(page_up(*nbytes));
    if (image == MAP_FAILED)
        return NULL;
    ssize_t n = read(fd, image, *nbytes);
    if (n == (ssize_t)*nbytes)
        return image;
    munmap(image, page_up(*nbytes));
    if (n >= 0)
        errno = ENOEXEC;
    return NULL;
}

/* A program that has been in the archive all along is shared with it: then only its name there
 * counts, which replaces the path. */
static int from_files(struct argument_block *block, uint64_t image[2])
{
    int fd = open(block->path, O_RDONLY);
    if (fd < 0) {
        /* No files server, or a name that no file can have: there is only the archive. */
        if (errno == ENOSYS || errno == ENAMETOOLONG)
            errno = ENOENT;
        return -1;
    }
    uint64_t word[6] = {FILES_ORIGIN, (uint64_t)fd};
    long n = libsys_answer(libsys_call(SLOT_FILES, word));
    size_t nbytes = 0;
    char *bytes = NULL;
    if (n > 0) {
        memcpy(block->path, libsys_page(), (size_t)n);
        memset(block->path + n, 0, PATH_NBYTES_MAX - (size_t)n);
    } else if (n == 0) {
        bytes = read_image(fd, &nbytes);
        n = bytes == NULL ? -1 : 0;
    }
    int why = errno;
    close(fd);
    errno = why;
    image[0] = (uint64_t)bytes;
    image[1] = nbytes;
    return n < 0 ? -1 : 0;
}

static long request(struct argument_block *block, size_t nbytes, const uint64_t image[2])
{
    uint64_t word[6];
    long result;
    if (libsys_write_errors != NULL)
        libsys_write_errors();
    do { /* again while a page of another thread is being copied */
        word[0] = REQ_EXEC;
        word[1] = (uint64_t)block;
        word[2] = page_up(nbytes);
        word[3] = image[0];
        word[4] = image[1];
        result = libsys_request(word);
    } while (result == ERR_AGAIN);
    return result;
}

int execv(const char *path, char *const argv[])
{
    uint64_t image[2] = {0, 0};
    size_t whole = (size_t)ARGUMENT_NPAGES_MAX * PAGE_SIZE;
    struct argument_block *block = pages(whole);
    if (block == MAP_FAILED)
        return -1;
    size_t nbytes = put_block(block, path, argv);
    if (nbytes > 0) {
        long error = ERR_NOENT;
        if (!libsys_connected)
            error = request(block, nbytes, image);
        if (error != ERR_NOENT || from_files(block, image) == 0) {
            if (error == ERR_NOENT)
                error = request(block, nbytes, image);
            libsys_result(error);
        }
    }
    int why = errno;
    munmap(block, whole);
    if (image[0] != 0)
        munmap((void *)image[0], page_up(image[1]));
    errno = why;
    return -1;
}

int execve(const char *path, char *const argv[], char *const environment[])
{
    (void)environment;
    return execv(path, argv);
}

/* A bare name that is not here is looked for in the root. */
int execvp(const char *file, char *const argv[])
{
    char path[FILE_PATH_MAX];
    execv(file, argv);
    if (errno != ENOENT || strchr(file, '/') != NULL || strlen(file) + 2 > sizeof path)
        return -1;
    path[0] = '/';
    strcpy(path + 1, file);
    return execv(path, argv);
}
