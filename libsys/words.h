/* Waiting at a word of this process's memory, in the kernel; waking who waits there. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Until another thread wakes it; returns at once if the word is not `value`. May return early. */
void words_wait(uint32_t *word, uint32_t value);
void words_wake(uint32_t *word, uint32_t limit);

/* A lock in a word: 0 free, 1 taken, 2 taken and somebody may wait. Who finds it taken waits. */
void words_lock(uint32_t *word);
void words_unlock(uint32_t *word);
bool words_try_lock(uint32_t *word); /* false: it is taken */
