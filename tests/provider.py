"""A small OpenID Connect provider in the test: real HTTP, real signatures, PKCE checked."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "tillboard", "a secret of the client"


@dataclass
class Provider:
    """Says who somebody is. ``claims`` go over what is right; ``key`` signs."""

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    shown: RSAKey | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def describe(self) -> Response:
        """Answer with the discovery document."""
        return jsonify(
            issuer=self.address,
            authorization_endpoint=f"{self.address}/authorize",
            token_endpoint=f"{self.address}/token",
            jwks_uri=f"{self.address}/keys",
            id_token_signing_alg_values_supported=["RS256"],
        )

    def authorize(self) -> Any:
        """Let everybody in at once, and send them back with a code."""
        assert request.args["client_id"] == CLIENT
        assert request.args["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.asked[code] = dict(request.args)
        back = {"code": code, "state": request.args["state"]}
        return redirect(f"{request.args['redirect_uri']}?{urlencode(back)}")

    def token(self) -> Response:
        """Give the signed word for a code, once, to who asked for it."""
        given = request.authorization
        if given is None or (given.username, given.password) != (CLIENT, SECRET):
            abort(401)
        asked = self.asked.pop(request.form["code"])
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            abort(400)
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": "u-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            "email": "owner@example.com",
            "email_verified": True,
        } | self.claims
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        return jsonify(access_token="x", token_type="Bearer", expires_in=60, id_token=signed)

    def keys(self) -> Response:
        """Answer with the keys to check by."""
        shown = self.shown or self.key
        return jsonify(keys=[shown.as_dict(private=False)])


@contextmanager
def provider() -> Iterator[Provider]:
    """Open a provider for the block."""
    one = Provider()
    server = Flask("provider")
    server.add_url_rule("/.well-known/openid-configuration", view_func=one.describe)
    server.add_url_rule("/authorize", view_func=one.authorize)
    server.add_url_rule("/token", view_func=one.token, methods=["POST"])
    server.add_url_rule("/keys", view_func=one.keys)
    served = make_server("127.0.0.1", 0, server, threaded=True)
    one.address = f"http://127.0.0.1:{served.server_port}"
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        served.shutdown()
        thread.join()
        served.server_close()
