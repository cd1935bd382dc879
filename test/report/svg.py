"""Plain SVG as text. Colours are classes: style.css says them once for light and dark."""

from html import escape

WIDTH = 360  # of every picture, so that text is as large as the page's on a phone too
ALONE = 560  # pixels, of one that stands alone


def attributes(pairs):
    return ''.join(f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
                   for name, value in pairs.items() if value is not None)


def element(name, content='', **pairs):
    return f'<{name}{attributes(pairs)}>{content}</{name}>' if content else \
        f'<{name}{attributes(pairs)}/>'


def number(value):
    """Coordinates with one decimal at most, so that pages are the same byte by byte."""
    return f'{value:.1f}'.removesuffix('.0')


def text(x, y, content, style='', anchor=None):
    return element('text', escape(str(content)), x=number(x), y=number(y), class_=style or None,
                   text_anchor=anchor)


def rect(x, y, width, height, style, title=''):
    inside = element('title', escape(title)) if title else ''
    return element('rect', inside, x=number(x), y=number(y), width=number(max(width, 0)),
                   height=number(height), class_=style)


def line(x1, y1, x2, y2, style):
    return element('line', x1=number(x1), y1=number(y1), x2=number(x2), y2=number(y2),
                   class_=style)


def polyline(points, style):
    return element('polyline', points=' '.join(f'{number(x)},{number(y)}' for x, y in points),
                   class_=style)


def dot(x, y, style, title=''):
    return element('circle', element('title', escape(title)) if title else '', cx=number(x),
                   cy=number(y), r=3, class_=style)


def arrow(x1, x2, y, style='arrow'):
    """A horizontal one, its head at x2."""
    back = 6 if x2 < x1 else -6
    head = element('path', d=f'M{number(x2)} {number(y)}l{back} -4v8z', class_='head')
    return line(x1, y, x2 + back / 2, y, style) + head


def picture(content, height, label, style=''):
    """A whole picture; `label` is what it shows, for who can't see it. `style`: for one that stands
    alone, outside a page."""
    inside = element('style', style) if style else ''
    size = f' width="{ALONE}"' if style else ''
    return (f'<svg xmlns="http://www.w3.org/2000/svg"{size} viewBox="0 0 {WIDTH} {number(height)}" '
            f'role="img" aria-label="{escape(label)}">{inside}{content}</svg>')
