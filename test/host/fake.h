/* A machine in memory for the pager's core: the third implementation of port.h.
 *
 * It checks what the kernel would refuse, and at each call that no entry points at a free frame and
 * that no private page is writable with more than one owner; a breach prints and ends the test. */
#pragma once
#include "../../pager/process.h"

#define FAKE_FIRST ((pfn_t)0x80400)
enum { FAKE_NPAGES_MAX = 16384, FAKE_IMAGE_NPAGES = 2, FAKE_FOREVER = 1 << 30 };
enum { FAKE_FETCH = 12, FAKE_LOAD = 13, FAKE_STORE = 15 };

enum fake_answer {
    FAKE_ANSWERED,
    FAKE_WAITS, /* no answer now */
    FAKE_GONE,  /* the thread is no more, or runs another program */
};

extern struct fake {
    uint64_t pool_left;  /* leaf tables, spaces and threads that may still be made */
    uint64_t fail_after; /* 0, or the n-th call from now on that may fail does */
    uint64_t fail_count; /* and so many in all */
    uint64_t ncalls;     /* calls that might have failed */
    uint64_t nunlocks;   /* since the start */
    /* What else may happen: after each unlock; at the head of each call down, with the lock held;
     * between an answer with an item and its entry; before an access looks at its entry. */
    void (*at_unlock)(void), (*at_call)(void), (*at_install)(void);
    void (*at_again)(void);    /* a thread is about to ask, or fault, again for a held process */
    void (*at_delivery)(void); /* a message is on its way: before the core's lock is taken */
    void (*at_access)(const struct process *process, uint64_t va, unsigned needed);
    void (*at_map)(struct process *process, uint64_t va, pfn_t first);
    const char *repeat; /* printed with a breach */
    bool gives_up;      /* who has to wait for others does not ask again, for now */
    bool quiet;         /* port_print prints nothing */
    bool lenient;       /* breaches of counts are not looked for: a test makes them */
    uint64_t nprinted;
    uint64_t nwashes;                          /* calls of port_wash */
    uint64_t npieces;                          /* that were not the last of their request */
    uint64_t pc;                               /* of the next accesses */
    uint64_t notified[SERVER_FIRST + SERVERS]; /* bits, by slot */
} fake;

_Noreturn void fake_breach(const char *what, uint64_t number);

/* Makes memory of npages with the archive of fake_archive.c, and starts init. NULL or the core's
 * message. fake_halt: everything ends; all but the pager's own must be free. */
const char *fake_boot(uint64_t npages, uint64_t pool);
void fake_halt(void);
uint64_t fake_audit(void);
unsigned fake_nfaults(void); /* being served */
void fake_fail_after(uint64_t n, uint64_t count);

/* One access by one thread, up to three faults (P1). False: it did not happen, the thread is gone.
 * FAKE_FETCH reads too. */
bool fake_access(struct process *process, unsigned thread, uint64_t va, unsigned cause,
                 uint8_t *byte);
bool fake_load(struct process *process, uint64_t va, uint8_t *byte);
bool fake_store(struct process *process, uint64_t va, uint8_t byte);

/* A request by a thread; the answer, if any, is in word. */
enum fake_answer fake_request(struct process *process, unsigned thread, uint64_t word[6]);
/* By thread 0: the first word of the answer, or FAKE_SILENT. */
int64_t fake_call(struct process *process, uint64_t request, uint64_t a1, uint64_t a2, uint64_t a3);
#define FAKE_SILENT INT64_MIN

/* fork: the child, NULL: refused. exec: the block goes to a page at `block`. */
struct process *fake_fork(struct process *process);
int64_t fake_exec(struct process *process, uint64_t block, const char *path);

/* Would an access succeed by the entry that is there? The process may be gone. */
bool fake_may_access(const struct process *process, uint64_t va, unsigned needed);

/* Is the thread there and not waiting for an answer? The last late answer to it (port_reply). */
bool fake_is_idle(const struct process *process, unsigned thread);
const uint64_t *fake_reply(const struct process *process, unsigned thread);
const struct port_registers *fake_registers(const struct process *process, unsigned thread);

/* It has run so long (port_time), in all. */
void fake_has_run(const struct process *process, uint64_t time);

/* The installed rights, 0: none; *frame may be NULL. fake_corrupt writes an entry past all checks.
 */
unsigned fake_entry(const struct process *process, uint64_t va, pfn_t *frame);
void fake_corrupt(const struct process *process, uint64_t va, pfn_t frame, unsigned rights);
uint64_t fake_nentries(const struct process *process);

/* fake_archive.c: the archive's bytes at `to`; how many. The programs in it: what lies at an
 * address of a program's file. */
uint64_t fake_archive(uint8_t *to);
struct fake_segment {
    uint64_t vaddr, file_nbytes, mem_nbytes;
    unsigned flags; /* ELF's */
};
struct fake_program {
    const char *name;
    uint64_t stack_nbytes; /* 0: no PT_GNU_STACK */
    struct fake_segment segment[3];
};
extern const struct fake_program fake_program[];
const struct fake_program *fake_program_find(const char *name);
/* A program's file, written to `to`. */
const uint8_t *fake_archive_file(const char *name, uint8_t *to, uint64_t *nbytes);
uint8_t fake_program_byte(const struct fake_program *program, uint64_t va);
