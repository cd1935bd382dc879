/* grep PATTERN [FILE]...: lines that match a basic regular expression. */
#include <fcntl.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static regex_t pattern;
static bool found;

static void show(const char *line, const char *name)
{
    if (regexec(&pattern, line, 0, NULL, 0) != 0)
        return;
    found = true;
    if (name != NULL)
        printf("%s:", name);
    printf("%s\n", line);
}

/* Lines longer than the buffer are looked at in pieces. */
static void search(int fd, const char *name)
{
    static char bytes[4096];
    size_t have = 0;
    for (;;) {
        ssize_t n = read(fd, bytes + have, sizeof bytes - 1 - have);
        have += n > 0 ? (size_t)n : 0;
        bytes[have] = '\0';
        char *line = bytes;
        for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            show(line, name);
        }
        size_t left = have - (size_t)(line - bytes);
        if (left > 0 && (n <= 0 || left == sizeof bytes - 1)) {
            show(line, name);
            left = 0;
        }
        if (n <= 0)
            return;
        memmove(bytes, line, left);
        have = left;
    }
}

int main(int argc, char **argv)
{
    if (argc < 2 || regcomp(&pattern, argv[1], REG_NOSUB) != 0) {
        fprintf(stderr, "usage: grep PATTERN [FILE]...\n");
        return 2;
    }
    if (argc == 2)
        search(0, NULL);
    int failed = 0;
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            perror(argv[i]);
            failed = 2;
            continue;
        }
        search(fd, argc > 3 ? argv[i] : NULL);
        close(fd);
    }
    return failed != 0 ? failed : !found;
}
