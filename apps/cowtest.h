/* Shared by the files of cowtest. */
#ifndef COWTEST_H
#define COWTEST_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "holstein.h"

enum { PAGE = 4096, SHARED_WORDS = 64 };

/* Ends the process with a failure unless the condition holds. */
#define CHECK(condition) ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, #condition))
_Noreturn void test_fail(const char *file, int line, const char *why);

/* The policy's economy, as it declares it. */
extern bool test_lazy_fork, test_upgrades;

/* A page that all children of this process share for good. */
struct shared {
    _Atomic long word[SHARED_WORDS];
};
struct shared *test_shared(void);
void test_await(_Atomic long *word, long value); /* until it is at least that */

long test_free_pages(void);
char *test_pages(size_t npages); /* private, touched: each page starts with 1 */
pid_t test_fork(void);
void test_join(int nchildren); /* each must have exited with 0 */

/* cowtest_faults.c */
void test_text(void);
void test_stack(void);
void test_oom(void);
void test_atomic(void);
/* cowtest_calls.c */
void test_mmap(void);
void test_sbrk(void);
void test_exec(void);
int test_exec_child(const char *argument);
void test_deep(void);
void test_bad(void);
void test_kill(void);
void test_serve(void);
/* cowtest_files.c */
void test_file(void);
/* cowtest_threads.c */
void test_stale(void);
void test_threads(void);
void test_waiters(void);
void test_torn(void);
void test_execs(void);
#endif
