#!/usr/bin/python3
"""Boot with a missing, damaged or absurd archive or boot line: each gets a message and a failure.

usage: badboot.py --kernel ELF --archive CPIO
"""

import argparse
import sys
import tempfile
from pathlib import Path

import qemu
from mkarchive import archive, entry

TIMEOUT = 30


def read_archive(data):
    """The files of an archive as [(name, content)]."""
    files, at = [], 0
    while True:
        size, names = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
        name = data[at + 110:at + 110 + names].rstrip(b'\0').decode()
        begin = (at + 110 + names + 3) & ~3
        if name == 'TRAILER!!!':
            return files
        files.append((name, data[begin:begin + size]))
        at = (begin + size + 3) & ~3


def patched(content, at, new):
    return content[:at] + new + content[at + len(new):]


def without(files, *names):
    return [(name, content) for name, content in files if name not in names]


def replaced(files, name, content):
    return [(n, content if n == name else c) for n, c in files]


def cases(good):
    """(what, archive's bytes or None, boot line, a word that the output must hold)"""
    files = read_archive(good)
    by_name = dict(files)
    pager, init, program = by_name['pager'], by_name['init'], by_name['forktest']
    huge = (1 << 62).to_bytes(8, 'little')
    phoff = int.from_bytes(program[32:40], 'little')
    run = "run='forktest'"
    yield 'unknown policy', good, f'policy=nonsense {run}', 'cow'
    yield 'unknown program', good, "run='nonsense'", 'cannot run nonsense'
    yield 'empty run', good, "run=''", 'no program'
    yield 'unknown argument', good, f'colour=blue {run}', 'unknown boot argument: colour=blue'
    yield 'absurd arena', good, f'arena=lots {run}', 'arena: a size like 4M is wanted: lots'
    yield 'arena beyond memory', good, f'arena=900M {run}', 'cannot start: files'
    yield 'unknown second pager', good, f'second=nobody {run}', 'second pager: nobody'
    yield 'bad tick', good, f'tick=x {run}', 'tick='
    yield 'bad tick in quotes', good, f"'tick=x y' {run}", 'tick='
    yield 'empty tick', good, f'tick= {run}', 'tick='
    yield 'tick that leaves no time', good, f'tick=1 {run}', 'tick='
    yield 'long boot line', good, run + ' ' + 'x' * 2100, 'too long'
    yield 'no archive', None, run, 'archive: missing'
    yield 'empty archive', entry(0, 'TRAILER!!!', b'') + bytes(4000), run, 'archive: empty'
    yield 'not an archive', b'#!/bin/sh\n' * 500, run, 'archive: damaged'
    yield 'truncated in the pager', good[:len(pager) // 2], run, 'archive: damaged'
    yield 'truncated behind the pager', good[:len(pager) + 9000], run, 'init'
    yield 'absurd size', patched(good, 54, b'FFFFFFFF'), run, 'archive: damaged'
    yield 'pager is no ELF', archive(replaced(files, 'pager', b'hello' * 99)), run, 'pager:'
    yield 'pager cut off', archive(replaced(files, 'pager', pager[:5000])), run, 'pager:'
    yield 'no init', archive(without(files, 'init')), run, 'no init'
    yield 'init is no ELF', archive(replaced(files, 'init', init[:100])), run, 'damaged'
    for what, at, new in (('absurd size in memory', phoff + 40, huge),
                          ('absurd address', phoff + 16, huge), ('absurd offset', phoff + 8, huge),
                          ('absurd header count', 56, b'\xff\xff'),
                          ('entry nowhere', 24, bytes(8))):
        bad = archive(replaced(files, 'forktest', patched(program, at, new)))
        yield f'program with {what}', bad, run, 'cannot run forktest'
    overlap = patched(program, phoff + 56 + 16, program[phoff + 16:phoff + 32])
    yield 'program whose segments overlap', archive(replaced(files, 'forktest', overlap)), run, \
        'cannot run forktest'
    yield 'program cut off', archive(replaced(files, 'forktest', program[:4200])), run, \
        'cannot run forktest'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--kernel', required=True)
    parser.add_argument('--archive', required=True)
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for what, data, append, word in cases(Path(arguments.archive).read_bytes()):
            path = None
            if data is not None:
                path = Path(folder) / 'archive.cpio'
                path.write_bytes(data)
            result = qemu.run(arguments.kernel, path and str(path), append, mem='128M',
                              timeout=TIMEOUT, wanted='failure')
            audit = qemu.audit(result.output)
            good = (not result.problems and word in result.output
                    and 'panic' not in result.output and (audit is None or audit['ok']))
            print(f'badboot: {what} {"ok" if good else "FAILED"}')
            if not good:
                failed += 1
                print(result.output, f'(status {result.status}, wanted: {word!r})')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
