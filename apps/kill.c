/* kill PROCESS...: ends processes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (kill(atoi(argv[i]), SIGKILL) != 0) {
            perror(argv[i]);
            failed = 1;
        }
    }
    return failed;
}
