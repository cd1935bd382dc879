/* Shared by the files of cowtest. */
#pragma once
#include "testing.h"

/* cowtest_faults.c */
void test_idle(void);
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
