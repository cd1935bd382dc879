/* The first program: boot arguments, the program to run, the audit, power-off.
 *
 * policy=NAME   the policy of everything that is run
 * run='PROG ARG...'   one program instead of the shell
 * arena=SIZE    memory for files, as 4M (default: a sixteenth, at most 8M)
 * second='NAME ARG...'   another pager, beside the program, with a quarter of memory; the run lasts
 *               until both have ended
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

#include "freestanding/bootline.h"
#include "holstein.h"
#include "syscall.h"

enum { WORDS_MAX = 64, STATUS_FAILED = 1 };
enum { SECOND_PART = 4, ARENA_PART = 16, ARENA_NPAGES_MAX = 2048, ARENA_NPAGES_MIN = 4 };

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
    char *word = *line;
    const char *left = word;
    bool found = bootline_next(&left, word);
    *line += left - *line;
    return found ? word : NULL;
}

static void set_policy(const char *name)
{
    if (holstein_policy(name) == 0)
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

/* In pages; a number with K, M or G. */
static long arena_npages(const char *text)
{
    char *unit;
    unsigned long n = strtoul(text, &unit, 10);
    unsigned shift = *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 64;
    if (shift == 64 || unit[1] != '\0' || n == 0 || n > 1024 ||
        (n << shift) / 4096 < ARENA_NPAGES_MIN)
        refuse("arena: a size like 4M is wanted", text);
    return (long)((n << shift) / 4096);
}

/* An archive without them is fine: then there are neither files nor input. */
static void start_servers(long npages)
{
    const struct {
        const char *name;
        uint64_t what;
    } server[] = {{"console", SLOT_CONSOLE}, {"files", SLOT_FILES | CONNECTIONS_MAX << 8}};
    for (unsigned i = 0; i < sizeof server / sizeof *server; i++) {
        uint64_t word[6] = {REQ_SERVER, server[i].what};
        snprintf((char *)&word[3], 24, "%s%c%ld", server[i].name, 0, npages);
        long result = holstein_request(word);
        if (result == ERR_NOMEM)
            refuse("no memory for the server", server[i].name);
        if (result < 0 && result != ERR_NOENT)
            refuse("cannot start", server[i].name);
    }
}

static struct {
    char *name; /* NULL: there is none */
    pid_t pid;  /* 0: it has ended */
} second;

/* It reads the boot line, where its arguments are. */
static void start_second(void)
{
    long npages = holstein_statistic(STATISTIC_TOTAL) / SECOND_PART;
    uint64_t word[6] = {REQ_PAGER, (uint64_t)(npages - npages % LEAF_PAGES)};
    char *line = second.name, *name = line == NULL ? NULL : next_word(&line);
    if (name == NULL)
        return;
    snprintf((char *)&word[3], 24, "%s", name);
    second.pid = (pid_t)holstein_request(word);
    if (second.pid < 0)
        refuse("cannot start the second pager", name);
}

/* As holstein_wait; the second pager's end is printed. */
static pid_t wait_for_child(pid_t pid, uint32_t *status, uint32_t *cause)
{
    pid_t ended = holstein_wait(pid, status, cause);
    if (ended > 0 && ended == second.pid) {
        printf("init: the second pager ended: %s %u\n", holstein_cause(*cause), *status);
        second.pid = 0;
    }
    return ended;
}

static void parse(char *line, char **run, long *arena)
{
    char *word;
    while ((word = next_word(&line)) != NULL) {
        if (strncmp(word, "policy=", 7) == 0)
            set_policy(word + 7);
        else if (strncmp(word, "run=", 4) == 0)
            *run = word + 4;
        else if (strncmp(word, "arena=", 6) == 0)
            *arena = arena_npages(word + 6);
        else if (strncmp(word, "second=", 7) == 0)
            second.name = word + 7;
        else if (strncmp(word, "tick=", 5) != 0)
            refuse("unknown boot argument", word);
    }
}

/* Everything that is left of the run ends with it, so that the audit finds what was before. */
static void end_the_others(void)
{
    uint32_t status, cause;
    kill(-1, SIGKILL);
    while (wait_for_child(-1, &status, &cause) > 0)
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

static int run(char *line, bool shell)
{
    char *argv[WORDS_MAX + 1];
    int argc = 0;
    while (argc < WORDS_MAX && (argv[argc] = next_word(&line)) != NULL)
        argc++;
    argv[argc] = NULL;
    if (argc == 0)
        refuse("run", "no program is named");
    long free_before = holstein_statistic(STATISTIC_FREE);
    start_second();
    pid_t child = fork();
    if (child < 0)
        refuse("fork", strerror(errno));
    if (child == 0) {
        execv(argv[0], argv);
        printf("init: cannot run %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    uint32_t status = 0, cause = 0, last_status, last_cause;
    while (wait_for_child(-1, &status, &cause) != child)
        ;
    if (second.pid > 0 && !shell)
        wait_for_child(second.pid, &last_status, &last_cause);
    end_the_others();
    if (shell)
        return audit(free_before) ? 0 : STATUS_FAILED;
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
    static char shell[] = "sh";
    char *line = shell;
    long npages = holstein_statistic(STATISTIC_TOTAL) / ARENA_PART;
    npages = npages < ARENA_NPAGES_MAX ? npages : ARENA_NPAGES_MAX;
    if (argc > 1)
        parse(argv[1], &line, &npages);
    start_servers(npages);
    if (line == shell)
        printf("Holstein: ls shows the programs, cat README tells of them, exit powers off.\n");
    power_off(run(line, line == shell));
}
