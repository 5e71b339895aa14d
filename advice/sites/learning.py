"""``fit``: frames of stores, areas, competitors and flows to a `Market`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from advice.sites.fitting import FEWEST, Fitted, Flows, fit_city
from advice.sites.frames import areas_frame, competitors_frame, features, stores_frame
from advice.sites.gravity import City, Pairs, pairs
from advice.sites.market import Market
from advice.sites.notes import Note
from advice.sites.places import Floats, solid
from chain.errors import PermanentError

DRAWS = 48
_WEEKS = 26
_REACH_UNITS, _REACH_LEAST_KM = 8.0, 10.0
_UNIT_KM = (0.8, 40.0)
_MANY_FEATURES = 8

Scales = dict[str, tuple[bool, float, float]]


def usual_ramp() -> Floats:
    """Return what a new store takes in each of 26 weeks, where no opening has been seen: [26].

    70 % at first, settling within some months; the prior of the forecasts of new stores.
    """
    return np.asarray(1 - 0.3 * np.exp(-np.arange(_WEEKS) / 6.0))


def fit(
    stores: pd.DataFrame,
    areas: pd.DataFrame,
    competitors: pd.DataFrame | None = None,
    flows: pd.DataFrame | None = None,
    *,
    seed: int = 0,
    ramp: Sequence[float] | None = None,
) -> Market:
    """Return the market that the chain's own sales show. Places are lat, lon in WGS-84.

    ``stores``: store, lat, lon, revenue (minor units of one currency a month; missing where not
    known), and maybe name, size (any unit), rent (minor units a month), weeks_open (of stores that
    still ramp up; missing: settled) and further numbers that say something of a store. ``areas``:
    area, lat, lon, population, and maybe radius_km, income, rent and further numbers.
    ``competitors``: lat, lon, and maybe weight (2: pulls like two). ``flows``: area, store, count,
    and maybe km (the real way): observed visits from areas to own stores. ``ramp``: what openings
    took each week relative to settled stores, as ``forecasting.ramp.learned(…).shape``.

    Raises PermanentError where a frame cannot be used, and says what to do; also where no store has
    sales or nobody lives within reach of one.
    """
    shape = usual_ramp() if ramp is None else np.asarray(ramp, dtype=np.float64)
    own, places = stores_frame(stores), areas_frame(areas)
    own["revenue"] = own["revenue"] / _ramped(own["weeks_open"].to_numpy(), shape)
    known = int(own["revenue"].notna().sum())
    if not known:
        raise PermanentError("sites.no_sales_at_all")
    rivals = competitors_frame(competitors)
    of_areas, area_scales = _standard(places, "areas", weights=places["population"].to_numpy())
    of_stores, store_scales = _standard(own, "stores", weights=np.ones(len(own)))
    unit, reach = _unit(places, own, rivals)
    rows, own_pairs, rival_pairs = _near(places, own, rivals, reach)
    draft = Market(
        own, places, rivals, of_areas, of_stores,
        scales={"area": area_scales, "store": store_scales},
        unit=unit, reach_km=reach, size=_usual_size(own), fitted=_UNFITTED,
        draws=np.zeros((0, 0)), base=np.zeros((0, 0)), ramp=shape, seed=seed,
    )  # fmt: skip
    city = draft.city(rows, own_pairs, rival_pairs)
    city, counted = _with_flows(city, places, own, rows, flows)
    _reached(city, own)
    fitted = fit_city(city, own["revenue"].to_numpy("float64"), counted)
    return _finished(draft, city.shaped(fitted.form), fitted, known)


_UNFITTED = Fitted("exponential", np.zeros(0), np.zeros((0, 0)), 0.0, 0.0, np.zeros(0), prior=True)


def _finished(draft: Market, city: City, fitted: Fitted, known: int) -> Market:
    rng = np.random.default_rng([draft.seed, 71])
    around = rng.multivariate_normal(fitted.params, fitted.covariance, DRAWS - 1, method="cholesky")
    draws = np.vstack([fitted.params, around])
    base = np.stack([city.sales(each) for each in draws])
    notes: list[Note] = []
    if fitted.prior:
        notes.append(Note("sites.note.few_stores", {"count": known, "needed": FEWEST}))
    if np.isfinite(fitted.error):
        percent = round(100 * float(np.expm1(fitted.error)))
        notes.append(Note("sites.note.error", {"percent": percent, "stores": known}))
    if draft.rivals.empty:
        notes.append(Note("sites.note.no_competitors"))
    return replace(draft, fitted=fitted, draws=draws, base=base, notes=tuple(notes))


def standardised(frame: pd.DataFrame, scales: Scales) -> Floats:
    """Return the features of ``frame`` as the fit saw them; what is missing counts as usual."""
    out = np.zeros((len(frame), len(scales)))
    for at, (name, (logs, mean, deviation)) in enumerate(scales.items()):
        if name in frame.columns:
            values = frame[name].to_numpy("float64", na_value=np.nan)
            values = np.log1p(np.maximum(values, 0.0)) if logs else values
            out[:, at] = np.clip(np.nan_to_num((values - mean) / deviation), -4.0, 4.0)
    return out


def _standard(frame: pd.DataFrame, of: str, *, weights: Floats) -> tuple[Floats, Scales]:
    scales: Scales = {}
    for name in features(frame, of):
        values = frame[name].to_numpy("float64", na_value=np.nan)
        seen = np.isfinite(values) & (weights > 0)
        if not seen.any():
            continue
        logs = bool(values[seen].min() >= 0 and values[seen].max() > 3)
        used = np.log1p(values[seen]) if logs else values[seen]
        mean = float(np.average(used, weights=weights[seen]))
        deviation = float(np.sqrt(np.average((used - mean) ** 2, weights=weights[seen])))
        if deviation > 1e-9:
            scales[name] = (logs, mean, deviation)
    if len(scales) > _MANY_FEATURES:
        raise PermanentError(
            "sites.many_features", count=len(scales), limit=_MANY_FEATURES, names=", ".join(scales)
        )
    return standardised(frame, scales), scales


def _ramped(weeks: Floats, shape: Floats) -> Floats:
    """Return what part of a settled store's takings one takes that many weeks on; 1 if missing."""
    week = np.clip(np.nan_to_num(weeks, nan=len(shape)), 0, len(shape)).astype(np.int64)
    return np.asarray(np.append(shape, 1.0)[week])


