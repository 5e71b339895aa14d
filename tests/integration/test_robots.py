"""Group robots through a real HTTP server: what each platform gets, and what it answers."""

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from chain.errors import PermanentError, TillboardError, TransientError
from reports.robots import ORIGINS, PATHS, PLATFORMS, Message, Platform, Robot, check, plain, send
from tests.groups import SECRET, Group, group, robot

NOW = datetime(2026, 11, 23, 0, 0, 5, tzinfo=UTC)
MESSAGE = Message(
    "昨日 ¥13.2万",
    ("**实收** ¥13.2万 ▲ 8 %", "万象城 ▼ 31 %"),
    "https://board.example.com/stores?period=yesterday",
    "打开看板",
)


def test_wecom_gets_markdown_with_the_link() -> None:
    with group() as there:
        send(robot(there, "wecom"), MESSAGE, NOW, there.origins)
    ((path, body),) = there.asked
    assert path == f"/cgi-bin/webhook/send?key={SECRET}"
    assert body["msgtype"] == "markdown"
    assert body["markdown"]["content"].splitlines() == [
        "**昨日 ¥13.2万**",
        *MESSAGE.lines,
        f"[打开看板]({MESSAGE.link})",
    ]


def test_dingtalk_gets_a_card_signed_as_its_documentation_says() -> None:
    with group() as there:
        send(replace(robot(there, "dingtalk"), secret="SECabc"), MESSAGE, NOW, there.origins)
    ((path, body),) = there.asked
    query = parse_qs(urlsplit(path).query, strict_parsing=True)
    stamp = query["timestamp"][0]
    assert stamp == "1795392005000"
    signed = hmac.new(b"SECabc", f"{stamp}\nSECabc".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(signed).decode()]
    assert query["access_token"] == [SECRET]
    card = body["actionCard"]
    assert (card["singleTitle"], card["singleURL"]) == (MESSAGE.button, MESSAGE.link)
    assert card["text"].split("\n\n")[1:] == list(MESSAGE.lines)


def test_feishu_gets_a_card_signed_as_its_documentation_says() -> None:
    with group() as there:
        send(replace(robot(there, "feishu"), secret="abc"), MESSAGE, NOW, there.origins)
    ((path, body),) = there.asked
    assert path == f"/open-apis/bot/v2/hook/{SECRET}"
    signed = hmac.new(b"1795392005\nabc", b"", hashlib.sha256).digest()
    assert (body["timestamp"], body["sign"]) == ("1795392005", base64.b64encode(signed).decode())
    header, (text, action) = body["card"]["header"], body["card"]["elements"]
    assert header["title"]["content"] == MESSAGE.title
    assert text["content"].splitlines() == list(MESSAGE.lines)
    assert action["actions"][0]["url"] == MESSAGE.link


@pytest.mark.parametrize("platform", PLATFORMS)
def test_without_a_secret_nothing_is_signed(platform: Platform) -> None:
    with group() as there:
        send(robot(there, platform), MESSAGE, NOW, there.origins)
    ((path, body),) = there.asked
    assert "sign" not in path
    assert "sign" not in body


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_long_message_is_cut_at_a_line_and_keeps_its_link(platform: Platform) -> None:
    long = replace(MESSAGE, lines=tuple(f"万象城{number} ¥1.2万" for number in range(2000)))
    with group() as there:
        send(robot(there, platform), long, NOW, there.origins)
    ((_, body),) = there.asked
    said = json.dumps(body, ensure_ascii=False)
    assert len(said.encode()) <= 20_000
    assert MESSAGE.link in said
    assert "…" in said
    if platform == "wecom":
        assert len(body["markdown"]["content"].encode()) <= 4096


