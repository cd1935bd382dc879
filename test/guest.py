#!/usr/bin/python3
"""Boot one program in QEMU and judge what it and the audit say. Exit status 0 or 1."""

import argparse
import contextlib
import fcntl
import os
import re
import shlex
import sys

import pexpect

import qemu


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('--kernel', required=True)
    add('--archive', required=True)
    add('--smp', type=int, default=1)
    add('--mem', default='256M')
    add('--icount', help="as QEMU's -icount, for example shift=0,sleep=off")
    add('--seed', type=int)
    add('--append', default='', help='more words for the boot line')
    add('--machine', default='virt', help="as QEMU's -machine")
    add('--cpu', help="as QEMU's -cpu")
    add('--bios', help="as QEMU's -bios")
    add('--qemu', help='another emulator (or the environment variable QEMU)')
    add('--timeout', type=int, default=60, help='seconds for one boot (60)')
    add('--runs', type=int, default=1, help='boot so many times')
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--run', metavar='PROG ARG...')
    what.add_argument('--no-run', action='store_true', help='no run= on the boot line: a shell')
    add('--type', action='append', default=[], metavar='LINE',
        help='type a line at the next prompt (repeatable)')
    end = parser.add_mutually_exclusive_group()
    end.add_argument('--expect-status', type=int, default=0, metavar='N')
    end.add_argument('--expect-killed', action='store_true')
    end.add_argument('--expect-fail', action='store_true',
                     help='power-off with failure; audit, run line and tests are not judged')
    add('--expect-test', nargs='+', action='extend', default=[], metavar='NAME')
    add('--expect-output', nargs='+', action='extend', default=[], metavar='REGEX')
    return parser.parse_args()


@contextlib.contextmanager
def host_share(directory, alone):
    """Hold the host: alone, or together with all others that don't need it alone.

    Who waits to be alone holds the turnstile, so that newcomers can't overtake for ever.
    """
    with open(os.path.join(directory, 'qemu.turnstile'), 'w') as turnstile, \
         open(os.path.join(directory, 'qemu.lock'), 'w') as lock:
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turnstile, fcntl.LOCK_UN)
        yield


def boot(arguments):
    """One boot; returns QEMU's status (None: out of time), the output and the command line."""
    run = f"run='{arguments.run}'" if arguments.run else ''
    append = ' '.join(filter(None, [arguments.append, run]))
    with qemu.Session(arguments.kernel, arguments.archive, append, smp=arguments.smp,
                      mem=arguments.mem, icount=arguments.icount, seed=arguments.seed,
                      machine=arguments.machine, cpu=arguments.cpu, bios=arguments.bios,
                      timeout=arguments.timeout) as guest:
        try:
            for line in arguments.type:
                guest.expect(r'(?m)^\$ ')
                guest.send(line + '\n')
            status = guest.wait()
        except pexpect.TIMEOUT:
            status = None
        except pexpect.EOF:  # no prompt came
            status = guest.close()
        if guest.stopped:
            print(f'guest: ended QEMU, since {arguments.machine} has no way to power off')
        return status, guest.output, guest.command


def judge(arguments, status, output):
    """All that is wrong with one boot, as a list of sentences."""
    results, _ = qemu.tests(output)
    wanted = ('failure' if arguments.expect_fail else 'shell' if arguments.no_run else
              'killed' if arguments.expect_killed else arguments.expect_status)
    problems = qemu.verdict(output, status, wanted, arguments.machine)
    if status is not None and not arguments.expect_fail:
        problems += [f'test {name} {result}' for name, result in results.items() if result != 'ok']
    problems += [f'test {name} did not report ok' for name in arguments.expect_test
                 if results.get(name) != 'ok']
    problems += [f'the output does not match {regex!r}' for regex in arguments.expect_output
                 if not re.search(regex, output, re.M)]
    return problems


def main():
    arguments = parse_arguments()
    if arguments.qemu:
        os.environ['QEMU'] = arguments.qemu
    directory = os.path.dirname(os.path.abspath(arguments.kernel))
    for number in range(1, arguments.runs + 1):
        with host_share(directory, alone=arguments.smp > 2):
            status, output, command = boot(arguments)
        problems = judge(arguments, status, output)
        if problems:
            print(output)
            print(f'guest: boot {number} of {arguments.runs} FAILED')
            for problem in problems:
                print(f'guest: {problem}')
            print('guest: once more by hand:', shlex.join(command))
            return 1
    print(f'guest: ok, {arguments.runs} boot(s)')
    return 0


if __name__ == '__main__':
    sys.exit(main())
