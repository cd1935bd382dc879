/* Memory mapping, anonymous only: <sys/mman.h> as POSIX names it. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define PROT_NONE     0
#define PROT_READ     1
#define PROT_WRITE    2
#define PROT_EXEC     4
#define MAP_SHARED    1
#define MAP_PRIVATE   2
#define MAP_FIXED     16
#define MAP_ANONYMOUS 32
#define MAP_FAILED    ((void *)-1)

/* Only MAP_ANONYMOUS, at an address of the system's choice, whatever `address` and `file` say:
 * EINVAL for MAP_FIXED, and for a file. */
void *mmap(void *address, size_t nbytes, int protection, int flags, int file, off_t offset);
int munmap(void *address, size_t nbytes);
/* Not for the heap: EINVAL. EAGAIN: too many regions. */
int mprotect(void *address, size_t nbytes, int protection);
