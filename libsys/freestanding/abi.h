/* The system-call interface: numbers, registers, rights, errors. Kernel, pagers and programs read
 * it.
 *
 * General call: number in a7, arguments in a0-a5 (SYS_REPLY has its token in a6, SYS_CONSOLE_WRITE
 *   its slot and the number of bytes: libsys/syscall.h), result in a0 (negative: an error below)
 * and a1. ra, sp, gp, tp and s0-s11 are preserved, every other register is clobbered.
 *
 * SYS_CALL: a6 = slot of an endpoint, a0-a5 = message. Returns the answer in a0-a5 and a6 = 0, or
 *   a6 = error and no answer. Preserves what a general call does.
 *
 * SYS_REPLY_RECEIVE: a6 = token to answer (0: none), a0-a5 = answer, t3 = slot of the endpoint to
 * wait at, and a map item for the space of an answered fault: t0 = address | rights (0: no item),
 * t1 = frame number, t2 = slot of the memory. Returns a7 = token, a6 = badge and a0-a5 = message;
 * or a7 = 0, a6 = 0 and a0 = the endpoint's notification; or a7 = 0, a6 = NO_BADGE and a0 = error,
 * and then nothing was answered or received, and a1-a5 are as they were; but ERR_DEAD and ERR_AGAIN
 * end the wait that comes after the answer. Clobbers every register but sp, gp and tp.
 *
 * SYS_RECALL: a6 = token of a call in slot 0, a0-a5 = words. The caller makes that call again, with
 * these words, when it is its turn to run: so a server that needs long lets others run, and be
 * served, in between. Returns 0, ERR_TOKEN, or ERR_STATE (a fault: its answer brings it back).
 *
 * SYS_URGENT: a0 = slot of an endpoint where the server receives. Returns 1 if something waits
 * there, or a thread that should run before the one whose message the server received last; else 0.
 *
 * Answer to a fault: a0 = 0 resumes where the fault was, another a0 is the new pc; a1-a5 are
 * unused. A fault's message: a0 = faulting address (stval), a1 = cause (scause), a2 = pc, a3-a5
 * undefined; its badge has bit 0 set, which no capability's badge has.
 */
#pragma once

#define SYS_CALL            0
#define SYS_REPLY_RECEIVE   1
#define SYS_YIELD           2
#define SYS_REPLY           3
#define SYS_NOTIFY          4
#define SYS_MAP             5
#define SYS_PROTECT         6
#define SYS_UNMAP           7
#define SYS_SHARE           8
#define SYS_NEXT            9
#define SYS_CREATE          10
#define SYS_DESTROY         11
#define SYS_CAP_INSTALL     12
#define SYS_CAP_REMOVE      13
#define SYS_GRANT           14
#define SYS_THREAD_SET      15
#define SYS_THREAD_START    16
#define SYS_THREAD_STOP     17
#define SYS_THREAD_PRIORITY 18
#define SYS_IRQ_ATTACH      19
#define SYS_IRQ_ACKNOWLEDGE 20
#define SYS_ALARM           21
#define SYS_CONSOLE_WRITE   22
#define SYS_POWER_OFF       23
#define SYS_STATISTICS      24
#define SYS_RECALL          25
#define SYS_URGENT          26
#define SYS_LAST            26

/* Errors of the kernel; pagers number theirs from -64 down (pager/protocol.h). */
#define ERR_NUMBER     (-1)  /* no such system call, type or index */
#define ERR_CAPABILITY (-2)  /* empty slot, dead object, wrong type or missing right */
#define ERR_ADDRESS    (-3)  /* misaligned, or not below MEMORY_WINDOW */
#define ERR_LENGTH     (-4)  /* zero, or too long */
#define ERR_RIGHTS     (-5)  /* none at all, or write without read */
#define ERR_MEMORY     (-6)  /* frames that this memory capability does not cover */
#define ERR_POOL       (-7)  /* kernel pool used up; nothing was changed */
#define ERR_AGAIN      (-8)  /* not yet: repeat the call */
#define ERR_DEAD       (-9)  /* the partner is gone */
#define ERR_TOKEN      (-10) /* stale or forged reply token */
#define ERR_STATE      (-11) /* the object is in no state for that; nobody destroys himself */
#define ERR_NONE       (-12) /* nothing there */

