/* Shared by the files of threadtest. */
#pragma once
#include <pthread.h>

#include "testing.h"

enum { OTHERS_MAX = 7 }; /* threads of a process besides the first */

pthread_t test_thread(void *(*function)(void *), void *argument);
void *test_joined(pthread_t thread); /* its result */

/* threadtest_process.c */
void test_fork_one(void);
void test_exec_one(void);
void test_exec_pipe(void);
int test_exec_child(const char *argument);
void test_exit_all(void);
void test_kill_all(void);
void test_fault_all(void);
void test_guard(void);
void test_last(void);

/* threadtest_streams.c */
void test_streams_exit(void);
void test_streams_fork(void);
void test_streams_exec(void);
