/* Words of the boot line. */
#include "../../libsys/freestanding/bootline.h"
#include "sample.h"

#include <string.h>

/* The words, each with a bar behind it: into a buffer of their own, and into the line itself. */
static bool has(const char *line, const char *words)
{
    char copy[64], word[64], all[64] = "", again[64] = "";
    const char *left = line, *at = strcpy(copy, line);
    while (bootline_next(&left, word))
        strcat(strcat(all, word), "|");
    for (char *here = copy; bootline_next(&at, here); here = (char *)at)
        strcat(strcat(again, here), "|");
    return strcmp(all, words) == 0 && strcmp(again, words) == 0 && *left == '\0' && *word == '\0';
}

void test_bootline(void)
{
    CHECK(has("", "") && has("   ", ""));
    CHECK(has("tick=5", "tick=5|") && has("  tick=5 ", "tick=5|") && has("a  b c", "a|b|c|"));
    CHECK(has("run='echo tick=5'", "run=echo tick=5|"));
    CHECK(has("run=\"echo 'a b'\" tick=5", "run=echo 'a b'|tick=5|"));
    CHECK(has("'tick=5' ti\"ck\"=6", "tick=5|tick=6|"));
    CHECK(has("run='echo \"' tick=5", "run=echo \"|tick=5|"));
    CHECK(has("run='no end tick=5 ", "run=no end tick=5 |"));
    CHECK(has("'' a", "|a|") && has("'", "|"));
}
