"""Alerts as a message: all that one receiver is told now, rule by rule, worst first."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from chain.alerts import SEVERITIES
from chain.words import say
from reports.alert_words import AlertWords
from reports.mail import Mail
from reports.robots import Message, plain
from warehouse.alerts import Fired, SavedRule

MOST = 15
"""Lines of one rule; the rest are counted."""
_PAGE = """\
<!doctype html><html lang="{lang}"><body style="margin:0;padding:24px;background:#f6f7f9;\
font:15px/1.6 -apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif;color:#1b1f24">
<div style="max-width:560px;margin:0 auto;padding:28px;background:#fff;border:1px solid #e2e5e9;\
border-radius:12px">
{parts}
<p style="margin:24px 0"><a href="{link}" style="display:inline-block;padding:12px 24px;\
background:#0b5cad;color:#fff;border-radius:8px;text-decoration:none;\
font-weight:600">{button}</a></p>
<p style="color:#5b636d;font-size:13px">{why}</p>
</div></body></html>
"""
_PART = """\
<p style="margin:20px 0 4px;font-weight:600">{head}</p>
<ul style="margin:0;padding-left:20px">{lines}</ul>
"""
_COLOURS = {"urgent": "#a11d2a", "warning": "#8a5a00", "note": "#5b636d"}


@dataclass(frozen=True, slots=True)
class Told:
    """What one rule found that a receiver is told of."""

    saved: SavedRule
    alerts: Sequence[Fired]


def letter(
    to: str, words: AlertWords, chain: str, told: Sequence[Told], board: str, message_id: str
) -> Mail:
    """Return the mail to one person; ``board`` is the board's address.

    Sent again it has the same ``message_id``, so that a mailbox may show it once.
    """
    parts = _parts(words, told)
    text = [f"{head}\n" + "\n".join(f"- {line}" for line in lines) for _, head, lines in parts]
    link = f"{board}/alerts"
    html = _PAGE.format(
        lang="zh-CN" if words.lang == "zh" else words.lang,
        parts="\n".join(_part(words, *part) for part in parts),
        link=escape(link),
        button=escape(say(words.lang, "alerts.mail.open")),
        why=escape(say(words.lang, "alerts.mail.why")),
    )
    closing = [link, say(words.lang, "alerts.mail.why"), say(words.lang, "mail.letter.sign")]
    return Mail(
        to,
        subject(words, chain, told),
        "\n\n".join([*text, *closing]) + "\n",
        html,
        message_id=message_id,
    )


def group(words: AlertWords, chain: str, told: Sequence[Told], board: str) -> Message:
    """Return the message to a group."""
    lines: list[str] = []
    for _, head, found in _parts(words, told):
        lines += [f"**{plain(head)}**", *(f"- {plain(line)}" for line in found)]
    title = plain(subject(words, chain, told))
    return Message(title, tuple(lines), f"{board}/alerts", say(words.lang, "alerts.mail.open"))


def subject(words: AlertWords, chain: str, told: Sequence[Told]) -> str:
    """Return the first and worst finding, and how many more there are."""
    first = ordered(told)[0]
    what = words.fired(first.saved.rule, first.alerts[0]).rstrip(".。")
    more = sum(len(one.alerts) for one in told) - 1
    key = "alerts.mail.subject_more" if more else "alerts.mail.subject"
    asked: dict[str, str | int] = {"chain": chain, "what": what}
    said = say(words.lang, key, **asked, **({"count": more} if more else {}))
    return " ".join(said.split())


def ordered(told: Sequence[Told]) -> list[Told]:
    """Return the worst first."""
    return sorted(told, key=lambda one: -SEVERITIES.index(one.saved.severity))


def line(words: AlertWords, saved: SavedRule, found: Fired) -> str:
    """Return what was found in words, and that it is late where it is."""
    said = words.fired(saved.rule, found)
    if not found.late:
        return said
    note = say(words.lang, "alerts.fired.late")
    bare = said.rstrip(".。")
    return f"{bare}（{note}）。" if words.lang == "zh" else f"{bare} ({note})."


def _parts(words: AlertWords, told: Sequence[Told]) -> list[tuple[str, str, list[str]]]:
    """Return severity, head and lines of each rule."""
    parts: list[tuple[str, str, list[str]]] = []
    for one in ordered(told):
        shown = [line(words, one.saved, each) for each in one.alerts[:MOST]]
        if more := len(one.alerts) - MOST:
            shown += [say(words.lang, "alerts.mail.rest", count=more)] if more > 0 else []
        word = say(words.lang, f"alerts.severity.{one.saved.severity}")
        head = words.rule(one.saved.rule)
        parts.append((one.saved.severity, f"{word} · {head[:1].upper()}{head[1:]}", shown))
    return parts


def _part(words: AlertWords, severity: str, head: str, lines: Sequence[str]) -> str:
    del words
    word, _, rest = head.partition(" · ")
    coloured = f'<span style="color:{_COLOURS[severity]}">{escape(word)}</span> · {escape(rest)}'
    return _PART.format(head=coloured, lines="".join(f"<li>{escape(each)}</li>" for each in lines))
