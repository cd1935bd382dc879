"""Tables of the page, as HTML."""

from html import escape

from report.charts import show


def table(heads, rows):
    """heads: HTML, or (HTML,) above a column of words. rows: lists of cells; a cell is text, or
    (text, class), and what is HTML already is a Raw. Classes: `wrap` is words that may be long,
    `word` words that are not, `part` of the row above, `best`, `over`."""
    head = ''.join(f'<th class="wrap">{head[0]}</th>' if isinstance(head, tuple) else
                   f'<th>{head}</th>' for head in heads)
    body = ''.join('<tr>' + ''.join(cell_of(cell) for cell in row) + '</tr>\n' for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>' \
        '</table></div>\n'


class Raw(str):
    """HTML that is not to be escaped."""


def cell_of(cell):
    content, style = cell if isinstance(cell, tuple) else (cell, '')
    content = content if isinstance(content, Raw) else escape(str(content))
    return f'<td class="{style}">{content}</td>' if style else f'<td>{content}</td>'


def with_budget(value, limit, decimals=0):
    """A figure with what it may be at most; over it is said in words too."""
    if value is None:
        return ''
    text = f'{value:,.{decimals}f}' if decimals else show(value)
    if limit is None:
        return text
    over = value > limit
    return Raw(f'{text} <small>≤ {limit:,}</small>' + (' over' if over else '')), \
        'over' if over else ''


def best(values):
    """Cells of a row, the least of them in bold; all alike: none is."""
    least = min(values)
    return [(show(value), 'best') if value == least and len(set(values)) > 1 else show(value)
            for value in values]
