/* cat [FILE]...: contents of files, or of the input, one after another. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int copy(int fd, const char *name)
{
    static char bytes[4096];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        if (write(1, bytes, (size_t)n) != n) {
            perror("cat");
            return 1;
        }
    }
    if (n < 0)
        perror(name);
    return n < 0;
}

int main(int argc, char **argv)
{
    int failed = argc == 1 ? copy(0, "cat") : 0;
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            perror(argv[i]);
            failed = 1;
            continue;
        }
        failed |= copy(fd, argv[i]);
        close(fd);
    }
    return failed;
}
