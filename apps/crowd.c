/* crowd N PROG ARG...: runs a program while N other processes are alive.
 *
 * Each of them forks the next and waits for it; the last becomes the program, whose exit status is
 * handed up. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "holstein.h"

enum { STATUS_USAGE = 2, CROWD_MAX = 10000 };

int main(int argc, char **argv)
{
    int n = argc > 2 ? atoi(argv[1]) : -1;
    if (n < 1 || n > CROWD_MAX) {
        printf("usage: crowd N PROG ARG...: to %d\n", CROWD_MAX);
        return STATUS_USAGE;
    }
    for (int i = 0; i < n; i++) {
        uint32_t status, cause;
        pid_t child = fork();
        if (child == 0)
            continue;
        if (child < 0) {
            printf("crowd: %d processes, and no more\n", i);
            _exit(1);
        }
        bool good = holstein_wait(child, &status, &cause) == child && cause == CAUSE_EXIT;
        _exit(good ? (int)status : 1);
    }
    execv(argv[2], argv + 2);
    printf("crowd: no program %s\n", argv[2]);
    return 1;
}
