"""Real sets: visits of people in Freiburg, and the stores and tracts of San Francisco."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advice.sites.covering import free, maximal_covering, p_median
from advice.sites.fitting import Flows, fit_city, flow_shares
from advice.sites.gravity import City, Pairs, summed

Floats = NDArray[np.float64]
COVER_KM = (2.0, 3.0, 5.0)
CHOSEN = range(1, 9)


def freiburg(data: Path) -> dict[str, Any]:
    """Return how well shares of visits are told, by our fit and by the ``huff`` package's own.

    Both have two numbers to learn, of floor space and of the minutes on the way. Errors are of
    shares, weighted by the visits of their origin; ours also with each origin left out in turn.
    """
    table = pd.read_excel(data / "Wieland2015.xlsx", engine="calamine")
    table = table[["Quellort", "Zielort", "Dist_Min2", "VF", "Anb_Eink"]].dropna()
    table.columns = pd.Index(["origin", "store", "minutes", "size", "visits"])
    origins = table["origin"].unique()
    found: dict[str, Any] = {"visits": int(table["visits"].sum()), "origins": len(origins)}
    found["stores"] = int(table["store"].nunique())
    ours = _ours(table, table)
    found["ours"] = _error(table, ours)
    apart = [_ours(table[table["origin"] != o], table[table["origin"] == o]) for o in origins]
    found["ours, origin left out"] = _error(table, np.concatenate(apart))
    try:
        found["huff"] = _error(table, _theirs(table, table))
    except ImportError:
        found["huff"] = "not installed: pip install huff"
    return found


def _ours(learned: pd.DataFrame, told: pd.DataFrame) -> Floats:
    """Return shares [N] of the rows of ``told`` by a fit on those of ``learned``."""
    city, flows = _as_city(learned)
    sales = np.bincount(city.own.outlet, flows.count, minlength=len(city.size))
    fitted = fit_city(city, np.maximum(sales, 0.5), flows)
    other, counts = _as_city(told)
    other = City(
        other.people, other.area_features, other.store_features, city.size, other.own,
        other.rival, other.weight, fitted.form, city.unit,
    )  # fmt: skip
    return flow_shares(other, fitted.params, counts)[0]


def _as_city(table: pd.DataFrame) -> tuple[City, Flows]:
    area, origins = pd.factorize(table["origin"])
    store, names = pd.factorize(table["store"], sort=True)
    minutes, visits = table["minutes"].to_numpy("float64"), table["visits"].to_numpy("float64")
    size = table.groupby("store")["size"].first().reindex(names).to_numpy("float64")
    people = summed(area.astype(np.int64), visits, len(origins))
    nothing = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    own = Pairs(area.astype(np.int64), store.astype(np.int64), minutes)
    city = City(
        people, np.zeros((len(origins), 0)), np.zeros((len(names), 0)),
        np.log(size / np.median(size)), own, nothing, np.zeros(0), "exponential", 5.0,
    )  # fmt: skip
    return city, Flows(np.arange(len(table)), visits)


def _theirs(learned: pd.DataFrame, told: pd.DataFrame) -> Floats:
    """Return shares by the ``huff`` package's maximum likelihood: ``size ** a * minutes ** b``.

    Start and bounds are its own; with wide ones its search runs to the bounds.
    """
    from huff.data_management import load_interaction_matrix

    total = learned.groupby("origin")["visits"].transform("sum")
    frame = learned.assign(total=total, share=learned["visits"] / total)
    matrix = load_interaction_matrix(
        data=frame, customer_origins_col="origin", supply_locations_col="store",
        attraction_col=["size"], market_size_col="total", flows_col="visits",
        transport_costs_col="minutes", transport_costs_metrics="time",
        transport_costs_time_unit="minutes", probabilities_col="share", data_type="DataFrame",
        check_df_vars=False,
    )  # fmt: skip
    matrix.define_weightings(
        vars_funcs={0: {"name": "A_j", "func": "power"}, 1: {"name": "t_ij", "func": "power"}}
    )
    matrix.huff_ml_fit(
        initial_params=[0.9, -1.5], bounds=[(0.5, 1), (-3, -1)], fit_by="probabilities",
        check_df_vars=False,
    )  # fmt: skip
    gamma = matrix.get_supply_locations().get_metadata()["weighting"][0]["param"]
    falls = matrix.get_customer_origins().get_metadata()["weighting"][0]["param"]
    pull = told["size"].to_numpy() ** float(gamma) * told["minutes"].to_numpy() ** float(falls)
    return np.asarray(pull / pd.Series(pull).groupby(told["origin"].to_numpy()).transform("sum"))


def _error(table: pd.DataFrame, shares: Floats) -> dict[str, float]:
    """Return the root mean squared error of shares and the log likelihood of a visit."""
    visits = table["visits"].to_numpy("float64")
    total = table.groupby("origin")["visits"].transform("sum").to_numpy("float64")
    seen = visits / np.maximum(total, 1.0)
    miss = float(np.sqrt(np.average((seen - shares) ** 2, weights=np.maximum(total, 1e-9))))
    likely = float((visits * np.log(np.maximum(shares, 1e-9))).sum() / visits.sum())
    return {"rmse": round(miss, 4), "log_likelihood": round(likely, 4)}


def francisco(data: Path) -> dict[str, Any]:
    """Return whether p-median and covering reach the optimum that ``spopt`` finds."""
    table = pd.read_csv(data / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    km = table.pivot_table(index="DestinationName", columns="name", values="distance") / 1000
    demand = table.groupby("DestinationName")["demand"].first().reindex(km.index)
    weight, ways = demand.to_numpy("float64"), km.to_numpy("float64")
    began = time.perf_counter()
    ours = _francisco_ours(weight, ways)
    found: dict[str, Any] = {"sites": ways.shape[1], "tracts": len(ways)}
    found["ours_s"] = round(time.perf_counter() - began, 2)
    try:
        began = time.perf_counter()
        theirs = _francisco_theirs(weight, ways)
    except ImportError:
        return found | {"ours": ours, "spopt": "not installed: pip install spopt"}
    found["spopt_s"] = round(time.perf_counter() - began, 2)
    same = [abs(ours[key] - theirs[key]) <= 1e-6 * abs(theirs[key]) for key in theirs]
    return found | {"asked": len(same), "equal": sum(same)}


def _francisco_ours(weight: Floats, km: Floats) -> dict[str, float]:
    found = {}
    for k in CHOSEN:
        limits = free(k, km.shape[1])
        rows = p_median(weight, km, limits)
        found[f"median {k}"] = float(weight @ km[:, rows].min(axis=1))
        for reach in COVER_KM:
            rows = maximal_covering(weight, km, reach, limits)
            found[f"covering {k} {reach}"] = float(weight @ (km[:, rows].min(axis=1) <= reach))
    return found


def _francisco_theirs(weight: Floats, km: Floats) -> dict[str, float]:
    import pulp
    from spopt.locate import MCLP, PMedian

    solver = pulp.HiGHS(msg=False) if pulp.HiGHS().available() else pulp.PULP_CBC_CMD(msg=False)
    found = {}
    for k in CHOSEN:
        median = PMedian.from_cost_matrix(km, weight, p_facilities=k).solve(solver)
        rows = [at for at, served in enumerate(median.fac2cli) if served]
        found[f"median {k}"] = float(weight @ km[:, rows].min(axis=1))
        for reach in COVER_KM:
            cover = MCLP.from_cost_matrix(km, weight, reach, p_facilities=k).solve(solver)
            rows = [at for at, var in enumerate(cover.fac_vars) if var.value() > 0.5]
            found[f"covering {k} {reach}"] = float(weight @ (km[:, rows].min(axis=1) <= reach))
    return found
