#!/usr/bin/python3
"""Type at the shell as a person does, and look at what comes back."""

import argparse
import sys

import pexpect

import qemu

DELETE, INTERRUPT, END, KILL_LINE = '\x7f', '\x03', '\x04', '\x15'


class Shell:
    """A booted system whose prompt was seen."""

    def __init__(self, guest):
        self.guest = guest
        guest.expect(r'\$ ')

    def type(self, text, *patterns):
        """Type a line; its output must match each pattern, in order, before the next prompt."""
        self.guest.send(text + '\n')
        for pattern in patterns:
            self.guest.expect(pattern)
        self.guest.expect(r'\$ ')


def lines(shell):
    """What a person types first."""
    shell.type('echo hello world', r'\nhello world\r*\n')
    shell.type('ls | grep cow | wc', r'\n1 1 8 ')
    shell.type('cat README | wc', r'\n\d+ \d+ \d+ ')
    shell.type('echo a; echo b', r'\na\r*\nb\r*\n')
    shell.type('echo one > f; echo two >> f; cat < f', r'\none\r*\ntwo\r*\n')
    shell.type('wc f; rm f; cat f', r'2 2 8 f', 'f: No such file')
    shell.type("echo 'a  |  b' \"c;d\"", r'\na  \|  b c;d\r*\n')
    shell.type('mkdir d; cd d; echo x > y; ls; cd ..; ls d', r'\ny\r*\n', r'\ny\r*\n')
    shell.type('rm d; rm d/y d; ls d', 'd: Directory not empty', 'd: No such file')
    shell.type('nonsense', 'sh: nonsense: No such file')
    shell.type('echo |', 'syntax error')
    shell.type('', '')
    shell.type('ps', r'\d+ +\d+ +16 one +sh', 'ps')
    shell.type('memstat', 'files', 'pager: ', 'kernel: ')
    shell.type('free', 'memory', 'files')


def keys(shell):
    """Line editing, as it is seen and as it is read."""
    shell.type('echo abX' + DELETE + 'c', r'\nabc\r*\n')
    shell.type('rubbish' + KILL_LINE + 'echo clean', r'\nclean\r*\n')
    shell.type(DELETE * 3 + 'echo d', r'\nd\r*\n')
    shell.guest.send('echo lost' + INTERRUPT)
    shell.guest.expect(r'\^C\r*\n')
    shell.guest.expect(r'\$ ')
    shell.guest.send('cat\nline\n')
    shell.guest.expect(r'line\r*\nline\r*\n')
    shell.guest.send('par' + END)
    shell.guest.expect('parpar')
    shell.guest.send(END)
    shell.guest.expect(r'\$ ')
    shell.guest.send('usertests bad-room-console\n')
    shell.type('0123456789', 'usertests: bad-room-console ok')


def interrupt(shell):
    """The key, again if it came before the shell had said what runs in the foreground."""
    for _ in range(30):
        shell.guest.send(INTERRUPT)
        try:
            shell.guest.expect(r'\^C\r*\n\$ ', timeout=1)
            return
        except pexpect.TIMEOUT:
            pass
    raise pexpect.TIMEOUT('the interrupt key ends nothing')


def jobs(shell):
    """Jobs in the background, and the interrupt key."""
    shell.type('cat README | wc &', r'\[\d+\]')
    shell.type('wait', '')
    shell.guest.send('sleep 1000; echo un""wanted\n')
    shell.guest.expect(r'wanted\r*\n')
    interrupt(shell)
    if 'unwanted' in shell.guest.output:
        raise pexpect.TIMEOUT('the rest of the line is run after the interrupt key')
    shell.guest.send("sh -c 'sleep 1000 | cat'\n")
    shell.guest.expect(r"cat'\r*\n")
    interrupt(shell)
    shell.guest.send('cat | cat\n')
    shell.guest.expect(r'cat \| cat\r*\n')
    interrupt(shell)
    shell.guest.send('sleep 1000 &\n')
    shell.guest.expect(r'\[(\d+)\]\r*\n\$ ')
    shell.type('echo still here', r'\nstill here\r*\n')
    shell.type('cowtest --die', r'\nsh: cowtest: killed \(address\)\r*\n')
    shell.type('echo "cowtest --die" > f; echo "true | cowtest --die | true" >> f; echo echo after >> f')
    shell.type('sh f', r'\nsh: cowtest: killed \(address\)\r*\n',
               r'sh: cowtest: killed \(address\)\r*\nafter\r*\n')
    shell.type("sh -c 'cowtest --die & wait'", r'\nsh: \d+: killed \(address\)\r*\n')


def programs(shell):
    """Larger programs from the prompt; one that was copied to a file runs too."""
    shell.type('cat echo > mine; ./mine copied', r'\ncopied\r*\n')
    shell.type('echo no program > mine; ./mine', 'sh: ./mine: Exec format error')
    shell.type('rm mine; cowtest simple; cowtest file', 'simple ok', 'file ok')


def none_failed(shell):
    if 'FAILED' in shell.guest.output:
        raise pexpect.TIMEOUT('a test failed')


def tests(shell):
    """One test program after the other in a line, each to its end."""
    shell.type('cowtest; usertests -q', 'cowtest: simple ok', 'cowtest: file ok',
               'usertests: pipe ok', r'usertests: \d+ run, 0 failed')
    none_failed(shell)


def connected(shell):
    """Programs that count frames, below a shell that has used files."""
    shell.type('cd /; cowtest last', 'cowtest: last ok')
    shell.type('threadtest order cond', 'threadtest: order ok', 'threadtest: cond ok')
    shell.type('policytest', 'policytest: inherit ok', 'policytest: absurd ok')
    shell.type('racetest sharers; stress', 'racetest: sharers ok', 'stress: steps ok')
    none_failed(shell)


SCENES = {scene.__name__: scene for scene in (lines, keys, jobs, programs, tests, connected)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--kernel', required=True)
    parser.add_argument('--archive', required=True)
    parser.add_argument('--smp', type=int, default=1)
    parser.add_argument('--mem', default='256M')
    parser.add_argument('scene', nargs='*', help=' '.join(SCENES))
    arguments = parser.parse_args()
    failed = 0
    for name in arguments.scene or SCENES:
        with qemu.Session(arguments.kernel, arguments.archive, smp=arguments.smp,
                          mem=arguments.mem, timeout=60) as guest:
            problem = None
            try:
                shell = Shell(guest)
                SCENES[name](shell)
                guest.send('exit\n')
                status = guest.wait()
            except (pexpect.TIMEOUT, pexpect.EOF) as error:
                problem = f'{type(error).__name__}: {error}'.partition('<pexpect')[0].strip()
                status = None
            if problem is None:
                problem = '; '.join(qemu.verdict(guest.output, status, 'shell')) or None
            print(f'shell: {name} {"ok" if problem is None else "FAILED " + problem}')
            if problem is not None:
                print(guest.output[-2000:])
                failed = 1
    return failed


if __name__ == '__main__':
    sys.exit(main())
