/* The pager's protocol: what a program may ask, by a call of the endpoint in slot SLOT_PAGER.
 *
 * Words a0-a5: a0 the request, then its arguments. Answer: a0 the result, or a negative error of
 * this file (or of kern/abi.h), and nothing changed. Addresses and sizes are bytes. */
#ifndef PAGER_PROTOCOL_H
#define PAGER_PROTOCOL_H
#include "../kern/abi.h"

enum { PROTOCOL_VERSION = 1 };

/* Slots that every program starts with. */
enum {
    SLOT_PAGER = 0,
    SLOT_CONTROL = 3, /* console write; for init power-off too */
};

enum request {
    REQ_GETPID,  /* -> own number */
    REQ_GETPPID, /* -> parent's number */
    REQ_FORK,    /* -> child's number; in the child 0. ERR_NOMEM, ERR_POOL, ERR_LIMIT */
    REQ_EXEC,    /* a1 address and a2 size of an argument block in whole private pages; does not
                    return. ERR_NOENT, ERR_NOEXEC, ERR_NOMEM, ERR_INVALID */
    REQ_EXIT,    /* a1 status; does not return */
    REQ_WAIT,    /* a1 child's number or -1, a2 nonzero: do not wait -> number (0: none yet),
                    a1 status, a2 cause. ERR_CHILD; ERR_AGAIN: ask again */
    REQ_KILL,    /* a1 number; -1, from init: all but init. ERR_SEARCH, ERR_PERMISSION (init and
                    servers) */
    REQ_SBRK,    /* a1 signed increment -> old break. ERR_NOMEM, ERR_INVALID */
    REQ_MMAP,    /* a1 size, a2 RIGHT_…, a3 nonzero: shared -> address. ERR_NOMEM, ERR_INVALID */
    REQ_MUNMAP,  /* a1 address, a2 size. ERR_INVALID */
    REQ_THREAD,  /* a1 pc, a2 sp, a3 argument, a4 tp -> thread number. ERR_LIMIT, ERR_POOL */
    REQ_THREAD_EXIT, /* a1 own thread number, not 0. ERR_INVALID */
    REQ_STATISTICS,  /* a1 enum pager_statistic -> value. ERR_INVALID */
    REQ_AUDIT,       /* init only -> number of violations, a1 frames, a2 free, a3 used, a4 kernel;
                    ERR_AGAIN: a copy is under way */
    REQ_POLICY_NAME, /* a1 index, or -1: the caller's own -> length, name in a1-a5. ERR_NOENT */
    REQ_POLICY_SET, /* init only: a1-a5 name: policy of the caller and its descendants. ERR_NOENT */
};

enum pager_statistic {
    STATISTIC_FREE,     /* frames */
    STATISTIC_TOTAL,    /* frames that the pager holds */
    STATISTIC_UPGRADES, /* faults answered by an upgrade, of all programs since the start */
    STATISTIC_COPIES,
    STATISTIC_ZEROS,
    STATISTIC_OWN_PAGES, /* pages in the caller's map */
    STATISTIC_POLICY,    /* flags below, of the caller's policy */
    STATISTIC_REPLACED,  /* illegal verdicts of policies */
    STATISTIC_IN_KERNEL, /* 1: this pager is linked into the kernel */
};
enum { POLICY_IS_LAZY = 1, POLICY_UPGRADES = 2, POLICY_NAME_NBYTES = 39 };

/* Why a process ended: 0, it exited. */
enum death_cause {
    CAUSE_EXIT,
    CAUSE_KILLED,      /* by request */
    CAUSE_MEMORY,      /* none left at a fault */
    CAUSE_ADDRESS,     /* no page there, or not for that access */
    CAUSE_INSTRUCTION, /* illegal instruction or breakpoint */
    CAUSE_ALIGNMENT,   /* misaligned atomic or fetch, or an access that the machine refused */
};

#define ERR_NOMEM      (-64)
#define ERR_INVALID    (-65)
#define ERR_NOENT      (-66)
#define ERR_NOEXEC     (-67)
#define ERR_CHILD      (-68)
#define ERR_SEARCH     (-69)
#define ERR_PERMISSION (-70)
#define ERR_LIMIT      (-71)

/* The argument block of REQ_EXEC: this header, then the path, then the arguments, each ending in
 * NUL. The new program finds it at the address in its a0, at the top of its stack. */
struct argument_block {
    uint32_t nbytes; /* header and strings */
    uint32_t argc;   /* arguments, without the path */
    char strings[];
};
enum { PATH_NBYTES_MAX = 100, ARGUMENT_NPAGES_MAX = 32 };

#endif
