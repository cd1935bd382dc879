/* A word of the boot line that says NAME=VALUE. */
#pragma once
#include "../../libsys/freestanding/abi.h"
#include "../../libsys/freestanding/bootline.h"

/* The value, in `word`, of the first word that begins with `name` (which ends with =), or NULL. */
static inline const char *boot_value(const char *line, const char *name,
                                     char word[BOOT_ARGUMENTS_MAX])
{
    while (bootline_next(&line, word)) {
        const char *value = word;
        const char *left = name;
        for (; *left != '\0' && *left == *value; left++)
            value++;
        if (*left == '\0')
            return value;
    }
    return 0;
}
