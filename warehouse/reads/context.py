"""What each read starts from: the chain, its money, how far its data goes. One round trip."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from chain.fiscal import FiscalCalendar
from warehouse.reads.facts import Facts, Money, rates
from warehouse.reads.protocol import ChainInfo, Filters

_CHAIN = text(
    """
    select c.chain_id, c.name, c.currency, c.time_zone, c.country, c.lang, c.guide, c.fiscal,
        (select version || ' ' || changed_at from chain_version where part = 'figures') as version,
        (select version || ' ' || changed_at from chain_version where part = 'files') as files,
        (select min(business_date) from store_day_total) as first_day,
        (select max(business_date) from store_day_total) as last_day,
        (select max(business_date) from store_day_total
         where business_date < (cast(:now as timestamptz) at time zone c.time_zone)::date
        ) as yesterday,
        (select json_agg(json_build_array(currency, from_date, rate::text)) from fx_rate) as rates,
        exists (select from vat_rate) as vat,
        exists (select from store_terms where ownership = 'franchised') as franchise
    from chain c
    """
)


@dataclass(frozen=True, slots=True)
class Context:
    """One open transaction that sees one scope's rows of ``chain``.

    ``version`` names the state of all that figures are made of, ``files`` that of the imports. The
    time of the change is in it, since a restored backup counts up once more.
    """

    connection: Connection
    chain: ChainInfo
    money: Money
    version: str
    files: str

    def facts(self, filters: Filters, *, with_area: bool = False) -> Facts:
        """Return the maker of statements for ``filters``."""
        return Facts(filters, self.money, with_area=with_area)


def load(connection: Connection, now: datetime | None = None) -> Context:
    """Return the context at the instant ``now``. Raises PermanentError where no chain is seen."""
    now = now or datetime.now(UTC)
    row = connection.execute(_CHAIN, {"now": now}).one_or_none()
    if row is None:
        raise PermanentError("reads.chain_missing")
    chain = ChainInfo(
        chain_id=row.chain_id,
        name=row.name,
        currency=row.currency,
        time_zone=row.time_zone,
        country=row.country,
        lang=row.lang,
        today=now.astimezone(ZoneInfo(row.time_zone)).date(),
        first_day=row.first_day,
        last_day=row.last_day,
        yesterday=row.yesterday,
        guide=row.guide,
        fiscal=FiscalCalendar.of(row.fiscal),
        terms=frozenset(name for name in ("vat", "franchise") if getattr(row, name)),
    )
    stated = [(code, date.fromisoformat(day), Decimal(rate)) for code, day, rate in row.rates or []]
    money = Money(row.currency, rates(row.currency, stated))
    return Context(connection, chain, money, str(row.version), str(row.files))
