"""Any table, by the column map that a user saved: a till's export, or cash takings by the day.

A file without ids gets them from what its rows say (see RowNumbers). Where a count is mapped, a row
is a day's takings, and its amount is no part of its id: a corrected amount takes the old one's
place.
"""

from collections.abc import Mapping

import polars as pl

from etl.reading.columnmap import ColumnMapSpec
from etl.reading.dates import WAYS
from etl.reading.layout import Layout, Reading, ident, money, text, time
from etl.reading.zones import ABBREVIATIONS, CITIES

KINDS = ("sale", "refund", "fee", "chargeback", "reserve", "release", "adjustment", "topup")
SKIP = "skip"
_WORDS = {
    **{kind: kind for kind in (*KINDS, "voucher")},
    **dict.fromkeys(("payment", "charge", "收款", "支付", "交易", "销售", "消费"), "sale"),
    **dict.fromkeys(("return", "退款", "退货", "退单"), "refund"),
    **dict.fromkeys(("手续费", "服务费"), "fee"),
    **dict.fromkeys(("储值", "充值"), "topup"),
    **dict.fromkeys(("payout", "withdrawal", "提现"), SKIP),
}
_TEXTS = ("method", "store_ref", "terminal_ref", "operator_ref", "order_ref")
_SAYS = ("occurred_at", "kind", "currency", *_TEXTS)
_OUT = ("refund", "chargeback", "reserve")


def _reads(spec: ColumnMapSpec) -> dict[str, Reading]:
    has = spec.columns
    clock = (has["clock"],) if "clock" in has else ()
    ways = (spec.time_formats,) if spec.time_formats else WAYS
    reads: dict[str, Reading] = {
        "at": time(has["occurred_at"], clock=clock, ways=ways),
        "at_text": text(has.get("clock", has["occurred_at"])),
        "gross": money(has["gross"], comma=spec.decimal == ","),
        "fee": money(*_named(has, "fee"), optional=True, comma=spec.decimal == ","),
        "kind": text(*_named(has, "kind"), required="kind" in has),
        "id": ident(*_named(has, "external_id"), required="external_id" in has),
        "account": text(*_named(has, "account_ref")),
    }
    reads |= {name: text(*_named(has, name), label=True) for name in _TEXTS}
    if "count" in has:
        reads["count"] = money(has["count"], optional=True)
    return reads | {name: text(has[name]) for name in ("currency", "zone") if name in has}


def _named(has: Mapping[str, str], name: str) -> tuple[str, ...]:
    return (has[name],) if name in has else ("",)


def _kind(spec: ColumnMapSpec) -> pl.Expr:
    """Return the kind: by the user's words, by ours where there are none, or by the sign."""
    if "kind" not in spec.columns:
        return pl.lit("")
    words = {word.lower(): kind for word, kind in (spec.kinds or _WORDS).items()}
    return pl.col("kind").str.to_lowercase().replace_strict(words, default="")


def layout(spec: ColumnMapSpec) -> Layout:
    """Return the layout that reads files by ``spec``; raises KeyError without time or amount."""
    platform = spec.platform or f"generic-{spec.name}"
    amount = pl.col("gross") * spec.sign
    by_sign = pl.when(amount < 0).then(pl.lit("refund")).otherwise(pl.lit("sale"))
    said = _kind(spec)
    unknown = {"etl.bad.type": said == ""} if spec.kinds and "kind" in spec.columns else {}
    open_words = ["sale"] if unknown else ["", "sale"]
    kind = pl.when(said.is_in(open_words)).then(by_sign).otherwise(said)
    out = kind.is_in(_OUT)
    gross = pl.when(out).then(-amount.abs()).otherwise(amount)
    is_fee = kind == "fee"
    charged = pl.when(out).then(-pl.col("fee").abs()).otherwise(pl.col("fee").abs())
    fee = charged + pl.when(is_fee).then(gross.abs()).otherwise(0)
    # A date alone is noon: midnight would be the day before where a store's day ends later.
    dated = pl.col("at_text").str.contains(":")
    return Layout(
        source="generic",
        platform=platform,
        name=spec.name,
        signature=tuple(dict.fromkeys(spec.columns.values())),
        reads=_reads(spec),
        skips=said == SKIP if "kind" in spec.columns else None,
        refuses=unknown,
        makes={
            "account_ref": pl.when(pl.col("account") == "").then(pl.lit(platform))
            .otherwise(pl.col("account")),
            "external_id": pl.col("id"),
            "kind": kind,
            "occurred_at": pl.when(dated).then(pl.col("at"))
            .otherwise(pl.col("at") + pl.duration(hours=12)),
            "gross": pl.when(is_fee).then(0).otherwise(gross),
            "fee": fee,
            **{name: pl.col(name) for name in _TEXTS},
            "method": pl.col("method") if platform != "cash" else pl.lit("cash"),
            "channel": pl.lit(spec.channel),
        },
        numbered=_SAYS if "count" in spec.columns else (*_SAYS, "gross", "fee"),
        zone=spec.zone,
        zone_of="zone" if "zone" in spec.columns else "",
        zones={**ABBREVIATIONS, **CITIES},
        currency=spec.currency,
    )  # fmt: skip
