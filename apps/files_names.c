/* Directories and paths. A directory is a file of entries; each has `.` and `..`, but for one that
 * was removed: that is empty, and nothing can be made in it. */
#include <errno.h>
#include <string.h>

#include "files.h"
#include "../libsys/freestanding/archive.h"

struct inode *root;

static uint64_t name_length(const char *name)
{
    uint64_t n = 0;
    while (name[n] != '\0' && name[n] != '/')
        n++;
    return n;
}

static bool entry_is(const struct directory_entry *entry, const char *name, uint64_t n)
{
    return entry->inode != 0 && memcmp(entry->name, name, n) == 0 &&
           (n == FILE_NAME_MAX || entry->name[n] == '\0');
}

/* The offset of a name's entry, or -ENOENT. */
static int64_t find_entry(struct inode *directory, const char *name, uint64_t n,
                          struct directory_entry *entry)
{
    for (uint64_t at = 0; at < directory->size; at += sizeof *entry)
        if (inode_read(directory, at, entry, sizeof *entry) == sizeof *entry &&
            entry_is(entry, name, n))
            return (int64_t)at;
    return -ENOENT;
}

static int add_entry(struct inode *directory, const char *name, uint64_t n, uint16_t number)
{
    struct directory_entry entry;
    uint64_t at = 0;
    for (; at < directory->size; at += sizeof entry)
        if (inode_read(directory, at, &entry, sizeof entry) == sizeof entry && entry.inode == 0)
            break;
    entry = (struct directory_entry){.inode = number};
    memcpy(entry.name, name, n);
    int64_t written = inode_write(directory, at, &entry, sizeof entry);
    return written == sizeof entry ? 0 : written < 0 ? (int)written : -ENOSPC;
}

/* Follows all of the path but the last `keep` parts; *rest is what is left of it. */
static int walk(struct inode *from, const char *path, bool keep_last, struct inode **found,
                const char **rest)
{
    struct inode *at = *path == '/' ? root : from;
    struct directory_entry entry;
    if (*path == '\0')
        return -ENOENT;
    for (;;) {
        while (*path == '/')
            path++;
        uint64_t n = name_length(path);
        const char *next = path + n;
        while (*next == '/')
            next++;
        if (n == 0 || (keep_last && *next == '\0')) {
            *found = at;
            *rest = path;
            return 0;
        }
        if (n > FILE_NAME_MAX)
            return -ENAMETOOLONG;
        if (at->type != TYPE_DIRECTORY)
            return -ENOTDIR;
        if (find_entry(at, path, n, &entry) < 0)
            return -ENOENT;
        at = &inodes[entry.inode];
        path = next;
    }
}

int path_find(struct inode *from, const char *path, struct inode **inode)
{
    const char *rest;
    int error = walk(from, path, false, inode, &rest);
    uint64_t n = strlen(path);
    if (error == 0 && path[n - 1] == '/' && (*inode)->type != TYPE_DIRECTORY)
        return -ENOTDIR;
    return error;
}

/* The directory and the name in it that a path ends with. EEXIST: the path is the root alone. */
static int find_parent(struct inode *from, const char *path, struct inode **directory,
                       const char **name, uint64_t *n)
{
    int error = walk(from, path, true, directory, name);
    if (error != 0)
        return error;
    *n = name_length(*name);
    if (*n == 0)
        return -EEXIST;
    if (*n > FILE_NAME_MAX)
        return -ENAMETOOLONG;
    return (*directory)->type == TYPE_DIRECTORY ? 0 : -ENOTDIR;
}

int path_make(struct inode *from, const char *path, enum files_type type, struct inode **inode)
{
    struct inode *directory;
    struct directory_entry entry;
    const char *name;
    uint64_t n;
    int error = find_parent(from, path, &directory, &name, &n);
    if (error != 0)
        return error;
    if (directory->nlinks == 0)
        return -ENOENT;
    if (find_entry(directory, name, n, &entry) >= 0)
        return -EEXIST;
    struct inode *made = inode_make(type);
    if (made == NULL)
        return -ENOSPC;
    made->nlinks = 1;
    if (type == TYPE_DIRECTORY && directory->nlinks == UINT16_MAX)
        error = -EMLINK;
    if (type == TYPE_DIRECTORY && error == 0)
        error = add_entry(made, ".", 1, inode_number(made));
    if (type == TYPE_DIRECTORY && error == 0)
        error = add_entry(made, "..", 2, inode_number(directory));
    if (error == 0)
        error = add_entry(directory, name, n, inode_number(made));
    if (error != 0) {
        inode_unlink(made);
        return error;
    }
    if (type == TYPE_DIRECTORY)
        directory->nlinks++; /* its `..` */
    *inode = made;
    return 0;
}

