/* CHECK counts and goes on. */
#pragma once
#include "fake.h"

extern unsigned check_count, check_failed;
void check_that(bool ok, const char *text, const char *file, int line);
#define CHECK(condition) check_that(condition, #condition, __FILE__, __LINE__)

enum { FEW = 400, PLENTY = 1000 }; /* frames; pool */

/* The machine, and a child of init that runs program a. Ends: all frames are back. */
struct process *check_start(void);
struct process *check_start_in(uint64_t npages); /* in a machine of so many frames */

/* No room below the stack: the next small region has a leaf of its own. */
void check_fill_low(struct process *process);
void check_end(void);
uint64_t check_data(void); /* an address of a's data, shared with the archive at first */
uint64_t check_stack(void);
unsigned check_refs(const struct process *process, uint64_t va); /* 0: no page */
int64_t check_mmap(struct process *process, uint64_t npages, bool shared);
bool check_died(int64_t pid, unsigned cause); /* and reaps it */
void check_drain(uint64_t left);              /* takes all free frames but so many */
void check_refill(void);

void test_structures(void);
void test_memory(void);
void test_processes(void);
void test_exec(void);
void test_windows(void);
void test_audit(void);
void test_services(void);
void test_policies(void);
void test_leaves(void);
void test_lending(void);
void test_laundry(void);
void test_pieces(void);
