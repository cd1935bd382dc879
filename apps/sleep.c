/* sleep SECONDS: waits; a fraction is fine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
    char *rest;
    if (argc != 2) {
        fprintf(stderr, "usage: sleep SECONDS\n");
        return 2;
    }
    struct timespec time = {.tv_sec = strtol(argv[1], &rest, 10)};
    long unit = 100000000;
    for (rest += *rest == '.'; *rest >= '0' && *rest <= '9' && unit > 0; rest++, unit /= 10)
        time.tv_nsec += (*rest - '0') * unit;
    if (nanosleep(&time, NULL) == 0)
        return 0;
    perror("sleep");
    return 1;
}
