"""Group robots of WeCom, DingTalk and Feishu: one message to one group by its webhook.

The webhook's address is the secret: whoever has it can write into the group. So it is never part
of an error, a log line or a ``repr``, and is asked of the platforms' own hosts alone. The forms
are those of the platforms' documentation: WeCom *群机器人配置说明*, DingTalk *自定义机器人接入* and
Feishu *自定义机器人使用指南*.
"""

import base64
import hmac
import json
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Literal, get_args
from urllib.parse import SplitResult, quote_plus, urlsplit

from chain.errors import PermanentError, TransientError

Platform = Literal["wecom", "dingtalk", "feishu"]
PLATFORMS: tuple[str, ...] = get_args(Platform)
ORIGINS: Mapping[str, frozenset[str]] = {
    "wecom": frozenset({"https://qyapi.weixin.qq.com"}),
    "dingtalk": frozenset({"https://oapi.dingtalk.com"}),
    "feishu": frozenset({"https://open.feishu.cn", "https://open.larksuite.com"}),
}
"""Where a webhook may lead; nothing else is asked, whatever somebody types."""
PATHS = {
    "wecom": "/cgi-bin/webhook/send",
    "dingtalk": "/robot/send",
    "feishu": "/open-apis/bot/v2/hook/",
}
MOST = {"wecom": 4096, "dingtalk": 18_000, "feishu": 18_000}
"""Bytes of a message's text: WeCom's limit, and what leaves room in the others' 20 kB."""
BUSY = {"wecom": {-1, 45009}, "dingtalk": {-1, 130101}, "feishu": {11232}}
"""Answers that ask to come again later: too many in a minute, or the platform is busy."""
_ANSWER = 64 * 1024
_WHY = 160
_PORTS = {"https": 443, "http": 80}
_LOOKALIKES = str.maketrans("*_[]<>`~#|\\", "＊＿［］＜＞｀～＃｜＼")


@dataclass(frozen=True, slots=True)
class Robot:
    """A group's robot. ``secret`` signs the messages, where DingTalk or Feishu was given one."""

    platform: Platform
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)
    seconds: float = 10.0
    """How long connecting, and then the answer, may take."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a group reads: lines of the Markdown that all three know, bold and links.

    What comes from data goes through ``plain``. ``link`` is opened by ``button``.
    """

    title: str
    lines: tuple[str, ...]
    link: str = ""
    button: str = ""


def plain(text: str) -> str:
    """Return ``text`` so that none of it is Markdown or a mention, in the letters nearest to it."""
    return " ".join(text.translate(_LOOKALIKES).split())


def check(robot: Robot, more: Collection[str] = ()) -> None:
    """Raise PermanentError ``robot.bad_address`` unless it is a webhook of its platform.

    ``more`` are further origins (``https://im.example.com``) that the settings allow.
    """
    if robot.platform not in PLATFORMS:
        raise PermanentError("robot.bad_address", host="")
    hosts = ", ".join(origin.partition("//")[2] for origin in sorted(ORIGINS[robot.platform]))
    wrong = PermanentError("robot.bad_address", host=hosts)
    try:
        parts = urlsplit(robot.address)
        origin = _origin(parts)
    except ValueError:
        raise wrong from None
    printable = robot.address.isascii() and robot.address.isprintable() and " " not in robot.address
    if origin not in ORIGINS[robot.platform] | set(more) or not printable:
        raise wrong
    if parts.username or parts.fragment or not parts.path.startswith(PATHS[robot.platform]):
        raise wrong


def send(robot: Robot, message: Message, now: datetime, more: Collection[str] = ()) -> None:
    """Send one message, signed for the instant ``now``.

    Raises TransientError where it may go later: ``robot.away`` (not reached), ``robot.later`` (it
    asks to wait); and ``robot.unsure`` where it was handed over and no answer came, so that sent
    again it might stand there twice. Raises PermanentError where a person must act:
    ``robot.bad_address``, ``robot.refused``.
    """
    check(robot, more)
    query, body = _FORMS[robot.platform](robot, message, now)
    parts = urlsplit(robot.address)
    target = f"{parts.path}?{'&'.join(filter(None, (parts.query, query)))}".rstrip("?")
    status, answer = _post(robot, parts, target, json.dumps(body, ensure_ascii=False).encode())
    _understand(robot, status, answer)


def _origin(parts: SplitResult) -> str:
    port = parts.port
    host = f"{parts.scheme}://{(parts.hostname or '').lower()}"
    return host if port in {None, _PORTS.get(parts.scheme)} else f"{host}:{port}"


