/* Forks until it fails, then waits for all: exhaustion leaves nothing behind.
 *
 * `chain`: each process forks the next and waits for it, so that all of them live when it fails.
 * `zombies`: one process forks many that end at once, and only then waits for them. */
#include <stdio.h>
#include <unistd.h>

#include "holstein.h"

enum { ZOMBIES_MAX = 2000, ENDED_EARLY = 1 << 30 };

/* The depth that was reached, handed up as exit statuses: or ENDED_EARLY, if one of the chain found
 * no frame for a store of its own. */
static uint32_t chain(void)
{
    for (uint32_t depth = 0;; depth++) {
        uint32_t status, cause;
        pid_t child = fork();
        if (child == 0)
            continue;
        if (child < 0)
            status = depth;
        else if (holstein_wait(child, &status, &cause) != child || cause != CAUSE_EXIT)
            status = ENDED_EARLY;
        if (depth > 0)
            _exit((int)status);
        return status;
    }
}

static uint32_t zombies(uint32_t *nwaited)
{
    uint32_t status, cause, nchildren = 0;
    while (nchildren < ZOMBIES_MAX) {
        pid_t child = fork();
        if (child == 0)
            _exit((int)nchildren);
        if (child < 0)
            break;
        nchildren++;
    }
    while (holstein_wait(-1, &status, &cause) > 0)
        *nwaited += cause == CAUSE_EXIT && status < nchildren;
    return nchildren;
}

int main(void)
{
    uint32_t nwaited = 0, depth = chain(), nchildren = zombies(&nwaited);
    if (depth == ENDED_EARLY || depth < 10)
        printf("forktest: chain FAILED depth=%lu\n", (unsigned long)depth);
    else
        printf("forktest: chain ok depth=%lu\n", (unsigned long)depth);
    if (nwaited != nchildren || nchildren == 0)
        printf("forktest: zombies FAILED children=%lu waited=%lu\n", (unsigned long)nchildren,
               (unsigned long)nwaited);
    else
        printf("forktest: zombies ok children=%lu\n", (unsigned long)nchildren);
    return depth == ENDED_EARLY || depth < 10 || nwaited != nchildren || nchildren == 0;
}
