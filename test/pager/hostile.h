/* Shared by the hostile pager's start (hostile_pager.c) and its misdeeds (hostile_deeds.c).
 *
 * A misdeed returns 0, or the line where the kernel did what it should have refused. Client code
 * sees its own text and stack, and no variable. */
#pragma once
#include <stdbool.h>

#include "../../libsys/syscall.h"
#include "../../pager/protocol.h"
#include "../kern/line.h"

enum {
    MEM = BOOT_SLOT_MEMORY,
    CTL = BOOT_SLOT_CONTROL,
    DOOR = SLOT_ENDPOINT, /* where the neighbour calls */
    EP = DOOR + 1,        /* where clients call and fault: a slot that the fast path serves */
    SPACES = 16,          /* slots: clients' spaces, and their threads */
    THREADS = 32,
    FLOOD = 512, /* slots of a flood, from here on */
    RW = RIGHT_R | RIGHT_W,
};
#define AT 0x800000000ul /* where clients store */

typedef void client_t(uint64_t, uint64_t);

struct misdeed {
    const char *name;
    int (*commit)(void);
    void (*after)(void); /* it was committed, and the neighbour told; never returns */
};
extern const struct misdeed misdeeds[];
extern const struct boot_info *hostile_info;

pfn_t hostile_frame(void);                                          /* zeroed, never freed */
bool hostile_space(unsigned i);                                     /* with our text, and a stack */
bool hostile_start(unsigned i, client_t *entry, uint64_t argument); /* a thread there */
bool hostile_client(unsigned i, client_t *entry, uint64_t argument); /* both */
uint64_t hostile_number(void);                                       /* as the first pager counts */
bool hostile_hear(struct reception *r);
bool hostile_answer_hear(struct reception *r); /* answers r->badge first */
_Noreturn void hostile_park(void);
