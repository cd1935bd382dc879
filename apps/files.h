/* Shared by the parts of the files server. All run in one thread; nothing waits.
 *
 *   files.c        messages: decoding, the loop
 *   files_open.c   clients and their descriptors, open files
 *   files_pipe.c   pipes, and requests that wait for them
 *   files_names.c  directories and paths
 *   files_data.c   inodes, blocks of the arena
 *
 * Errors are -errno. Pointers into a transfer page are read and written by libsys_copy alone: the
 * page may be gone, or change at any time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libsys.h"

enum { INODES_MAX = 1024, BLOCK_NBYTES = 4096, DIRECT_BLOCKS = 6, OPEN_FILES_MAX = 1024 };
enum { INDEX_ENTRIES = BLOCK_NBYTES / 4, FILE_BLOCKS_MAX = DIRECT_BLOCKS + INDEX_ENTRIES };
enum { PIPES_MAX = 256, WAITS_MAX = 8 /* of one client, as it has threads */ };

struct inode {
    uint8_t type;           /* enum files_type, 0: free */
    uint16_t nlinks, nopen; /* freed when both are 0 */
    uint32_t size;
    const uint8_t *origin; /* contents, as long as nobody has written: in the boot archive */
    const char *origin_name;
    uint32_t block[DIRECT_BLOCKS]; /* 0: a hole */
    uint32_t index;                /* a block of further block numbers */
};

/* files_data.c */
extern struct inode inodes[INODES_MAX]; /* [0] is nobody's */
void data_init(char *arena, uint64_t nbytes);
uint32_t block_take(void); /* cleared; 0: none */
void block_free(uint32_t block);
char *block_at(uint32_t block);
uint64_t blocks_free(uint64_t *total);
uint64_t inodes_free(void);
struct inode *inode_make(enum files_type type); /* NULL: none is free */
uint16_t inode_number(const struct inode *inode);
void inode_hold(struct inode *inode);
void inode_drop(struct inode *inode); /* one user less */
void inode_unlink(struct inode *inode);
/* Bytes done, fewer at the end or when the disk is full; EFAULT, ENOSPC, EFBIG if none. */
int64_t inode_read(struct inode *inode, uint64_t offset, void *to, uint64_t nbytes);
int64_t inode_write(struct inode *inode, uint64_t offset, const void *from, uint64_t nbytes);
int inode_resize(struct inode *inode, uint64_t nbytes);

/* files_names.c: paths are NUL-terminated copies, of FILE_PATH_MAX bytes at most. */
extern struct inode *root;
int names_init(const void *archive, uint64_t nbytes);
int path_find(struct inode *from, const char *path, struct inode **inode);
int path_make(struct inode *from, const char *path, enum files_type type, struct inode **inode);
int path_link(struct inode *from, const char *old, const char *new);
int path_unlink(struct inode *from, const char *path, bool directory);
int path_of(struct inode *inode, char path[FILE_PATH_MAX]); /* its length */

/* files_open.c */
enum open_kind { OPEN_FREE, OPEN_INODE, OPEN_CONSOLE, OPEN_PIPE };
struct pipe;
struct open_file { /* what descriptors of several processes may share */
    uint8_t kind;
    uint8_t flags; /* FILES_READABLE, FILES_WRITABLE, FILES_APPEND */
    uint32_t nrefs;
    uint64_t offset;
    struct inode *inode;
    struct pipe *pipe;
};
struct client {
    uint32_t pid; /* 0: nobody */
    struct inode *cwd;
    uint32_t nfds; /* all from here on are free */
    struct open_file *fd[FDS_MAX];
};
extern struct client clients[CONNECTIONS_MAX + 1];
void client_born(uint32_t place, uint32_t pid, uint32_t parent);
void client_dead(uint32_t place);
struct open_file *client_file(const struct client *client, uint64_t fd); /* NULL: EBADF */
int client_open(struct client *client, const char *path, uint64_t flags);
int client_close(struct client *client, uint64_t fd);
int client_dup(struct client *client, uint64_t fd, int64_t to);
int client_pipe(struct client *client, uint64_t fds[2]);

/* files_pipe.c */
uint64_t pipes_open(void);
struct pipe *pipe_make(void); /* NULL: no room */
void pipe_close(struct pipe *pipe, bool writer);
/* True: *result is the answer; false: it comes later. */
bool pipe_read(struct pipe *pipe, uint32_t place, uint64_t token, uint64_t nbytes, bool more,
               int64_t *result); /* more: only what is there */
bool pipe_write(struct pipe *pipe, uint32_t place, uint64_t token, uint64_t nbytes,
                int64_t *result);
void pipe_forget(uint32_t place); /* a client that is gone waits for nothing: EINTR if it is not */

/* files.c; the test's fake has its own. */
char *files_page(uint32_t place);                  /* a client's transfer page */
bool files_answer(uint64_t token, int64_t result); /* false: nobody waits for it any more */

/* A message that was decoded and checked by nobody yet. True: the answer is in `word`. */
bool files_request(uint32_t place, uint32_t pid, uint64_t token, uint64_t word[6]);
