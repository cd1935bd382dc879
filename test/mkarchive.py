#!/usr/bin/python3
"""Write a boot archive: cpio "newc" whose file data starts on page boundaries.

usage: mkarchive.py [--strip=TOOL] OUT FILE[=NAME]...

A file is stored under its base name unless =NAME says otherwise. NULs behind a name, counted in
its length, push the data to the next page: any newc reader takes them for the name's end, and a
pager can map the data where it lies. The same input gives the same bytes. --strip leaves out what a
program does not need to run (symbols for a debugger stay in FILE).
"""

import os
import subprocess
import sys
import tempfile

PAGE = 4096
HEADER = 110  # bytes: the magic and thirteen numbers of eight hexadecimal digits
TRAILER = 'TRAILER!!!'
MAX_NAME = 100


def padded(data, unit):
    return data + bytes(-len(data) % unit)


def entry(offset, name, data, *, ino=0, mode=0, align=4):
    """One header, name and file at `offset`; the data starts on a multiple of `align`."""
    name = name.encode() + b'\0'
    name += bytes(-(offset + HEADER + len(name)) % align)
    numbers = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = b'070701' + b''.join(b'%08X' % number for number in numbers)
    return padded(header + name + data, 4)


def archive(files):
    """`files` are pairs of a name and its content."""
    out = bytearray()
    for ino, (name, data) in enumerate(files, start=1):
        out += entry(len(out), name, data, ino=ino, mode=0o100755, align=PAGE)
    out += entry(len(out), TRAILER, b'')
    return padded(bytes(out), PAGE)


def content(path, strip):
    """A file's bytes, stripped if it is a program and a tool is given."""
    with open(path, 'rb') as file:
        data = file.read()
    if strip is None or data[:4] != b'\x7fELF':
        return data
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run([strip, '-o', stripped.name, path], check=True)
        return stripped.read()


def main():
    arguments, strip = sys.argv[1:], None
    if arguments and arguments[0].startswith('--strip='):
        strip = arguments.pop(0).partition('=')[2]
    if len(arguments) < 2:
        sys.exit(__doc__)
    files = {}
    for argument in arguments[1:]:
        path, equals, name = argument.rpartition('=')
        if not equals:
            path, name = argument, os.path.basename(argument)
        if not 0 < len(name.encode()) <= MAX_NAME or name == TRAILER:
            sys.exit(f'mkarchive: not a name of 1 to {MAX_NAME} bytes: {name!r}')
        if name in files:
            sys.exit(f'mkarchive: two files are called {name!r}')
        try:
            files[name] = content(path, strip)
        except OSError as error:
            sys.exit(f'mkarchive: {error}')
    with open(arguments[0], 'wb') as file:
        file.write(archive(files.items()))


if __name__ == '__main__':
    main()
