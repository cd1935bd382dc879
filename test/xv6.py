#!/usr/bin/python3
"""Does bench compile in an xv6 tree, as apps/README.md says? usage: xv6.py SOURCE COMPILER

The tree here is what the program sees of one: the two headers that it includes."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TYPES = '''
typedef unsigned int uint;
typedef unsigned long uint64;
'''
USER = '''
int fork(void);
int exit(int) __attribute__((noreturn));
int wait(int *);
int exec(const char *, char **);
int getpid(void);
int pipe(int *);
int read(int, void *, int);
int write(int, const void *, int);
int close(int);
char *sbrk(int);
int strcmp(const char *, const char *);
void *memset(void *, int, uint);
void printf(const char *, ...) __attribute__((format(printf, 1, 2)));
int atoi(const char *);
'''
FLAGS = ('-Wall -Werror -O -fno-omit-frame-pointer -ggdb -march=rv64gc -mabi=lp64d -mcmodel=medany '
         '-ffreestanding -fno-common -nostdlib -mno-relax -fno-builtin-printf -I. -c').split()


def main():
    apps = Path(sys.argv[1]) / 'apps'
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        (tree / 'kernel').mkdir()
        (tree / 'user').mkdir()
        (tree / 'kernel/types.h').write_text(TYPES)
        (tree / 'user/user.h').write_text(USER)
        shutil.copy(apps / 'bench.c', tree / 'user')
        shutil.copy(apps / 'bench_xv6.h', tree / 'user/bench_system.h')
        return subprocess.run([sys.argv[2], *FLAGS, 'user/bench.c', '-o', 'user/bench.o'],
                              cwd=tree, check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
