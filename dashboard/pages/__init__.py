"""The pages of the board, a module each."""

from dashboard.pages import cash, imports, overview, store, stores

PAGES = (overview.page, stores.page, store.page, imports.page, cash.page)
