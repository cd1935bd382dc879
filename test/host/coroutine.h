/* Flows of control that take turns on one thread: the main one, and some that it resumes. */
#pragma once
#include <stdbool.h>

enum { COROUTINES = 2 };

/* Prepares one; nothing of it runs yet. */
void coroutine_start(unsigned number, void (*body)(unsigned number));
/* From the main flow: goes on with it until it yields or its body ends. False: it has ended. */
bool coroutine_resume(unsigned number);
/* From inside one: back to the main flow. */
void coroutine_yield(void);
