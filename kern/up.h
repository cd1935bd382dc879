/* The way up: what the kernel asks of whoever answers for programs' memory.
 *
 * Two files implement it and one is chosen when the image is linked: upcall.c, where a question is
 * a message to a user-level pager, and the baseline's, where it is a call of the same pager's core.
 * The thread given is the running one, the kernel lock is held, and on return the thread has been
 * resumed, or does not run. */
#pragma once
#include "ipc.h"

/* fault_entry and call_entry (trap.S jumps there), too, are the way up's: the first to see a fault
 * or a call.
 */

/* A synchronous exception: pc, and the cause and value that the hart gave for it. */
void up_fault(struct thread *thread, uint64_t cause, uint64_t value);

/* A call of an endpoint (as a rule nobody waits there: else the fast path was for it). */
void up_call(struct thread *thread, struct endpoint *endpoint, uint64_t badge);

/* This hart has nothing to do: something short may be done for whoever answers, on the kernel's
 * tables, with interrupts off and without the kernel's lock. False: nothing was, the hart waits. */
bool up_idle(void);

/* Once, when the kernel is up: starts the pager. */
void up_boot(struct boot_info *info);
