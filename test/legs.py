"""A fault's or a request's instructions by leg, from trap to resume; any unit's by function."""

from collections import Counter
from itertools import groupby
from typing import NamedTuple

import execution
import measure

# leg, or (leg before the core has its answer, leg after), and the functions and files that belong
# to it. The first line that has a function which an instruction is in, or its file, counts.
LEGS = (
    ('reply', 'answer item install_rights come_back'),
    ('request', 'request_handle pager/request.c'),
    (('copy', 'reply'), 'port_unlock'),
    ('copy', 'copy touch touch_clean laundry_take copy_frame zero_frame frame_take frame_hold '
             'frame_release map_put map_make fill_unlocked'),
    ('look-up', 'process_of port_lock region_find map_find pager/region.c pager/map.c'),
    ('decision', 'elsewhere store store_verdict asked_verdict present ask sole'),
    ('look-up', 'fault_handle'),
    ('reply', 'install kern/vm.c kern/table.c tlb_refresh tlb_forget fence_page'),
    (('deliver', 'resume'), 'change_over resume kern/leave.S kern/trap.c kern/sched.c kern/tlb.c'),
    ('deliver', 'fault_entry'),
    (('deliver', 'reply'), 'kern/fast_send.c kern/fast_reply.c kern/fast_path.h kern/ipc.c '
                          'pager/up_kernel.c pager/server.c kern/lock.h'),
    (('trap', 'reply'), 'kern/trap.S'),
)
# What the legs that differ consist of, told as above; '' is the rest.
PARTS = {
    'deliver': (('pager goes on', 'pager/server.c'),
                ('space changed', 'change_over'),
                ('message', 'deliver thread_new_token'),
                ('into user mode', 'kern/leave.S'),
                ('receiver', '')),
    'reply': (('answer', 'pager/server.c item fault_item fault_frame answer call_first come_back '
                         'leave_answered kern/lock.h'),
              ('checks', 'capability answerable empty_endpoint'),
              ('waits again', 'wait_at'),
              ('entry', 'install install_rights fence_page fault_first'),
              ('second trap', '')),
    'resume': (('space changed', 'change_over resume kern/tlb.c'),
               ('registers', '')),
}
PART_ORDER = ('', 'receiver', 'message', 'space changed', 'into user mode', 'pager goes on',
              'answer', 'second trap', 'checks', 'entry', 'waits again', 'registers')
BOUNDARY = ('pager/server.c', 'pager/up_kernel.c')  # who calls the core
ENTRIES = {'fault_handle', 'request_handle'}        # of the core
ORDER = ('program', 'trap', 'deliver', 'request', 'look-up', 'decision', 'copy', 'reply', 'resume',
         'firmware', 'other')


class Profile(NamedTuple):
    """What one kernel did for one unit: bench's own figure, the instructions, the leg of each."""
    figure: measure.Figure
    steps: list
    legs: list


def belongs(step, names):
    return not set(names.split()).isdisjoint((*step.functions, step.file))


def leg_of(step, answered):
    if step.image not in ('kernel', 'pager'):
        return 'program'
    for leg, names in LEGS:
        if belongs(step, names):
            return leg if isinstance(leg, str) else leg[answered]
    return 'other'


def part_of(step, leg):
    """'' is a whole leg."""
    return next((part for part, names in PARTS.get(leg, ()) if not names or belongs(step, names)),
                '')


def has_legs(name):
    """Of bench's units; the others are told by file."""
    return name.startswith('fault_') or name == 'request'


def way(steps):
    """The leg of each instruction. The second half begins where the core is left."""
    legs, entered, answered = [], False, False
    for step in steps:
        entered = entered or not ENTRIES.isdisjoint(step.functions)
        answered = answered or (entered and step.file in BOUNDARY)
        legs.append(leg_of(step, answered))
    return legs


def profile(build, kernel, name, size=0, policy=''):
    """Measure one unit. The firmware is not in the log: what is missing in the count is its own."""
    figure, addresses = execution.run(build, kernel, name, size, policy)
    steps = execution.steps(build, kernel, addresses)[1:]  # the first reading is the calibration
    legs = way(steps) if has_legs(name) else [step.file for step in steps]
    missing = figure.median - len(steps)
    if missing < 0:
        raise measure.Failed(f'{len(steps)} instructions in the log, {figure.median} counted')
    steps += [execution.Step(0, 'firmware', ('(firmware)',), '')] * missing
    return Profile(figure, steps, legs + ['firmware'] * missing)


def by_leg(*results):
    """{leg: instructions of each profile}: a fault's in the order of its way, else by number."""
    counts = [Counter(result.legs) for result in results]
    table = {leg: tuple(count[leg] for count in counts) for leg in set().union(*counts)}
    return dict(sorted(table.items(), key=lambda row: (
        ORDER.index(row[0]) if row[0] in ORDER else -max(row[1]), row[0])))


def sorted_counts(results, key_of):
    """{(leg, ...): instructions of each profile}, by legs and parts, the most first."""
    counts = [Counter(key_of(step, leg) for step, leg in zip(result.steps, result.legs))
              for result in results]
    legs = list(by_leg(*results))
    table = {key: tuple(count[key] for count in counts) for key in set().union(*counts)}

    def place(row):
        (leg, part, *_), counts = row
        return legs.index(leg), PART_ORDER.index(part), -max(counts), row[0]

    return dict(sorted(table.items(), key=place))


def by_part(*results):
    """{(leg, part): instructions of each profile}."""
    return sorted_counts(results, lambda step, leg: (leg, part_of(step, leg)))


def by_function(*results):
    """{(leg, part, innermost function, file): instructions of each profile}."""
    return sorted_counts(results, lambda step, leg: (leg, part_of(step, leg), step.functions[0],
                                                     step.file))


def traps(result):
    """{'pager: sys_share', 'program: fault', ...: how often}: who went into the kernel, and why."""
    found, before = Counter(), None
    for image, steps in groupby(result.steps, key=lambda step: step.image):
        steps = list(steps)
        if image == 'kernel' and before:
            who = before.image if before.image == 'pager' else 'program'
            fault = any('not_a_call' in step.functions for step in steps)
            call = [name for name in before.functions if name.startswith('sys_')]
            found[f'{who}: ' + ('fault' if fault else call[0] if who == 'pager' and call else
                                'system call')] += 1
        before = steps[-1]
    return found


def by_trap(*results):
    """{what: how often in each profile}, the program's first."""
    counts = [traps(result) for result in results]
    return {key: tuple(count[key] for count in counts)
            for key in sorted(set().union(*counts), key=lambda key: (key[:5] == 'pager', key))}
