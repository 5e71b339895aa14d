"""The pages of the board, a module each."""

from dashboard.pages import cash, imports, overview, setup, store, stores

PAGES = (
    overview.page,
    stores.page,
    store.page,
    imports.page,
    cash.page,
    setup.page,
    setup.form_page,
)
