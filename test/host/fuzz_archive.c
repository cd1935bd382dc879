/* Fuzzes the archive reader: any bytes are an archive. */
#include "sound.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t nbytes)
{
    int last;
    struct archive_file file;
    if (!sound_archive(bytes, nbytes, &last))
        abort();
    /* A name that no file can have: the search goes as far as the steps did. */
    if (archive_find(bytes, nbytes, "TRAILER!!!", &file) != last)
        abort();
    size_t beyond = nbytes + 1;
    if (archive_next(bytes, nbytes, &beyond, &file) != -1)
        abort();
    return 0;
}
