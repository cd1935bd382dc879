/* Shared by libsys's own files. */
#ifndef LIBSYS_START_H
#define LIBSYS_START_H
#include "../pager/protocol.h"

/* Writes what stdout has collected. */
void libsys_flush(void);

/* Sets errno from an error of pager or kernel and returns -1; a result that is none, as it is. */
long libsys_result(long result);
#endif
