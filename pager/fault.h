/* A fault becomes a question to the policy, and its verdict becomes frames, counts and an entry. */
#ifndef PAGER_FAULT_H
#define PAGER_FAULT_H
#include "process.h"

/* What to answer a fault with. Exactly one of: resume with an entry to install (item: address |
 * rights, frame), resume as it is (item FAULT_RESUME), no answer (item 0: the process is dead). */
struct fault_answer {
    uint64_t item;
    pfn_t frame;
};
#define FAULT_RESUME 8ul

/* badge: whose (process_badge); cause and address as the hart gave them (privileged specification,
 * table 4.2). Takes the lock. */
struct fault_answer fault_handle(uint64_t badge, uint64_t address, uint64_t cause);

/* The kernel had no room for the entry of an answer: makes room. True: answer again without one,
 * the fault comes back; false: there was none to make, and the process is dead. */
bool fault_make_room(uint64_t badge);

/* Makes every page of [start, end) present and the process's own (or shared, in a shared region).
 * False: out of frames; what was made stays. Called with the lock held; keeps it. */
bool fault_populate(struct process *process, uint64_t start, uint64_t end);

/* What the faults of all processes came to, and verdicts that were replaced. */
extern struct fault_statistics {
    uint64_t upgrades, copies, zeros, replaced;
} fault_statistics;
#endif
