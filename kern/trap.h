/* Traps: C's side of trap.S and leave.S. */
#pragma once
#include "thread.h"

/* Registers are saved in the thread; returns the thread to resume on this hart, with its tables. */
struct thread *trap_handle(struct thread *thread, uint64_t cause, uint64_t value);

/* The next thread of this hart; waits until there is one. The kernel lock is held. */
struct thread *trap_next(void);

/* System calls (syscall.c). One that may park the running thread, whose registers hold it: */
void syscall_handle(struct thread *thread);

/* one that returns at once, from trap.S, without the lock. True: the thread is to give way. */
bool syscall_brief(struct thread *thread);

_Noreturn void trap_from_kernel(uint64_t cause, uint64_t pc, uint64_t value);

/* In leave.S. */
_Noreturn void trap_resume(struct thread *thread);
