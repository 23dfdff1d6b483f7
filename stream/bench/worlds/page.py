"""The run as one page that needs nothing beside it."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from stream.bench.worlds.table import Table

_STYLE = """
:root { color: #1d2733; background: #f3f5f7; font: 16px/1.55 system-ui, sans-serif; }
body { max-width: 90rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; margin: 0 0 .4rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
.lead { color: #52606d; margin: .3rem 0 1.6rem; max-width: 60rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; }
.card, section { background: #fff; border: 1px solid #e1e5ea; border-radius: .6rem; }
.card { padding: .9rem 1.1rem; flex: 1 1 8rem; }
.card b { display: block; font-size: 1.6rem; color: #0b7285; font-variant-numeric: tabular-nums; }
.card span { color: #52606d; font-size: .88rem; }
section { margin-top: 1.4rem; padding: 1.3rem 1.5rem 1.5rem; }
img { max-width: 100%; height: auto; display: block; margin: .6rem auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th { text-align: right; vertical-align: bottom; color: #52606d; font-weight: 600; }
th, td { padding: .38rem .55rem; border-bottom: 1px solid #e9edf0; }
td { text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; min-width: 8rem; }
td:first-child { white-space: normal; }
td.settings { white-space: normal; text-align: left; min-width: 9rem; }
tr.own td { font-weight: 650; color: #0b7285; background: #eef7f8; }
.note { color: #52606d; font-size: .88rem; max-width: 62rem; margin: .6rem 0 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 0; }
dt { color: #52606d; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } section { padding: 1rem; } }
"""


def page(
    *,
    cards: Mapping[str, str],
    sections: Sequence[tuple[str, str, Sequence[Table | tuple[str, bytes]]]],
    made: Mapping[str, str],
) -> str:
    """Return the HTML.

    Args:
        cards: what to know first, by what it is.
        sections: title, what it shows, and its tables and plots (what they show, their PNG).
        made: how the page was made.
    """
    shown = "".join(
        f"<section><h2>{escape(title)}</h2><p class='note'>{escape(text)}</p>"
        f"{''.join(_part(part) for part in parts)}</section>"
        for title, text, parts in sections
        if parts
    )
    first = "".join(
        f"<div class='card'><b>{escape(value)}</b><span>{escape(name)}</span></div>"
        for name, value in cards.items()
    )
    how = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in made.items())
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Weir in simulated worlds</title><style>{_STYLE}</style></head><body>"
        "<h1>Weir in simulated worlds</h1>"
        "<p class='lead'>Labelled worlds are simulated, replayed with the production engine and "
        "its default configuration beside earlier methods, and scored. Labels are read only after "
        "the last alert.</p>"
        f"<div class='cards'>{first}</div>{shown}"
        f"<section><h2>How this was made</h2><dl>{how}</dl></section></body></html>\n"
    )


def _part(part: Table | tuple[str, bytes]) -> str:
    if isinstance(part, Table):
        return part.html()
    text, image = part
    data = base64.b64encode(image).decode()
    return f"<img alt='{escape(text, quote=True)}' src='data:image/png;base64,{data}'>"
