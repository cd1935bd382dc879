#!/usr/bin/python3
"""Is a failed run ever taken for a good one? usage: status.py KERNEL ARCHIVE

A fake emulator says and exits with what real ones have: a status that the firmware replaced, lines
that firmware or programs have torn or copied. boot_qemu.py and guest.py must judge each alike.
"""

import os
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import NamedTuple

import emulator

TIMEOUT = 60
FIRMWARE = 'system_opcode_insn: Invalid opcode for CSR read/write instruction'
RUN = ['--append', "run='x'"]
AUDIT = 'audit: ok frames=9 free=4 used=3 kernel=2\n'
LOST = 'audit: 3 frames free, 4 before the program\naudit: FAILED frames=9 free=3 used=4 kernel=2\n'


def off(status):
    """The kernel's line where no device can tell the status."""
    return f'power-off: status {status:#x}; {emulator.CANNOT_POWER_OFF}\n'


class Case(NamedTuple):
    """What QEMU prints and exits with, and what test/boot must exit with then."""
    what: str
    output: str
    status: int
    result: int
    machine: str = 'virt'
    goes_on: bool = False


CASES = (
    Case('passed', 'run: x exit 0\n' + AUDIT, 0, 0),
    Case('failed', 'run: x exit 3\n' + AUDIT, 3, 3),
    Case('killed', 'run: x killed address\n' + AUDIT, 1, 1),
    Case('status lost', 'run: x exit 3\n' + AUDIT, 0, 3),
    Case('status of killed lost', 'run: x killed address\n' + AUDIT, 0, 1),
    Case('status is a multiple of 256', 'run: x exit 256\n' + AUDIT, 0, 1),
    Case('status of failed audit lost', 'run: x exit 0\n' + LOST, 0, 1),
    Case('only the status failed', 'run: x exit 0\n' + AUDIT, 1, 1),
    Case('emulator was killed', 'run: x exit 0\n' + AUDIT, -9, 128 + 9),
    Case('no audit', 'run: x exit 0\n', 0, 1),
    Case('no run line', AUDIT, 0, 1),
    Case('audit before the run line', AUDIT + 'run: x exit 0\n', 0, 1),
    Case('nothing', '', 0, 1),
    Case('init refused, status lost', 'init: cannot start: console\n', 0, 1),
    Case('panic, status lost', 'kernel panic at x.c:1: why\n', 0, 1),
    Case('panic after the audit', f'run: x exit 0\n{AUDIT}kernel panic at x.c:1: why\n', 0, 1),
    Case('firmware before the lines', f'{FIRMWARE}run: x exit 3\n{FIRMWARE}{AUDIT}', 0, 3),
    Case('firmware before good lines', f'{FIRMWARE}run: x exit 0\n{FIRMWARE}{AUDIT}', 0, 0),
    Case('firmware within lines', f'run: x ex{FIRMWARE}it 3\naudit: {FIRMWARE}{AUDIT[7:]}', 0, 3),
    Case('unknown text before the lines', f'sbi: odd run: x exit 3\nsbi: odd {AUDIT}', 0, 3),
    Case('false lines earlier', f'run: x exit 0\n{AUDIT}run: x exit 3\n{AUDIT}', 0, 3),
    Case('false run line on the same line', f'run: y exit 0run: x exit 3\n{AUDIT}', 0, 3),
    Case('false death on the same line', f'run: y killed by run: x exit 3\n{AUDIT}', 0, 3),
    Case('false failure earlier', f'run: x exit 3\n{LOST}run: x exit 0\n{AUDIT}', 0, 0),
    Case('carriage returns', 'run: x exit 3\r\n' + AUDIT, 0, 3),
    Case('panic before the audit', f'run: x exit 0\nkernel panic at x.c:1: why\n{AUDIT}', 0, 1),
    Case('no device: passed', f'run: x exit 0\n{AUDIT}{off(0)}', 0, 0, 'spike', True),
    Case('no device: failed', f'run: x exit 3\n{AUDIT}{off(3)}', 0, 3, 'sifive_u', True),
    Case('no device: refused', f'init: no\n{off(1)}', 0, 1, 'spike', True),
    Case('no device: lines and status differ', f'run: x exit 0\n{AUDIT}{off(1)}', 0, 1, 'spike', True),
    Case('no device: panic', f'run: x exit 0\n{AUDIT}kernel panic at x.c:1: why\n'
         f'{off(255)}', 0, 255, 'spike', True),
    Case('no device: it ended all the same', f'run: x exit 0\n{AUDIT}{off(0)}', 7, 0, 'spike'),
    Case('no device: it ended before', f'run: x exit 0\n{AUDIT}', 0, 1, 'spike'),
)


