#!/usr/bin/python3
"""Build a program and policies from outside the tree and run them. usage: extras.py SOURCE"""

import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import qemu

SKIPPED = 77  # by test/events

HELLO = r'''
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int status;
    char *copy = malloc(100000);
    if (fork() == 0)
        exit(strlen(argv[1]));
    wait(&status);
    memset(copy, 1, 100000);
    fclose(fopen("one", "w"));
    fclose(fopen("two", "w"));
    printf("hello: rename %s\n", rename("one", "two") == 0 && access("one", F_OK) != 0 &&
           access("two", F_OK) == 0 && rename("one", "two") != 0 && rename("two", "/") != 0 ? "ok" : "FAILED");
    sprintf(copy, "%.2f", argc / 4.0);
    unsigned long before, after;
    __asm__ volatile("rdcycle %0; rdinstret %0; csrr %1, instret" : "=&r"(before), "=r"(after));
    printf("hello: counters %s\n", after > before ? "ok" : "FAILED");
    printf("hello: float %s\n", strcmp(copy, "0.50") == 0 ? "ok" : "FAILED");
    FILE *script = fopen("script", "w");
    fprintf(script, "echo %01200d\necho hello: script ok\n", 0);
    fclose(script);
    sprintf(copy, "echo %01200d", 0);
    for (int i = 0; i < 2; i++) {
        if (fork() == 0)
            i == 0 ? execl("/sh", "sh", "-c", copy, NULL) : execl("/sh", "sh", "script", NULL);
        int end;
        wait(&end);
        printf("hello: long %s\n", WIFEXITED(end) ? "ok" : "FAILED");
    }
    if (fork() == 0) {
        execlp("echo", "echo", "hello:", "execlp", "ok", (char *)NULL);
        exit(1);
    }
    wait(NULL);
    printf("hello: fork %s child=%d argc=%d\n", copy[99999] ? "ok" : "FAILED", WEXITSTATUS(status),
           argc);
    return 0;
}
'''


XV6 = r'''
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fs.h"
#include "kernel/fcntl.h"
#include "kernel/riscv.h"
#include "kernel/memlayout.h"

static int dies(int what)
{
    int status;
    if (fork() == 0) {
        if (what == 0)
            *(volatile int *)0 = 1;
        else
            *(volatile char *)(r_sp() - PGSIZE) = 1;
        exit(0);
    }
    wait(&status);
    return status == -1;
}

static void say(const char *name, int good)
{
    printf("old: %s %s\n", name, good ? "ok" : "FAILED");
}

/* sbrk fails where memory ends, and all of it comes back; sbrklazy does not ask. */
static void test_sbrk(void)
{
    char *top = sbrk(0), *lazy;
    int npages[2] = {0, 0}, status;
    for (int turn = 0; turn < 2; turn++) {
        while (sbrk(PGSIZE) != SBRK_ERROR)
            npages[turn]++;
        sbrk(-npages[turn] * PGSIZE);
    }
    say("full", npages[0] > 1000 && npages[0] == npages[1] && sbrk(0) == top);
    say("toomuch", sbrk(0x7fffffff) == SBRK_ERROR && sbrk(-(uint64)top - 1) == top && sbrk(0) == top);
    lazy = sbrklazy(1 << 30);
    for (uint64 at = 0; at < 1 << 30; at += 1 << 24)
        lazy[at] = 1;
    if (fork() == 0) {
        sbrklazy(-(1 << 30));
        *(volatile char *)lazy = 1;
        exit(0);
    }
    wait(&status);
    say("lazy", lazy == top && status == -1);
    say("end", sbrklazy(TRAPFRAME - (uint64)sbrk(0)) == lazy + (1 << 30) && sbrklazy(1) == SBRK_ERROR &&
        sbrk(1) == SBRK_ERROR && sbrk(0) == (char *)TRAPFRAME && sbrk(lazy - (char *)TRAPFRAME) != SBRK_ERROR &&
        sbrk(0) == top);
}

/* No holes; and what is good of a buffer is written. */
static void test_write(void)
{
    char *top = sbrk(PGSIZE), c = 0;
    int fd = open("f", O_CREATE | O_RDWR), other, ends[2];
    struct stat st;
    write(fd, "abcd", 4);
    other = open("f", O_RDWR | O_TRUNC);
    say("holes", write(fd, "x", 1) == -1 && write(other, "AB", 2) == 2 && write(fd, "x", 1) == -1);
    top[PGSIZE - 1] = 'X';
    say("partial", write(other, &top[PGSIZE - 1], 2) == -1);
    close(fd);
    fd = open("f", O_RDONLY);
    say("written", read(fd, &c, 1) == 1 && c == 'A' && read(fd, &c, 1) == 1 && read(fd, &c, 1) == 1 && c == 'X' &&
        read(fd, &c, 1) == 0 && unlink("f") == 0);
    close(fd);
    sbrk(2 * PGSIZE); /* two good pages and a part of a third, then bad ones */
    fd = open("g", O_CREATE | O_RDWR);
    say("prefix", write(fd, top + 100, 4 * PGSIZE) == -1 && fstat(fd, &st) == 0 &&
        st.size == 3 * PGSIZE - 100 && write(fd, top, 0) == 0);
    say("pipes", pipe(ends) == 0 && write(ends[1], top + 3 * PGSIZE - 3, 10) == 3 &&
        write(ends[1], top + 3 * PGSIZE, 10) == -1);
    close(fd);
    close(other);
    close(ends[0]);
    close(ends[1]);
    unlink("g");
    sbrk(-3 * PGSIZE);
    pause(0);
}

int main(int argc, char **argv)
{
    char *echo[] = {"echo", "old:", "exec", "ok", 0}, *top = sbrk(0);
    struct stat st;
    int status, ends[2], fd = open("f", O_CREATE | O_RDWR);
    say("text", dies(0));
    say("guard", dies(1));
    say("heap", (uint64)top % PGSIZE == 0 && r_sp() < (uint64)top &&
        (uint64)top - r_sp() < 2 * PGSIZE && sbrk(1) == top);
    say("bad", write(fd, (char *)0x80000000L, 10) == -1 && write(fd, top, -1) == -1 &&
        open((char *)~0L, 0) == -1);
    say("stat", write(fd, "abc", 3) == 3 && fstat(fd, &st) == 0 && st.size == 3 &&
        st.type == T_FILE && unlink("f") == 0);
    close(fd);
    say("pipe", pipe(ends) == 0 && close(ends[0]) == 0 &&
        write(ends[1], "x", 1) == -1);
    sbrk(PGSIZE - 1);
    test_sbrk();
    test_write();
    if (fork() == 0)
        exit(-300);
    wait(&status);
    say("status", status == -300);
    exec("echo", echo);
    exit(1);
}
'''

