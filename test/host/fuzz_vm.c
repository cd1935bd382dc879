/* Fuzzes page tables, fences and spaces: any bytes are a program of steps. */
#include "vm_steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes)
{
    vm_steps(bytes, nbytes);
    return 0;
}
