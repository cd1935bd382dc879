/* The boot line: words, among them NAME=VALUE, with blanks between them. Quotes of either kind keep
 * blanks and quotes of the other kind inside a word, and are no part of it; one that nobody ends
 * reaches to the end of the line. Who wants something of the line asks here, so that all agree. */
#pragma once

#include <stdbool.h>

/* Copies the next word, as a string, and leaves *line behind it. `word` has room for what is left
 * of the line, or is the line itself, which is overwritten. False: no word is left. */
bool bootline_next(const char **line, char *word);
