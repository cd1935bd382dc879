#!/usr/bin/python3
"""Build a program and policies from outside the tree and run them. usage: extras.py SOURCE"""

import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import qemu

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

int main(int argc, char **argv)
{
    char *echo[] = {"echo", "old:", "exec", "ok", 0}, *top = sbrk(0);
    struct stat st;
    int status, ends[2], fd = open("f", O_CREATE | O_RDWR);
    printf("old: text %s\n", dies(0) ? "ok" : "FAILED");
    printf("old: guard %s\n", dies(1) ? "ok" : "FAILED");
    printf("old: heap %s\n", (uint64)top % PGSIZE == 0 && r_sp() < (uint64)top &&
           (uint64)top - r_sp() < 2 * PGSIZE && sbrk(1) == top ? "ok" : "FAILED");
    printf("old: bad %s\n", write(fd, (char *)0x80000000L, 10) == -1 && write(fd, top, -1) == -1 &&
           open((char *)~0L, 0) == -1 ? "ok" : "FAILED");
    printf("old: stat %s\n", write(fd, "abc", 3) == 3 && fstat(fd, &st) == 0 && st.size == 3 &&
           st.type == T_FILE && unlink("f") == 0 ? "ok" : "FAILED");
    printf("old: pipe %s\n", pipe(ends) == 0 && close(ends[0]) == 0 &&
           write(ends[1], "x", 1) == -1 ? "ok" : "FAILED");
    if (fork() == 0)
        exit(-300);
    wait(&status);
    printf("old: status %s\n", status == -300 ? "ok" : "FAILED");
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
    audit = qemu.audit(result.output)
    results, _ = qemu.tests(result.output)
    good = result.status == 0 and audit is not None and audit['ok'] and results
    return good and set(results.values()) == {'ok'}, result.output


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
                        ['meson', 'compile', '-C', build]):
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
        replaced = replaced and re.search(r'replaced +[1-9]\d* in the trace', events.stdout)
        good = hello and 'child=12' in output and cowtest and anything and replaced
        return 0 if good and events.returncode == 0 else 1


if __name__ == '__main__':
    sys.exit(main())
