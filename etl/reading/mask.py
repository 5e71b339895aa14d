"""Hide what must never be stored: phone numbers, card numbers, addresses, ids of persons."""

import re

_EMAIL = re.compile(r"([\w.+-])[\w.+*-]*@([\w-]+\.[\w.-]+)")
_MOBILE = re.compile(r"(?<![\d.])((?:\+?86[- ]?)?1[3-9]\d)[- ]?\d{4}[- ]?(\d{4})(?!\d)")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")

_ISSUER = re.compile(r"4|5[0-8]|62|6[045]|3[0-8]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720")
"""How card numbers start (ISO/IEC 7812): Visa, Mastercard, Maestro, UnionPay, Discover, JCB, Amex,
Diners."""
_OPENID = re.compile(r"(?<![\w-])o[\w-]{27}(?![\w-])", re.ASCII)

SUSPECT = r"@|\d[\d -]{9,}\d|o[\w-]{27}"
"""What every text that mask() could change contains; made for a fast first look."""


def _luhn(digits: str) -> bool:
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    # Ids of stores and payments pass the check by chance; few of them start as a card does.
    if not _ISSUER.match(digits) or not _luhn(digits):
        return match[0]
    return f"{digits[:4]}{'*' * (len(digits) - 8)}{digits[-4:]}"


def contacts(text: str) -> str:
    """Return ``text`` with mobile numbers and e-mail names starred out."""
    return _MOBILE.sub(r"\1****\2", _EMAIL.sub(r"\1***@\2", text))


def mask(text: str) -> str:
    """Return ``text`` without contacts, Luhn-valid card numbers and WeChat's ids of persons."""
    return _OPENID.sub("o***", _CARD.sub(_card, contacts(text)))