int path_link(struct inode *from, const char *old, const char *new)
{
    struct inode *inode, *directory;
    struct directory_entry entry;
    const char *name;
    uint64_t n;
    int error = path_find(from, old, &inode);
    if (error == 0 && inode->type == TYPE_DIRECTORY)
        error = -EPERM;
    if (error == 0)
        error = find_parent(from, new, &directory, &name, &n);
    if (error != 0)
        return error;
    if (directory->nlinks == 0 || inode->nlinks == 0)
        return -ENOENT;
    if (find_entry(directory, name, n, &entry) >= 0)
        return -EEXIST;
    if (inode->nlinks == UINT16_MAX)
        return -EMLINK;
    error = add_entry(directory, name, n, inode_number(inode));
    if (error == 0)
        inode->nlinks++;
    return error;
}

static bool is_empty(struct inode *directory)
{
    struct directory_entry entry;
    for (uint64_t at = 2 * sizeof entry; at < directory->size; at += sizeof entry)
        if (inode_read(directory, at, &entry, sizeof entry) == sizeof entry && entry.inode != 0)
            return false;
    return true;
}

/* Overwriting an entry that is there needs no block: can't fail. */
int path_unlink(struct inode *from, const char *path, bool directory)
{
    struct inode *parent;
    struct directory_entry entry;
    const struct directory_entry none = {0};
    const char *name;
    uint64_t n;
    int error = find_parent(from, path, &parent, &name, &n);
    if (error != 0)
        return error == -EEXIST ? -EBUSY : error;
    if (entry_is(&(struct directory_entry){1, "."}, name, n) ||
        entry_is(&(struct directory_entry){1, ".."}, name, n))
        return -EINVAL;
    int64_t at = find_entry(parent, name, n, &entry);
    if (at < 0)
        return (int)at;
    struct inode *inode = &inodes[entry.inode];
    if (directory && inode->type != TYPE_DIRECTORY)
        return -ENOTDIR;
    if (inode->type == TYPE_DIRECTORY && !is_empty(inode))
        return -ENOTEMPTY;
    inode_write(parent, (uint64_t)at, &none, sizeof none);
    if (inode->type == TYPE_DIRECTORY) {
        inode_resize(inode, 0); /* `..` may not outlive what it names */
        parent->nlinks--;
    }
    inode_unlink(inode);
    return 0;
}

/* From the inode upwards, written from the end of `path` on. */
int path_of(struct inode *inode, char path[FILE_PATH_MAX])
{
    struct directory_entry entry;
    uint64_t at = FILE_PATH_MAX;
    while (inode != root) {
        if (find_entry(inode, "..", 2, &entry) < 0)
            return -ENOENT;
        struct inode *parent = &inodes[entry.inode];
        uint64_t offset = 0, n;
        for (; offset < parent->size; offset += sizeof entry)
            if (inode_read(parent, offset, &entry, sizeof entry) == sizeof entry &&
                entry.inode == inode_number(inode) && offset >= 2 * sizeof entry)
                break;
        n = strnlen(entry.name, FILE_NAME_MAX);
        if (offset >= parent->size)
            return -ENOENT;
        if (at < n + 1)
            return -ERANGE;
        at -= n;
        memcpy(path + at, entry.name, n);
        path[--at] = '/';
        inode = parent;
    }
    if (at == FILE_PATH_MAX)
        path[--at] = '/';
    memmove(path, path + at, FILE_PATH_MAX - at);
    return (int)(FILE_PATH_MAX - at);
}

/* Every file of the archive, as it lies there, under its name (14 bytes of it). */
static void seed(const void *archive, uint64_t nbytes)
{
    size_t offset = 0;
    struct archive_file file;
    while (archive_next(archive, nbytes, &offset, &file) == 1) {
        char name[FILE_NAME_MAX + 1] = {0};
        struct inode *inode;
        memcpy(name, file.name, file.name_len < FILE_NAME_MAX ? file.name_len : FILE_NAME_MAX);
        if (file.nbytes >= (uint64_t)FILE_BLOCKS_MAX * BLOCK_NBYTES ||
            path_make(root, name, TYPE_FILE, &inode) != 0)
            continue;
        inode->origin = file.data;
        inode->origin_name = file.name;
        inode->size = (uint32_t)file.nbytes;
    }
}

int names_init(const void *archive, uint64_t nbytes)
{
    struct inode *console;
    root = inode_make(TYPE_DIRECTORY);
    root->nlinks = 1;
    int error = add_entry(root, ".", 1, inode_number(root));
    if (error == 0)
        error = add_entry(root, "..", 2, inode_number(root));
    if (error == 0)
        error = path_make(root, "console", TYPE_DEVICE, &console);
    if (error == 0)
        seed(archive, nbytes);
    return error;
}
