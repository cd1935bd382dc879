#!/usr/bin/python3
"""Run one boot of Holstein in QEMU, and read what it printed.

run() boots and waits for power-off. A Session is a boot to talk to:

    with Session('build/holstein.elf', 'build/bootfs.cpio', 'policy=cow') as guest:
        guest.expect(r'\\$ ')
        guest.send('echo hello\\n')

Whatever happens inside the `with`, SIGTERM included, its QEMU is gone afterwards. verdict() says
whether a run has passed.
"""

import io
import re
import signal
import sys
from types import SimpleNamespace

import pexpect

import emulator

STOP_SECONDS = 5  # how long QEMU may take to end when asked to


def command(kernel, archive, append='', *, smp=1, mem='256M', icount=None, seed=None,
            machine='virt', cpu=None, bios=None, extra=()):
    """QEMU's command line, as a list."""
    line = [emulator.program(), '-M', machine, '-m', mem, '-smp', str(smp), '-nographic',
            '-kernel', kernel, *(['-initrd', archive] if archive else []), '-append', append]
    for option, value in (('-cpu', cpu), ('-bios', bios), ('-icount', icount), ('-seed', seed)):
        if value is not None:
            line += [option, str(value)]
    return line + list(extra)


class Session:
    """A running QEMU. `timeout` is the default of each expect(), in seconds.

    `stopped`: the guest has ended on a machine that can't power off, and so QEMU was ended.
    """

    def __init__(self, kernel, archive, append='', *, timeout=60, **options):
        self.command = command(kernel, archive, append, **options)
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        self.machine = options.get('machine', 'virt')
        self.stopped = False
        self._log = io.StringIO()
        self._child = pexpect.spawn(self.command[0], self.command[1:], timeout=timeout, echo=False,
                                    encoding='utf-8', codec_errors='replace', maxread=65536)
        self._child.logfile_read = self._log
        self._child.delaybeforesend = None  # pexpect's sleeps: nothing here needs them
        self._child.ptyproc.delayafterclose = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def expect(self, pattern, timeout=-1):
        """Wait for a regular expression; returns its match. Raises pexpect.TIMEOUT or .EOF."""
        self._child.expect(pattern, timeout=timeout)
        return self._child.match

    def send(self, text):
        self._child.send(text)

    def wait(self, timeout=-1):
        """Wait for the guest's end; returns QEMU's exit status, -N if signal N ended it."""
        if emulator.has_test_device(self.machine):
            self._child.expect(pexpect.EOF, timeout=timeout, searchwindowsize=1)
            return self._reap()
        self.stopped = self._child.expect_exact(
            [pexpect.EOF, emulator.CANNOT_POWER_OFF], timeout=timeout) == 1
        return self.close()

    def close(self):
        """Stop QEMU if it still runs; the same status as wait(). May be called twice."""
        if self._child.isalive():
            self._child.kill(signal.SIGTERM)
            try:
                self._child.expect(pexpect.EOF, timeout=STOP_SECONDS, searchwindowsize=1)
            except pexpect.TIMEOUT:
                self._child.kill(signal.SIGKILL)
        return self._reap()

    def _reap(self):
        if not self._child.terminated:
            self._child.wait()
        self._child.close()
        if self._child.signalstatus is not None:
            return -self._child.signalstatus
        return self._child.exitstatus

    @property
    def output(self):
        """All that the guest has printed and somebody has waited for; see emulator.plain()."""
        return emulator.plain(self._log.getvalue())


def run(kernel, archive, append='', *, timeout=60, wanted=0, **options):
    """Boot and wait; returns .output, .status (None: out of time), .command, and .problems: what
    verdict() says."""
    with Session(kernel, archive, append, timeout=timeout, **options) as guest:
        try:
            status = guest.wait()
        except pexpect.TIMEOUT:
            status = None
        output = guest.output
        return SimpleNamespace(output=output, status=status, command=guest.command,
                               problems=verdict(output, status, wanted, guest.machine))


def _values(text):
    """'a=1 b=x' as {'a': 1, 'b': 'x'}."""
    pairs = re.findall(r'(\w+)=(\S+)', text)
    return {key: int(value) if re.fullmatch(r'-?\d+', value) else value for key, value in pairs}


def _last(pattern, output):
    """The last match, wherever in its line it begins, or None."""
    found = None
    for found in re.finditer(f'(?=({pattern}))', output):
        pass
    return found


