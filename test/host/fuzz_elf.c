/* Fuzzes the ELF reader: any bytes are an executable, under a small and under the largest limit. */
#include "sound.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes)
{
    static const uint64_t limits[] = {(uint64_t)1 << 38, UINT64_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct elf_image image;
        enum elf_error error = elf_read(bytes, nbytes, limits[i], &image);
        if (!sound_elf(nbytes, limits[i], error, &image) || elf_error_text(error)[0] == '\0')
            abort();
    }
    return 0;
}
