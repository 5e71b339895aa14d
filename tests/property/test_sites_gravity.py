"""Gravity, for any town: shares are shares, and more shops never make a sister's share larger."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from advice.sites.fitting import prior
from advice.sites.gravity import FORMS, City, pairs
from advice.sites.places import SYSTEMS, distance_km, from_wgs84, to_wgs84

_seeds = st.integers(0, 10_000)


def _city(seed: int, stores: int, form: str, rivals: int) -> City:
    rng = np.random.default_rng(seed)
    areas, own, others = (
        pd.DataFrame(
            {"lat": 48 + rng.random(n) / 10, "lon": 8 + rng.random(n) / 8, "radius_km": 0.3}
        )
        for n in (40, stores, rivals)
    )
    return City(
        people=rng.lognormal(5, 1, 40),
        area_features=rng.normal(size=(40, 2)),
        store_features=rng.normal(size=(stores, 1)),
        size=rng.normal(0, 0.3, stores),
        own=pairs(areas, own, 20.0),
        rival=pairs(areas, others, 20.0),
        weight=np.ones(rivals),
        form=form,  # type: ignore[arg-type]
        unit=1.5,
    )


def _params(city: City, seed: int) -> np.ndarray:
    mean, width = prior(city, 0.2)
    return np.asarray(
        mean + np.minimum(width, 1.0) * np.random.default_rng(seed).normal(size=len(mean))
    )


@given(_seeds, st.integers(1, 8), st.sampled_from(FORMS), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_shares_of_an_area_sum_to_one(seed: int, stores: int, form: str, rivals: int) -> None:
    city = _city(seed, stores, form, rivals)
    own, left = city.shares(_params(city, seed))
    assert (own >= 0).all()
    total = np.bincount(city.own.area, own, minlength=40) + left
    np.testing.assert_allclose(total, 1.0, rtol=1e-9)


@given(_seeds, st.integers(2, 8), st.sampled_from(FORMS))
@settings(max_examples=60, deadline=None)
def test_one_more_store_never_raises_the_share_of_a_sister(
    seed: int, stores: int, form: str
) -> None:
    city = _city(seed, stores, form, 3)
    params = _params(city, seed)
    shares, left = city.shares(params)
    old = city.own.outlet < stores - 1
    fewer = City(
        city.people, city.area_features, city.store_features[:-1], city.size[:-1],
        type(city.own)(city.own.area[old], city.own.outlet[old], city.own.km[old]),
        city.rival, city.weight, city.form, city.unit,
    )  # fmt: skip
    before, left_before = fewer.shares(params)
    assert (shares[old] <= before + 1e-12).all()
    assert (left <= left_before + 1e-12).all()


@given(_seeds, st.sampled_from(FORMS))
@settings(max_examples=25, deadline=None)
def test_slopes_are_those_of_small_steps(seed: int, form: str) -> None:
    city = _city(seed, 5, form, 3)
    params = _params(city, seed)
    here, slopes = city.log_sales(params)
    for at in range(len(params)):
        step = np.zeros(len(params))
        step[at] = 1e-5
        there, _ = city.log_sales(params + step)
        np.testing.assert_allclose((there - here) / 1e-5, slopes[:, at], atol=2e-3)


@given(st.floats(18, 53), st.floats(74, 134), st.sampled_from(SYSTEMS))
@settings(max_examples=200, deadline=None)
def test_a_place_comes_back_from_another_coordinate_system(
    lat: float, lon: float, system: str
) -> None:
    there = from_wgs84(lat, lon, system)
    back = to_wgs84(*there, system)
    assert distance_km(lat, lon, *back) < 1e-5
    assert distance_km(lat, lon, *there) < 2.5
