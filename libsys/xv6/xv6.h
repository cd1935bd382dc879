/* Prototypes of xv6.c, with the names that user/user.h gives their symbols. */
#pragma once

struct xv6_stat { /* struct stat of kernel/stat.h */
    int device;
    unsigned inode;
    short type, nlinks;
    unsigned long nbytes;
};

int xv6_fork(void);
int xv6_wait(int *status);
int xv6_write(int fd, const void *from, int nbytes);
int xv6_read(int fd, void *to, int nbytes);
int xv6_kill(int pid);
int xv6_exec(const char *path, char **argv);
int xv6_open(const char *path, int flags);
int xv6_mknod(const char *path, short major, short minor);
int xv6_unlink(const char *path);
int xv6_link(const char *old, const char *path);
int xv6_mkdir(const char *path);
int xv6_chdir(const char *path);
int xv6_fstat(int fd, struct xv6_stat *to);
int xv6_stat(const char *path, struct xv6_stat *to);
char *xv6_sbrk(int nbytes);
char *xv6_sbrklazy(int nbytes);
char *xv6_sys_sbrk(int nbytes, int how);
int xv6_sleep(int ticks);
int xv6_uptime(void);
void *xv6_memmove(void *to, const void *from, int nbytes);
char *xv6_strchr(const char *text, char c);
int xv6_atoi(const char *text);
char *xv6_gets(char *to, int limit);
void xv6_fprintf(int fd, const char *format, ...);
void xv6_printf(const char *format, ...);
