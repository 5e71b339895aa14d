"""A digest as a mail: HTML made from MJML, all of it again as plain text, pictures inside.

The template is compiled once in a process, before any data is in it: what a store is called never
meets MJML's parser, and is escaped where it is filled in.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template

from jinja2 import Environment, StrictUndefined
from jinja2 import Template as Filled
from mjml import mjml2html

from chain.words import say
from figures.tokens import DARK, LIGHT
from reports.digests.model import Contents, Section, Shot
from reports.digests.pictures import Pictures
from reports.mail import Enclosed, Mail

TEMPLATE = Path(__file__).parent / "digest.mjml"
FONT = (
    "-apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC',"
    " 'Noto Sans SC', Arial, sans-serif"
)
"""Fonts that devices have: a mail brings none."""
_COLOURS = (
    "page", "surface", "text", "muted", "hairline", "accent", "attention", "attention_soft",
    "missing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a mail is for. ``unsubscribe`` is the address that ends it, for people and programs."""

    to: str
    unsubscribe: str = ""
    test: bool = False
    message_id: str = ""


@dataclass(slots=True)
class Letters:
    """Makes mails; the pictures of a digest are drawn once for all of its readers."""

    pictures: Pictures = field(default_factory=Pictures)
    _drawn: tuple[Contents, Mapping[str, bytes]] | None = field(init=False, default=None)

    def mail(self, contents: Contents, reader: Reader) -> Mail:
        """Return the mail of one reader."""
        drawn = self._pictures(contents)
        sources = {name: f"cid:{name}@digest" for name in drawn}
        subject = contents.subject
        if reader.test:
            subject = say(contents.lang, "digests.mail.test_subject") + subject
        headers = {"Precedence": "bulk"}
        if reader.unsubscribe:
            headers |= {
                "List-Unsubscribe": f"<{reader.unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
        return Mail(
            reader.to,
            subject,
            text(contents, reader),
            html(contents, reader, sources),
            tuple(
                Enclosed(content, "image/png", f"{name}.png", cid=f"{name}@digest")
                for name, content in drawn.items()
            ),
            headers,
            reader.message_id,
        )

    def page(self, contents: Contents, reader: Reader) -> str:
        """Return the HTML with its pictures in it, to be looked at in a browser."""
        sources = {
            name: f"data:image/png;base64,{base64.b64encode(content).decode()}"
            for name, content in self._pictures(contents).items()
        }
        return html(contents, reader, sources)

    def _pictures(self, contents: Contents) -> Mapping[str, bytes]:
        if self._drawn is not None and self._drawn[0] is contents:
            return self._drawn[1]
        drawn = {
            name: self.pictures.png(figure, contents.lang, dark=dark)
            for shot in shots(contents)
            for name, figure, dark in (
                (shot.name, shot.light, False),
                (f"{shot.name}-dark", shot.dark, True),
            )
        }
        self._drawn = contents, drawn
        return drawn


def shots(contents: Contents) -> Iterator[Shot]:
    """Yield the pictures of a digest."""
    for section in contents.sections:
        yield from section.shots


def html(contents: Contents, reader: Reader, sources: Mapping[str, str]) -> str:
    """Return the mail's HTML; ``sources`` are the addresses of its pictures by name."""

    def words(key: str, **params: str) -> str:
        return say(contents.lang, key, **params)

    return _template(contents.lang).render(
        contents=contents,
        sources=sources,
        say=words,
        why=_why(contents, reader),
        unsubscribe=reader.unsubscribe,
        test=reader.test,
        colours={"missing": LIGHT.missing, "attention": LIGHT.text},
    )


def text(contents: Contents, reader: Reader) -> str:
    """Return all that the HTML says, as plain text."""
    lines = [f"{contents.chain} · {contents.span}", contents.title, ""]
    if reader.test:
        lines += [say(contents.lang, "digests.mail.test"), ""]
    lines += [contents.lead, ""]
    if contents.notices:
        title = say(contents.lang, "digests.notice.title")
        lines += [f"! {title}", *(f"! {notice}" for notice in contents.notices), ""]
    for section in contents.sections:
        lines += [*_section(section), ""]
    lines += [say(contents.lang, "digests.open.board"), contents.link, ""]
    lines += ["-- ", _why(contents, reader), f"{contents.board}/digests"]
    if reader.unsubscribe:
        ends = say(contents.lang, "digests.mail.unsubscribe")
        lines.append(f"{ends}: {reader.unsubscribe}")
    return "\n".join(lines) + "\n"


def _section(section: Section) -> Iterator[str]:
    if section.title:
        yield section.title.upper()
        if section.note:
            yield section.note
    yield from section.said
    for tile in section.tiles:
        full = f" ({tile.full})" if tile.full else ""
        yield f"{tile.label}: {tile.figure}{full}"
        yield from (f"    {change}" for change in tile.changes)
    for shot in section.shots:
        yield shot.title
        yield f"    {shot.alt}"
        yield f"    {shot.link}"
    for name, rows in section.lists:
        yield f"{name}:"
        for row in rows:
            reason = f" – {row.reason}" if row.reason else ""
            yield f"  * {row.name}: {row.figure}  {row.change}{reason}"
    for line in section.lines:
        yield f"  * {line.text}"
        yield f"    {line.action}: {line.link}"
    if section.link:
        yield f"{section.link[0]}: {section.link[1]}"


def _why(contents: Contents, reader: Reader) -> str:
    rhythm = say(contents.lang, f"digests.rhythm.{contents.rhythm}")
    return say(contents.lang, "digests.mail.why", email=reader.to, rhythm=rhythm)


@cache
def _template(lang: str) -> Filled:
    """Return the template of ``lang``, compiled from MJML."""
    colours = {name: getattr(LIGHT, name) for name in _COLOURS}
    colours |= {f"dark_{name}": getattr(DARK, name) for name in _COLOURS}
    written = "zh-CN" if lang == "zh" else lang
    source = Template(TEMPLATE.read_text("utf-8")).substitute(colours, font=FONT, lang=written)
    # No fonts: MJML would fetch those it knows by name from a host of Google's.
    compiled = mjml2html(source, fonts={})
    # Strict: a name that is misspelt in the template must not become a gap in a mail.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(compiled)
