/* The first program: boot arguments, the program to run, the audit, power-off.
 *
 * policy=NAME   the policy of everything that is run
 * run='PROG ARG...'   one program instead of the default
 * tick=N        is the kernel's
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holstein.h"
#include "syscall.h"

enum { WORDS_MAX = 64, STATUS_FAILED = 1 };

static _Noreturn void power_off(int status)
{
    fflush(stdout);
    sys_power_off(SLOT_CONTROL, (uint64_t)status);
    for (;;)
        ;
}

static _Noreturn void refuse(const char *what, const char *value)
{
    printf("init: %s: %s\n", what, value);
    power_off(STATUS_FAILED);
}

/* Cuts off the next word; quotes of either kind keep blanks inside it. NULL: none is left. */
static char *next_word(char **line)
{
    char *from = *line + strspn(*line, " "), *to = from, *word = from;
    if (*from == '\0')
        return NULL;
    for (char quote = '\0'; *from != '\0' && (quote != '\0' || *from != ' '); from++) {
        if (quote == '\0' && (*from == '\'' || *from == '"'))
            quote = *from;
        else if (*from == quote)
            quote = '\0';
        else
            *to++ = *from;
    }
    *line = *from == '\0' ? from : from + 1;
    *to = '\0';
    return word;
}

static void set_policy(const char *name)
{
    uint64_t word[6] = {REQ_POLICY_SET};
    if (strlen(name) <= POLICY_NAME_NBYTES)
        memcpy(&word[1], name, strlen(name));
    if (strlen(name) <= POLICY_NAME_NBYTES && holstein_request(word) == 0)
        return;
    printf("init: unknown policy: %s; known:", name);
    for (uint64_t i = 0;; i++) {
        uint64_t answer[6] = {REQ_POLICY_NAME, i};
        if (holstein_request(answer) < 0)
            break;
        printf(" %.*s", (int)answer[0], (const char *)&answer[1]);
    }
    printf("\n");
    power_off(STATUS_FAILED);
}

static void parse(char *line, char **run)
{
    char *word;
    while ((word = next_word(&line)) != NULL) {
        if (strncmp(word, "policy=", 7) == 0)
            set_policy(word + 7);
        else if (strncmp(word, "run=", 4) == 0)
            *run = word + 4;
        else if (strncmp(word, "tick=", 5) != 0)
            refuse("unknown boot argument", word);
    }
}

/* Everything that is left of the run ends with it, so that the audit finds what was before. */
static void end_the_others(void)
{
    uint32_t status, cause;
    kill(-1, SIGKILL);
    while (holstein_wait(-1, &status, &cause) > 0)
        ;
}

static bool audit(long free_before)
{
    uint64_t word[6];
    long violations;
    do {
        word[0] = REQ_AUDIT;
        violations = holstein_request(word);
    } while (violations == ERR_AGAIN);
    bool ok = violations == 0;
    if ((long)word[2] != free_before) {
        printf("audit: %ld frames free, %ld before the program\n", (long)word[2], free_before);
        ok = false;
    }
    printf("audit: %s frames=%lu free=%lu used=%lu kernel=%lu\n", ok ? "ok" : "FAILED", word[1],
           word[2], word[3], word[4]);
    return ok;
}

static int run(char *line)
{
    char *argv[WORDS_MAX + 1];
    int argc = 0;
    while (argc < WORDS_MAX && (argv[argc] = next_word(&line)) != NULL)
        argc++;
    argv[argc] = NULL;
    if (argc == 0)
        refuse("run", "no program is named");
    long free_before = holstein_statistic(STATISTIC_FREE);
    pid_t child = fork();
    if (child < 0)
        refuse("fork", strerror(errno));
    if (child == 0) {
        execv(argv[0], argv);
        printf("init: cannot run %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    uint32_t status = 0, cause = 0;
    while (holstein_wait(-1, &status, &cause) != child)
        ;
    end_the_others();
    if (cause == CAUSE_EXIT)
        printf("run: %s exit %d\n", argv[0], (int)status);
    else
        printf("run: %s killed %s\n", argv[0], holstein_cause(cause));
    bool ok = audit(free_before) && cause == CAUSE_EXIT;
    if (!ok)
        return STATUS_FAILED;
    return status == 0 || (status & 0xff) != 0 ? (int)(status & 0xff) : STATUS_FAILED;
}

int main(int argc, char **argv)
{
    static char program[] = "cowtest";
    char *line = program;
    if (argc > 1)
        parse(argv[1], &line);
    power_off(run(line));
}
