/* Shared by the files of usertests: the table of tests, and how a test fails. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holstein.h"

enum { PAGE = 4096 };

struct usertest {
    const char *name;
    void (*run)(void);
    bool slow; /* left out by -q */
};
extern const struct usertest memory_tests[], process_tests[], exec_tests[], pipe_tests[],
    file_tests[], bad_tests[], full_tests[];
extern const struct usertest typed_test; /* only by name: it wants a line typed */

/* Ends the test with a failure unless the condition holds; FAILS: the call gives -1 and that errno.
 */
#define CHECK(condition) ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, #condition))
#define FAILS(call, number)                             \
    (errno = 0, (long)(call) == -1 && errno == (number) \
                    ? (void)0                           \
                    : test_fail(__FILE__, __LINE__, #call " fails with " #number))
_Noreturn void test_fail(const char *file, int line, const char *why);

pid_t test_fork(void);                             /* can't fail */
void test_join(pid_t child);                       /* must exit with 0 */
void test_dies(pid_t child, int by);               /* must have been ended by that signal */
char *test_map(size_t npages);                     /* private memory, untouched */
int test_file(const char *name, const char *text); /* makes it; a descriptor for both, at 0 */
