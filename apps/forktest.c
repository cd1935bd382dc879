/* Forks until it fails, then waits for all: exhaustion leaves nothing behind. */
#include <stdio.h>
#include <unistd.h>

#include "holstein.h"

int main(void)
{
    uint32_t status, cause, nchildren = 0, nwaited = 0;
    for (;;) {
        pid_t child = fork();
        if (child == 0)
            _exit((int)(nchildren & 0x7f));
        if (child < 0)
            break;
        nchildren++;
    }
    while (holstein_wait(-1, &status, &cause) > 0)
        nwaited += cause == CAUSE_EXIT;
    if (nwaited != nchildren || nchildren == 0) {
        printf("forktest: fork FAILED children=%lu waited=%lu\n", (unsigned long)nchildren,
               (unsigned long)nwaited);
        return 1;
    }
    printf("forktest: fork ok children=%lu\n", (unsigned long)nchildren);
    return 0;
}
