/* What the two files of `conform` share: requests as they are, and the tests of memory. */
#pragma once
#include "syscall.h"
#include "testing.h"

static inline long conform_ask(uint64_t request, uint64_t a, uint64_t b)
{
    return sys_ask(SLOT_PAGER, request, a, b, 0);
}

/* REQ_WAIT; status and cause are the answer's. */
long conform_wait(int64_t pid, bool now, uint32_t *status, uint32_t *cause);

enum { TURNS = 20 }; /* given to others, so that they may get ahead */

void conform_copies(void);
void conform_sbrk(void);
void conform_wild(void);
void conform_exceptions(void);
void conform_memory(void);
