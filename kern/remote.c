/* Harts that wait for each other. */
#include "remote.h"
#include "sbi.h"
#include "thread.h"

enum { SPINS = 200 };

void remote_answer(void)
{
    struct hart *me = this_hart();
    uint64_t asked = __atomic_load_n(&me->asked, __ATOMIC_ACQUIRE);
    if (asked == 0)
        return;
    if (asked == REMOTE_CODE + 1)
        fence_code();
    else
        fence_asid(asked - 1);
    __atomic_store_n(&me->asked, 0, __ATOMIC_RELEASE);
}

void remote_wait(unsigned *turns)
{
    remote_answer();
    if (*turns == SPINS) {
        csr_set(sip, INTERRUPT_SOFTWARE);
        wait_for_interrupt();
        return;
    }
    ++*turns;
    pause_hart();
}

/* What the others were told to forget was stored before they are asked: release. */
void remote_fence(uint64_t mask, uint64_t what)
{
    unsigned turns = 0;
    for (uint32_t i = 0; i < nharts; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        __atomic_store_n(&harts[i]->asked, what + 1, __ATOMIC_RELEASE);
        sbi_send_ipi(harts[i]->id);
    }
    for (uint32_t i = 0; i < nharts; i++)
        while ((mask >> i & 1) != 0 && __atomic_load_n(&harts[i]->asked, __ATOMIC_ACQUIRE) != 0)
            remote_wait(&turns);
}

void lock_wait(struct lock *lock)
{
    unsigned turns = 0;
    do
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0)
            remote_wait(&turns);
    while (!lock_try(lock));
}
