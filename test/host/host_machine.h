/* Harts and a pool for kernel code on the host. Each hart has a TLB that forgets nothing by itself,
 * so that a fence too few shows. */
#pragma once
#include "../../kern/space.h"
#include "../../kern/thread.h"

enum { HOST_HARTS = 3, HOST_POOL_NPAGES_MAX = 2048, HOST_TLB = 64 };

extern struct host {
    unsigned hart;                /* the one that runs the kernel's code */
    void (*at_fence)(void);       /* before each fence of translations */
    uint64_t nfences[HOST_HARTS]; /* of translations, and of code */
    uint64_t ncode_fences[HOST_HARTS];
    uint64_t interrupted; /* harts, by others, that have not looked why */
    const char *repeat;   /* printed with a breach */
} host;

_Noreturn void host_breach(const char *what, uint64_t number);

/* A pool of so many frames, harts that run nothing, empty TLBs. */
void host_start(uint64_t pool_npages, unsigned asid_bits);

/* A load by a hart of what it runs: fills its TLB. The entry it goes by; 0: a fault. */
uint64_t host_touch(unsigned hart, uint64_t va);

/* No hart holds, for a space that it could run without a fence, an entry that allows what the
 * tables don't (any more). */
void host_check_tlbs(void);

/* The valid leaf entry in a space's tables, or 0. */
uint64_t host_walk(const uint64_t *root, uint64_t va);
uint64_t host_frames_in_use(void); /* of the pool, but for objects' */
