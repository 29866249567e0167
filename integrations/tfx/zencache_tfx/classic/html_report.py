"""Writes the HTML pages of the classic API in one style, without any content from the network."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

STYLE = """<style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; color: #222 }
h1 { font-size: 20px } h2 { font-size: 16px; margin: 1.6em 0 .4em }
table { border-collapse: collapse; border: 0; margin: .4em 0 1em }
td, th { padding: .3em .9em; border: 0; border-bottom: 1px solid #ddd }
td, th { text-align: right; white-space: nowrap }
td:first-child, th:first-child { text-align: left }
.wide { overflow-x: auto }
figure { display: inline-block; margin: 1em 2em 1em 0 } figcaption { color: #555 }
details { margin: .5em 0 1.5em; color: #555 }
</style>"""


def page(title: str, body: str) -> str:
    """Write a complete page."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title>{STYLE}'
    return f"<!doctype html><html><head>{head}</head><body><h1>{html.escape(title)}</h1>{body}</body></html>"


def table(frame: pd.DataFrame, *, index: bool = False) -> str:
    """Write a table that scrolls if it is wider than the page; missing values are empty cells."""
    shown = frame.astype(object).where(frame.notna(), "")
    return f'<div class="wide">{shown.to_html(index=index, border=0, index_names=False)}</div>'
