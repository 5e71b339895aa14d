"""The alerts on the overview, below what needs attention: a line a rule, worst first."""

from dash import dcc, html
from dash.development.base_component import Component

from chain.alerts import MEASURED, SEVERITIES
from dashboard.frame import Board, Here
from dashboard.icons import icon
from reports.alert_mail import line
from reports.alert_words import AlertWords
from warehouse import alerts

MOST = 3


def strip(board: Board, here: Here) -> list[Component]:
    """Return the lines of what is open, that nobody is at yet and that is not snoozed."""
    chain_id = here.scope.chain_id
    with board.warehouse.begin(here.scope) as connection:
        found = [
            one
            for one in alerts.open_alerts(connection, chain_id)
            if one.acked_at is None and one.snoozed_until is None
        ]
        rules = alerts.rules(connection, chain_id) if found else []
    if not found:
        return []
    words = AlertWords.of(here.reads, here.lang)
    rules.sort(key=lambda one: -SEVERITIES.index(one.severity))
    lines = []
    for rule in rules:
        mine = [one for one in found if one.rule_id == rule.rule_id]
        if mine and rule.rule.kind in MEASURED:  # the others stand in the list above
            head = words.rule(rule.rule)
            many = here.say("alerts.board.many", rule=head[:1].upper() + head[1:], count=len(mine))
            lines.append((rule, line(words, rule, mine[0]) if len(mine) == 1 else many))
    count = here.say("alerts.board.count", count=len(found))
    return [
        html.H2(
            dcc.Link([count, icon("right", 16)], href="/alerts", className="tb-action"),
            className="tb-finding alert-board",
        ),
        html.Ul(
            [
                html.Li(
                    [
                        html.Span(icon("bell", 18), className=f"alert-mark-{rule.severity}"),
                        html.Span(text, className="tb-attention-text"),
                    ]
                )
                for rule, text in lines[:MOST]
            ],
            className="tb-todo",
        ),
    ]
