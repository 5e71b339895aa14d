"""A few stores in a card: name, figure, change, each a link to its page."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from chain.metrics import Metric
from dashboard.frame import Here
from figures import formats
from warehouse.reads.protocol import ChainInfo


def short_list(
    here: Here,
    chain: ChainInfo,
    metric: Metric,
    rows: Sequence[Mapping[str, Any]],
    names: Mapping[int, str],
) -> Component:
    """Return a few stores, name and figure and change in a line, each a link to its page."""
    return html.Ul(
        [
            html.Li(
                dcc.Link(
                    [
                        html.Span(names.get(int(row["store_id"]), ""), className="tb-short-name"),
                        html.Span(
                            formats.figure(row["value"], metric.unit, chain.currency, here.lang),
                            className="number",
                            title=formats.figure_full(
                                row["value"], metric.unit, chain.currency, here.lang
                            ),
                        ),
                        html.Span(
                            formats.change(
                                row["value"], row["value_before"], metric.unit, chain.currency,
                                here.lang,
                            )[0],
                            className="number tb-short-change",
                        ),
                    ],
                    href=f"/store/{row['store_id']}",
                )
            )
            for row in rows
        ],
        className="tb-short",
    )  # fmt: skip
