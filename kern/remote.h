/* Harts that wait for each other: fences that one asks of others, and one turn of any such wait.
 *
 * Interrupts are masked in the kernel, so whoever waits there looks itself for what others ask. */
#pragma once
#include <stdint.h>

/* The harts of the mask drop what they remember of that ASID's tables, or (REMOTE_CODE instead of
 * an ASID) fetch instructions anew. Returns when all have done it. The kernel lock is held; each of
 * them is in user mode, or in the kernel on its way to a turn of remote_wait. */
enum { REMOTE_CODE = 1 << 16 };
void remote_fence(uint64_t mask, uint64_t what);

/* Does what others have asked of this hart. */
void remote_answer(void);

/* One turn of a loop that waits for another hart; *turns is 0 at the first. After a while the hart
 * says wfi each time, with an interrupt pending, so that it returns at once: an emulator that runs
 * harts in turn goes on to the next one there, and an emulator's host may. That interrupt
 * is taken, for nothing, when the hart is back in user mode: with it goes no other that came. */
void remote_wait(unsigned *turns);
