/* The pager's protocol: what a program may ask, by a call of the endpoint in slot SLOT_PAGER.
 *
 * Words a0-a5: a0 the request, then its arguments. Answer: a0 the result, or a negative error of
 * this file (or of ../libsys/freestanding/abi.h), and nothing changed. Addresses and sizes are
 * bytes. */
#pragma once
#include "../libsys/freestanding/abi.h"

enum { PROTOCOL_VERSION = 2 };

/* Slots of a program. PAGER is there from the start (CONTROL too for init and servers), the others
 * after REQ_CONNECT. */
enum {
    SLOT_PAGER = 0,
    SLOT_CONSOLE = 1,
    SLOT_FILES = 2,
    SLOT_CONTROL = 3,  /* console write, once asked for; for init power-off too, for servers
                          interrupts */
    SLOT_ENDPOINT = 4, /* servers: where they receive calls, and notifications of alarms and
                          interrupts; others after REQ_SERVE: calls of their children */
    SLOT_PARENT = 6,   /* if the parent served when it forked: that endpoint, to call */
    SLOT_SECOND = 7,   /* another pager's SLOT_ENDPOINT, after REQ_CONNECT */
    SERVER_FIRST = SLOT_CONSOLE,
    SERVERS = 2,
};

/* What clients' calls of a server carry, minted by the pager: the process's number, which is never
 * used again, and its place in the server's table (0: servers that keep none, and parents). */
#define BADGE_PID(badge)   ((uint32_t)((badge) >> 16))
#define BADGE_INDEX(badge) ((uint32_t)((badge) >> 1 & 0x7fff))
#define BADGE(pid, index)  ((uint64_t)(pid) << 16 | (uint64_t)(index) << 1)
enum { CONNECTIONS_MAX = 500, EVENTS = 508 }; /* places of a server's table; see server_events */

/* A server with a serial port finds its registers here; bits of its notification. */
#define DEVICE_ADDRESS (1ul << 31)
/* NOTE_INTERRUPT comes with the interrupt's number. */
enum { NOTE_EVENT = 1, NOTE_INTERRUPT = 2, NOTE_ALARM = 4, NOTE_IRQ_SHIFT = 8 };

enum request {
    REQ_GETPID,  /* -> own number */
    REQ_GETPPID, /* -> parent's number */
    REQ_FORK,    /* -> child's number; in the child 0. ERR_NOMEM, ERR_POOL, ERR_LIMIT */
    REQ_EXEC,    /* a1 address and a2 size of an argument block in whole private pages; a3 address
                    (of a page) and a4 size of an image, or 0: the path names a program of the
                    archive; does not return. ERR_NOENT, ERR_NOEXEC, ERR_NOMEM, ERR_INVALID,
                    ERR_POOL, ERR_LIMIT (a process with threads needs another place at a server);
                    ERR_AGAIN: another thread faults, ask again */
    REQ_EXIT,    /* a1 status; does not return */
    REQ_WAIT,    /* a1 child's number or -1, a2 nonzero: do not wait -> number (0: none yet),
                    a1 status, a2 cause. ERR_CHILD; ERR_AGAIN: ask again */
    REQ_KILL,    /* a1 number; -1, from init: all but init and servers; a2 enum kill_mode; a3 the
                    status that REQ_WAIT tells of those that end: a signal's number, or 0.
                    ERR_SEARCH, ERR_PERMISSION (init and servers) */
    REQ_SBRK,    /* a1 signed increment, a2 nonzero: though less is free now -> old break.
                    ERR_NOMEM, ERR_INVALID */
    REQ_MMAP,    /* a1 size, a2 RIGHT_…, a3 nonzero: shared -> address. ERR_NOMEM, ERR_INVALID,
                    ERR_LIMIT (regions) */
    REQ_MUNMAP,  /* a1 address, a2 size. ERR_INVALID, ERR_LIMIT (regions), ERR_NOMEM */
    REQ_THREAD,  /* a1 pc, a2 sp, a3 argument, a4 tp -> thread number. ERR_LIMIT, ERR_POOL */
    REQ_THREAD_EXIT, /* a1 own thread number, not 0; a2 address of a word, or 0: when the thread is
                        gone it becomes 0, and who waits there is woken. ERR_INVALID */
    REQ_STATISTICS,  /* a1 enum pager_statistic -> value. ERR_INVALID */
    REQ_AUDIT,       /* init only -> number of violations, a1 frames, a2 free, a3 used, a4 kernel;
                    ERR_AGAIN: a copy is under way */
    REQ_POLICY_NAME, /* a1 index, or -1: the caller's own -> length, name in a1-a5. ERR_NOENT */
    REQ_SERVE,      /* makes an endpoint in SLOT_ENDPOINT, which children forked from now on have in
                       SLOT_PARENT; it goes with the process, or with its threads at exec. ERR_POOL;
                       ERR_PERMISSION: a server asks */
    REQ_POLICY_SET, /* a1-a5 name: policy of the caller and of those that it forks from now on.
                       ERR_NOENT, ERR_LIMIT (too many families), ERR_PERMISSION (servers, and whom
                       its policy limits) */
    REQ_MPROTECT,   /* a1 address, a2 size, a3 RIGHT_…. ERR_INVALID, ERR_LIMIT */
    REQ_PRIORITY,   /* a1 number (0: own), a2 new priority, or -1 -> priority. ERR_SEARCH,
                       ERR_INVALID, ERR_PERMISSION (init and servers) */
    REQ_HANDLER,    /* a1 enum handler_answer -> 0, a1 address, a2 cause, a3 pc. ERR_INVALID */
    REQ_PROCESS, /* a1 number, a2 enum process_info -> the process with the next higher number, or
                    0: none; a1-a5 as that says */
    REQ_SERVER,  /* init only: a1 slot | connections << 8, a3-a5 "name\0argument\0": starts a server
                    -> its number, when it first asks for events: then it needs
                    no more memory. ERR_INVALID, ERR_NOENT, ERR_NOEXEC, ERR_NOMEM, ERR_POOL */
    REQ_CONNECT, /* a1 slot of a server -> 0, or the address of the transfer page shared with it; or
                    SLOT_CONTROL or SLOT_SECOND -> 0. ERR_SEARCH (no such server), ERR_LIMIT,
                    ERR_NOMEM, ERR_POOL */
    REQ_READY, /* servers: they may be called now -> 0, a1 address of the transfer page of place 0,
                  where struct server_events is; 0: it keeps no table */
    REQ_ARCHIVE,   /* servers: maps the boot archive, read only -> address, a1 size. ERR_NOMEM */
    REQ_WORD_WAIT, /* a1 address of a 32-bit word, a2 its value -> 0 when another thread has woken
                      it. ERR_AGAIN: it has another value, or look again; ERR_INVALID */
    REQ_WORD_WAKE, /* a1 address, a2 how many at the most -> how many threads that waited there */
    REQ_PAGER, /* init only: a1 frames, a3-a5 name: starts another pager, a child of init's, which
                  can only be killed, exit, and have memory -> its number. It finds struct boot_info
                  at the address in its a0. ERR_INVALID (no whole leaves), ERR_LIMIT (one is there),
                  ERR_NOENT, ERR_NOEXEC, ERR_NOMEM, ERR_POOL */
    REQ_TIMES, /* -> how long the caller ran, as ticks of the clock saw it, in units of the time
                  base; a1 the same of children that were waited for, with theirs */
};

