/* Words of the boot line. */
#include "../../libsys/freestanding/bootline.h"
#include "sample.h"

#include <string.h>

static bool finds(const char *line, const char *name, const char *value)
{
    const char *found = bootline_find(line, name);
    return value == NULL ? found == NULL : found != NULL && strcmp(found, value) == 0;
}

void test_bootline(void)
{
    CHECK(finds("", "tick=", NULL));
    CHECK(finds("tick", "tick=", NULL));
    CHECK(finds("tick=", "tick=", ""));
    CHECK(finds("tick=1", "tick=", "1"));
    CHECK(finds("tick=1 tick=2", "tick=", "1 tick=2"));
    CHECK(finds("policy=cow tick=5", "tick=", "5"));
    CHECK(finds("  tick=5", "tick=", "5"));
    CHECK(finds("stick=5", "tick=", NULL));
    CHECK(finds("stick=5 tick=6", "tick=", "6"));
    CHECK(finds("ticktick=5 tic k=5", "tick=", NULL));
    CHECK(finds("second='hostile misdeed=pool'", "misdeed=", "pool'"));
    CHECK(finds("run='a tick=3'", "run=", "'a tick=3'"));
}
