/* <signal.h> of picolibc, and NSIG where its version lacks it: 1.8.10 has _NSIG alone. */
#pragma once
#include_next <signal.h>

#ifndef NSIG
#define NSIG _NSIG
#endif
