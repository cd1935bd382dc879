/* The locks that picolibc asks for, in programs with threads. */
#pragma once

/* From the first thread that is made: each of the three streams gets a lock of its own. */
void retarget_streams(void);

/* In the child of a fork, under the lock below: streams that other threads were using are free, and
 * empty. */
void retarget_child(void);

/* Nobody is inside malloc while a fork copies it. */
void retarget_lock_libc(void);
void retarget_unlock_libc(void);
