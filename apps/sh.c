/* The shell: pipelines, redirection, lists, background jobs.
 *
 *   line     := pipeline { (";" | "&") pipeline } [";" | "&"]
 *   pipeline := command { "|" command }
 *   command  := { word | "<" word | ">" word | ">>" word }      words may be quoted: 'a b' "a b"
 *
 * Built in: cd, exit, wait. `sh` reads from its input, `sh -c LINE` runs one line, `sh FILE` a
 * file. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holstein.h"

enum { LINE_NBYTES = 512, TOKENS_MAX = 128, COMMANDS_MAX = 16, NOT_FOUND = 127 };

/* A word, or one of the signs ; & | < > and A for >>; 0 ends the list. */
struct token {
    char sign; /* 'w': a word */
    char *text;
};

static struct token token[TOKENS_MAX + 1];
static char text[2 * LINE_NBYTES]; /* each word of a line, and its NUL */
static int last_status;
static bool interactive, interrupted; /* by the key: the rest of the line is not run */

/* One word without its quotes; behind it in the line. */
static const char *cut_word(const char *at, char **to)
{
    char quote = '\0';
    for (; *at != '\0'; at++) {
        if (quote != '\0' && *at == quote)
            quote = '\0';
        else if (quote == '\0' && (*at == '\'' || *at == '"'))
            quote = *at;
        else if (quote == '\0' && (isspace((unsigned char)*at) || strchr(";&|<>", *at) != NULL))
            break;
        else
            *(*to)++ = *at;
    }
    *(*to)++ = '\0';
    return at;
}

static bool too_long(void)
{
    fprintf(stderr, "sh: line too long\n");
    return false;
}

static bool cut_line(const char *line)
{
    char *to = text;
    int n = 0;
    if (strlen(line) >= LINE_NBYTES)
        return too_long();
    for (const char *at = line + strspn(line, " \t\n"); *at != '\0'; at += strspn(at, " \t\n")) {
        if (n == TOKENS_MAX)
            return too_long();
        token[n].text = to;
        if (strncmp(at, ">>", 2) == 0) {
            token[n++].sign = 'A';
            at += 2;
        } else if (strchr(";&|<>", *at) != NULL) {
            token[n++].sign = *at++;
        } else {
            token[n++].sign = 'w';
            at = cut_word(at, &to);
        }
    }
    token[n].sign = '\0';
    return true;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "sh: %s: %s\n", what, strerror(errno));
    exit(NOT_FOUND);
}

static void redirect(char sign, const char *name)
{
    int flags = sign == '<' ? O_RDONLY : O_WRONLY | O_CREAT | (sign == 'A' ? O_APPEND : O_TRUNC);
    int fd = open(name, flags, 0666);
    if (fd < 0)
        fail(name);
    dup2(fd, sign == '<' ? 0 : 1);
    close(fd);
}

/* The command that begins at `t`, in a process of its own: does not return. */
static _Noreturn void run_command(const struct token *t)
{
    char *argv[TOKENS_MAX + 1];
    int argc = 0;
    for (; t->sign != '\0' && strchr(";&|", t->sign) == NULL; t++) {
        if (t->sign == 'w') {
            argv[argc++] = t->text;
        } else {
            redirect(t->sign, t[1].text);
            t++;
        }
    }
    argv[argc] = NULL;
    if (argc == 0)
        exit(0);
    execvp(argv[0], argv);
    fail(argv[0]);
}

