"""What differs between emulators, their machines and the firmware that they bring.

Nothing else in the tests asks for a version, knows an option that only some versions have, or
knows what a firmware prints. The environment variable QEMU names another emulator.
"""

import functools
import os
import re
import subprocess

# A machine has sifive_test's device, by which the guest sets QEMU's exit status, or it has not.
WITHOUT_TEST_DEVICE = {'spike', 'sifive_u'}
# The line that the kernel prints before it asks firmware to power off, and its end: it may know no way.
POWER_OFF = re.compile(r'power-off: status 0x([0-9a-f]+); a machine that goes on now can be stopped')
CANNOT_POWER_OFF = 'a machine that goes on now can be stopped'
# OpenSBI from 1.6 on prints this, without a newline, for each illegal instruction with the opcode
# SYSTEM, such as `wfi`, `sret` or `sfence.vma` in a program: so it may stand within any line.
FIRMWARE = re.compile(r'system_opcode_insn: Invalid opcode for CSR read/write instruction')
BREAKPOINT, CALL_FROM_USER, CALL_FROM_KERNEL = 3, 8, 9  # causes of traps


class Unknown(Exception):
    """The emulator does not say what it is."""


def program():
    """The emulator's name or path."""
    return os.environ.get('QEMU') or 'qemu-system-riscv64'


@functools.cache
def _version_of(path):
    try:
        output = subprocess.run([path, '--version'], capture_output=True, text=True, check=True,
                                timeout=60, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unknown(f'{path} --version: {error}') from error
    found = re.search(r'QEMU emulator version (\d+)\.(\d+)', output)
    if not found:
        raise Unknown(f'{path} --version says no version of QEMU: {output!r}')
    return int(found[1]), int(found[2])


def version():
    """(major, minor) of the emulator, which is asked once."""
    return _version_of(program())


def one_instruction_a_block():
    """Options that give each instruction its own line of the execution log."""
    if version() < (8, 1):
        return ['-singlestep']
    return ['-accel', 'tcg,one-insn-per-tb=on']


def retiring_traps():
    """The causes of the traps whose instruction the counter of retired instructions counts.

    The privileged specification counts none; QEMU counted `ecall` and `ebreak` until version 11.
    """
    if version() < (11, 0):
        return {BREAKPOINT, CALL_FROM_USER, CALL_FROM_KERNEL}
    return set()


def has_test_device(machine):
    """Whether the guest can set QEMU's exit status. `machine` is a value of QEMU's -machine."""
    return machine.partition(',')[0] not in WITHOUT_TEST_DEVICE


def power_off_status(output):
    """The status that the kernel's last power-off line says, or None: there is no such line."""
    found = POWER_OFF.findall(output)
    return int(found[-1], 16) if found else None


def plain(output):
    """The output without carriage returns and without what firmware prints within lines."""
    return FIRMWARE.sub('', output.replace('\r', ''))


def refusal(output):
    """The line with which QEMU itself refused to start the machine, or None: it started one."""
    found = re.search(r'(?m)^qemu-system-riscv64: (?!terminating|warning)(.*)', output)
    return found and found[1]


def spike_cpu():
    """A processor for the board spike, or None: its own.

    From 8 on that board's own processor says that it has Sstc, whose registers are not there: the
    firmware believes it, and stops at the first timer.
    """
    return None if version() < (8, 0) else 'rv64,sstc=off'