@pytest.mark.parametrize(
    ("platform", "status", "answer", "kind", "key"),
    [
        ("wecom", 200, {"errcode": 93000, "errmsg": "bad"}, PermanentError, "robot.refused"),
        ("wecom", 200, {"errcode": 45009, "errmsg": "often"}, TransientError, "robot.later"),
        ("dingtalk", 200, {"errcode": 310000, "errmsg": "sign"}, PermanentError, "robot.refused"),
        ("dingtalk", 200, {"errcode": 130101, "errmsg": "fast"}, TransientError, "robot.later"),
        ("feishu", 200, {"code": 19021, "msg": "sign match fail"}, PermanentError, "robot.refused"),
        ("feishu", 200, {"code": 11232, "msg": "limit"}, TransientError, "robot.later"),
        ("feishu", 400, {"code": 9499, "msg": "Bad Request"}, PermanentError, "robot.refused"),
        ("wecom", 502, {}, TransientError, "robot.later"),
        ("wecom", 200, ["?"], PermanentError, "robot.refused"),
        ("wecom", 302, {"errcode": 0}, PermanentError, "robot.refused"),
    ],
)
def test_an_answer_means_what_the_platform_says(
    platform: Platform, status: int, answer: object, kind: type[TillboardError], key: str
) -> None:
    with group() as there:
        there.answer = status, answer
        assert _fails(robot(there, platform), there) == (kind, key)
    assert len(there.asked) == 1, "and nobody follows a redirection or asks twice"


def test_a_platform_that_is_not_there_is_tried_later() -> None:
    with group() as there:
        pass
    assert _fails(robot(there, "wecom"), there) == (TransientError, "robot.away")


def test_a_platform_that_takes_the_message_and_is_silent_leaves_it_unsure() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        there = Group(port=silent.getsockname()[1])
        asked = replace(robot(there, "wecom"), seconds=0.3)
        assert _fails(asked, there) == (TransientError, "robot.unsure")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_only_the_platforms_own_hosts_are_asked(platform: Platform) -> None:
    (origin, *_) = ORIGINS[platform]
    path = PATHS[platform]
    check(Robot(platform, f"{origin}{path}x?key=1"))
    check(Robot(platform, f"{origin}:443{path}x?key=1"))
    host = origin.partition("//")[2]
    for address in (
        f"http://{host}{path}x",
        f"https://{host}:8443{path}x",
        f"https://{host}.example.com{path}x",
        f"https://example.com@{host}.cn{path}x",
        f"https://user@{host}{path}x",
        f"https://{host}/{path}x/..",
        f"https://127.0.0.1{path}x",
        f"https://[::1]{path}x",
        f"https://169.254.169.254{path}x",
        f"file://{host}{path}x",
        f"https://{host}{path}x\r\nHost: other",
        f"https://{host}:port{path}x",
        "",
        "not an address",
    ):
        with pytest.raises(PermanentError) as caught:
            check(Robot(platform, address))
        assert caught.value.key == "robot.bad_address", address
        assert caught.value.say("zh")


def test_the_secret_is_in_no_error_and_no_repr() -> None:
    with group() as there:
        there.answer = 200, {"errcode": 93000, "errmsg": f"invalid key {SECRET} and SEC-secret-1"}
        asked = replace(robot(there, "dingtalk"), secret="SEC-secret-1")
        with pytest.raises(PermanentError) as caught:
            send(asked, MESSAGE, NOW, there.origins)
    for said in (str(caught.value), repr(caught.value.params), repr(asked)):
        assert SECRET not in said
        assert "SEC-secret-1" not in said
        assert "key=" not in said


def test_what_data_says_is_neither_markdown_nor_a_mention() -> None:
    said = plain("*店* [x](http://y) <@all> `a`\n# b")
    assert not set("*[]<>`#\n") & set(said)


def _fails(asked: Robot, there: Group) -> tuple[type[TillboardError], str]:
    with pytest.raises(TillboardError) as caught:
        send(asked, MESSAGE, NOW, there.origins)
    assert caught.value.say("zh")
    assert caught.value.say("en")
    return type(caught.value), caught.value.key
