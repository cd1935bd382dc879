/* Fuzzes the device-tree reader: any bytes are a blob. */
#include "sound.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes)
{
    const uint64_t inside = 0x80200000;
    struct dt_machine machine;
    enum dt_error error = dt_read(bytes, nbytes, inside, 0, &machine);
    if (!sound_dt(bytes, nbytes, inside, error, &machine))
        abort();
    if (error == DT_OK && dt_total_bytes(bytes) > nbytes)
        abort();
    return 0;
}
