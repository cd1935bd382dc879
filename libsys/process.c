/* Processes and memory under their POSIX names: each call is one request to the pager. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holstein.h"
#include "libsys.h"
#include "syscall.h"

extern char __tls_nbytes[], __tls_align[], __tdata_start[], __tdata_end[];
void libsys_thread_start(void);
_Noreturn void libsys_thread_end(uint64_t number);

static long request(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    return libsys_result(sys_ask(SLOT_PAGER, number, a, b, c));
}

pid_t fork(void)
{
    if (libsys_write_errors != NULL)
        libsys_write_errors(); /* or the child would write it again */
    if (libsys_fork_threads != NULL)
        libsys_fork_threads(FORK_BEFORE);
    pid_t child = (pid_t)request(REQ_FORK, 0, 0, 0);
    if (child == 0)
        libsys_forget_page();
    if (libsys_fork_threads != NULL)
        libsys_fork_threads(child == 0 ? FORK_CHILD : FORK_PARENT);
    return child;
}

pid_t vfork(void)
{
    return fork();
}

/* No other stream is written, and nobody is waited for. */
_Noreturn void _exit(int status)
{
    if (libsys_write_errors != NULL)
        libsys_write_errors();
    for (;;)
        request(REQ_EXIT, (uint32_t)status, 0, 0);
}

static pid_t wait_for(pid_t pid, int options, uint32_t *status, uint32_t *cause)
{
    uint64_t word[6] = {0};
    long result;
    do { /* again when too many threads of this process wait */
        word[0] = REQ_WAIT;
        word[1] = (uint64_t)(int64_t)pid;
        word[2] = (options & WNOHANG) != 0;
        result = holstein_request(word);
    } while (result == ERR_AGAIN);
    long child = libsys_result(result);
    *status = (uint32_t)word[1];
    *cause = (uint32_t)word[2];
    return (pid_t)child;
}

pid_t holstein_wait(pid_t pid, uint32_t *status, uint32_t *cause)
{
    return wait_for(pid, 0, status, cause);
}

int holstein_encode(uint32_t status, uint32_t cause)
{
    static const int signals[] = {
        [CAUSE_KILLED] = SIGKILL,     [CAUSE_MEMORY] = SIGKILL,   [CAUSE_ADDRESS] = SIGSEGV,
        [CAUSE_INSTRUCTION] = SIGILL, [CAUSE_ALIGNMENT] = SIGBUS,
    };
    if (cause == CAUSE_EXIT)
        return (int)(status & 0xff) << 8;
    return cause == CAUSE_KILLED && status > 0 && status < NSIG ? (int)status : signals[cause];
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    uint32_t full, cause;
    if ((options & ~(WNOHANG | WUNTRACED)) != 0) { /* nobody is ever stopped */
        errno = EINVAL;
        return -1;
    }
    /* Or the child would be gone, and nobody told. */
    if (status != NULL && libsys_writable(status, sizeof *status) < sizeof *status) {
        errno = EFAULT;
        return -1;
    }
    pid_t child = wait_for(pid, options, &full, &cause);
    if (child <= 0 || status == NULL)
        return child;
    int encoded = holstein_encode(full, cause);
    if (libsys_copy(status, &encoded, sizeof encoded) == 0)
        return child;
    errno = EFAULT;
    return -1;
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

const char *holstein_cause(uint32_t cause)
{
    static const char *const names[] = {"exit",    "kill",        "memory",
                                        "address", "instruction", "alignment"};
    return cause < sizeof names / sizeof names[0] ? names[cause] : "unknown";
}

int kill(pid_t pid, int number)
{
    if (number < 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    /* 0 only asks whether it is there; every signal ends the process. */
    return (int)request(REQ_KILL, (uint64_t)(int64_t)pid, number == 0 ? KILL_PROBE : KILL_ONE,
                        (uint64_t)number);
}

pid_t getpid(void)
{
    return (pid_t)request(REQ_GETPID, 0, 0, 0);
}

pid_t getppid(void)
{
    return (pid_t)request(REQ_GETPPID, 0, 0, 0);
}

void *sbrk(ptrdiff_t increment)
{
    return (void *)request(REQ_SBRK, (uint64_t)increment, 0, 0);
}

/* What may be written can be read. */
static uint64_t rights(int protection)
{
    return (uint64_t)protection | ((protection & PROT_WRITE) != 0 ? PROT_READ : 0);
}

void *mmap(void *address, size_t nbytes, int protection, int flags, int file, off_t offset)
{
    int kind = flags & (MAP_SHARED | MAP_PRIVATE);
    (void)address; /* a hint, which need not be taken */
    (void)file;    /* nothing to MAP_ANONYMOUS */
    if ((flags & MAP_ANONYMOUS) == 0 || (flags & MAP_FIXED) != 0 || offset % PAGE_SIZE != 0 ||
        (kind != MAP_SHARED && kind != MAP_PRIVATE)) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    return (void *)request(REQ_MMAP, nbytes, rights(protection), kind == MAP_SHARED);
}

int mprotect(void *address, size_t nbytes, int protection)
{
    return (int)request(REQ_MPROTECT, (uint64_t)address, nbytes, rights(protection));
}

int munmap(void *address, size_t nbytes)
{
    return (int)request(REQ_MUNMAP, (uint64_t)address, nbytes, 0);
}

int sched_yield(void)
{
    sys_yield();
    return 0;
}

long holstein_statistic(uint64_t which)
{
    return request(REQ_STATISTICS, which, 0, 0);
}

long holstein_policy(const char *name)
{
    uint64_t word[6] = {REQ_POLICY_SET};
    if (strlen(name) > POLICY_NAME_NBYTES)
        return libsys_result(ERR_NOENT);
    memcpy(&word[1], name, strlen(name));
    return libsys_result(libsys_request(word));
}

/* From the top of the stack: thread-local storage, then the function for libsys_thread_start. */
long libsys_thread(void (*function)(void *, uint64_t), void *argument, void *stack, size_t nbytes)
{
    size_t tls_nbytes = (size_t)__tls_nbytes, align = (size_t)__tls_align;
    if (nbytes < tls_nbytes + align + 1024) {
        errno = EINVAL;
        return -1;
    }
    uintptr_t tls = ((uintptr_t)stack + nbytes - tls_nbytes) & ~(uintptr_t)(align - 1);
    size_t ndata = (size_t)(__tdata_end - __tdata_start);
    memcpy((void *)tls, __tdata_start, ndata);
    memset((char *)tls + ndata, 0, tls_nbytes - ndata);
    uint64_t *top = (uint64_t *)(tls - 16);
    *top = (uint64_t)function;
    uint64_t word[6] = {REQ_THREAD, (uint64_t)libsys_thread_start, (uint64_t)top,
                        (uint64_t)argument, tls};
    return libsys_result(libsys_request(word));
}

long holstein_thread(void (*function)(void *), void *argument, void *stack, size_t nbytes)
{
    return libsys_thread((void (*)(void *, uint64_t))(void (*)(void))function, argument, stack,
                         nbytes);
}

long holstein_fault(enum handler_answer answer, struct holstein_fault *fault)
{
    uint64_t word[6] = {REQ_HANDLER, answer};
    long result = libsys_result(libsys_request(word));
    *fault = (struct holstein_fault){word[1], word[2], word[3]};
    return result;
}

_Noreturn void libsys_thread_end(uint64_t number)
{
    for (;;)
        request(REQ_THREAD_EXIT, number, 0, 0);
}
