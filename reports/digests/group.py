"""A digest as a message to a group: the same contents in the few forms that robots know."""

from collections.abc import Iterator

from chain.words import say
from reports.digests.model import Contents, Section
from reports.robots import Message, plain


def message(contents: Contents, *, test: bool = False) -> Message:
    """Return the message; pictures stay on the board, which its link opens."""
    title = contents.subject
    if test:
        title = say(contents.lang, "digests.mail.test_subject") + title
    return Message(
        plain(title),
        tuple(_lines(contents)),
        contents.link,
        say(contents.lang, "digests.open.board"),
    )


def _lines(contents: Contents) -> Iterator[str]:
    yield plain(contents.lead)
    for notice in contents.notices:
        yield f"⚠️ {plain(notice)}"
    for section in contents.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    if not (section.said or section.tiles or section.lists or section.lines):
        return
    if section.title:
        yield f"**{plain(section.title)}**"
    yield from (plain(said) for said in section.said)
    for tile in section.tiles:
        change = f" ({plain(tile.changes[0])})" if tile.changes else ""
        yield f"{plain(tile.label)} **{plain(tile.figure)}**{change}"
    for name, rows in section.lists:
        yield plain(f"{name}:")
        for row in rows:
            reason = f" – {row.reason}" if row.reason else ""
            name_and_link = f"[{plain(row.name)}]({row.link})"
            yield f"{name_and_link} {plain(f'{row.figure} {row.change}{reason}')}"
    for line in section.lines:
        yield f"{plain(line.text)} [{plain(line.action)}]({line.link})"
