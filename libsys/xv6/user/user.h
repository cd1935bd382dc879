/* The calls and library functions of an xv6 program (xv6.c). Those whose meaning differs from the
 * POSIX function of that name have a symbol of their own. A call that fails returns -1. */
#pragma once

struct stat;

int fork(void) __asm__("xv6_fork"); /* fails with NPROC - 3 children */
int exit(int status) __attribute__((noreturn));
int wait(int *status) __asm__("xv6_wait"); /* 32 bits; -1: it was killed */
int pipe(int *fds);
int write(int fd, const void *from, int nbytes) __asm__("xv6_write");
int read(int fd, void *to, int nbytes) __asm__("xv6_read");
int close(int fd);
int kill(int pid) __asm__("xv6_kill");
int exec(const char *path, char **argv) __asm__("xv6_exec");
int open(const char *path, int flags) __asm__("xv6_open");
int mknod(const char *path, short major, short minor) __asm__("xv6_mknod");
int unlink(const char *path) __asm__("xv6_unlink");
int fstat(int fd, struct stat *to) __asm__("xv6_fstat");
int link(const char *old, const char *path) __asm__("xv6_link");
int mkdir(const char *path) __asm__("xv6_mkdir");
int chdir(const char *path) __asm__("xv6_chdir");
int dup(int fd);
int getpid(void);
int sleep(int ticks) __asm__("xv6_sleep"); /* tenths of a second */
int pause(int ticks) __asm__("xv6_sleep"); /* its later name */
int uptime(void) __asm__("xv6_uptime");

/* The old break, or SBRK_ERROR. sbrk gives the pages at once, and fails where there are too few;
 * sbrklazy each at its first touch, which ends the process where there is none. */
#define SBRK_ERROR ((char *)-1)
char *sbrk(int nbytes) __asm__("xv6_sbrk");
char *sbrklazy(int nbytes) __asm__("xv6_sbrklazy");
char *sys_sbrk(int nbytes, int how) __asm__("xv6_sys_sbrk"); /* kernel/vm.h */

int stat(const char *path, struct stat *to) __asm__("xv6_stat");
char *strcpy(char *to, const char *from);
void *memmove(void *to, const void *from, int nbytes) __asm__("xv6_memmove");
char *strchr(const char *text, char c) __asm__("xv6_strchr");
int strcmp(const char *a, const char *b);
void fprintf(int fd, const char *format, ...) __asm__("xv6_fprintf");
void printf(const char *format, ...) __asm__("xv6_printf");
char *gets(char *to, int limit) __asm__("xv6_gets");
uint strlen(const char *text);
void *memset(void *to, int byte, uint nbytes);
void *malloc(uint nbytes);
void free(void *memory);
int atoi(const char *text) __asm__("xv6_atoi");
int memcmp(const void *a, const void *b, uint nbytes);
void *memcpy(void *to, const void *from, uint nbytes);
