"""The short mails with one link in them: an invitation, a new password."""

from datetime import datetime
from html import escape

from babel.dates import format_date

from chain.words import say
from reports.mail import Mail

_LOCALES = {"zh": "zh_Hans_CN"}
_PAGE = """\
<!doctype html><html lang="{lang}"><body style="margin:0;padding:24px;background:#f6f7f9;\
font:15px/1.6 -apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif;color:#1b1f24">
<div style="max-width:480px;margin:0 auto;padding:28px;background:#fff;border:1px solid #e2e5e9;\
border-radius:12px">
{lines}
<p style="margin:24px 0"><a href="{link}" style="display:inline-block;padding:12px 24px;\
background:#0b5cad;color:#fff;border-radius:8px;text-decoration:none;\
font-weight:600">{button}</a></p>
<p style="color:#5b636d;font-size:13px">{until}</p>
<p style="color:#5b636d;font-size:13px">{by_hand}<br>\
<span style="word-break:break-all">{link}</span></p>
</div></body></html>
"""


def invitation(
    to: str, lang: str, *, inviter: str, chain: str, role: str, link: str, until: datetime
) -> Mail:
    """Return the mail that invites ``to`` into ``chain``; ``link`` works until ``until``."""
    day = format_date(until, "long", locale=_LOCALES.get(lang, lang))
    words = {"inviter": inviter, "chain": chain}
    return letter(
        to,
        lang,
        subject=say(lang, "mail.invitation.subject", **words),
        lines=[
            say(lang, "mail.invitation.text", **words),
            say(lang, "mail.invitation.role", role=role),
        ],
        button=say(lang, "mail.invitation.button"),
        until=say(lang, "mail.invitation.until", until=day),
        link=link,
    )


def new_password(to: str, lang: str, *, link: str, minutes: int) -> Mail:
    """Return the mail by which ``to`` chooses a new password within ``minutes``."""
    return letter(
        to,
        lang,
        subject=say(lang, "mail.reset.subject"),
        lines=[say(lang, "mail.reset.text", email=to)],
        button=say(lang, "mail.reset.button"),
        until=say(lang, "mail.reset.until", minutes=minutes),
        link=link,
    )


def letter(
    to: str,
    lang: str,
    *,
    subject: str,
    lines: list[str],
    button: str,
    until: str,
    link: str,
    message_id: str = "",
) -> Mail:
    """Return a mail of some lines, one link, and until when that works."""
    by_hand = say(lang, "mail.letter.by_hand")
    html = _PAGE.format(
        lang="zh-CN" if lang == "zh" else lang,
        lines="\n".join(f"<p>{escape(line)}</p>" for line in lines),
        link=escape(link),
        button=escape(button),
        until=escape(until),
        by_hand=escape(by_hand),
    )
    text = "\n\n".join([*lines, link, until, say(lang, "mail.letter.sign")]) + "\n"
    return Mail(to, " ".join(subject.split()), text, html, message_id=message_id)