def example(readme):
    """The policy that a README writes: its indented block that begins with the header."""
    block = re.search(r'(?m)^        #include "policy\.h"\n(?:        .*\n|\n)*', readme.read_text())
    return textwrap.dedent(block[0])


def boot(build, append, kernel='holstein.elf'):
    result = qemu.run(str(build / kernel), str(build / 'bootfs.cpio'), append)
    print(result.output)
    print('\n'.join(result.problems))
    results, _ = qemu.tests(result.output)
    return not result.problems and results and set(results.values()) == {'ok'}, result.output


def main():
    source = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        apps, policies, build = (Path(folder) / name for name in ('apps', 'policies', 'build'))
        apps.mkdir()
        policies.mkdir()
        (apps / 'hello.c').write_text(HELLO)
        (apps / 'old.c').write_text(XV6)
        (policies / 'ahead.c').write_text(example(source / 'pager/policy/README.md'))
        hostile = (source / 'test/policy/hostile.c').read_text()
        (policies / 'anything.c').write_text(hostile.replace('hostile', 'anything'))
        for command in (['meson', 'setup', build, source, '--cross-file',
                         source / 'cross-riscv64.ini', f'-Dextra_apps={apps}',
                         f'-Dextra_policies={policies}'],
                        ['ninja', '-C', build, 'holstein.elf', 'holstein-mono.elf', 'bootfs.cpio']):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                print(done.stdout, done.stderr)
                return 1
        hello, output = boot(build, "run='hello twelve-bytes'")
        # Its page 0 faults where entries go at a fork.
        old, old_output = boot(build, 'policy=tables run=old')
        old = old and boot(build, 'policy=tables run=old', 'holstein-mono.elf')[0]
        hello = hello and old and 'old: exec ok' in old_output
        cowtest, _ = boot(build, "policy=ahead run='cowtest'")
        anything, _ = boot(build, "policy=anything run='cowtest'")
        _, figures = boot(build, "policy=anything run='memstat'")
        replaced = re.search('replaced [1-9]', figures)
        events = subprocess.run([source / 'test/events', '--build', build, '--policy', 'anything'],
                                capture_output=True, text=True, check=False)
        print(events.stdout)
        traced = events.returncode == SKIPPED or (events.returncode == 0 and re.search(
            r'replaced +[1-9]\d* in the trace', events.stdout))
        hello = hello and 'hello: execlp ok' in output and 'hello: script ok' in output
        good = hello and 'child=12' in output and cowtest and anything and replaced
        return 0 if good and traced else 1


if __name__ == '__main__':
    sys.exit(main())
