/* The boot line: words, among them NAME=VALUE, with blanks between them. */
#pragma once

/* What follows `name` (which ends with =) where a word begins with it for the first time, or NULL.
 * Quotes mean nothing here: a word inside them is a word. */
const char *bootline_find(const char *line, const char *name);
