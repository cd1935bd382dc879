"""A fault's instructions by leg, from trap to resume; any unit's by function."""

from collections import Counter
from typing import NamedTuple

import execution
import measure

# leg, or (leg before the core has its answer, leg after), and the functions and files that belong
# to it. The first line that has a function which an instruction is in, or its file, counts.
LEGS = (
    ('reply', 'answer item install_rights come_back'),
    (('copy', 'reply'), 'port_unlock'),
    ('copy', 'copy touch touch_clean laundry_take copy_frame zero_frame frame_take frame_hold '
             'frame_release map_put map_make fill_unlocked'),
    ('look-up', 'process_of port_lock region_find map_find pager/region.c pager/map.c'),
    ('decision', 'elsewhere store store_verdict asked_verdict present ask sole'),
    ('look-up', 'fault_handle'),
    ('install', 'install kern/vm.c kern/table.c tlb_refresh tlb_forget fence_page'),
    (('deliver', 'resume'), 'change_over resume kern/leave.S kern/trap.c kern/sched.c kern/tlb.c'),
    ('deliver', 'fault_entry'),
    (('deliver', 'reply'), 'kern/fast_send.c kern/fast_reply.c kern/fast_path.h kern/ipc.c '
                          'pager/up_kernel.c pager/server.c'),
    (('trap', 'reply'), 'kern/trap.S'),
)
BOUNDARY = ('pager/server.c', 'pager/up_kernel.c')  # who calls the core
ORDER = ('program', 'trap', 'deliver', 'look-up', 'decision', 'copy', 'reply', 'install', 'resume',
         'firmware', 'other')


class Profile(NamedTuple):
    """What one kernel did for one unit: bench's own figure, the instructions, the leg of each."""
    figure: measure.Figure
    steps: list
    legs: list


def leg_of(step, answered):
    if step.image not in ('kernel', 'pager'):
        return 'program'
    for leg, names in LEGS:
        if not set(names.split()).isdisjoint((*step.functions, step.file)):
            return leg if isinstance(leg, str) else leg[answered]
    return 'other'


def fault_legs(steps):
    """The leg of each instruction of a fault. Its second half begins where the core is left."""
    legs, entered, answered = [], False, False
    for step in steps:
        entered = entered or 'fault_handle' in step.functions
        answered = answered or (entered and step.file in BOUNDARY)
        legs.append(leg_of(step, answered))
    return legs


def profile(build, kernel, name, size=0, policy=''):
    """Measure one unit. The firmware is not in the log: what is missing in the count is its own."""
    figure, addresses = execution.run(build, kernel, name, size, policy)
    steps = execution.steps(build, kernel, addresses)[1:]  # the first reading is the calibration
    legs = fault_legs(steps) if name.startswith('fault_') else [step.file for step in steps]
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


def by_function(*results):
    """{(leg, innermost function): instructions of each profile}, by leg, the most first."""
    counts = [Counter((leg, step.functions[0]) for step, leg in zip(result.steps, result.legs))
              for result in results]
    legs = list(by_leg(*results))
    table = {key: tuple(count[key] for count in counts) for key in set().union(*counts)}
    return dict(sorted(table.items(), key=lambda row: (
        legs.index(row[0][0]), -max(row[1]), row[0])))
