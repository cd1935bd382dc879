#!/usr/bin/python3
"""Build programs from outside the tree with -Dextra_apps and run one. usage: extraapps.py SOURCE"""

import subprocess
import sys
import tempfile
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


def main():
    source = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        apps, build = Path(folder) / 'apps', Path(folder) / 'build'
        apps.mkdir()
        (apps / 'hello.c').write_text(HELLO)
        for command in (['meson', 'setup', build, source, '--cross-file',
                         source / 'cross-riscv64.ini', f'-Dextra_apps={apps}'],
                        ['meson', 'compile', '-C', build]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                print(done.stdout, done.stderr)
                return 1
        result = qemu.run(str(build / 'holstein.elf'), str(build / 'bootfs.cpio'),
                          "run='hello twelve-bytes'")
        print(result.output)
        results, values = qemu.tests(result.output)
        good = (result.status == 0 and results.get('fork') == 'ok' and 'child=12' in result.output)
        return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
