"""The instructions of one measured unit, from QEMU's execution log, and whose they are.

QEMU writes the log into a pipe, an instruction a line, all but the firmware's; what lies between
the two readings of the counter in bench's function measure_NAME is kept, of the last run.
"""

import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import emulator
import measure
import qemu

TOOLS = 'riscv64-unknown-elf-'
# Without the firmware, which runs a thousand instructions for a character of the console.
LOGGED = '0x0..0x7fffffff,0xffffffff80000000..0xffffffffffffffff'
LINE = re.compile(rb'(?m)^(?:Trace 0: \S+ \[\w+/(?P<pc>\w+)/|'
                  rb'(?P<again>cpu_io_recompile|Stopped execution)|'
                  rb'riscv_cpu_do_interrupt: hart:0, async:(?P<async>[01]), cause:(?P<cause>\w+))')
# Where images begin: pager/pager.ld, apps/meson.build.
BASES = ((1 << 63, 'kernel'), (0x40000000, 'pager'), (0x1c0000, 'console'), (0x180000, 'files'),
         (0x140000, 'bench'), (0, 'true'))
NO_TICK = 'tick=1000000000'  # the run that is kept must not meet one
# The last run is kept. It costs what most do: these units' first ones differ a little.
RUNS = {'fault_zero': 101, 'fork_exec_wait': 3}
LOG_SIZE, LOG_MEMORY = 1024, '64M'  # up to that size in so little, which the boot has to set up
CHUNK, LONGEST_LINE = 1 << 20, 200


class Step(NamedTuple):
    """One retired instruction: the functions it is in, the innermost of what was inlined first."""
    address: int
    image: str
    functions: tuple
    file: str


def tool(name, *arguments, text=None):
    return subprocess.run([TOOLS + name, *map(str, arguments)], input=text, capture_output=True,
                          text=True, check=True).stdout


def images(build, kernel):
    """What may run: [(first address, name, ELF file)], the highest first."""
    files = {'kernel': measure.IMAGES[kernel], 'pager': 'pager/pager'}
    return [(base, name, build / files.get(name, f'apps/{name}')) for base, name in BASES
            if kernel == 'pager' or name != 'pager']


def markers(elf):
    """{address of the counter's first reading: of the others} of each function measure_NAME."""
    readings = {}
    for block in re.findall(r'(?m)^\w+ <measure_(?!nothing)\w+>:\n((?:.+\n)+)',
                            tool('objdump', '-d', elf)):
        first, *others = (int(address, 16)
                          for address in re.findall(r'(?m)^ *(\w+):.*\trdinstret\t', block))
        readings[first] = others
    return readings


def cut(text, readings):
    """The first whole window in a piece of log, or b'', and what is left to look at."""
    def mark(address):
        return text.find(f'/{address:016x}/'.encode())

    start, others = min(((mark(first), others) for first, others in readings.items()
                         if mark(first) >= 0), default=(-1, []))
    if start < 0:
        return b'', text[-LONGEST_LINE:]
    start = text.rfind(b'\n', 0, start) + 1
    text = text[start:]
    end = min((at for at in map(mark, others) if at >= 0), default=-1)
    return (b'', text) if end < 0 else (text[:end], text[end:])


def window(log, readings):
    """The part of a log, read as it comes, that lies between the readings of the last run."""
    last, text = b'', b''
    while chunk := log.read(CHUNK):
        found, text = cut(text + chunk, readings)
        while found:
            last = found
            found, text = cut(text, readings)
    return last


def retired(text):
    """The addresses of those that the counter counts: neither begun again by QEMU nor ended by a
    trap of a kind that does not retire."""
    addresses, retiring = [], emulator.retiring_traps()
    for match in LINE.finditer(text):
        if match['pc']:
            addresses.append(int(match['pc'], 16))
        elif match['again'] or (match['async'] == b'0' and
                                int(match['cause'], 16) not in retiring):
            addresses.pop()
    return addresses


def run(build, kernel, name, size=0, policy=''):
    """One boot: bench's figure, and the addresses between the counter's last readings."""
    with tempfile.TemporaryDirectory() as folder:
        pipe, found = Path(folder) / 'log', []
        os.mkfifo(pipe)

        def reader():
            with open(pipe, 'rb') as log:
                found.append(window(log, markers(build / 'apps/bench')))

        thread = threading.Thread(target=reader)
        thread.start()
        result = qemu.run(str(build / measure.IMAGES[kernel]), str(build / 'bootfs.cpio'),
                          measure.boot_line(name, size, policy, RUNS.get(name, 1), NO_TICK),
                          mem=LOG_MEMORY if size <= LOG_SIZE else '256M',
                          icount='shift=0', timeout=measure.TIMEOUT,
                          extra=[*emulator.one_instruction_a_block(), '-d', 'exec,nochain,int',
                                 '-dfilter', LOGGED, '-D', str(pipe)])
        os.close(os.open(pipe, os.O_RDWR))  # a reader whose QEMU never came is not kept waiting
        thread.join()
    figures = measure.read(result.output)
    if result.problems or len(figures) != 1 or not found[0]:
        raise measure.Failed('\n'.join([result.output, *result.problems]))
    return figures[0], retired(found[0])


def symbolise(elf, addresses):
    """{address: (functions, the innermost first; file)} by debugging information."""
    output = tool('addr2line', '-a', '-i', '-f', '-e', elf, text='\n'.join(map(hex, addresses)))
    places = {}
    for block in re.split(r'(?m)^(?=0x\w{16}$)', output)[1:]:
        address, *lines = block.splitlines()
        path = os.path.relpath(Path(lines[-1].split(':')[0]).resolve(), measure.ROOT)
        places[int(address, 16)] = (tuple(lines[0::2]),
                                    'C library' if path.startswith('..') else path)
    return places


def steps(build, kernel, addresses):
    """The instructions with what they belong to."""
    places, left = {}, set(addresses)
    for base, image, elf in images(build, kernel):
        here = {address for address in left if address >= base}
        places.update({a: Step(a, image, *place) for a, place in symbolise(elf, here).items()})
        left -= here
    return [places[address] for address in addresses]
