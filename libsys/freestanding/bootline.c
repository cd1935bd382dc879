/* Cuts the boot line into words. */
#include "bootline.h"

bool bootline_next(const char **line, char *word)
{
    const char *at = *line;
    while (*at == ' ')
        at++;
    bool found = *at != '\0';
    for (char quote = '\0'; *at != '\0' && (quote != '\0' || *at != ' '); at++)
        if (quote == '\0' && (*at == '\'' || *at == '"'))
            quote = *at;
        else if (*at == quote)
            quote = '\0';
        else
            *word++ = *at;
    *line = at + (*at != '\0'); /* first: the NUL may come to stand here */
    *word = '\0';
    return found;
}
