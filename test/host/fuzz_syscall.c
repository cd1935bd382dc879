/* Fuzzes the kernel's objects, capabilities and system calls: any bytes are calls. */
#include "syscall_steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes)
{
    syscall_steps(bytes, nbytes);
    return 0;
}
