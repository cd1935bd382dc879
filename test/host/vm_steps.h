/* Any bytes are a program that maps, protects, unmaps, shares and switches, on several harts, with
 * a plain table of pages to compare with. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A breach ends the test. Returns how many steps were made. */
uint64_t vm_steps(const uint8_t *bytes, size_t nbytes);
