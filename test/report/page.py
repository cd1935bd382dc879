"""The report as one HTML file: no network, no script, light and dark."""

from html import escape
from pathlib import Path

import measure
from report import costs_page, fault_page, headline

FOLDER = Path(__file__).resolve().parent


def style():
    return ''.join((FOLDER / name).read_text(encoding='utf-8')
                   for name in ('page.css', 'picture.css'))


def section(key, title, content):
    return key, title, f'<section id="{key}">\n<h2>{escape(title)}</h2>\n{content}</section>\n'


COMPARED = '''<p>Two kernels, made of the same objects: in one, copy-on-write lives in a user-level
<b>pager</b>, and a fault is a message to it; in the other, the same pager is linked <b>into the
kernel</b>, and a fault is a call; where a picture has little room it is called <b>mono</b>. The same
programs run on both. So the difference is the price of the boundary. Where no pager is asked (calls
between programs, pipes) the two differ by a few instructions of the kernel’s way in.</p>
<p>Costs are <b>retired instructions</b>, counted by QEMU under <code>-icount shift=0</code> on one
hart, in the program that waits for the result; medians of 101 runs. They are the same on every run
and every machine. What they do not show: caches, pipeline and TLB; a change of address space costs
more on a processor than its instructions say.</p>
'''


OPERATIONS = '''<p>Each picture has a scale of its own, from zero on. The dashed line is the budget
with the pager in user space.</p>
'''


def table_section(costs):
    return headline.figure_table(costs) + '''<p class="note">≤: this project’s budget. xv6 COW:
xv6-riscv of 2022 with the copy-on-write lab solved; tuned: the same with -O2, word-wise memory
functions and no junk fill; 8 slots: with 8 processes instead of 64, which it scans. seL4: release
build, fast path, handler in another address space. Prototype: a throw-away one of this design,
without interrupts, kill and servers. All
measured as here; how they were taken over stands in <code>test/budgets.csv</code>. A page more is
''' + headline.page_formula('fork') + '''. NAME and SIZE of each stand at the pictures below.</p>
<code class="again">meson test -C build --benchmark</code>
''' + f'<code class="again">{escape(measure.again("pager"))}</code>' \
        f'<code class="again">{escape(measure.again("mono"))}</code>\n'


def page(results):
    costs = measure.medians(results.figures)
    sections = [
        section('table', 'All figures', table_section(costs)),
        section('operations', 'Each operation', OPERATIONS + headline.bar_cards(costs)),
        section('fault', 'A fault, drawn', fault_page.faults(results.profiles)),
        section('others', 'Where the others go', fault_page.others(results.profiles)),
        section('fork', 'One fork, three pages, two stores', fault_page.fork_steps(results.steps)),
        section('size', 'Against size', costs_page.sizes(costs)),
        section('scale', 'Against processes and sharers', costs_page.scaling(results.points)),
        section('memory', 'What is kept', costs_page.kept(results.points)),
        section('policies', 'Policies', costs_page.policies(results.policies))]
    if results.harts:
        sections.append(section('harts', 'Harts', costs_page.harts(results.harts)))
    sections.append(section('events', 'Events', costs_page.events(results.events)))
    nav = ' '.join(f'<a href="#{key}">{escape(title)}</a>' for key, title, _ in sections)
    return f'''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Holstein: copy-on-write in a pager and in the kernel</title>
<style>
{style()}</style></head><body>
<h1>Copy-on-write in a user-level pager and in the kernel, on the same code</h1>
{headline.headline(costs)}<nav>{nav}</nav>
{COMPARED}{''.join(content for *_, content in sections)}</body></html>
'''
