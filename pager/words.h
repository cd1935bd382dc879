/* Threads that wait at a word of their own process's memory until another thread wakes them. */
#pragma once
#include "process.h"

/* REQ_WORD_WAIT: true, and the words to answer with; false: the answer comes when it is woken. The
 * look at the word and the wait are one: who changes it and then wakes misses nobody. Lock held. */
bool words_wait(struct process *process, uint64_t token, uint64_t word[6]);

/* REQ_WORD_WAKE: wakes up to `limit` threads that wait at the address, in the order they came;
 * how many. Lock held. */
err_t words_wake(struct process *process, uint64_t address, uint64_t limit);

/* The word becomes 0, and all who wait there are woken; nothing happens if the process may not
 * store to it. Its page must be the process's own before: words_populate, which returns false if
 * there is no frame for that. Lock held. */
bool words_populate(struct process *process, uint64_t address);
void words_clear(struct process *process, uint64_t address);
