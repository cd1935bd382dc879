"""All that the report shows, measured: each part by the module whose duty it is."""

import contextlib
import io
import subprocess
from typing import NamedTuple

import chrome
import legs
import measure
import policies
import scale
from report import steps

PROFILED = ('fault_upgrade', 'fault_copy', 'fault_zero', 'request', 'fork', 'fork_exec_wait')
SCALING = measure.ROOT / 'test/scaling'


class Results(NamedTuple):
    """What there is to show; parts that could not be measured are empty."""
    kernels: list
    figures: dict   # {(kernel, name, size): measure.Figure}
    points: list    # scale.Point
    policies: dict  # {policy: {workload: {figure: value}}}
    profiles: dict  # {(kernel, name): legs.Profile}
    steps: dict     # steps.read
    events: dict    # {kind: (in the trace, by the program)}
    harts: list     # measure.Figure with more than one hart, and those to compare with


def all_policies(build):
    """Whole programs under each policy, on the pager's kernel."""
    found, names = {}, policies.known(build)
    for count, name in enumerate(names, 1):
        measure.progress_line(f'policies: {count} of {len(names)}: {name}')
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            found[name] = policies.measure(build, 'pager', name)
        if not found[name]:
            raise measure.Failed(f'{said.getvalue()}\npolicy {name}')
    measure.progress_line(f'policies: {len(names)}, {len(found[names[0]])} workloads each',
                          done=True)
    return found


def profiles(build, kernels):
    found, wanted = {}, [(kernel, name) for name in PROFILED for kernel in kernels]
    for count, (kernel, name) in enumerate(wanted, 1):
        measure.progress_line(f'profile {count} of {len(wanted)}: {name} on {kernel}')
        found[kernel, name] = legs.profile(build, kernel, name)
    measure.progress_line(f'profiles: {len(found)}', done=True)
    return found


def harts(build):
    """The figures of test/scaling, where there is such a command."""
    if not SCALING.exists():
        return []
    measure.progress_line('harts')
    done = subprocess.run([SCALING, '--build', build], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise measure.Failed(f'{done.stdout}{done.stderr}\n{SCALING}')
    found = measure.read(done.stdout)
    measure.progress_line(f'harts: {len(found)} figures', done=True)
    return found


def events(build):
    """{kind: (in the trace, by the program)}."""
    measure.progress_line('events')
    result, compared = chrome.make(build)
    chrome.write(build / 'compare/trace.json', result)
    measure.progress_line(f'events: {len(result["traceEvents"])} in the trace', done=True)
    wrong = [name for name, (seen, said) in compared.items() if seen != said]
    if wrong or not compared:
        raise measure.Failed(f'the trace disagrees with the program: {compared}')
    return compared


def gather(build):
    """Everything, with lines of progress; the CSV files are written on the way."""
    names, folder = measure.kernels(build), build / 'compare'
    figures = measure.measure_all(build, names)
    measure.write(folder / 'results.csv', measure.Figure, figures.values())
    points = scale.measure_all(build, names)
    measure.write(folder / 'scale.csv', scale.Point, points)
    return Results(names, figures, points, all_policies(build), profiles(build, names),
                   steps.read(scale.boot(build, 'pager', 'pages')), events(build), harts(build))
