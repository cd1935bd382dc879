/* <dirent.h>: reading directories. */
#pragma once
#include <sys/types.h>

struct dirent {
    ino_t d_ino;
    char d_name[16];
};
typedef struct directory_stream DIR;

/* NULL and errno: ENOENT, ENOTDIR, EMFILE, ENOMEM. */
DIR *opendir(const char *name);
/* The next entry, overwritten by the next call; NULL: none is left. */
struct dirent *readdir(DIR *directory);
void rewinddir(DIR *directory);
int closedir(DIR *directory);
