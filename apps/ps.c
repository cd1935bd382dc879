/* ps: every process. */
#include <stdio.h>

#include "holstein.h"

int main(void)
{
    printf("%5s %5s %4s %-5s %s\n", "PID", "PPID", "PRIO", "STATE", "NAME");
    for (uint64_t pid = 0;;) {
        uint64_t word[6] = {REQ_PROCESS, pid, INFO_STATE};
        long next = holstein_request(word);
        if (next <= 0)
            return 0;
        const char *state = (word[2] & INFO_ZOMBIE) != 0     ? "ended"
                            : (word[2] & INFO_SERVER) != 0   ? "serve"
                            : (word[2] & INFO_THREADED) != 0 ? "many"
                                                             : "one";
        printf("%5ld %5lu %4lu %-5s %.*s\n", next, word[1], word[3], state, NAME_NBYTES,
               (const char *)&word[4]);
        pid = (uint64_t)next;
    }
}
