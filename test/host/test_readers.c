/* Tests the readers of device tree, archive, ELF and boot line against samples that they write
 * themselves. With an argument, also against a blob from QEMU: -M virt -smp 4 -m 256M, any -append.
 */
#include "sample.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    test_dt();
    if (argc > 1)
        test_dt_qemu(argv[1]);
    test_archive();
    test_elf();
    test_bootline();
    printf("readers: %d checks, %d failed\n", nchecks, nfailed);
    return nfailed != 0;
}
