/* Writing samples, and damaging them: every truncation, every byte. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nchecks, nfailed;

void check(bool good, const char *text, const char *file, int line)
{
    nchecks++;
    if (good)
        return;
    nfailed++;
    printf("%s:%d: %s\n", file, line, text);
}

void put(struct sample *to, const void *bytes, size_t nbytes)
{
    if (nbytes > sizeof to->bytes - to->nbytes)
        abort();
    if (nbytes != 0)
        memcpy(to->bytes + to->nbytes, bytes, nbytes);
    to->nbytes += nbytes;
}

void put_zeroes(struct sample *to, size_t until)
{
    while (to->nbytes < until)
        put(to, "", 1);
}

void set_be32(uint8_t *at, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(word >> (24 - 8 * i));
}

void put_be32(struct sample *to, uint32_t word)
{
    uint8_t bytes[4];
    set_be32(bytes, word);
    put(to, bytes, 4);
}

void set_le(uint8_t *at, uint64_t number, int nbytes)
{
    for (int i = 0; i < nbytes; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

/* Damage, the same for all three: the copy ends where its malloc ends. */

static bool sound_copy(sound_t *sound, const uint8_t *bytes, size_t nbytes)
{
    uint8_t *copy = malloc(nbytes);
    if (nbytes != 0)
        memcpy(copy, bytes, nbytes);
    bool good = sound(copy, nbytes);
    free(copy);
    return good;
}

void check_damage(sound_t *sound, const uint8_t *bytes, size_t nbytes)
{
    static const uint8_t flips[] = {0x01, 0x02, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    for (size_t n = 0; n <= nbytes; n++)
        CHECK(sound_copy(sound, bytes, n));
    uint8_t *copy = malloc(nbytes);
    memcpy(copy, bytes, nbytes);
    for (size_t at = 0; at < nbytes; at++) {
        for (size_t i = 0; i < sizeof flips; i++) {
            copy[at] = bytes[at] ^ flips[i];
            CHECK(sound(copy, nbytes));
        }
        copy[at] = 0;
        CHECK(sound(copy, nbytes));
        copy[at] = 0xff;
        CHECK(sound(copy, nbytes));
        copy[at] = bytes[at];
    }
    free(copy);
}
