/* System calls: decode, check, then one call of the module concerned (abi.h has the registers). */
#pragma once
#include "thread.h"

/* Carries out the system call in the running thread's registers: one that may park it. */
void syscall_handle(struct thread *thread);

/* One that returns at once, from trap.S, without the lock; true: the thread is to give way. */
bool syscall_brief(struct thread *thread);
