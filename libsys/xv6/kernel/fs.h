/* Sizes of files, and what reading a directory gives. */
#pragma once

#define ROOTINO   1
#define BSIZE     1024
#define NDIRECT   12
#define NINDIRECT (BSIZE / sizeof(uint))
#define MAXFILE   (NDIRECT + NINDIRECT) /* blocks; longer files work too */
#define DIRSIZ    14

struct dirent { /* inum 0: a free entry */
    ushort inum;
    char name[DIRSIZ];
};
