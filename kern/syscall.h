/* System calls: decode, check, then one call of the module concerned (abi.h has the registers). */
#ifndef KERN_SYSCALL_H
#define KERN_SYSCALL_H
#include "thread.h"

/* Carries out the system call in the running thread's registers: one of those that may park it,
 * from the ecall; one of the others, from behind it. */
void syscall_handle(struct thread *thread);
void syscall_brief(struct thread *thread);

void syscall_set_timebase(uint64_t hz); /* what SYS_STATISTICS tells */
#endif
