/* ln OLD NEW: another name for a file. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: ln OLD NEW\n");
        return 2;
    }
    if (link(argv[1], argv[2]) == 0)
        return 0;
    perror(argv[2]);
    return 1;
}
