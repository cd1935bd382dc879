/* Directory streams: a descriptor, and entries as the files server keeps them. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "servers.h"

enum { ENTRIES = 16 };

struct directory_stream {
    int fd;
    unsigned n, next;
    struct directory_entry entry[ENTRIES];
    struct dirent current;
};

DIR *opendir(const char *name)
{
    int fd = open(name, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return NULL;
    DIR *directory = malloc(sizeof *directory);
    if (directory == NULL) {
        close(fd);
        return NULL;
    }
    directory->fd = fd;
    directory->n = directory->next = 0;
    return directory;
}

struct dirent *readdir(DIR *directory)
{
    for (;;) {
        if (directory->next == directory->n) {
            ssize_t n = read(directory->fd, directory->entry, sizeof directory->entry);
            if (n < DIRECTORY_ENTRY_NBYTES)
                return NULL;
            directory->n = (unsigned)n / DIRECTORY_ENTRY_NBYTES;
            directory->next = 0;
        }
        const struct directory_entry *entry = &directory->entry[directory->next++];
        if (entry->inode == 0)
            continue;
        directory->current.d_ino = entry->inode;
        memcpy(directory->current.d_name, entry->name, FILE_NAME_MAX);
        directory->current.d_name[FILE_NAME_MAX] = '\0';
        return &directory->current;
    }
}

void rewinddir(DIR *directory)
{
    lseek(directory->fd, 0, SEEK_SET);
    directory->n = directory->next = 0;
}

int closedir(DIR *directory)
{
    int result = close(directory->fd);
    free(directory);
    return result;
}
