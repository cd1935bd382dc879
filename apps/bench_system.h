/* What bench.c needs of the system that it measures: here Holstein; bench_xv6.h says it for xv6. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

/* Of so many pages that were touched once, one is stored to between two runs. A fork narrows whole
 * leaf tables (512 pages), so that this costs it what storing to all would, and the emulator a
 * tenth of the time: `bench fork 1024 101 1` shows it. */
enum { SYSTEM_STRIDE = 64 };

/* Retired instructions, under `-icount shift=0`. */
static inline long counter(void)
{
    long count;
    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

/* With three descriptors open, where there are descriptors. */
static inline void system_start(void)
{
    int next = dup(STDIN_FILENO);
    if (next >= 0 && (next != 3 || close(next) != 0))
        exit(1);
}

/* Becomes a program that ends with success at once. */
static inline void system_exec(void)
{
    static char *const argv[] = {"true", NULL};
    execv(argv[0], argv);
}

/* The whole status of any child; negative: it was killed, or there is none. */
static inline int system_wait(void)
{
    uint32_t status, cause;
    return holstein_wait(-1, &status, &cause) > 0 && cause == CAUSE_EXIT ? (int)status : -1;
}

/* Frames in use and faults by kind so far. 0: not known, or the policy does not copy on write. */
struct counts {
    long taken, upgrades, copies, zeros;
};
int system_counts(struct counts *counts);

/* For the line that is printed. */
const char *system_kernel(void);
const char *system_policy(void);
int system_harts(void);

/* Measured in a way of the system's own. */
int system_syscall(void);
int system_ipc(void);
int system_request(void);
