/* A fault becomes a question to the policy, and its verdict becomes frames, counts and an entry. */
#pragma once
#include "process.h"

/* What to answer a fault with, in one register. Low half: an item to install (address | rights),
 * and then the frame in the high half; or FAULT_RESUME, and then the pc to go on at (0: where it
 * was) in the high half; or 0: there is no answer now. */
typedef uint64_t fault_answer_t;
#define FAULT_RESUME ((fault_answer_t)8)
#define FAULT_PARK   ((fault_answer_t)16) /* ask again with a token */

_Static_assert(ADDRESS_LIMIT <= 1ul << 31, "an item has no sign, a frame the other half");

_Static_assert(((FAULT_RESUME | FAULT_PARK) & RIGHTS_MASK) == 0, "fault_installs");

static inline uint64_t fault_item(fault_answer_t answer)
{
    return (uint64_t)(int32_t)answer;
}

/* Is it one to install? The address may be 0: there are always rights. */
static inline bool fault_installs(uint64_t item)
{
    return (item & RIGHTS_MASK) != 0;
}

static inline uint64_t fault_frame(fault_answer_t answer)
{
    return answer >> 32;
}

/* address, cause and pc as the hart gave them (privileged specification, table 4.2); token: to
 * answer it by, or 0 if
 * the thread was not parked under one, which only a single thread need not be; badge: whose it is
 * (process_badge). Lock held, and left while a page is copied. */
fault_answer_t fault_handle(uint64_t address, uint64_t cause, uint64_t pc, uint64_t token,
                            uint64_t badge);

/* The kernel had no room for the entry of an answer: makes room. True: answer again without one,
 * the fault comes back; false: there was none to make, and the process is dead. Lock held. */
bool fault_make_room(uint64_t badge);

/* Makes every page of [start, end) present and the process's own (or shared, in a shared region).
 * False: out of frames; what was made stays. Called with the lock held; keeps it. */
bool fault_populate(struct process *process, uint64_t start, uint64_t end);
