/* Samples that the tests of the readers write, and damage that they do to them. */
#pragma once
#include "sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* A sample under construction; big enough for every one below. */
struct sample {
    uint8_t bytes[16384];
    size_t nbytes;
    char strings[8192];
    size_t strings_nbytes;
};

extern int nchecks, nfailed;

static const uint64_t inside = 0x80200000; /* an address in the samples' memory */

/* Does what a reader answers hold? */
typedef bool sound_t(const uint8_t *bytes, size_t nbytes);

void check(bool good, const char *text, const char *file, int line);
void put(struct sample *to, const void *bytes, size_t nbytes);
void put_zeroes(struct sample *to, size_t until);
void set_be32(uint8_t *at, uint32_t word);
void put_be32(struct sample *to, uint32_t word);
void set_le(uint8_t *at, uint64_t number, int nbytes);
void check_damage(sound_t *sound, const uint8_t *bytes, size_t nbytes);

void test_dt(void);
void test_dt_qemu(const char *path);
void test_archive(void);
void test_elf(void);
void test_bootline(void);
