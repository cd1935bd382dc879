"""Events of one run, from QEMU's execution log: nothing in kernel or pager records them.

The log has every instruction, and so says when, with the registers before it, which say to whom at
the functions of CALLS. It is tens of GB, and goes through a pipe. No second run is needed, which
would have to be the first one again: not every emulator repeats a run of two harts under -icount.
Time is in instructions of all harts, without the firmware's, which are not in the log.
"""

import os
import re
import tempfile
import threading
from pathlib import Path

import emulator
import execution
import measure
import qemu

# A hart's turn ends at the next timer, or after 2^31 ns: where it waits for the other one's fence,
# that is 2^21 instructions at this shift.
HARTS = 2
STACK_NBYTES = 8192  # of a loop of the pager, or less (pager/server.c)
# The registers of each instruction take QEMU long, and the versions that write all of them longer:
# so in little memory, which is soon set up, filled and audited.
BOOT = {'smp': HARTS, 'mem': '12M', 'icount': 'shift=10,sleep=off', 'timeout': 1000}
BOOT_LINE = 'tick=300007 run=events'
# Functions whose calls are events; and where the pager's loops come back from receiving, with the
# message in a0 to a5, the badge in a6 and the token in a7.
CALLS = {'pager': ('fault_handle', 'port_thread_start', 'port_thread_set', 'death_exit', 'death_kill',
                   'death_kill_other', 'death_kill_many', 'replaced'), 'kernel': ('remote_fence',)}
LOOPS, RECEIVED = ('server_main', 'shared_loop'), 'received'
# What came of a fault: where the pager counts it.
OUTCOME = re.compile(r'counts\.(upgrade|cop|zero|map)\w*\+\+;')
RECORD = b'\nTrace '  # begins what the log says of an instruction and of what follows it
HEAD = re.compile(rb'(\d): \S+ \[\w+/(\w{16})/')
AGAIN = (b'cpu_io_recompile', b'Stopped execution')
TRAP = re.compile(rb'riscv_cpu_do_interrupt: hart:\d, async:([01]), cause:(\w+)')
PROGRAM_END = b'0000000040000000'  # where the pager's addresses begin; the kernel's are above
REGISTER = re.compile(rb'\bx(2|1[0-7])/\w+ +(\w{16})')


class Call:
    """A call of one of CALLS, or an outcome: by which hart, when, when that hart ran a program last
    before and first after, on which stack and with what in a0 to a7."""

    def __init__(self, function, hart, time, since, registers):
        self.function, self.hart, self.time, self.since = function, hart, time, since
        self.stack, self.arguments = registers[2], tuple(registers[10 + i] for i in range(8))
        self.until, self.visit = time, None
        self.repeated = False  # its instruction was stopped, and is logged again


class Visit:
    """What the pager does for a message: its calls, and what came of a fault."""

    def __init__(self):
        self.calls, self.outcome, self.next = [], '', None

    def since(self):
        return self.calls[0].since

    def until(self):
        """When a program ran again, or that loop of the pager took its next message."""
        return min([self.calls[-1].until] + ([self.next] if self.next else []))


def elf(build, image):
    return build / ('pager/pager' if image == 'pager' else measure.IMAGES['pager'])


def calls(build):
    """{address, as the log writes it: function} of CALLS."""
    found = {}
    for image, names in CALLS.items():
        for address, name in re.findall(r'(?m)^(\w+) [tT] (\w+)', execution.tool(
                'nm', elf(build, image))):
            if name in names:
                found[address.encode()] = name
    missing = {name for names in CALLS.values() for name in names} - set(found.values())
    if missing:
        raise measure.Failed(f'no function {" ".join(sorted(missing))} to see events by')
    return {**found, **receptions(build)}


def receptions(build):
    """{address: RECEIVED} of the instructions after the loops' system calls."""
    found = {}
    for loop in LOOPS:
        text = execution.tool('objdump', f'--disassemble={loop}', elf(build, 'pager'))
        for address in re.findall(r'(?m)^ *(\w+):\t[\w ]+\tecall', text):
            found[b'%016x' % (int(address, 16) + 4)] = RECEIVED
    if not found:
        raise measure.Failed('no loop of the pager to see messages by')
    return found