def _audit_line(output):
    return _last(r'audit: (ok|FAILED)\b(.*)', output)


def _run_line(output):
    return _last(r'run: \S+ (?:exit (-?\d+)|killed (.+))', output)


def audit(output):
    """The last audit line: {'ok': bool, 'frames': N, 'free': N, ...}, or None without one."""
    line = _audit_line(output)
    return line and {'ok': line[2] == 'ok', **_values(line[3])}


def run_status(output):
    """How the program of run= ended: ('exit', N), ('killed', CAUSE), or None if it is not said."""
    line = _run_line(output)
    return line and (('killed', line[3]) if line[3] else ('exit', int(line[2])))


def status_of(ended):
    """The status with which init powers off when a program has ended so and the audit is ok."""
    how, value = ended
    if how == 'killed':
        return 1
    return value & 0xff or int(value != 0)


def _audit_problems(output):
    """What is wrong with the audit line."""
    result = audit(output)
    if result is None:
        return ['there is no audit line']
    if not result['ok']:
        return ['the audit failed']
    if not {'frames', 'free', 'used', 'kernel'} <= result.keys():
        return ['the audit line is not complete']
    if result['frames'] != result['free'] + result['used'] + result['kernel']:
        return ['audit: frames are not free + used + kernel']
    return []


def _line_problems(output, wanted):
    """What is wrong with what the guest said: the last lines count, for a program can print any."""
    problems, ended, end = _audit_problems(output), run_status(output), _audit_line(output)
    if wanted != 'shell':
        as_wanted = ended and (ended[0] == 'killed' if wanted == 'killed' else
                               ended == ('exit', wanted))
        if not as_wanted:
            said = 'no run: line' if ended is None else f'the program ended with {ended}'
            problems.append(f'{said}, and {wanted} was expected')
        elif end and end.start() < _run_line(output).start():
            problems.append('there is no audit line after the run: line')
    begun = min((line.start() for line in (end, _run_line(output)) if line), default=0)
    if 'kernel panic at ' in output[begun:]:
        problems.append('the kernel panicked')
    return problems


def verdict(output, status, wanted=0, machine='virt'):
    """What is wrong with a boot that has ended, as a list of sentences; none: it has passed.

    `status` is QEMU's, or None if it ran out of time. `wanted` is the exit status of the program
    of run=, or 'killed', or 'shell' (a boot without run=), or 'failure': a power-off that says so,
    whatever was printed. What the guest said and QEMU's status must both be right. On a machine
    without a test device QEMU's status says nothing, and the kernel's power-off line stands for it.
    """
    if status is None:
        return ['it did not end in time']
    if not emulator.has_test_device(machine):
        status = emulator.power_off_status(output)
        if status is None:
            return ['there is no power-off line']
    if wanted == 'failure':
        return [] if status > 0 else [f'a failure was expected, and the status is {status}']
    problems = _line_problems(output, wanted)
    right = {'shell': 0, 'killed': 1}.get(wanted)
    right = status_of(('exit', wanted)) if right is None else right
    if status != right:
        problems.append(f'QEMU exited {status}, and {right} was expected')
    return problems


def exit_status(output, status, shell=False, machine='virt'):
    """What a command that boots exits with, and the sentences of verdict() on what the guest said.

    QEMU's status is passed on if it is a failure; else what the run: line says; else 1 if anything
    else is wrong.
    """
    ended = run_status(output) or ('exit', 0)
    wanted = 'shell' if shell else 'killed' if ended[0] == 'killed' else ended[1]
    problems = verdict(output, status, wanted, machine)
    if not emulator.has_test_device(machine):
        status = emulator.power_off_status(output) or 0  # without the line there are problems
    if status != 0:
        return (status if status > 0 else 128 - status), problems
    return (0 if shell else status_of(ended)) or int(bool(problems)), problems


def tests(output):
    """The tests that reported: ({name: 'ok' or 'FAILED reason'}, {name: {key: value}})."""
    results, values = {}, {}
    pattern = r'^[\w.-]+: (\S+) (?:ok((?: \w+=\S+)*)|(FAILED\b.*))$'
    for name, pairs, failure in re.findall(pattern, output, re.M):
        if not results.get(name, 'ok').startswith('FAILED'):
            results[name] = failure or 'ok'
        if pairs:
            values[name] = _values(pairs)
    return results, values
