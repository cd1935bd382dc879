/* Clients, their descriptors, and the open files that these lead to. */
#include <errno.h>
#include <string.h>

#include "files.h"

struct client clients[CONNECTIONS_MAX + 1];

static struct open_file open_files[OPEN_FILES_MAX];

static struct open_file *open_make(enum open_kind kind, uint64_t flags)
{
    for (unsigned i = 0; i < OPEN_FILES_MAX; i++) {
        if (open_files[i].kind != OPEN_FREE)
            continue;
        open_files[i] = (struct open_file){
            .kind = (uint8_t)kind,
            .flags = flags & (FILES_READABLE | FILES_WRITABLE | FILES_APPEND),
            .nrefs = 1,
        };
        return &open_files[i];
    }
    return NULL;
}

static void open_drop(struct open_file *file)
{
    if (--file->nrefs > 0)
        return;
    if (file->kind == OPEN_INODE)
        inode_drop(file->inode);
    if (file->kind == OPEN_PIPE)
        pipe_close(file->pipe, (file->flags & FILES_WRITABLE) != 0);
    file->kind = OPEN_FREE;
}

/* The first n descriptors are those of `from`; the client has none yet. */
static void inherit(struct client *client, struct open_file *const *from, uint32_t n)
{
    client->nfds = n;
    for (uint32_t i = 0; i < n; i++) {
        client->fd[i] = from[i];
        if (from[i] != NULL)
            from[i]->nrefs++;
    }
}

/* A process that nobody handed descriptors to has the console as 0, 1 and 2. */
void client_born(uint32_t place, uint32_t pid, uint32_t parent)
{
    struct client *client = &clients[place];
    client->pid = pid;
    client->cwd = parent != 0 ? clients[parent].cwd : root;
    inode_hold(client->cwd);
    if (parent != 0) {
        inherit(client, clients[parent].fd, clients[parent].nfds);
        return;
    }
    struct open_file *console = open_make(OPEN_CONSOLE, FILES_READABLE | FILES_WRITABLE);
    if (console == NULL)
        return;
    console->nrefs = 0;
    inherit(client, (struct open_file *const[]){console, console, console}, 3);
}

/* What stood there before is dropped. */
static void set(struct client *client, uint64_t fd, struct open_file *file)
{
    struct open_file *old = client->fd[fd];
    client->fd[fd] = file;
    if (file != NULL && fd >= client->nfds)
        client->nfds = (uint32_t)fd + 1;
    if (old != NULL)
        open_drop(old);
}

void client_dead(uint32_t place)
{
    struct client *client = &clients[place];
    if (client->pid == 0)
        return;
    pipe_forget(place);
    for (uint32_t i = 0; i < client->nfds; i++)
        set(client, i, NULL);
    inode_drop(client->cwd);
    client->pid = client->nfds = 0;
}

struct open_file *client_file(const struct client *client, uint64_t fd)
{
    return fd < FDS_MAX ? client->fd[fd] : NULL;
}

static int free_fd(const struct client *client)
{
    for (int fd = 0; fd < FDS_MAX; fd++)
        if (client->fd[fd] == NULL)
            return fd;
    return -EMFILE;
}

static int find_or_make(struct client *client, const char *path, uint64_t flags,
                        struct inode **inode)
{
    int error = path_find(client->cwd, path, inode);
    if (error == 0 && (flags & FILES_CREATE) != 0 && (flags & FILES_EXCLUSIVE) != 0)
        return -EEXIST;
    if (error == -ENOENT && (flags & FILES_CREATE) != 0)
        error = path_make(client->cwd, path, TYPE_FILE, inode);
    if (error != 0)
        return error;
    if ((*inode)->type == TYPE_DIRECTORY && (flags & (FILES_WRITABLE | FILES_CREATE)) != 0)
        return -EISDIR;
    if ((*inode)->type != TYPE_DIRECTORY && (flags & FILES_DIRECTORY) != 0)
        return -ENOTDIR;
    return 0;
}

/* The open file is taken first: an error leaves no new file behind. */
int client_open(struct client *client, const char *path, uint64_t flags)
{
    struct inode *inode;
    int fd = free_fd(client);
    if (fd < 0)
        return fd;
    if ((flags & FILES_CREATE) != 0 && (flags & FILES_DIRECTORY) != 0)
        return -EINVAL; /* it would make a file, and then refuse it */
    struct open_file *file = open_make(OPEN_INODE, flags);
    if (file == NULL)
        return -ENFILE;
    int error = find_or_make(client, path, flags, &inode);
    if (error == 0 && inode->nopen == UINT16_MAX)
        error = -ENFILE;
    if (error == 0 && (flags & FILES_TRUNCATED) != 0 && inode->type == TYPE_FILE)
        error = inode_resize(inode, 0);
    if (error != 0) {
        file->kind = OPEN_FREE;
        return error;
    }
    if (inode->type == TYPE_DEVICE) {
        file->kind = OPEN_CONSOLE;
    } else {
        file->inode = inode;
        inode_hold(inode);
    }
    set(client, (uint64_t)fd, file);
    return fd;
}

int client_close(struct client *client, uint64_t fd)
{
    struct open_file *file = client_file(client, fd);
    if (file == NULL)
        return -EBADF;
    set(client, fd, NULL);
    return 0;
}

int client_dup(struct client *client, uint64_t fd, int64_t to)
{
    struct open_file *file = client_file(client, fd);
    if (file == NULL || to < -1 || to >= FDS_MAX)
        return -EBADF;
    if (to == -1)
        to = free_fd(client);
    if (to < 0)
        return (int)to;
    file->nrefs++;
    set(client, (uint64_t)to, file);
    return (int)to;
}

int client_pipe(struct client *client, uint64_t fds[2])
{
    struct open_file *reader = open_make(OPEN_PIPE, FILES_READABLE);
    struct open_file *writer = open_make(OPEN_PIPE, FILES_WRITABLE);
    int first = free_fd(client), error = reader == NULL || writer == NULL ? -ENFILE : 0;
    if (first < 0)
        error = first;
    if (error == 0) {
        client->fd[first] = reader;
        int second = free_fd(client);
        client->fd[first] = NULL;
        fds[0] = (uint64_t)first;
        fds[1] = (uint64_t)second;
        error = second < 0 ? second : 0;
    }
    struct pipe *pipe = error == 0 ? pipe_make() : NULL;
    if (pipe == NULL) {
        if (reader != NULL)
            reader->kind = OPEN_FREE;
        if (writer != NULL)
            writer->kind = OPEN_FREE;
        return error != 0 ? error : -ENFILE;
    }
    reader->pipe = writer->pipe = pipe;
    set(client, fds[0], reader);
    set(client, fds[1], writer);
    return 0;
}
