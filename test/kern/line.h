/* A test that answers with 0, or with the line where something was not so. */
#pragma once

#define CHECK(condition)     \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)
#define IS(value, wanted) CHECK((long)(value) == (long)(wanted))
