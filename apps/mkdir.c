/* mkdir NAME...: makes directories. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (mkdir(argv[i], 0777) != 0) {
            perror(argv[i]);
            failed = 1;
        }
    }
    return failed;
}
