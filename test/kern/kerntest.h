/* What the kernel's tests share: slots, helpers, checks.
 *
 * A test returns 0, or the line that failed. It starts with the standing slots below and leaves
 * nothing behind: what it made in slots from FIRST_SLOT to LAST_SLOT is destroyed after it. Child
 * code sees its own text, a stack, and the shared page: no variable of the test program. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "../../libsys/syscall.h"
#include "line.h"

enum {
    SELF = BOOT_SLOT_SPACE,
    MEM = BOOT_SLOT_MEMORY,
    DEV = BOOT_SLOT_DEVICES,
    CTL = BOOT_SLOT_CONTROL,
    CALLS = 4, /* in each space: call right for EP */
    PARK = 5,  /* in each space: an endpoint that nobody notifies */
    EP = 6,    /* where main serves, and faults go; a slot that the fast path serves */
    SLEEP = 7, /* main's own alarm */
    WATCH_NOTE = 10,
    WATCH_THREAD = 11,
    FIRST_SLOT = 16,
    LAST_SLOT = 63,
    EMPTY_SLOT = 100, /* no test fills it */
    FLOOD = 512,      /* from here on: tests that make hundreds, and destroy them themselves */
    FLOOD_END = 8192,
    OWN_BADGE = 0x500,
    ANY_PRIORITY = 10,
};

#define NO_SLOT     (~0ul) /* nobody has one of that number */
#define SHARED_VA   0x700000000ul
#define STACK_VA    0x710000000ul
#define TEST_VA     0x800000000ul /* one leaf and more that no other use needs */
#define LARGE_PAGES ((uint64_t)LEAF_PAGES)
#define LARGE       (LARGE_PAGES * PAGE_SIZE)

struct test {
    const char *name;
    int (*run)(void);
};
extern const struct test ipc_tests[], fault_tests[], fast_tests[], vm_tests[], object_tests[],
    grant_tests[], thread_tests[], device_tests[];

typedef volatile uint64_t word_t;
typedef void child_t(word_t *shared, uint64_t argument);

extern char _start[]; /* the first page of the text */
extern const struct boot_info *info;
extern word_t *shared; /* the page that is at SHARED_VA in every child */

/* kt_raw.S */
void raw_ecall(const uint64_t in[32], uint64_t out[32]);
void raw_fault(const uint64_t in[32], uint64_t out[32]);
void raw_spin(const uint64_t in[32], uint64_t out[32]);
child_t raw_start, raw_forked;

static inline uint64_t now(void)
{
    uint64_t time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

static inline void fence(void)
{
    __asm__ volatile("fence" ::: "memory");
}

void sleep_us(uint64_t us);
bool until(word_t *word, uint64_t value); /* waits for a value; false: not in time */
word_t *window(pfn_t frame);
pfn_t new_frame(void); /* zeroed; all return after the test */
uint64_t new_slot(void);
pfn_t memory_end(void);

/* 0, or a slot. A child space has text, shared page, CALLS (with `badge`) and PARK. */
uint64_t new_endpoint(void);
uint64_t new_space(uint64_t badge);
uint64_t new_thread(uint64_t space, child_t *entry, uint64_t argument); /* stopped */
uint64_t run_thread(uint64_t space, child_t *entry, uint64_t argument, unsigned priority);
bool map_text(uint64_t space);
err_t destroy(uint64_t slot); /* to the end */
err_t stop(uint64_t thread);

/* Receives at EP; false: an error, or nothing came in time. `answer_hear`: answers r->badge first.
 */
bool hear(struct reception *r);
bool hear_within(struct reception *r, uint64_t us);
bool answer_hear(struct reception *r);
err_t answer(uint64_t token, uint64_t word0);

/* A child thread that does as it is told. probe() returns 0 or the cause of the fault. */
enum { PROBE_LOAD = 1, PROBE_STORE, PROBE_EXECUTE };
struct prober {
    uint64_t thread, token, value, address; /* what a load gave; where a fault was */
};
bool prober_start(struct prober *prober, uint64_t space);
long probe(struct prober *prober, unsigned operation, uint64_t va, uint64_t value);

/* For children: never return. */
_Noreturn void child_park(void);
child_t child_call;    /* message arg+1..arg+6; then a6 in word 1, answer in 2-7, 1 in word 0 */
child_t child_count;   /* counts in word `argument` for ever */
child_t child_store;   /* stores 77 at the address `argument`, then 1 in word 0, message 5 */
child_t child_landing; /* message 1234 */