def _usual_size(own: pd.DataFrame) -> float:
    """Return the median size; NaN where none is known, and then sizes count for nothing."""
    return float(own["size"].median()) if own["size"].notna().any() else float("nan")


def _unit(places: pd.DataFrame, own: pd.DataFrame, rivals: pd.DataFrame) -> tuple[float, float]:
    """Return the unit of distance and how far anybody goes, in km.

    The unit is half the median way of people near the chain to the nearest outlet that is known.
    """
    people = solid(places["lat"].to_numpy(), places["lon"].to_numpy())
    outlets = pd.concat([own[["lat", "lon"]], rivals[["lat", "lon"]]])
    tree = cKDTree(solid(outlets["lat"].to_numpy(), outlets["lon"].to_numpy()))
    apart = np.maximum(tree.query(people)[0], 0.6 * places["radius_km"].to_numpy())
    to_own = cKDTree(solid(own["lat"].to_numpy(), own["lon"].to_numpy())).query(people)[0]
    near = to_own <= max(float(np.quantile(to_own, 0.02)) * 4, 10.0)
    order = np.argsort(apart[near])
    total = np.cumsum(places["population"].to_numpy()[near][order])
    half = apart[near][order][int(np.searchsorted(total, total[-1] / 2))] if total[-1] else 2.0
    unit = float(np.clip(half / 2, *_UNIT_KM))
    return unit, max(_REACH_UNITS * unit, _REACH_LEAST_KM)


def _near(
    places: pd.DataFrame, own: pd.DataFrame, rivals: pd.DataFrame, reach: float
) -> tuple[np.ndarray, Pairs, Pairs]:
    """Return the areas that a store can draw from, and the pairs of these."""
    found = pairs(places, own, reach)
    rows = np.unique(found.area)
    at = np.full(len(places), -1)
    at[rows] = np.arange(len(rows))
    local = Pairs(at[found.area], found.outlet, found.km)
    return rows, local, pairs(places.iloc[rows], rivals, reach)


def _reached(city: City, own: pd.DataFrame) -> None:
    people = np.bincount(city.own.outlet, city.people[city.own.area], minlength=len(own))
    lost = (people <= 0) & own["revenue"].notna().to_numpy()
    if lost.any():
        store = str(own["store"].iloc[int(lost.argmax())])
        raise PermanentError("sites.no_people", store=store)


def _with_flows(
    city: City,
    places: pd.DataFrame,
    own: pd.DataFrame,
    rows: np.ndarray,
    flows: pd.DataFrame | None,
) -> tuple[City, Flows | None]:
    """Return the city, with real ways where flows state them, and the flows as positions."""
    if flows is None or flows.empty:
        return city, None
    for column in ("area", "store", "count"):
        if column not in flows.columns:
            raise PermanentError("sites.column", frame="flows", column=column)
    area = pd.Index(places["area"].iloc[rows]).get_indexer(pd.Index(flows["area"].astype(str)))
    store = pd.Index(own["store"]).get_indexer(pd.Index(flows["store"].astype(str)))
    known = (area >= 0) & (store >= 0)
    if not known.any():
        raise PermanentError("sites.flows_elsewhere")
    keys = city.own.area * len(own) + city.own.outlet
    order = np.argsort(keys)
    wanted = (area * len(own) + store)[known]
    at = order[np.clip(np.searchsorted(keys[order], wanted), 0, len(keys) - 1)]
    hit = keys[at] == wanted
    km = city.own.km.copy()
    if "km" in flows.columns:
        stated = flows["km"].to_numpy("float64", na_value=np.nan)[known][hit]
        km[at[hit]] = np.where(stated > 0, stated, km[at[hit]])
    counts = flows["count"].to_numpy("float64")[known][hit]
    return replace(city, own=Pairs(city.own.area, city.own.outlet, km)), Flows(at[hit], counts)
