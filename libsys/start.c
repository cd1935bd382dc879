/* Start-up: thread-local storage, arguments, main. */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>

#include "libsys.h"

extern char __tdata_start[], __tdata_end[], __tls_block[];
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);

uint64_t libsys_first_a1;

_Noreturn void libsys_start(struct argument_block *block, uint64_t start);
extern int main(int argc, char **argv);

/* The strings lie in the block one after another. */
static void find_arguments(struct argument_block *block, char **argv)
{
    char *at = block->strings;
    for (uint32_t i = 0; i < block->argc; i++, at += strlen(at) + 1)
        argv[i] = at;
    argv[block->argc] = NULL;
}

_Noreturn void libsys_start(struct argument_block *block, uint64_t start)
{
    libsys_first_a1 = start;
    libsys_connected = START_CONNECTED(start, SLOT_FILES);
    memcpy(__tls_block, __tdata_start, (size_t)(__tdata_end - __tdata_start));
    char **argv = alloca((block->argc + 1) * sizeof *argv);
    find_arguments(block, argv);
    for (void (**f)(void) = __init_array_start; f < __init_array_end; f++)
        (*f)();
    exit(main((int)block->argc, argv));
}
