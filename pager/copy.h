/* Copying and clearing a frame: the only two loops that touch contents. Plain rv64 loads and
 * stores, written so that the compiler neither calls memcpy nor spills. */
#ifndef PAGER_COPY_H
#define PAGER_COPY_H

void copy_frame(void *to, const void *from);
void zero_frame(void *frame);
#endif
