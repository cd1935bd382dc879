"""Events of a run (trace.py) in the format of Chrome's traces, and how many of each there are."""

import json
import re
from collections import Counter

import measure
import qemu
import trace

PROGRAMS, KERNEL = 1, 2  # the two groups of tracks
REMOTE_CODE = 1 << 16  # in the place of an ASID (kern/remote.h): no shootdown


def enumeration(kind):
    """The names of an enum of pager/protocol.h, in order, in lower case and without prefix."""
    text = (measure.ROOT / 'pager/protocol.h').read_text(encoding='utf-8')
    body = re.search(rf'enum {kind} {{(.*?)}};', text, re.S)[1]
    return [name.partition('_')[2].lower()
            for name in re.findall(r'\b[A-Z]+_\w+', re.sub(r'/\*.*?\*/', '', body, flags=re.S))]


REQUESTS, CAUSES = enumeration('request'), enumeration('death_cause')
STATISTICS = enumeration('pager_statistic')


def process_of(badge):
    """A badge carries the process's number above bit 0 (pager/process.h: process_badge)."""
    return badge >> 1 & 0xffffffff


def slice_of(visit):
    """(process, name, arguments) of what a visit of the pager was for, or None."""
    for call in visit.calls:
        a = call.arguments
        if call.function == trace.RECEIVED and a[7] != 0 and a[6] & 1 == 0:
            name = REQUESTS[a[0]] if a[0] < len(REQUESTS) else f'request {a[0]}'
            return process_of(a[6]), name, {'a1': f'{a[1]:#x}', 'a2': f'{a[2]:#x}'}
        if call.function == 'fault_handle':
            outcome = {'cop': 'copy', '': 'fault'}.get(visit.outcome, visit.outcome)
            return process_of(a[4]), outcome, {'address': f'{a[0]:#x}', 'cause': a[1],
                                               'pc': f'{a[2]:#x}'}
    return None


def mark_of(call, name):
    """The event that a call is, or None; `name`: what the pager was asked for."""
    # A long request may end in a visit for another thread's request or fault: so what was asked there
    # does not tell. A thread that starts with registers of its own is no child's.
    if call.function == 'port_thread_start':
        given = any(other.function == 'port_thread_set' for other in call.visit.calls)
        return None if given else 'fork'
    if call.function == 'port_thread_set':
        return None if name in ('thread', 'server', 'pager') else 'exec'
    if call.function == 'death_kill':
        cause = CAUSES[call.arguments[1]]
        if cause != 'killed':
            return f'killed: {cause}'
        # A fault whose process was killed while it copied ends it a second time.
        return 'kill' if name == 'kill' else None
    if call.function == 'remote_fence':
        return 'shootdown' if call.arguments[1] != REMOTE_CODE else None
    return {'death_exit': 'exit', 'death_kill_other': 'kill', 'death_kill_many': 'kill',
            'replaced': 'verdict replaced'}.get(call.function)


def events(calls):
    """All events in order of time: dictionaries of the trace's format."""
    found, seen = [], set()
    for call in calls:
        visit = call.visit
        process, name, arguments = slice_of(visit) or (0, '', {})
        if visit not in seen and name:
            found.append({'ph': 'X', 'name': name, 'pid': PROGRAMS, 'tid': process,
                          'ts': visit.since() / 1000,
                          'dur': (visit.until() - visit.since()) / 1000,
                          'args': {**arguments, 'hart': call.hart}})
        seen.add(visit)
        mark = mark_of(call, name)
        if mark:
            place = (KERNEL, call.hart) if mark == 'shootdown' else (PROGRAMS, process)
            found.append({'ph': 'i', 's': 't', 'name': mark, 'pid': place[0], 'tid': place[1],
                          'ts': call.time / 1000, 'args': {'by': process}})
    return sorted(found, key=lambda event: event['ts'])


def titles(found, me):
    """The names of the tracks."""
    def title(kind, pid, tid, name):
        return {'ph': 'M', 'name': kind, 'pid': pid, 'tid': tid, 'args': {'name': name}}

    tracks = sorted({(event['pid'], event['tid']) for event in found})
    return [title('process_name', PROGRAMS, 0, 'processes: what they ask of the pager'),
            title('process_name', KERNEL, 0, 'kernel'),
            *(title('thread_name', pid, tid, f'hart {tid}' if pid == KERNEL else
                    f'process {tid}' + (': events' if tid == me else ''))
              for pid, tid in tracks)]


def counts(found, me):
    """How often what the program counts too is in the trace, until it asked for its figures."""
    asked = max(event['ts'] for event in found if event['tid'] == me and
                event['name'] == 'statistics' and
                int(event['args']['a1'], 16) == STATISTICS.index('replaced'))
    all_of = Counter(event['name'] for event in found if event['ts'] <= asked)
    own = Counter(event['name'] for event in found if event['ph'] == 'i' and
                  event['ts'] <= asked and event['pid'] == PROGRAMS and event['tid'] >= me)
    slices = Counter(event['name'] for event in found
                     if event['ph'] == 'X' and event['ts'] <= asked)
    return {'fork': own['fork'], 'exec': own['exec'] - 1,  # without that of the program itself
            'exit': own['exit'],
            'kill': own['kill'], 'memory': own['killed: memory'],
            'shootdown': all_of['shootdown'], 'replaced': all_of['verdict replaced'],
            'upgrade': slices['upgrade'], 'copy': slices['copy'], 'zero': slices['zero']}


def make(build, policy=''):
    """The trace, and {name: (in the trace, by the program)}."""
    output, calls = trace.run(build, policy)
    _, values = qemu.tests(output)
    me, found = values['self']['pid'], events(calls)
    said = {name: value['count'] for name, value in values.items() if 'count' in value}
    seen = counts(found, me)
    return ({'traceEvents': titles(found, me) + found, 'displayTimeUnit': 'ns'},
            {name: (seen.get(name), count) for name, count in said.items()})


def write(path, result):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, separators=(',', ':')) + '\n', encoding='utf-8')
