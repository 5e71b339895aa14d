"""The OpenAPI 3.1 document, written from the declarations that read questions and make answers."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from string import Formatter
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chain.roles import API_SCOPES
from chain.words import Lang, catalogue, say
from dashboard.api.endpoints import ENDPOINTS, Endpoint
from dashboard.api.problems import KIND, STATUSES
from dashboard.api.shapes import Problem

BASE = "/api/v1"
Json = dict[str, Any]
_REFUSALS = (400, 401, 403, 429, 503)


@cache
def document(lang: Lang) -> Json:
    """Return the document in ``lang``; not to be changed by whoever gets it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": say(lang, "api.name"),
            "version": version("tillboard"),
            "description": say(lang, "api.about"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": {f"/{one.name}": {"get": _operation(one, lang)} for one in ENDPOINTS},
        "components": {
            "schemas": _schemas(lang),
            "responses": {str(status): _refusal(status, lang) for status in _REFUSALS},
            "headers": {"ETag": _header("etag", lang), "Retry-After": _header("retry_after", lang)},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": say(lang, "api.security"),
                }
            },
        },
    }


def scopes(lang: Lang) -> Iterator[tuple[str, str]]:
    """Yield each scope with what it lets a program read."""
    for scope in API_SCOPES:
        yield scope, say(lang, f"tokens.scope.{scope}")


def codes(lang: Lang) -> Iterator[tuple[str, int, str]]:
    """Yield the code, the status and the sentence of each refusal; a gap in it is "…"."""
    for key, status in STATUSES.items():
        code = key.removeprefix("api.")
        gaps = {name: "…" for _, name, _, _ in Formatter().parse(catalogue(lang)[key]) if name}
        yield code, status, say(lang, key, **gaps)


def _operation(one: Endpoint, lang: Lang) -> Json:
    answer = {
        "description": say(lang, f"api.endpoint.{one.name}.title"),
        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{one.shape.__name__}"}}
        },
    }
    refusals = {str(each): {"$ref": f"#/components/responses/{each}"} for each in _REFUSALS}
    return {
        "operationId": one.name,
        "summary": say(lang, f"api.endpoint.{one.name}.title"),
        "description": say(lang, f"api.endpoint.{one.name}.about"),
        "security": [{"token": [one.scope] if one.scope else []}],
        "parameters": list(_parameters(one, lang)),
        "responses": {"200": answer, "304": {"description": say(lang, "api.same")}, **refusals},
    }


def _parameters(one: Endpoint, lang: Lang) -> Iterator[Json]:
    schema = one.asked.model_json_schema(by_alias=True)
    for name, given in schema.get("properties", {}).items():
        bare = _bare(given)
        default = bare.pop("default", None)
        if default is not None and default != []:
            bare["default"] = default
        yield {
            "name": name,
            "in": "query",
            "required": False,
            "description": say(lang, f"api.parameter.{name}"),
            "schema": bare,
        } | ({"style": "form", "explode": True} if bare.get("type") == "array" else {})


def _bare(given: Mapping[str, Any]) -> Json:
    """Return a schema without null, which no address can say, and without Pydantic's titles."""
    plain = {key: value for key, value in given.items() if key != "title"}
    options = [each for each in plain.pop("anyOf", []) if each.get("type") != "null"]
    return plain | (options[0] if options else {})


def _schemas(lang: Lang) -> Json:
    kinds: list[type[BaseModel]] = [*(one.shape for one in ENDPOINTS), Problem]
    _, whole = models_json_schema(
        [(kind, "serialization") for kind in kinds],
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    found: Json = whole["$defs"]
    return {name: _said(schema, lang) for name, schema in found.items()}


def _said(schema: Mapping[str, Any], lang: Lang) -> Json:
    """Return an object's schema with each field explained, in place of Pydantic's titles."""
    fields = {
        name: {key: part for key, part in field.items() if key != "title"}
        | {"description": say(lang, f"api.field.{name}")}
        for name, field in schema.get("properties", {}).items()
    }
    kept = {key: part for key, part in schema.items() if key not in {"title", "description"}}
    return kept | {"properties": fields}


def _refusal(status: int, lang: Lang) -> Json:
    made: Json = {
        "description": say(lang, f"api.title.{status}"),
        "content": {KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {429, 503}:
        made["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return made


def _header(name: str, lang: Lang) -> Json:
    return {"description": say(lang, f"api.header.{name}"), "schema": {"type": "string"}}
