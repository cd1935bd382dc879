/* What programs of tests share. A test runs in a process of its own; the frames in use after it
 * must be those before. */
#pragma once
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
/* Free frames are those of before. Under a policy without an economy this process may have been
 * given some of its pages more than once, or early. */
bool test_frames_are(long before);
char *test_pages(size_t npages); /* private, touched: each page starts with 1 */
pid_t test_fork(void);
void test_join(int nchildren); /* each must have exited with 0 */

struct test {
    const char *name;
    void (*function)(void);
};

/* Runs those that the arguments name, or all: prints `PROG: NAME ok` or `PROG: NAME FAILED why` for
 * each. 0: all went well; 1; 2: there is no such test. */
int test_main(const struct test *tests, size_t ntests, int argc, char **argv);
