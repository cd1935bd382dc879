/* wc [FILE]...: lines, words and bytes. */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static int count(int fd, const char *name)
{
    static char bytes[4096];
    unsigned long nlines = 0, nwords = 0, nbytes = 0;
    bool in_word = false;
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            bool blank = isspace((unsigned char)bytes[i]);
            nlines += bytes[i] == '\n';
            nwords += !blank && !in_word;
            in_word = !blank;
        }
        nbytes += (unsigned long)n;
    }
    if (n < 0) {
        perror(name);
        return 1;
    }
    printf("%lu %lu %lu %s\n", nlines, nwords, nbytes, name);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = argc == 1 ? count(0, "") : 0;
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            perror(argv[i]);
            failed = 1;
            continue;
        }
        failed |= count(fd, argv[i]);
        close(fd);
    }
    return failed;
}
