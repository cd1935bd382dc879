/* ls [-l] [NAME]...: names; with -l type, links, size too. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool details;

static int show(const char *path, const char *name)
{
    struct stat stat_of;
    if (!details) {
        printf("%s\n", name);
        return 0;
    }
    if (stat(path, &stat_of) != 0) {
        perror(path);
        return 1;
    }
    char type = S_ISDIR(stat_of.st_mode) ? 'd' : S_ISCHR(stat_of.st_mode) ? 'c' : '-';
    printf("%c %3u %8ld %s\n", type, (unsigned)stat_of.st_nlink, (long)stat_of.st_size, name);
    return 0;
}

static int list(const char *name)
{
    struct stat stat_of;
    if (stat(name, &stat_of) != 0) {
        perror(name);
        return 1;
    }
    if (!S_ISDIR(stat_of.st_mode))
        return show(name, name);
    DIR *directory = opendir(name);
    if (directory == NULL) {
        perror(name);
        return 1;
    }
    int failed = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        failed |= show(path, entry->d_name);
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv)
{
    int first = 1, failed = 0;
    if (argc > 1 && strcmp(argv[1], "-l") == 0)
        details = ++first > 1;
    if (first == argc)
        return list(".");
    for (int i = first; i < argc; i++)
        failed |= list(argv[i]);
    return failed;
}