static const struct token *behind(const struct token *t, const char *signs)
{
    while (t->sign != '\0' && strchr(signs, t->sign) == NULL)
        t++;
    return t;
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for a process (-1: any). Its end is told unless it exited, or the key or a closed pipe
 * ended it. `t`: its command, or NULL. */
static pid_t wait_for(pid_t pid, const struct token *t, int *status)
{
    uint32_t full, cause;
    pid_t child = holstein_wait(pid, &full, &cause);
    if (child < 0)
        return child;
    *status = holstein_encode(full, cause);
    if (!WIFSIGNALED(*status) || WTERMSIG(*status) == SIGINT || WTERMSIG(*status) == SIGPIPE)
        return child;
    while (t != NULL && t->sign != '\0' && strchr("<>A", t->sign) != NULL)
        t += 2; /* a redirection, and its file */
    if (t != NULL && t->sign == 'w')
        fprintf(stderr, "sh: %s: killed (%s)\n", t->text, holstein_cause(cause));
    else
        fprintf(stderr, "sh: %d: killed (%s)\n", (int)child, holstein_cause(cause));
    return child;
}

/* In a process of its own, which is the job: the interrupt key ends it with all its commands. */
static _Noreturn void run_pipeline(const struct token *t)
{
    pid_t pid[TOKENS_MAX];
    const struct token *command[TOKENS_MAX];
    int n = 0, status = 0, each = 0;
    const struct token *end = behind(t, ";&|");
    if (end->sign != '|')
        run_command(t);
    for (int in = -1;; t = end + 1) {
        int ends[2] = {-1, -1};
        end = behind(t, ";&|");
        if (end->sign == '|' && pipe(ends) != 0)
            fail("pipe");
        command[n] = t;
        pid[n] = fork();
        if (pid[n] < 0)
            fail("fork");
        if (pid[n++] == 0) {
            if (in >= 0)
                dup2(in, 0);
            if (ends[1] >= 0)
                dup2(ends[1], 1);
            close(in);
            close(ends[0]);
            close(ends[1]);
            run_command(t);
        }
        close(in);
        close(ends[1]);
        in = ends[0];
        if (end->sign != '|')
            break;
    }
    for (int i = 0; i < n; i++)
        if (wait_for(pid[i], command[i], &each) > 0)
            status = each; /* of the last */
    exit(status_of(status));
}

/* What only the shell itself can do; false: it is none. */
static bool built_in(const struct token *t)
{
    bool has_argument = t->sign == 'w' && t[1].sign == 'w';
    if (t->sign != 'w')
        return false;
    last_status = 0;
    if (strcmp(t->text, "cd") == 0) {
        const char *to = has_argument ? t[1].text : "/";
        if (chdir(to) != 0) {
            fprintf(stderr, "sh: cd: %s: %s\n", to, strerror(errno));
            last_status = 1;
        }
        return true;
    }
    if (strcmp(t->text, "exit") == 0)
        exit(has_argument ? atoi(t[1].text) : 0);
    if (strcmp(t->text, "wait") == 0) {
        int status;
        while (wait_for(-1, NULL, &status) > 0)
            ;
        return true;
    }
    return false;
}

static void run_job(const struct token *t, bool background)
{
    if (!background && built_in(t))
        return;
    pid_t pid = fork();
    if (pid < 0) {
        fprintf(stderr, "sh: fork: %s\n", strerror(errno));
        last_status = 1;
        return;
    }
    if (pid == 0)
        run_pipeline(t);
    if (background) {
        if (interactive)
            printf("[%d]\n", (int)pid);
        return;
    }
    if (interactive)
        holstein_foreground(pid);
    int status = 0;
    wait_for(pid, t, &status);
    if (interactive)
        holstein_foreground(0);
    last_status = status_of(status);
    interrupted = WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
}

/* Signs in their places, before anything runs. */
static bool is_line(const struct token *t)
{
    char before = ';';
    for (;; t++) {
        bool sign_before = before != 'w';
        bool file_wanted = before == '<' || before == '>' || before == 'A';
        if ((t->sign == '|' && sign_before) || (file_wanted && t->sign != 'w') ||
            ((t->sign == ';' || t->sign == '&') && sign_before) ||
            (t->sign == '\0' && before == '|')) {
            fprintf(stderr, "sh: syntax error\n");
            return false;
        }
        if (t->sign == '\0')
            return true;
        before = t->sign;
    }
}

static void run_line(const char *line)
{
    if (!cut_line(line) || !is_line(token)) {
        last_status = 2;
        return;
    }
    interrupted = false;
    for (const struct token *t = token; t->sign != '\0' && !interrupted;) {
        const struct token *end = behind(t, ";&");
        run_job(t, end->sign == '&');
        t = end->sign == '\0' ? end : end + 1;
    }
}

/* A line, byte by byte, so that what follows is there for the commands; the console gives a line at
 * once. False: end of file. */
static bool read_line(char line[LINE_NBYTES])
{
    size_t n = 0;
    while (n < LINE_NBYTES - 1) {
        ssize_t got = read(0, line + n, interactive ? LINE_NBYTES - 1 - n : 1);
        if (got <= 0)
            break;
        n += (size_t)got;
        if (line[n - 1] == '\n')
            break;
    }
    line[n] = '\0';
    if (n < LINE_NBYTES - 1 || line[n - 1] == '\n')
        return n > 0;
    too_long();
    while (read(0, line, 1) == 1 && line[0] != '\n')
        ;
    line[0] = '\0';
    return true;
}

static void report_background(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        printf("[%d] done %d\n", (int)pid, status_of(status));
}

int main(int argc, char **argv)
{
    char line[LINE_NBYTES];
    if (argc > 2 && strcmp(argv[1], "-c") == 0) {
        run_line(argv[2]);
        return last_status;
    }
    if (argc > 1) {
        close(0);
        if (open(argv[1], O_RDONLY) != 0)
            fail(argv[1]);
    }
    interactive = isatty(0);
    for (;;) {
        if (interactive) {
            report_background();
            printf("$ ");
            fflush(stdout);
        }
        if (!read_line(line))
            break;
        run_line(line);
    }
    return last_status;
}
