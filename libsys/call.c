/* Calls of pager and servers, and what their errors are called. */
#include <errno.h>

#include "holstein.h"
#include "libsys.h"
#include "syscall.h"

static const struct {
    long error;
    int number;
} errors[] = {
    {ERR_NOMEM, ENOMEM},     {ERR_POOL, EAGAIN},    {ERR_LIMIT, EAGAIN}, {ERR_INVALID, EINVAL},
    {ERR_NOENT, ENOENT},     {ERR_NOEXEC, ENOEXEC}, {ERR_CHILD, ECHILD}, {ERR_SEARCH, ESRCH},
    {ERR_PERMISSION, EPERM}, {ERR_NUMBER, ENOSYS},  {ERR_AGAIN, EAGAIN},
};

bool libsys_connected;

static int number_of(long error)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].error == error)
            return errors[i].number;
    return EIO;
}

long libsys_result(long result)
{
    if (result >= 0)
        return result;
    errno = number_of(result);
    return -1;
}

long libsys_answer(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

long libsys_request(uint64_t word[6])
{
    err_t error = sys_call(SLOT_PAGER, word);
    return error != 0 ? error : (long)word[0];
}

long holstein_request(uint64_t word[6])
{
    return libsys_request(word);
}

static long connect(unsigned slot)
{
    long result = libsys_request((uint64_t[6]){REQ_CONNECT, slot});
    if (result < 0)
        return result == ERR_SEARCH ? -ENOSYS : -number_of(result);
    return result;
}

/* A capability that is not there yet is asked for at the first call. */
long libsys_call(unsigned slot, uint64_t word[6])
{
    for (;;) {
        err_t error = sys_call(slot, word);
        if (error == 0)
            return (long)word[0];
        if (error != ERR_CAPABILITY)
            return -EIO;
        long result = connect(slot);
        if (result < 0)
            return result;
    }
}

size_t libsys_stores(void *at, size_t nbytes)
{
    size_t here = PAGE_SIZE - (uintptr_t)at % PAGE_SIZE;
    if (nbytes > here && libsys_probe(at, at) == 0)
        return here;
    errno = EFAULT;
    return 0;
}

static char *page;

char *libsys_page(void)
{
    if (page != NULL)
        return page;
    long result = connect(SLOT_FILES);
    if (result < 0) {
        libsys_answer(result);
        return NULL;
    }
    libsys_connected = true;
    return page = (char *)result;
}

void libsys_forget_page(void)
{
    page = NULL;
}
