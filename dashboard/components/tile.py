"""A tile: label, figure, change in words against a named period, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from chain.metrics import Metric
from dashboard.frame import Here
from figures import formats
from figures.daily import sparkline

Values = Sequence[float | None]
HIDDEN: dict[str, Any] = {"aria-hidden": "true"}


@dataclass(frozen=True, slots=True)
class Against:
    """What a tile's figure is compared with: the value, the period's name, and its exact dates.

    ``now`` is the part of the figure that is compared, where some of its days have nothing to be
    compared with; None compares all of it.
    """

    value: float | None
    than: str
    exact: str
    now: float | None = None


def tile(
    here: Here,
    metric: Metric,
    value: float | None,
    against: Sequence[Against],
    *,
    currency: str,
    label: str = "",
    href: str | None = None,
    spark: tuple[Values, Values] | None = None,
    provisional: str = "",
) -> Component:
    """Return the tile of ``metric``; a tap goes to ``href``.

    ``spark`` are the values in blue and those in grey; ``provisional`` is why the figure may still
    change, as a sentence, and empty where it will not.
    """
    figure = formats.figure(value, metric.unit, currency, here.lang)
    full = formats.figure_full(value, metric.unit, currency, here.lang)
    lines = [_change(here, metric, value, one, currency) for one in against]
    inside = [
        html.Div(label or metric.label(here.lang), className="tb-tile-label"),
        html.Div(figure, className="tb-tile-figure", title=full),
        *lines,
        html.Div(provisional, className="tb-tile-provisional") if provisional else None,
        picture_of(spark) if spark else None,
    ]
    kept = [part for part in inside if part is not None]
    if href is None:
        return html.Div(kept, className="card tb-tile")
    return dcc.Link(kept, href=href, className="card tb-tile tb-tile-link")


def _change(
    here: Here, metric: Metric, value: float | None, against: Against, currency: str
) -> Component:
    now = value if against.now is None else against.now
    text, _ = formats.change(now, against.value, metric.unit, currency, here.lang, against.than)
    full = formats.figure_full(against.value, metric.unit, currency, here.lang)
    return html.Div(text, className="tb-tile-change", title=f"{against.exact}: {full}")


def picture_of(spark: tuple[Values, Values]) -> Component:
    """Return a sparkline as two masks, so that it takes the page's colours and turns dark."""
    now, before = spark
    return html.Div(
        [
            html.Span(className=f"tb-line {name}", style=_mask(values, (now, before)))
            for name, values in (("tb-line-before", before), ("tb-line-now", now))
        ],
        className="tb-spark",
        **HIDDEN,
    )


def _mask(values: Values, both: tuple[Values, Values]) -> dict[str, str]:
    address = f'url("data:image/svg+xml,{quote(sparkline(values, both))}")'
    return {"maskImage": address, "WebkitMaskImage": address}
