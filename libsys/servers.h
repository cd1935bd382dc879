/* The protocols of console and files: calls of the endpoints in SLOT_CONSOLE and SLOT_FILES.
 *
 * Words a0-a5: a0 the request, then its arguments; answer: a0 the result or -errno. Everything a
 * server believes stands in the words, or was copied out of the transfer page before it was looked
 * at; the page carries names and bytes alone. */
#pragma once
#include "../pager/protocol.h"

enum console_request {
    CONSOLE_WRITE, /* a1 number of bytes, a2-a5 they -> number */
    CONSOLE_READ,  /* a1 how many at most, a2 nonzero: only what is there -> number, a1-a5 they; a
                      line at most; 0: end of file. EAGAIN: ask again */
    CONSOLE_FOREGROUND, /* a1 process that the interrupt key ends, with its descendants; 0: none */
    CONSOLE_SLEEP,      /* a1 time (time base) -> 0 then, or after a second: ask again. EAGAIN */
};
enum { CONSOLE_WRITE_MAX = 32, CONSOLE_READ_MAX = 40 };

/* Names and bytes lie in the transfer page. `fd` is a1 where it is not said otherwise. */
enum files_request {
    FILES_OPEN,    /* a1 FILES_… flags, a2 length of the name -> fd */
    FILES_CLOSE,   /* */
    FILES_DUP,     /* a2 the new number, or -1: the lowest free one -> it */
    FILES_READ,    /* a2 how many (a page at most), a3 nonzero: only what is there -> number, in the
                      page; FILES_IS_CONSOLE */
    FILES_WRITE,   /* a2 how many (a page at most), in the page -> number; FILES_IS_CONSOLE */
    FILES_SEEK,    /* a2 offset, a3 0 start, 1 here, 2 end -> new offset */
    FILES_STAT,    /* -> 0, a1 inode, a2 enum files_type, a3 links, a4 size */
    FILES_STAT_AT, /* a1 length of the name; as FILES_STAT */
    FILES_LINK,    /* a1, a2 lengths of the old and the new name, one behind the other */
    FILES_UNLINK,  /* a1 length; a2 nonzero: it must be a directory */
    FILES_MKDIR,   /* a1 length */
    FILES_MKNOD,   /* a1 length: the console's device */
    FILES_CHDIR,   /* a1 length */
    FILES_GETCWD,  /* -> length, name in the page */
    FILES_PIPE,    /* -> 0, a1 the reading end, a2 the writing end */
    FILES_ORIGIN, /* -> length of the name in the boot archive of an unchanged program, in the page;
                     0: it is none */
    FILES_TRUNCATE, /* a2 size */
    FILES_FREE,     /* -> bytes free, a1 of how many, a2 inodes free, a3 of how many */
    FILES_REQUESTS,
};
#define FILES_IS_CONSOLE 0x10000 /* the console does it, the caller's next call goes there */
enum {
    FILES_READABLE = 1,
    FILES_WRITABLE = 2,
    FILES_CREATE = 4,
    FILES_TRUNCATED = 8,
    FILES_APPEND = 16,
    FILES_EXCLUSIVE = 32,
    FILES_DIRECTORY = 64,
    FILES_CLOEXEC = 128
};
enum files_type { TYPE_DIRECTORY = 1, TYPE_FILE, TYPE_DEVICE, TYPE_PIPE };

enum { FDS_MAX = 32, FILE_NAME_MAX = 14, FILE_PATH_MAX = 256, DIRECTORY_ENTRY_NBYTES = 16 };

/* What reading a directory gives; inode 0: a free entry. */
struct directory_entry {
    uint16_t inode;
    char name[FILE_NAME_MAX]; /* ended by NUL unless it is full */
};
