"""The pages of the board, a module each."""

from dashboard.pages import (
    alerts,
    cash,
    chain,
    digests,
    exports,
    forecast,
    imports,
    overview,
    people,
    plans,
    setup,
    start,
    store,
    stores,
    tokens,
)

PAGES = (
    overview.page,
    stores.page,
    store.page,
    forecast.page,
    alerts.page,
    plans.page,
    imports.page,
    cash.page,
    setup.page,
    setup.form_page,
    start.page,
    start.step_page,
    digests.page,
    people.page,
    chain.page,
    exports.page,
    tokens.page,
)
