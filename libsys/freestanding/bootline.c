/* Finds a word of the boot line. */
#include "bootline.h"

#include <stdbool.h>
#include <stddef.h>

/* What stands behind `name`, or NULL: the text begins with something else. */
static const char *behind(const char *text, const char *name)
{
    for (; *name != '\0'; text++, name++)
        if (*text != *name)
            return NULL;
    return text;
}

const char *bootline_find(const char *line, const char *name)
{
    bool word_begins = true;
    for (; *line != '\0'; line++) {
        const char *value = word_begins ? behind(line, name) : NULL;
        if (value != NULL)
            return value;
        word_begins = *line == ' ';
    }
    return NULL;
}
