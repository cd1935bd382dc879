/* Any bytes are system calls, faults and switches of threads on several harts. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A breach ends the test. Returns how many system calls were made. */
uint64_t syscall_steps(const uint8_t *bytes, size_t nbytes);