def fake(folder, case):
    """Make the emulator of a case; returns its environment."""
    path, text = folder / 'qemu', folder / 'text'
    text.write_bytes(case.output.encode())
    end = f'kill -{-case.status} $$\n' if case.status < 0 else f'exit {case.status}\n'
    path.write_text(f'#!/bin/bash\ncat {text}\n' + ('exec sleep 1000\n' if case.goes_on else end))
    path.chmod(0o755)
    return {**os.environ, 'QEMU': str(path)}


def boot(arguments, environment, stdin=subprocess.DEVNULL):
    return subprocess.run([Path(__file__).parent / 'boot_qemu.py', *arguments], env=environment,
                          stdin=stdin, capture_output=True, timeout=TIMEOUT, check=False)


def booted(case, arguments, environment):
    """What is wrong with boot_qemu.py's answer."""
    done, wrong = boot(arguments, environment), []
    if done.returncode != case.result:
        wrong.append(f'boot_qemu.py exited {done.returncode}, not {case.result}: {done.stderr}')
    if done.stdout != case.output.encode():
        wrong.append(f'boot_qemu.py passed on {done.stdout}')
    if case.goes_on and b'no way to power off' not in done.stderr:
        wrong.append(f'boot_qemu.py does not say that it ended the emulator: {done.stderr}')
    return wrong


def guested(case, arguments, environment):
    """What is wrong with guest.py's answer."""
    done = subprocess.run(['/usr/bin/python3', Path(__file__).parent / 'guest.py', *arguments,
                           '--run', 'x'], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if (done.returncode == 0) != (case.result == 0):
        return [f'guest.py exited {done.returncode}: {done.stdout}{done.stderr}']
    return []


def without_run(folder, arguments):
    """A shell's boot is judged by its audit and QEMU's status."""
    wrong = []
    for output, status, result in ((AUDIT, 0, 0), (AUDIT, 1, 1), (LOST, 0, 1), ('', 0, 1)):
        done = boot(['--shell', *arguments], fake(folder, Case('', output, status, result)))
        if done.returncode != result:
            wrong.append(f'{output!r} and {status}: {done.returncode}, not {result}')
    return wrong


def timed_out(folder, arguments):
    """An emulator that does not end, even when asked to, is killed."""
    environment = fake(folder, Case('', '', 0, 0))
    Path(environment['QEMU']).write_text("#!/bin/bash\ntrap '' TERM\necho $$\nexec sleep 1000\n")
    done = boot(['--timeout', '1', *arguments], environment)
    wrong = [] if done.returncode == 124 else [f'it exited {done.returncode}, not 124']
    if Path(f'/proc/{int(done.stdout)}').exists():
        wrong.append('the emulator still runs')
    return wrong


def terminal(folder, arguments):
    """An emulator that dies leaves the terminal as it made it: boot_qemu.py puts it right."""
    environment = fake(folder, Case('', '', 0, 0))
    Path(environment['QEMU']).write_text('#!/bin/bash\nstty raw -echo; stty -a; kill -9 $$\n')
    other, stdin = os.openpty()
    before = termios.tcgetattr(stdin)
    done = boot(arguments, environment, stdin)
    wrong = [] if b'-icanon' in done.stdout else ['the emulator could not change the terminal']
    if termios.tcgetattr(stdin) != before:
        wrong.append('the terminal is not as it was')
    os.close(stdin)
    os.close(other)
    return wrong


def main():
    kernel, archive = sys.argv[1:3]
    arguments, failed = ['--kernel', kernel, '--archive', archive], 0

    def report(what, wrong):
        nonlocal failed
        print(f'status: {what} {"ok" if not wrong else "FAILED"}')
        print(''.join(f'    {sentence}\n' for sentence in wrong), end='')
        failed += bool(wrong)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES:
            environment, machine = fake(folder, case), ['--machine', case.machine]
            report(case.what, booted(case, arguments + machine + RUN, environment) +
                   guested(case, arguments + machine, environment))
        report('without run=', without_run(folder, arguments))
        report('timeout', timed_out(folder, arguments + RUN))
        report('terminal', terminal(folder, arguments + RUN))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