enum kill_mode { KILL_ONE, KILL_FAMILY /* descendants too */, KILL_PROBE /* nobody */ };

/* The calling thread serves what would end its process for CAUSE_ADDRESS. REGISTER answers at once.
 * The others first answer the fault that was handed over last, if there is one, and then wait for
 * the next. ERR_INVALID: another thread does that. */
enum handler_answer { HANDLER_REGISTER, HANDLER_WAIT, HANDLER_RESUME, HANDLER_KILL };
enum process_info {
    INFO_STATE,  /* a1 parent, a2 enum process_flag, a3 priority, a4-a5 name */
    INFO_PAGES,  /* a1 own, a2 shared with others, a3 not there yet (zero at the first touch),
                    a4 that may be stored to without a fault */
    INFO_FAULTS, /* a1 upgrades, a2 copies, a3 zero-fills, a4 others */
    INFO_PAGE,   /* of the page that holds the address in a3: a1 frame, a2 its owners, a3 rights of
                    its region, a4 rights that are installed; all 0: no page there */
};
enum process_flag { INFO_ZOMBIE = 1, INFO_SERVER = 2, INFO_THREADED = 4 };
enum { PRIORITY_DEFAULT = 16, PRIORITY_PROGRAM_MAX = 24, PRIORITY_SERVER = 28, NAME_NBYTES = 16 };

/* Births and deaths of a server's clients, in order. The pager writes an event and then `head`
 * before it answers whoever caused it; the server looks before it serves each message, and writes
 * `tail` when it has heard them. NOTE_EVENT says that it should look now: many are unread, or a
 * client died while the server said `urgent`. A dead client's page is gone already; its place may
 * be given anew when the death was heard. */
struct server_events {
    uint64_t head, tail; /* how many were ever written; ever heard */
    uint64_t urgent;     /* not 0: somebody may be waiting for a death */
    struct server_event {
        uint32_t pid; /* the client's number */
        uint16_t place;
        uint16_t parent; /* born: its parent's place, or 0: it has just connected; or EVENT_DEAD */
    } event[EVENTS];     /* the n-th, from 0, at n % EVENTS */
};
enum { EVENT_DEAD = 0xffff };

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
    STATISTIC_MAPS,      /* faults answered by an entry alone */
    STATISTIC_AHEAD,     /* pages copied in the fault of a neighbour */
    STATISTIC_WASHED,    /* first touches that found a frame cleared in idle time */
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

/* The argument block of REQ_EXEC: this header, and the arguments, each ending in NUL. The new
 * program finds it at the address in its a0, at the top of its stack. */
enum { PATH_NBYTES_MAX = 100, ARGUMENT_NPAGES_MAX = 32 };
struct argument_block {
    uint32_t nbytes; /* of all */
    uint32_t argc;
    char path[PATH_NBYTES_MAX];
    char strings[];
};
/* a1 of a new program: PROTOCOL_VERSION, and a bit 1 << slot << 8 for each server whose descriptors
 * it has inherited. */
#define START_VERSION(a1)         (0xff & (a1))
#define START_CONNECTED(a1, slot) ((1 & (a1) >> 8 >> (slot)) != 0)
