/* bench_system.h for xv6: README.md says what else its tree needs. */
#include "kernel/types.h"
#include "user/user.h"

#define _exit          exit
#define system_ipc     0
#define system_request 0
enum { SYSTEM_STRIDE = 1 };
struct counts {
    long taken, upgrades, copies, zeros;
};

static inline long counter(void)
{
    long count;
    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

static __attribute__((noinline)) int measure_getpid(void)
{
    long start = counter();
    getpid();
    return (int)(counter() - start);
}

/* xv6 has no call that yields; where it was given one, that is to be measured here. */
static int system_syscall(void)
{
    return measure_getpid();
}

static inline void system_start(void)
{
}

static inline void system_exec(void)
{
    static char *argv[] = {"true", 0};
    exec(argv[0], argv);
}

static inline int system_wait(void)
{
    int status;
    return wait(&status) > 0 ? status : -1;
}

static inline int system_counts(struct counts *counts)
{
    *counts = (struct counts){0};
    return 0;
}

static inline const char *system_kernel(void)
{
    return "xv6";
}

static inline const char *system_policy(void)
{
    return "cow";
}

static inline int system_harts(void)
{
    return 1;
}
