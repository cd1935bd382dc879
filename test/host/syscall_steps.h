/* Any bytes are system calls, faults and switches of threads on several harts. */
#ifndef TEST_SYSCALL_STEPS_H
#define TEST_SYSCALL_STEPS_H
#include <stddef.h>
#include <stdint.h>

/* A breach ends the test. Returns how many system calls were made. */
uint64_t syscall_steps(const uint8_t *bytes, size_t nbytes);
#endif
