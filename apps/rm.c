/* rm NAME...: removes names; empty directories too. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (unlink(argv[i]) != 0) {
            perror(argv[i]);
            failed = 1;
        }
    }
    return failed;
}