def _post(robot: Robot, parts: SplitResult, target: str, body: bytes) -> tuple[int, bytes]:
    host, seconds = parts.hostname or "", robot.seconds
    if parts.scheme == "https":
        trusted = ssl.create_default_context()
        connection: HTTPConnection = HTTPSConnection(
            host, parts.port, timeout=seconds, context=trusted
        )
    else:
        connection = HTTPConnection(host, parts.port, timeout=seconds)
    try:
        try:
            connection.connect()
            headers = {"Content-Type": "application/json; charset=utf-8"}
            connection.request("POST", target, body, headers)
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise TransientError("robot.away", host=host, why=why) from None
        try:
            answer = connection.getresponse()
            return answer.status, answer.read(_ANSWER)
        except (OSError, HTTPException):
            raise TransientError("robot.unsure", host=host) from None
    finally:
        connection.close()


def _understand(robot: Robot, status: int, answer: bytes) -> None:
    """Raise what the platform's answer means; nothing where the message is in the group."""
    host = urlsplit(robot.address).hostname or ""
    if status == 429 or status >= 500:
        raise TransientError("robot.later", host=host, code=status)
    try:
        said = json.loads(answer)
        code = int(said.get("errcode", said.get("code", said.get("StatusCode"))))
    except (ValueError, TypeError, AttributeError):
        raise PermanentError("robot.refused", host=host, code=status, why="") from None
    if code == 0 and status == 200:
        return
    if code in BUSY[robot.platform]:
        raise TransientError("robot.later", host=host, code=code)
    why = _without_secrets(robot, str(said.get("errmsg") or said.get("msg") or ""))
    raise PermanentError("robot.refused", host=host, code=code, why=why)


def _without_secrets(robot: Robot, text: str) -> str:
    parts = urlsplit(robot.address)
    for secret in (robot.secret, parts.query.rpartition("=")[2], parts.path.rpartition("/")[2]):
        text = text.replace(secret, "…") if len(secret) >= 8 else text
    return " ".join(text.split())[:_WHY]


def _wecom(_robot: Robot, message: Message, _now: datetime) -> tuple[str, dict[str, Any]]:
    end = f"\n[{message.button}]({message.link})" if message.link else ""
    lines = (f"**{message.title}**", *message.lines)
    content = _cut(lines, "\n", MOST["wecom"] - len(end.encode())) + end
    return "", {"msgtype": "markdown", "markdown": {"content": content}}


def _dingtalk(robot: Robot, message: Message, now: datetime) -> tuple[str, dict[str, Any]]:
    lines = (f"**{message.title}**", *message.lines)
    # A line of its own needs an empty one between.
    text = _cut(lines, "\n\n", MOST["dingtalk"])
    body: dict[str, Any] = {
        "msgtype": "markdown",
        "markdown": {"title": message.title, "text": text},
    }
    if message.link:
        card = {"title": message.title, "text": text, "singleTitle": message.button}
        body = {"msgtype": "actionCard", "actionCard": card | {"singleURL": message.link}}
    if not robot.secret:
        return "", body
    stamp = str(round(now.timestamp() * 1000))
    signed = hmac.digest(robot.secret.encode(), f"{stamp}\n{robot.secret}".encode(), "sha256")
    return f"timestamp={stamp}&sign={quote_plus(base64.b64encode(signed))}", body


def _feishu(robot: Robot, message: Message, now: datetime) -> tuple[str, dict[str, Any]]:
    elements: list[dict[str, Any]] = [
        {"tag": "markdown", "content": _cut(message.lines, "\n", MOST["feishu"])}
    ]
    if message.link:
        words = {"tag": "plain_text", "content": message.button}
        button = {"tag": "button", "text": words, "url": message.link, "type": "primary"}
        elements.append({"tag": "action", "actions": [button]})
    title = {"title": {"tag": "plain_text", "content": message.title}, "template": "blue"}
    card = {"config": {"wide_screen_mode": True}, "header": title, "elements": elements}
    body: dict[str, Any] = {"msg_type": "interactive", "card": card}
    if robot.secret:
        stamp = str(round(now.timestamp()))
        # The platform's way: stamp and secret are the key, and nothing is the text.
        signed = hmac.digest(f"{stamp}\n{robot.secret}".encode(), b"", "sha256")
        body |= {"timestamp": stamp, "sign": base64.b64encode(signed).decode()}
    return "", body


_FORMS: Mapping[str, Callable[[Robot, Message, datetime], tuple[str, dict[str, Any]]]] = {
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "feishu": _feishu,
}


def _cut(lines: Collection[str], between: str, most: int) -> str:
    """Return as many whole lines as ``most`` bytes hold; where some are left out, it says so."""
    kept: list[str] = []
    room = most - len(f"{between}…".encode())
    for line in lines:
        room -= len(f"{line}{between}".encode())
        if room < 0:
            return between.join([*kept, "…"])
        kept.append(line)
    return between.join(kept)
