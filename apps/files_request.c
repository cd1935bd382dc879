/* The files server's messages: every word is hostile until it was checked here. */
#include <errno.h>
#include <string.h>

#include "files.h"

/* A name out of the client's page, before anybody looks at it. */
static int get_name(uint32_t place, uint64_t at, uint64_t n, char name[FILE_PATH_MAX + 1])
{
    if (n == 0)
        return -ENOENT;
    if (n > FILE_PATH_MAX || at > PAGE_SIZE - n)
        return -ENAMETOOLONG;
    if (libsys_copy(name, files_page(place) + at, n) != 0)
        return -EFAULT;
    name[n] = '\0';
    return strlen(name) == n ? 0 : -EINVAL;
}

static int64_t put_name(uint32_t place, const char *name, uint64_t n)
{
    return libsys_copy(files_page(place), name, n) == 0 ? (int64_t)n : -EFAULT;
}

/* Read and write; true: *result is the answer. */
static bool transfer(struct client *client, uint32_t place, uint64_t token, const uint64_t word[6],
                     int64_t *result)
{
    struct open_file *file = client_file(client, word[1]);
    bool writes = word[0] == FILES_WRITE;
    uint64_t nbytes = word[2];
    *result = -EBADF;
    if (file == NULL || (file->flags & (writes ? FILES_WRITABLE : FILES_READABLE)) == 0)
        return true;
    *result = -EINVAL;
    if (nbytes > PAGE_SIZE)
        return true;
    if (file->kind == OPEN_PIPE)
        return writes ? pipe_write(file->pipe, place, token, nbytes, result)
                      : pipe_read(file->pipe, place, token, nbytes, word[3] != 0, result);
    *result = FILES_IS_CONSOLE;
    if (file->kind == OPEN_CONSOLE)
        return true;
    if (writes && (file->flags & FILES_APPEND) != 0)
        file->offset = file->inode->size;
    *result = writes ? inode_write(file->inode, file->offset, files_page(place), nbytes)
                     : inode_read(file->inode, file->offset, files_page(place), nbytes);
    if (*result > 0)
        file->offset += (uint64_t)*result;
    return true;
}

static int64_t seek(const struct client *client, const uint64_t word[6])
{
    struct open_file *file = client_file(client, word[1]);
    if (file == NULL)
        return -EBADF;
    if (file->kind != OPEN_INODE)
        return -ESPIPE;
    uint64_t start = word[3] == 0 ? 0 : word[3] == 1 ? file->offset : file->inode->size;
    int64_t offset;
    if (word[3] > 2 || __builtin_add_overflow((int64_t)start, (int64_t)word[2], &offset) ||
        offset < 0)
        return -EINVAL;
    file->offset = (uint64_t)offset;
    return offset;
}

static int64_t tell(const struct inode *inode, uint64_t word[6])
{
    word[1] = inode_number(inode);
    word[2] = inode->type;
    word[3] = inode->nlinks;
    word[4] = inode->size;
    return 0;
}

static int64_t tell_open(const struct client *client, uint64_t word[6])
{
    const struct open_file *file = client_file(client, word[1]);
    if (file == NULL)
        return -EBADF;
    if (file->kind == OPEN_INODE)
        return tell(file->inode, word);
    word[1] = 0;
    word[2] = file->kind == OPEN_PIPE ? TYPE_PIPE : TYPE_DEVICE;
    word[3] = 1;
    word[4] = 0;
    return 0;
}

static int64_t origin(const struct client *client, uint32_t place, uint64_t fd)
{
    const struct open_file *file = client_file(client, fd);
    if (file == NULL || file->kind != OPEN_INODE)
        return -EBADF;
    const struct inode *inode = file->inode;
    if (inode->origin == NULL)
        return 0;
    uint64_t n = strlen(inode->origin_name);
    return n >= PATH_NBYTES_MAX ? 0 : put_name(place, inode->origin_name, n);
}

static int64_t truncate_open(const struct client *client, uint64_t fd, uint64_t nbytes)
{
    const struct open_file *file = client_file(client, fd);
    if (file == NULL || (file->flags & FILES_WRITABLE) == 0)
        return -EBADF;
    return file->kind == OPEN_INODE ? inode_resize(file->inode, nbytes) : -EINVAL;
}

static int64_t change_directory(struct client *client, struct inode *inode)
{
    if (inode->type != TYPE_DIRECTORY)
        return -ENOTDIR;
    if (inode->nopen == UINT16_MAX)
        return -ENFILE;
    inode_hold(inode);
    inode_drop(client->cwd);
    client->cwd = inode;
    return 0;
}

/* Requests about names: where the name's length stands differs. */
static int64_t named(struct client *client, uint32_t place, uint64_t word[6])
{
    char name[FILE_PATH_MAX + 1], other[FILE_PATH_MAX + 1];
    struct inode *inode;
    int64_t error = get_name(place, 0, word[0] == FILES_OPEN ? word[2] : word[1], name);
    if (error == 0 && word[0] == FILES_LINK)
        error = get_name(place, word[1], word[2], other);
    if (error != 0)
        return error;
    switch (word[0]) {
    case FILES_OPEN: return client_open(client, name, word[1]);
    case FILES_LINK: return path_link(client->cwd, name, other);
    case FILES_UNLINK: return path_unlink(client->cwd, name, word[2] != 0);
    case FILES_MKDIR: return path_make(client->cwd, name, TYPE_DIRECTORY, &inode);
    case FILES_MKNOD: return path_make(client->cwd, name, TYPE_DEVICE, &inode);
    default: break;
    }
    error = path_find(client->cwd, name, &inode);
    if (error != 0)
        return error;
    return word[0] == FILES_CHDIR ? change_directory(client, inode) : tell(inode, word);
}

static int64_t current_directory(const struct client *client, uint32_t place)
{
    char path[FILE_PATH_MAX];
    int n = path_of(client->cwd, path);
    return n < 0 ? n : put_name(place, path, (uint64_t)n);
}

static int64_t space(uint64_t word[6])
{
    int64_t nbytes = (int64_t)blocks_free(&word[1]);
    word[2] = inodes_free();
    word[3] = INODES_MAX - 1;
    return nbytes;
}

bool files_request(uint32_t place, uint32_t pid, uint64_t token, uint64_t word[6])
{
    struct client *client = &clients[place <= CONNECTIONS_MAX ? place : 0];
    int64_t result = -EBADF;
    if (client->pid != pid || pid == 0) {
        word[0] = (uint64_t)result;
        return true;
    }
    switch (word[0]) {
    case FILES_READ:
    case FILES_WRITE:
        if (!transfer(client, place, token, word, &result))
            return false;
        break;
    case FILES_CLOSE: result = client_close(client, word[1]); break;
    case FILES_DUP: result = client_dup(client, word[1], (int64_t)word[2]); break;
    case FILES_SEEK: result = seek(client, word); break;
    case FILES_STAT: result = tell_open(client, word); break;
    case FILES_GETCWD: result = current_directory(client, place); break;
    case FILES_PIPE: result = client_pipe(client, &word[1]); break;
    case FILES_ORIGIN: result = origin(client, place, word[1]); break;
    case FILES_TRUNCATE: result = truncate_open(client, word[1], word[2]); break;
    case FILES_FREE: result = space(word); break;
    default: result = word[0] < FILES_REQUESTS ? named(client, place, word) : -ENOSYS;
    }
    word[0] = (uint64_t)result;
    return true;
}
