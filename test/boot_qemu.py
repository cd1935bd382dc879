#!/usr/bin/python3
"""The boot of test/boot: runs QEMU at the caller's terminal, and exits with the guest's status.

QEMU has the standard input, so that keys reach the guest at once; what it prints is passed on as it
comes and is read as well. The exit status is QEMU's if that is a failure, else what the guest's
last run: and audit: lines say; 124 if the time was up.
"""

import argparse
import contextlib
import os
import select
import signal
import subprocess
import sys
import termios
import time

import emulator
import qemu

TIMED_OUT, KILL_SECONDS = 124, 5  # as timeout(1)
CHUNK, LINE_MAX = 65536, 200


class Terminal:
    """The standard input as it was, for an emulator that is killed leaves it in raw mode."""

    def __init__(self):
        self._flags = os.get_blocking(0)
        self._mode = termios.tcgetattr(0) if os.isatty(0) else None

    def restore(self):
        os.set_blocking(0, self._flags)
        if self._mode is not None:
            # A process in the background would be stopped for the change, not refused.
            old = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            with contextlib.suppress(termios.error):  # it may be gone
                termios.tcsetattr(0, termios.TCSADRAIN, self._mode)
            signal.signal(signal.SIGTTOU, old)


def pass_on(data):
    """Write all of it to the standard output, which QEMU may have made non-blocking."""
    while data:
        try:
            data = data[os.write(1, data):]
        except BlockingIOError:
            select.select([], [1], [])


class Boot:
    """A running QEMU, its output so far, and why it was ended if it was."""

    def __init__(self, command, machine, timeout):
        # If this process is killed, so is QEMU.
        self.child = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *command],
                                      stdout=subprocess.PIPE)
        self.machine, self.output, self.ended_by = machine, bytearray(), None
        self.deadline = time.monotonic() + timeout if timeout else None
        self.kill_at = None
        self.wake, waker = os.pipe()  # for signals: they end the wait of select(), too
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._signalled)

    def _signalled(self, number, _):
        self.end(number)

    def end(self, why):
        """Ask QEMU to end; `why` is a signal's number, 'time' or 'stopped'."""
        if self.ended_by is None:
            self.ended_by, self.kill_at = why, time.monotonic() + KILL_SECONDS
            self.child.terminate()

    def _watch(self):
        """Look at the clock; returns for how long nothing is due."""
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            self.end('time')
        if self.kill_at is not None and now >= self.kill_at:
            self.kill_at = None
            self.child.kill()
        due = [at for at in (self.deadline, self.kill_at) if at is not None]
        return min(due) - now if due else None

    def _cannot_power_off(self, new):
        """Whether the kernel has just said that this machine can't power off."""
        tail = self.output[-new - LINE_MAX:]
        return not emulator.has_test_device(self.machine) and \
            emulator.CANNOT_POWER_OFF.encode() in tail

    def _read(self):
        """Pass on what there is to read; whether there may be more."""
        try:
            data = os.read(self.child.stdout.fileno(), CHUNK)
        except BlockingIOError:
            return False
        self.output += data
        pass_on(data)
        if self._cannot_power_off(len(data)):
            self.end('stopped')
        return data != b''

    def wait(self):
        """Pass the output on until QEMU has ended; returns its status."""
        stream, ended = self.child.stdout.fileno(), os.pidfd_open(self.child.pid)
        os.set_blocking(stream, False)
        sources = [stream, ended, self.wake]
        while True:
            ready, _, _ = select.select(sources, [], [], self._watch())
            if self.wake in ready:
                os.read(self.wake, CHUNK)
            if ended in ready:
                break
            if stream in ready and not self._read():
                sources.remove(stream)  # it has closed its output, and may yet have to be killed
        while self._read():
            pass
        return self.child.wait()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add('--kernel', required=True)
    add('--archive', required=True)
    add('--append', default='')
    add('--smp', type=int, default=1)
    add('--mem', default='256M')
    add('--icount')
    add('--machine', default='virt')
    add('--cpu')
    add('--bios')
    add('--timeout', type=float, help='in seconds')
    add('--shell', action='store_true', help='there is no run= on the boot line')
    add('--gdb', type=int, metavar='PORT', help='wait there for a debugger')
    return parser.parse_args()


def say(text):
    print(f'test/boot: {text}', file=sys.stderr)


def main():
    arguments = parse_arguments()
    extra = ['-S', '-gdb', f'tcp:127.0.0.1:{arguments.gdb}'] if arguments.gdb else []
    command = qemu.command(arguments.kernel, arguments.archive, arguments.append,
                           smp=arguments.smp, mem=arguments.mem, icount=arguments.icount,
                           machine=arguments.machine, cpu=arguments.cpu, bios=arguments.bios,
                           extra=extra)
    terminal = Terminal()
    boot = Boot(command, arguments.machine, arguments.timeout)
    try:
        status = boot.wait()
    finally:
        terminal.restore()
    if boot.ended_by == 'time':
        return TIMED_OUT
    if boot.ended_by == 'stopped':
        say(f'QEMU was ended, for {arguments.machine} has no way to power off')
    elif boot.ended_by is not None:
        return 128 + boot.ended_by
    result, problems = qemu.exit_status(emulator.plain(boot.output.decode(errors='replace')),
                                        status, arguments.shell, arguments.machine)
    for problem in problems:
        say(problem)
    return result


if __name__ == '__main__':
    sys.exit(main())
