/* kill PROCESS...: ends processes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (kill(atoi(argv[i]), SIGKILL) != 0) {
            fprintf(stderr, "kill: %s: %s\n", argv[i], strerror(errno));
            failed = 1;
        }
    }
    return failed;
}
