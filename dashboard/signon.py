"""Single sign-on by OpenID Connect: a provider says who somebody is, the owner what they see.

Nobody comes in who was not invited: the provider's word is taken for who, never for what they see.
Authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0); whoever signs on this
way is asked for no code of ours, as a second factor is then the provider's affair.
"""

from dataclasses import dataclass, field
from typing import Any, cast

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, request, session
from joserfc.errors import JoseError
from sqlalchemy import text

from chain.errors import PermanentError, TransientError
from chain.settings import Settings
from dashboard.guard import Guard, safe_target
from dashboard.login import enter
from dashboard.people import People

log = structlog.get_logger(__name__)
TARGET = "sign_on_target"
SECONDS = 10


@dataclass(slots=True)
class SignOn:
    """The routes ``/sign-on`` and ``/sign-on/back``, where a provider is configured."""

    settings: Settings
    people: People
    guard: Guard
    _client: Any = field(init=False, default=None)

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule("/sign-on", view_func=self.go, endpoint="sign_on")
        server.add_url_rule("/sign-on/back", view_func=self.back, endpoint="sign_on_back")
        if not self.settings.oidc_issuer:
            return
        issuer = self.settings.oidc_issuer.rstrip("/")
        self._client = OAuth(server).register(
            "provider",
            client_id=self.settings.oidc_client_id,
            client_secret=self.settings.oidc_client_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": SECONDS,
            },
        )

    def go(self) -> Response:
        """Send the visitor to the provider."""
        client = self._known()
        session[TARGET] = safe_target(request.args.get("next"))
        address = self.settings.public_url or request.host_url
        try:
            answer = client.authorize_redirect(f"{address.rstrip('/')}/sign-on/back")
        except (requests.RequestException, AuthlibBaseError, ValueError) as error:
            raise TransientError("people.sign_on.away", name=self.settings.oidc_name) from error
        return cast("Response", answer)

    def back(self) -> Response:
        """Let in whom the provider vouches for and the owner has invited."""
        client = self._known()
        target = session.get(TARGET)
        try:
            said = client.authorize_access_token()["userinfo"]
        except requests.RequestException as error:
            raise TransientError("people.sign_on.away", name=self.settings.oidc_name) from error
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            log.warning("sign_on_refused", reason=type(error).__name__)
            raise PermanentError("people.sign_on.failed", name=self.settings.oidc_name) from error
        user_id = self._person(said)
        chain_id = None if user_id is None else self.people.chain_of(user_id)
        if user_id is None or chain_id is None:
            raise PermanentError("people.sign_on.unknown", email=str(said.get("email") or "?"))
        return enter(self.people, user_id, chain_id, target if isinstance(target, str) else None)

    def _person(self, said: dict[str, Any]) -> int | None:
        """Return whose account this is: known by the provider's number, at first by the address."""
        subject = f"{said['iss']} {said['sub']}"
        with self.people.warehouse.directory() as connection:
            known = connection.scalar(_BY_SUBJECT, {"subject": subject})
            if known is None and said.get("email_verified") is True:
                values = {"subject": subject, "email": str(said.get("email") or "")}
                known = connection.scalar(_BIND, values)
        return None if known is None else int(known)

    def _known(self) -> Any:
        if self._client is None:
            raise PermanentError("people.sign_on.not_configured")
        return self._client


_BY_SUBJECT = text("select user_id from directory.app_user where oidc_subject = :subject")
_BIND = text(
    "update directory.app_user set oidc_subject = :subject"
    " where lower(email) = lower(:email) and oidc_subject is null returning user_id"
)
