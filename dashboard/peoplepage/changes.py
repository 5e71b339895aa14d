"""What the People page changes, and the links it hands out where no mail can."""

from dataclasses import dataclass

from chain.errors import PermanentError
from chain.roles import BOUNDED, ROLES
from chain.words import LANGS
from dashboard.frame import Board, Here
from reports.mail import is_address, mail_server
from warehouse.directory import links, members
from warehouse.directory.members import Place

NAME_MAX = 80


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was sent; ``user_id`` 0 is a new person."""

    user_id: int
    email: str
    name: str
    role: str
    regions: list[str]
    stores: list[str]
    lang: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is shown once, for an owner to send."""

    email: str
    address: str


def allow(here: Here) -> None:
    """Raise PermanentError where the reader is no owner."""
    if not here.may("people"):
        raise PermanentError("people.not_allowed")


def save(board: Board, here: Here, typed: Typed) -> Link | None:
    """Invite somebody, or change what a person sees; return the link where no mail is sent.

    Raises PermanentError where something is not right; nothing is changed then.
    """
    allow(here)
    wanted = _place(here, typed)
    if typed.user_id:
        if typed.user_id == here.person.user_id:
            raise PermanentError("people.elsewhere")
        members.change(board.warehouse, here.scope, typed.user_id, wanted)
        return None
    email = typed.email.strip()
    if not is_address(email):
        raise PermanentError("mail.bad_address", address=email[:60])
    lang = typed.lang if typed.lang in LANGS else here.lang
    name = typed.name.strip()[:NAME_MAX]
    number = links.invite(board.warehouse, here.scope, email, name, lang, wanted)
    return send(board, here, number)


def send(board: Board, here: Here, invitation_id: int) -> Link | None:
    """Have an invitation mailed; return its link where there is no mail server."""
    allow(here)
    links.own_invitation(board.warehouse, here.scope, invitation_id)
    if mail_server(board.settings) is not None:
        board.jobs.mail_invitation(invitation_id)
        return None
    letter = links.invitation_letter(board.warehouse, invitation_id)
    if letter is None:
        raise PermanentError("people.gone")
    return Link(letter.email, f"/join/{letter.token}")


def withdraw(board: Board, here: Here, invitation_id: int) -> None:
    """Take an invitation back."""
    allow(here)
    links.withdraw(board.warehouse, here.scope, invitation_id)


def revoke(board: Board, here: Here, user_id: int) -> None:
    """Take a person's access away."""
    allow(here)
    if user_id == here.person.user_id:
        raise PermanentError("people.elsewhere")
    members.revoke(board.warehouse, here.scope, user_id)


def new_password(board: Board, here: Here, user_id: int) -> Link | None:
    """Let a person choose a new password; return the link where there is no mail server.

    Who belongs to another chain too gets it by mail alone: an owner of this one must not come into
    that one by it.
    """
    allow(here)
    everybody = {each.user_id: each for each in members.members(board.warehouse, here.scope)}
    person = everybody.get(user_id)
    if person is None:
        raise PermanentError("people.gone")
    by_mail = mail_server(board.settings) is not None
    if not by_mail and members.elsewhere(board.warehouse, user_id):
        raise PermanentError("people.not_theirs", email=person.email)
    links.ask_reset(board.warehouse, person.email)
    if by_mail:
        board.jobs.mail_reset(user_id)
        return None
    letter = links.reset_letter(board.warehouse, user_id)
    if letter is None:
        raise PermanentError("people.gone")
    return Link(letter.email, f"/reset/{letter.token}")


def _place(here: Here, typed: Typed) -> Place:
    if typed.role not in ROLES:
        raise PermanentError("people.bad_role")
    if typed.role == "owner":
        return Place("owner")
    regions = _known(typed.regions, here.reads.regions()["region_id"])
    stores = _known(typed.stores, here.reads.stores()["store_id"])
    if typed.role in BOUNDED and not regions and not stores:
        raise PermanentError("people.no_stores")
    return Place(typed.role, regions or None, stores or None)


def _known(asked: list[str], known: object) -> tuple[int, ...]:
    """Return the numbers asked for that are of this chain."""
    there = {int(number) for number in known}  # type: ignore[attr-defined]
    return tuple(sorted(there & {int(number) for number in asked if number.isdecimal()}))
