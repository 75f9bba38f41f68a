"""An entry of the library as HTML: beside the map, as a page, and for a sheet of paper.

The short form is one text for the panel and the leaflet. A footnote is a number; where it opens,
it is a button for a popover that the page holds once (`footnotes_html`).
"""

import base64
import functools
import re

from markdown_it import MarkdownIt

from geo.care.entry import MARK, SECTIONS, Citation, Procedure
from geo.packs.pack import Pack
from geo.paths import DATA
from geo.text import escape

#: The sections of the short form, beside the pictures.
_SHORT = ("What it is", "Who does it", "The day")
_SHORT_PICTURES = 1
#: Drawings that show a body from the front, as a mirror does not.
_FROM_THE_FRONT = frozenset({"bowel", "gallbladder", "heart", "womb"})
_DRAWINGS = DATA / "procedures" / "drawings"
#: What is compared of options, and how it is called.
_COMPARED = {
    "involves": "What it involves",
    "benefit": "Chance of a benefit",
    "harm": "Chance of harm",
    "recovery": "Recovery",
    "asks": "What it asks of me",
}
#: What stands before the lines of an entry in short.
_LINES = {"benefit": "A benefit", "harm": "A harm", "comfort": "Good to know"}


def section_html(procedure: Procedure, heading: str, *, opens: bool = False) -> str:
    """Render a section as HTML; raw HTML in the text is shown as text.

    Parameters
    ----------
    procedure
        The entry.
    heading
        One of `SECTIONS`.
    opens
        Whether footnotes open on a click; the page then holds `footnotes_html`.
    """
    text = _markdown().render(procedure.sections.get(heading, ""))
    return _marks_html(procedure, text, opens)


def summary(procedure: Procedure) -> str:
    """What an entry is about, as plain text without its sources."""
    return " ".join(MARK.sub("", procedure.sections["What it is"]).replace("*", "").split())


def _anchor(heading: str) -> str:
    """The id of a section within its page."""
    return "section-" + re.sub(r"[^a-z]+", "-", heading.lower())


def entry_html(procedure: Procedure) -> str:
    """The whole text of an entry with its table of contents; every footnote opens."""
    parts = []
    for heading in SECTIONS:
        text = section_html(procedure, heading, opens=True)
        if heading == "What it is":
            text += in_short_html(procedure, opens=True) + drawing_html(procedure)
        elif heading == "Alternatives" and procedure.options:
            text = options_html(procedure, opens=True) + _folded("All alternatives", text)
        elif heading == "Benefits and risks" and procedure.in_short:
            text = picture_html(procedure, opens=True) + _folded("All benefits and harms", text)
        elif heading == "Benefits and risks":
            text = picture_html(procedure, opens=True) + text
        elif heading == "Questions to ask":
            text = questions_html(procedure, opens=True) + matters_html(procedure)
        elif heading == "The day":
            text = f'<div class="cr-day">{text}</div>'
        parts.append((heading, text))
    reasons = "".join(f"<li>{escape(why)}</li>" for _, why in procedure.why)
    parts.append(("How the list decides who is likely", f"<ul>{reasons}</ul>"))
    sources = "".join(f"<li>{_source_html(source)}</li>" for source in procedure.citations.values())
    parts.append(("Sources", _folded(f"All {len(procedure.citations)}", f"<ol>{sources}</ol>")))
    contents = "".join(f'<li><a href="#{_anchor(h)}">{escape(h)}</a></li>' for h, _ in parts)
    text = "".join(
        f'<section><h2 id="{_anchor(h)}">{escape(h)}</h2>{written}</section>'
        for h, written in parts
    )
    also = ", ".join(procedure.also_known_as)
    return (
        '<div class="cr-whole"><nav aria-label="On this page"><strong>On this page</strong>'
        f'<ol>{contents}</ol></nav><article class="cr-entry">'
        f'<p class="cr-note">{escape(reviewed_text(procedure))} No substitute for care.</p>'
        f'{text}<p class="cr-note">Also called or searched for: {escape(also)}.</p></article>'
        f"{footnotes_html(procedure)}</div>"
    )


def drawing_html(procedure: Procedure) -> str:
    """Where it is done, as a drawing; "" where there is none. Streamlit takes SVG out of HTML."""
    drawing = procedure.drawing
    if drawing is None:
        return ""
    data = base64.b64encode((_DRAWINGS / f"{drawing.name}.svg").read_bytes()).decode()
    side = (
        " Seen from the front: your right side is on the left."
        if drawing.name in _FROM_THE_FRONT
        else ""
    )
    return (
        f'<figure class="cr-place"><img alt="{escape(drawing.alt)}" '
        f'src="data:image/svg+xml;base64,{data}"><figcaption class="cr-note">Our own drawing, '
        f"simplified and not to scale.{side} No clinician has looked at it yet.</figcaption>"
        "</figure>"
    )