def outcomes(build):
    """{address: outcome} of the stores that count what came of a fault."""
    path, found = elf(build, 'pager'), {}
    stores = re.findall(r'(?m)^ *(\w+):\t[\w ]+\tsd\t', execution.tool('objdump', '-d', path))
    lines = execution.tool('addr2line', '-e', path, text='\n'.join(stores)).splitlines()
    for address, place in zip(stores, lines):
        file, _, number = place.partition(' ')[0].rpartition(':')
        if file.endswith('/fault.c'):
            line = (measure.ROOT / 'pager/fault.c').read_text().splitlines()[int(number) - 1]
            if counted := OUTCOME.search(line):
                found[b'%016x' % int(address, 16)] = counted[1]
    return found


class Watch:
    """Reads the log of every instruction as it comes."""

    def __init__(self, build):
        self.outcomes = outcomes(build)
        self.at = {**calls(build), **self.outcomes}
        self.calls, self.time, self.retiring = [], 0, emulator.retiring_traps()
        self.left = [0] * HARTS  # when each hart last ran a program
        self.open = [[] for _ in range(HARTS)]  # calls since then

    def instruction(self, hart, address, record):
        self.time += 1
        if address < PROGRAM_END:
            self.left[hart] = self.time
            for call in self.open[hart]:
                call.until = self.time
            self.open[hart] = []
        elif address in self.at:
            registers = {int(number): int(value, 16) for number, value in REGISTER.findall(record)}
            self.calls.append(Call(self.at[address], hart, self.time, self.left[hart], registers))
            self.open[hart].append(self.calls[-1])

    def not_retired(self):
        """The last instruction was stopped: it is logged again, or has trapped."""
        if self.calls and self.calls[-1].time == self.time:
            self.calls[-1].repeated = True
        self.time -= 1

    def record(self, text):
        head = HEAD.match(text)
        if not head:
            return  # what came before the first instruction
        self.instruction(int(head[1]), head[2], text)
        if any(words in text for words in AGAIN):
            self.not_retired()
        elif b'do_interrupt' in text:
            for asynchronous, cause in TRAP.findall(text):
                if asynchronous == b'0' and int(cause, 16) not in self.retiring:
                    self.not_retired()

    def read(self, log):
        rest = b'\n'
        while chunk := log.read(execution.CHUNK):
            *whole, rest = (rest + chunk).split(RECORD)
            for text in whole:
                self.record(text)
        self.record(rest)


def boot(build, log, policy, *flags):
    """One run with its log in that file; returns its output."""
    line = (f'policy={policy} ' if policy else '') + BOOT_LINE
    result = qemu.run(str(build / measure.IMAGES['pager']), str(build / 'bootfs.cpio'), line,
                      extra=[*emulator.one_instruction_a_block(), *flags, '-D', str(log)], **BOOT)
    if result.problems:
        raise measure.Failed('\n'.join([result.output, *result.problems]))
    return result.output


def watched(build, policy, watch):
    """One run, whose log goes through a pipe; returns its output."""
    with tempfile.TemporaryDirectory() as folder:
        pipe = Path(folder) / 'log'
        os.mkfifo(pipe)

        def reader():
            with open(pipe, 'rb') as log:
                watch.read(log)

        thread = threading.Thread(target=reader)
        thread.start()
        try:
            return boot(build, pipe, policy, '-d', 'exec,nochain,int,cpu', '-dfilter',
                        execution.LOGGED)
        finally:
            os.close(os.open(pipe, os.O_RDWR))  # a reader whose QEMU never came ends too
            thread.join()


def visits(calls_made, outcome_names):
    """Gives each call its visit. A loop of the pager may be preempted and go on on another hart:
    what its calls have in common is its stack."""
    running = {}  # visit by the stack pointer at its message
    for call in calls_made:
        if call.function == RECEIVED:
            if call.stack in running:
                running[call.stack].next = call.time
            running[call.stack] = call.visit = Visit()
        else:
            near = min((top for top in running if 0 <= top - call.stack < STACK_NBYTES),
                       default=None)
            call.visit = running.get(near) or Visit()
        if call.function in outcome_names:
            call.visit.outcome = call.function
        call.visit.calls.append(call)


def run(build, policy=''):
    """What `events` printed, and all calls in order."""
    watch = Watch(build)
    output = watched(build, policy, watch)
    made = [call for call in watch.calls if not call.repeated]
    if not made:
        raise measure.Failed('the log has no call that makes an event')
    visits(made, set(watch.outcomes.values()))
    return output, made
