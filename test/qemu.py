#!/usr/bin/python3
"""Run one boot of Holstein in QEMU, and read what it printed.

run() boots and waits for power-off. A Session is a boot to talk to:

    with Session('build/holstein.elf', 'build/bootfs.cpio', 'policy=cow') as guest:
        guest.expect(r'\\$ ')
        guest.send('echo hello\\n')

Whatever happens inside the `with`, SIGTERM included, its QEMU is gone afterwards.
The environment variable QEMU names another emulator.
"""

import io
import os
import re
import signal
import sys
from types import SimpleNamespace

import pexpect

STOP_SECONDS = 5  # how long QEMU may take to end when asked to


def command(kernel, archive, append='', *, smp=1, mem='256M', icount=None, seed=None, extra=()):
    """QEMU's command line, as a list."""
    line = [os.environ.get('QEMU', 'qemu-system-riscv64'), '-M', 'virt', '-m', mem,
            '-smp', str(smp), '-nographic', '-kernel', kernel, *(['-initrd', archive] if archive else []),
            '-append', append]
    if icount is not None:
        line += ['-icount', icount]
    if seed is not None:
        line += ['-seed', str(seed)]
    return line + list(extra)


class Session:
    """A running QEMU. `timeout` is the default of each expect(), in seconds."""

    def __init__(self, kernel, archive, append='', *, timeout=60, **options):
        self.command = command(kernel, archive, append, **options)
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
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
        """Wait for the guest's power-off; returns QEMU's exit status, -N if signal N ended it."""
        self._child.expect(pexpect.EOF, timeout=timeout, searchwindowsize=1)
        return self._reap()

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
        """All that the guest has printed and somebody has waited for."""
        return self._log.getvalue().replace('\r', '')


def run(kernel, archive, append='', *, timeout=60, **options):
    """Boot and wait; returns .output, .status (None if .timed_out) and .command."""
    with Session(kernel, archive, append, timeout=timeout, **options) as guest:
        try:
            status = guest.wait()
        except pexpect.TIMEOUT:
            status = None
        return SimpleNamespace(output=guest.output, status=status, timed_out=status is None,
                               command=guest.command)


def _values(text):
    """'a=1 b=x' as {'a': 1, 'b': 'x'}."""
    pairs = re.findall(r'(\w+)=(\S+)', text)
    return {key: int(value) if re.fullmatch(r'-?\d+', value) else value for key, value in pairs}


def audit(output):
    """The last audit line: {'ok': bool, 'frames': N, 'free': N, ...}, or None without one."""
    lines = re.findall(r'^audit: (ok|FAILED)\b(.*)$', output, re.M)
    if not lines:
        return None
    verdict, rest = lines[-1]
    return {'ok': verdict == 'ok', **_values(rest)}


def run_status(output):
    """How the program of run= ended: ('exit', N), ('killed', CAUSE), or None if it is not said."""
    lines = re.findall(r'^run: \S+ (?:exit (-?\d+)|killed (.+))$', output, re.M)
    if not lines:
        return None
    status, cause = lines[-1]
    return ('killed', cause) if cause else ('exit', int(status))


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
