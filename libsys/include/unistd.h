/* <unistd.h> of picolibc, and what sysconf(3) answers here, where its version lacks the names:
 * 1.8.12 has none of these four. The numbers are those of the versions that have them. */
#pragma once
#include_next <unistd.h>

#ifndef _SC_NPROCESSORS_CONF
#define _SC_NPROCESSORS_CONF 9
#endif
#ifndef _SC_NPROCESSORS_ONLN
#define _SC_NPROCESSORS_ONLN 10
#endif
#ifndef _SC_PHYS_PAGES
#define _SC_PHYS_PAGES 11
#endif
#ifndef _SC_AVPHYS_PAGES
#define _SC_AVPHYS_PAGES 12
#endif
