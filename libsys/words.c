/* Words that threads wait at, and the lock that is made of one. */
#include "words.h"
#include "libsys.h"

enum { FREE, TAKEN, CONTENDED };

void words_wait(uint32_t *word, uint32_t value)
{
    libsys_request((uint64_t[6]){REQ_WORD_WAIT, (uint64_t)word, value});
}

void words_wake(uint32_t *word, uint32_t limit)
{
    libsys_request((uint64_t[6]){REQ_WORD_WAKE, (uint64_t)word, limit});
}

bool words_try_lock(uint32_t *word)
{
    uint32_t free = FREE;
    return __atomic_compare_exchange_n(word, &free, TAKEN, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* The one that wakes does not know whether more of them wait, and says that they do. */
void words_lock(uint32_t *word)
{
    if (words_try_lock(word))
        return;
    while (__atomic_exchange_n(word, CONTENDED, __ATOMIC_ACQUIRE) != FREE)
        words_wait(word, CONTENDED);
}

void words_unlock(uint32_t *word)
{
    if (__atomic_exchange_n(word, FREE, __ATOMIC_RELEASE) == CONTENDED)
        words_wake(word, 1);
}
