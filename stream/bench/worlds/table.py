"""Tables that are written as Markdown and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a head; the first column is text, the others are figures.

    >>> print(Table(title="T", head=["who", "how many"], rows=[["a", "1"]]).markdown())
    **T**
    <BLANKLINE>
    | who | how many |
    |---|---:|
    | a | 1 |
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self, *, padded: bool = False) -> str:
        """Return the table for a README, or with its columns in line for a terminal."""
        cells = [self.head, *([cell.replace("|", "/") for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) * padded for column in zip(*cells, strict=True)]
        lines = [
            " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in cells
        ]
        rule = [max(width + 1, 3) * "-" for width in widths]
        lines = [f"| {line} |" for line in lines]
        lines.insert(1, f"|{rule[0]}{'-' * padded}|{''.join(f'{part}:|' for part in rule[1:])}")
        note = ["", self.note] if self.note else []
        return "\n".join([f"**{self.title}**", "", *lines, *note])

    def html(self) -> str:
        """Return the table for the page."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.head)
        rows = "".join(
            "<tr"
            + (' class="own"' if row[0] == "Weir" else "")
            + ">"
            + "".join(map(_cell, row))
            + "</tr>"
            for row in self.rows
        )
        note = f"<p class='note'>{escape(self.note)}</p>" if self.note else ""
        return (
            f"<h3>{escape(self.title)}</h3><div class='scroll'><table><thead><tr>{head}</tr>"
            f"</thead><tbody>{rows}</tbody></table></div>{note}"
        )


def _cell(text: str) -> str:
    """Return a cell; settings joined by commas may be broken there, or they fill the page."""
    if "=" not in text:
        return f"<td>{escape(text)}</td>"
    return f"<td class='settings'>{escape(text).replace(',', ',<wbr>')}</td>"


def percent(value: float | None, *, digits: int = 0) -> str:
    """Write a share; a dash where there is none.

    >>> percent(0.5), percent(None), percent(0.00123, digits=2)
    ('50 %', '-', '0.12 %')
    """
    return "-" if value is None else f"{value * 100:.{digits}f} %"


def duration(seconds: float | None) -> str:
    """Write a time as people say it.

    >>> duration(9), duration(600), duration(9000), duration(None)
    ('9 s', '10 min', '2.5 h', '-')
    """
    if seconds is None:
        return "-"
    if abs(seconds) < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if abs(seconds) < 6000 else f"{seconds / 3600:.1f} h"


def figure(value: float | None) -> str:
    """Write a number with as many digits as it deserves.

    >>> figure(1234.5), figure(3.21), figure(0.012), figure(0), figure(None)
    ('1,234', '3.2', '0.012', '0', '-')
    """
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