def options_html(procedure: Procedure, *, opens: bool = False) -> str:
    """The ways to go side by side, one row for each thing to compare.

    On a phone the cells stand below one another, each with the name of its option; the roles keep
    it a table there for who hears it.
    """

    def row(label: str, cells: list[tuple[str, tuple[str, ...]]]) -> str:
        told = "".join(
            f'<td role="cell" data-option="{escape(option.name)}">'
            f"{_inline_html(procedure, text, cite, opens=opens)}</td>"
            for option, (text, cite) in zip(procedure.options, cells, strict=True)
        )
        return f'<tr role="row"><th role="rowheader" scope="row">{label}</th>{told}</tr>'

    head = "".join(
        f'<th role="columnheader" scope="col">{escape(option.name)}</th>'
        for option in procedure.options
    )
    body = "".join(
        row(label, [(getattr(option, field), ()) for option in procedure.options])
        for field, label in _COMPARED.items()
    )
    body += row("Sources", [("", option.cite) for option in procedure.options])
    return (
        '<p class="cr-note">Not for emergencies: see the danger signs at the top. Benefits and '
        "risks says how sure the figures are.</p>"
        '<table role="table" class="cr-options" aria-label="Options side by side">'
        f'<thead role="rowgroup"><tr role="row"><td role="cell"></td>{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def matters_html(procedure: Procedure) -> str:
    """What may matter to a reader, to tick; it puts nothing in an order."""
    if not procedure.matters:
        return ""
    items = "".join(
        f'<li><label><input type="checkbox"> <span>{escape(words)}</span></label></li>'
        for words in procedure.matters
    )
    return f'<h3>What matters to you?</h3><ul class="cr-ask">{items}</ul>'


def _folded(label: str, html: str) -> str:
    """What opens on a click: so many figures at once worry more than they tell."""
    return f'<details class="cr-more"><summary>{escape(label)}</summary>{html}</details>'


def in_short_html(procedure: Procedure, *, opens: bool = False) -> str:
    """An entry in a few lines, each with how sure it is; "" where it has none."""
    if procedure.in_short is None:
        return ""
    lines = ""
    for name, claim in procedure.in_short:
        if claim is None:
            continue
        text = _inline_html(procedure, claim.text, claim.cite, opens=opens)
        sure = getattr(claim, "sure", "")
        graded = f' <span class="cr-note">How sure: {escape(sure)}.</span>' if sure else ""
        lines += f"<dt>{_LINES[name]}</dt><dd>{text}{graded}</dd>"
    return f'<dl class="cr-short">{lines}</dl>'


def footnotes_html(procedure: Procedure) -> str:
    """Every source as a popover, which the footnotes of the page open."""
    return "".join(
        f'<aside popover id="source-{procedure.number(key)}" class="cr-footnote" '
        f'aria-label="Source {procedure.number(key)}"><strong>{procedure.number(key)}</strong> '
        f"{_source_html(source)}"
        f'<button popovertarget="source-{procedure.number(key)}" popovertargetaction="hide">'
        "Close</button></aside>"
        for key, source in procedure.citations.items()
    )


def questions_html(procedure: Procedure, *, opens: bool = False) -> str:
    """The questions as a list to tick, on screen or on paper."""
    questions = re.findall(r"^- (.+)$", procedure.sections["Questions to ask"], re.MULTILINE)
    items = "".join(
        f'<li><label><input type="checkbox"> <span>{_inline_html(procedure, question, opens=opens)}'
        "</span></label></li>"
        for question in questions
    )
    return f'<ul class="cr-ask">{items}</ul>'


def _inline_html(
    procedure: Procedure, text: str, cite: tuple[str, ...] = (), *, opens: bool = False
) -> str:
    """Render a line of front matter as HTML, with its sources as footnote marks."""
    marks = "".join(f" [^{key}]" for key in cite)
    return _marks_html(procedure, _markdown().renderInline(text) + marks, opens)


@functools.cache
def _markdown() -> MarkdownIt:
    # No pictures: they would be fetched from elsewhere. No references: a mark is never a link.
    return MarkdownIt("commonmark", {"html": False}).disable(["image", "reference"])


def _marks_html(procedure: Procedure, html: str, opens: bool) -> str:
    def mark(match: re.Match[str]) -> str:
        number, source = procedure.number(match[1]), procedure.citations[match[1]]
        if opens:
            return (
                f'<sup class="cr-cite"><button popovertarget="source-{number}" '
                f'aria-label="Source {number}">{number}</button></sup>'
            )
        label = escape(f"{source.authors} {source.year}: {source.title}")
        return f'<sup class="cr-cite" title="{label}">{number}</sup>'

    return MARK.sub(mark, html)


def urgent_html(
    procedure: Procedure,
    pack: Pack,
    seen: tuple[str, str] | None,
    *,
    here: bool = True,
    opens: bool = False,
) -> str:
    """Red flags with the emergency number, and the first step.

    Parameters
    ----------
    procedure
        What is asked about.
    pack
        Whose emergency number counts.
    seen
        The nearest hospital and how far it is, from `seen_at_text`.
    here
        Whether the reader is where the pack's emergency number counts.
    opens
        Whether footnotes open on a click.
    """
    flags, number = procedure.red_flags, escape(pack.emergency_number)
    *most, last = flags.signs
    signs = ", or ".join(filter(None, [", ".join(most), last]))
    marks = _inline_html(procedure, "", flags.cite, opens=opens)
    first = _inline_html(procedure, procedure.first_step, procedure.first_step_cite, opens=opens)
    nearest = (
        f"<br>Nearest hospital where you can be seen: <strong>{escape(seen[0])}</strong>, "
        f"{escape(seen[1])}."
        if seen
        else ""
    )
    words = f"{escape(flags.lead)} {escape(signs)}. {escape(flags.also or '')}"
    ring = f'Get help now: <a href="tel:{number}">{number}</a>'
    if not (number and here):
        ring = "Get emergency help where you are"
    # On a phone the signs fold to two lines, under the number, which always stands.
    return (
        '<div class="cr-urgent"><section class="cr-flags" aria-label="Emergency">'
        f'<strong>{ring}</strong> <span class="cr-signs">{words}{marks}</span>'
        f"<details><summary><span>{words}</span> <u>All signs</u></summary>{marks}</details>"
        "</section>"
        '<section class="cr-first" aria-label="First step"><strong>First step:</strong> '
        f"{first}{nearest}</section></div>"
    )


def short_form_html(procedure: Procedure) -> str:
    """The short form of an entry: what it is, its numbers, who does it, the day, the sources."""
    text = short_text(procedure)
    items = "".join(
        f'<li value="{number}">{escape(source.authors)} ({escape(source.year)}). '
        f"{escape(source.title)}.</li>"
        for number, source in short_sources(procedure, text)
    )
    return f"{text}<details><summary>The numbered sources</summary><ol>{items}</ol></details>"


def short_text(procedure: Procedure, *, paper: bool = False) -> str:
    """The short form without its sources; on paper words alone, where an entry has them."""
    what, who, day = (section_html(procedure, heading) for heading in _SHORT)
    said = paper and procedure.in_short is not None
    pictures = picture_html(procedure, most=0 if said else _SHORT_PICTURES)
    return (
        f"<h2>What is {escape(procedure.in_a_sentence)}?</h2>{what}"
        f"{in_short_html(procedure)}{pictures}"
        f'<h3>{_SHORT[1]}</h3>{who}<h3>{_SHORT[2]}</h3><div class="cr-day">{day}</div>'
    )


def short_sources(procedure: Procedure, text: str) -> list[tuple[int, Citation]]:
    """The sources of the short form and of the red flags above it."""
    front = (*procedure.red_flags.cite, *procedure.first_step_cite)
    return [
        (number, source)
        for number, (key, source) in enumerate(procedure.citations.items(), 1)
        if key in front or f">{number}</sup>" in text
    ]


def _source_html(source: Citation) -> str:
    address = escape(source.address)
    return (
        f"{escape(source.authors)} ({escape(source.year)}). {escape(source.title)}. "
        f'{escape(source.publisher)}. <a href="{address}" rel="noreferrer" target="_blank">'
        f"{address}</a>. Supports: {escape(source.supports)}. Read: {escape(source.read)}, "
        f"{source.read_on.isoformat()}."
    )


def reviewed_text(procedure: Procedure) -> str:
    """When the text was written and who has checked it."""
    who = procedure.reviewed_by
    state = f"reviewed by {who}" if who else "not yet reviewed by a clinician"
    return f"Written {procedure.written}, {state}; next review due {procedure.next_review}."


def picture_html(procedure: Procedure, *, most: int | None = None, opens: bool = False) -> str:
    """Icon arrays as HTML, each with its words as the text equivalent; the first `most`."""
    blocks = []
    for picture in procedure.pictures[:most]:
        bars = []
        for bar in picture.bars:
            words = f"{bar.label}: {bar.count} of 100"
            bars.append(
                f'<div class="cr-bar"><strong>{escape(words)}</strong>'
                f"<span>{escape(bar.detail)}</span>{_dots_html(bar.count)}</div>"
            )
        note = _inline_html(procedure, picture.note, picture.cite, opens=opens)
        blocks.append(
            f'<div class="cr-picture"><h3>{escape(picture.title)}</h3>'
            f'<div class="cr-bars">{"".join(bars)}</div><p class="cr-note">{note}</p></div>'
        )
    return f'<div class="cr-pictures">{"".join(blocks)}</div>'


def _dots_html(count: int) -> str:
    """A hundred dots, so many of them filled: whole rows, then the rest of one."""
    rows, rest = divmod(count, 10)
    return (
        '<div class="cr-dots" aria-hidden="true">'
        f'<i style="height:{10 * rows}%"></i>'
        f'<i style="top:{10 * rows}%;height:10%;width:{10 * rest}%"></i></div>'
    )