/* Rights of a page, in the low bits of an address. W needs R. */
#define RIGHT_R     1
#define RIGHT_W     2
#define RIGHT_X     4
#define RIGHTS_MASK 7

/* Types of objects. Arguments of SYS_CREATE: for a space the slot of the endpoint for its faults
 * (the caller made it, and gave no other space the right to receive there, nor may it later) and a
 * badge (even), with which its slot 0 may call that endpoint; for a thread the slot of its space, a
 * priority, and in a5 either 0 or the token of a call that the maker holds, from a space that it
 * made: registers as if that had been answered with zeros. */
#define TYPE_NONE     0
#define TYPE_SPACE    1
#define TYPE_THREAD   2
#define TYPE_ENDPOINT 3
#define TYPE_MEMORY   4 /* by grant only */
#define TYPE_CONTROL  5 /* no object behind it: its rights say what may be asked */
#define NO_BADGE      (~0ul)

/* Rights of capabilities. */
#define CAP_CALL        1
#define CAP_RECEIVE     2
#define CAP_NOTIFY      4   /* and let alarms and interrupts do so */
#define CAP_MANAGE      64  /* space, thread, memory: change it; by SYS_CREATE and at boot alone */
#define CAP_OWNER       128 /* made here: the object dies with this space */
#define CONTROL_CREATE  1
#define CONTROL_CONSOLE 2
#define CONTROL_POWER   4
#define CONTROL_IRQ     8

/* Tokens: the thread's place, from 1, in the low 24 bits; the count of its messages above. */
#define TOKEN_SHIFT 24

/* Limits. */
#define PRIORITIES    32          /* 0 the lowest */
#define USER_LIMIT    (1ul << 38) /* Sv39: lower half */
#define SLOTS_INLINE  8           /* slots that every space has without asking the pool */
#define SLOTS_MAX     65536
#define PAGE_SHIFT    12
#define PAGE_SIZE     4096
#define LEAF_PAGES    512 /* pages that one leaf table covers, and bytes */
#define LEAF_SPAN     (1ul << 21)
#define MEMORY_WINDOW (1ul << 37) /* a memory's frame f is seen there + f * PAGE_SIZE */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Indices of SYS_STATISTICS. TIME: of the space in the slot in a1, in the time base, as ticks saw
 * it run. */
enum { STAT_POOL_FREE, STAT_POOL_TOTAL, STAT_HARTS, STAT_TIMEBASE, STAT_SHOOTDOWNS, STAT_TIME };

/* Slots of the first program of the archive at its start. */
enum { BOOT_SLOT_SPACE, BOOT_SLOT_MEMORY, BOOT_SLOT_DEVICES, BOOT_SLOT_CONTROL };

typedef uint64_t pfn_t; /* physical address / PAGE_SIZE */
typedef long err_t;     /* 0, or one of the errors above */

/* The two halves of a word that is address | rights. */
static inline uint64_t item_address(uint64_t item)
{
    return item & ~(uint64_t)RIGHTS_MASK;
}

static inline unsigned item_rights(uint64_t item)
{
    return (unsigned)item & RIGHTS_MASK;
}

enum { BOOT_ARGUMENTS_MAX = 2048, BOOT_VERSION = 2, BOOT_OTHERS_MAX = 7 };

/* Consecutive frames. */
struct frame_run {
    pfn_t first;
    uint64_t npages;
};

/* What the first program finds at the address in its a0 (one read-only page). */
struct boot_info {
    uint64_t version;
    pfn_t memory_first; /* its memory: first frame and number of frames of the largest run, which */
    uint64_t memory_npages; /* holds the archive; the other runs, each on 2 MiB boundaries: */
    struct frame_run other[BOOT_OTHERS_MAX];
    uint64_t nothers;
    uint64_t image_npages;  /* frames from memory_first on that hold the program itself */
    uint64_t total_npages;  /* all memory of the machine */
    uint64_t device_npages; /* frames below all memory: the device memory covers them */
    uint64_t archive_start; /* physical address of the boot archive (page-aligned) */
    uint64_t archive_nbytes;
    uint64_t timebase_hz;
    uint64_t nharts;
    uint64_t console_address, console_irq; /* of a 16550 serial port; 0: none */
    char arguments[BOOT_ARGUMENTS_MAX];    /* NUL-terminated */
};
#endif
