/* policy NAME PROG [ARG...]: runs a program, and what it forks, under another policy of the pager.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "holstein.h"

int main(int argc, char **argv)
{
    if (argc < 3) {
        printf("usage: policy NAME PROG [ARG...]\n");
        return 2;
    }
    if (holstein_policy(argv[1]) != 0) {
        printf("policy: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    execvp(argv[2], argv + 2);
    printf("policy: cannot run %s: %s\n", argv[2], strerror(errno));
    return 127;
}
