/* What Holstein offers beyond POSIX: exact ends of children, threads, figures, the audit. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "../pager/protocol.h"

/* A request as it is (protocol.h): the words are replaced by the answer's; returns the first. */
long holstein_request(uint64_t word[6]);

/* Waits for a child (-1: any): its number, with the 32-bit status (CAUSE_KILLED: the signal's
 * number) and enum death_cause; -1 and errno. */
pid_t holstein_wait(pid_t pid, uint32_t *status, uint32_t *cause);

/* The same end as waitpid tells it. */
int holstein_encode(uint32_t status, uint32_t cause);

/* A short word for a cause: "kill", "memory", "address" … */
const char *holstein_cause(uint32_t cause);

/* Puts this process, and those that it forks from now on, under a policy of the pager; -1 and
 * errno: ENOENT, no such policy; EAGAIN, too many families; EPERM, its policy holds it. */
long holstein_policy(const char *name);

/* enum pager_statistic. */
long holstein_statistic(uint64_t which);

/* Another thread of this process, on a stack of nbytes that ends at stack + nbytes; -1 and errno.
 * It ends when the function returns. Only the first thread may use stdio. */
long holstein_thread(void (*function)(void *), void *argument, void *stack, size_t nbytes);

/* The calling thread serves this process's own invalid accesses (CAUSE_ADDRESS) by other threads:
 * it registers, and from then on waits for one after the other. -1 and errno: EINVAL, another
 * thread does. */
struct holstein_fault {
    uint64_t address, cause, pc; /* cause: 12 fetch, 13 load, 15 store */
};
long holstein_fault(enum handler_answer answer, struct holstein_fault *fault);

/* The file system: bytes free, of how many, inodes free, of how many. -1 and errno. */
int holstein_disk(uint64_t figure[4]);

/* The interrupt key ends this process and its descendants; 0: nobody. */
void holstein_foreground(pid_t pid);
