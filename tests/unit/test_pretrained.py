"""Promises of the pretrained model: real pipelines on tiny weights made here, clear refusals."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chain.errors import PermanentError
from forecasting.models import pretrained
from forecasting.models.pretrained import Pretrained
from forecasting.panel import Panel

LEVELS = [round(0.1 * tenth, 1) for tenth in range(1, 10)]


def panel(stores: int = 3, days: int = 120, ahead: int = 10) -> Panel:
    rng = np.random.default_rng(2)
    dates = pd.date_range("2024-01-01", periods=days + ahead)
    opened = np.ones((stores, days + ahead))
    opened[:, 6::7] = 0
    promotion = (rng.random(opened.shape) < 0.3).astype(float)
    y = 1000.0 * (1 + np.arange(stores)[:, None]) * (1 + 0.3 * promotion) * opened
    y = y * rng.lognormal(0, 0.1, y.shape)
    y[:, days:] = np.nan
    known = {"open": opened, "promotion": promotion}
    return Panel(pd.RangeIndex(stores), dates, y, days, 7, known, {})


def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chronos", None)
    pretrained.loaded.cache_clear()


def test_without_the_extra_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_extra(monkeypatch)
    with pytest.raises(PermanentError, match="pretrained") as caught:
        pretrained.loaded(tmp_path)
    assert "pretrained" in caught.value.say("zh")
    assert np.isnan(Pretrained(tmp_path).predict(panel(), seed=0, workers=1)).all()


def bolt(folder: Path) -> Path:
    """Make a Chronos-Bolt of a few thousand random weights."""
    chronos_bolt = pytest.importorskip("chronos.chronos_bolt")
    import torch
    from transformers import T5Config

    torch.manual_seed(0)
    config = T5Config(
        d_model=16, d_kv=8, d_ff=32, num_layers=1, num_decoder_layers=1, num_heads=2,
        vocab_size=2, feed_forward_proj="relu", decoder_start_token_id=0, pad_token_id=0,
    )  # fmt: skip
    config.chronos_config = {
        "context_length": 128, "prediction_length": 8, "input_patch_size": 8,
        "input_patch_stride": 8, "quantiles": LEVELS, "use_reg_token": True,
    }  # fmt: skip
    config.chronos_pipeline_class = "ChronosBoltPipeline"
    config.architectures = ["ChronosBoltModelForForecasting"]
    chronos_bolt.ChronosBoltModelForForecasting(config).save_pretrained(folder)
    return folder


def one(folder: Path) -> Path:
    """Make a Chronos, which draws its forecasts, of a few thousand random weights."""
    pytest.importorskip("chronos")
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(
        d_model=16, d_kv=8, d_ff=32, num_layers=1, num_decoder_layers=1, num_heads=2,
        vocab_size=64, feed_forward_proj="relu", decoder_start_token_id=0, pad_token_id=0,
        eos_token_id=1,
    )  # fmt: skip
    config.chronos_config = {
        "tokenizer_class": "MeanScaleUniformBins",
        "tokenizer_kwargs": {"low_limit": -15.0, "high_limit": 15.0},
        "context_length": 64, "prediction_length": 8, "n_tokens": 64, "n_special_tokens": 2,
        "pad_token_id": 0, "eos_token_id": 1, "use_eos_token": True, "model_type": "seq2seq",
        "num_samples": 5, "temperature": 1.0, "top_k": 50, "top_p": 1.0,
    }  # fmt: skip
    config.architectures = ["T5ForConditionalGeneration"]
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def two(folder: Path) -> Path:
    """Make a Chronos-2 of a few thousand random weights."""
    chronos2 = pytest.importorskip("chronos.chronos2")
    import torch
    from chronos.chronos2.config import Chronos2CoreConfig

    torch.manual_seed(0)
    config = Chronos2CoreConfig(
        d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, initializer_factor=1.0
    )
    config.chronos_config = {
        "context_length": 128, "output_patch_size": 8, "input_patch_size": 8,
        "input_patch_stride": 8, "quantiles": LEVELS, "use_reg_token": True,
        "use_arcsinh": True, "max_output_patches": 4,
    }  # fmt: skip
    config.chronos_pipeline_class = "Chronos2Pipeline"
    config.architectures = ["Chronos2Model"]
    chronos2.Chronos2Model(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("make", [bolt, two])
def test_every_store_is_forecast_and_workers_and_order_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path]
) -> None:
    model = Pretrained(make(tmp_path))
    monkeypatch.setattr(pretrained, "_BATCH", 2)
    found = model.predict(panel(), seed=0, workers=1)
    assert found.shape == (3, 10)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert np.array_equal(model.predict(panel(), seed=0, workers=3), found)
    turned = model.predict(panel().of(np.array([2, 1, 0])), seed=0, workers=1)
    assert turned[::-1] == pytest.approx(found, rel=1e-4)


def test_what_is_drawn_depends_on_the_seed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Pretrained(one(tmp_path))
    monkeypatch.setattr(pretrained, "_BATCH", 2)
    found = model.predict(panel(), seed=3, workers=1)
    assert np.isfinite(found).all()
    assert np.array_equal(model.predict(panel(), seed=3, workers=3), found)
    assert not np.array_equal(model.predict(panel(), seed=4, workers=1), found)


@pytest.mark.parametrize("make", [bolt, two])
def test_a_store_ten_times_as_big_is_forecast_ten_times_as_big(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    model = Pretrained(make(tmp_path))
    small = panel()
    found = model.predict(small, seed=0, workers=1)
    big = model.predict(small.showing(10 * small.y), seed=0, workers=1)
    some = found > 0
    assert some.any()
    assert big[some] == pytest.approx(10 * found[some], rel=1e-3)


def test_chronos_2_is_told_what_is_known_ahead(tmp_path: Path) -> None:
    model, now = Pretrained(two(tmp_path)), panel()
    promotion = now.known["promotion"].copy()
    promotion[:, now.origin :] = 1 - promotion[:, now.origin :]
    other = Panel(
        now.stores, now.dates, now.y, now.origin, 7, {**now.known, "promotion": promotion}, {}
    )
    found = model.predict(now, seed=0, workers=1)
    assert not np.allclose(found, model.predict(other, seed=0, workers=1))


def test_chronos_2_without_anything_known_ahead(tmp_path: Path) -> None:
    now = panel()
    blank = Panel(now.stores, now.dates, now.y, now.origin, 7, {}, {})
    assert np.isfinite(Pretrained(two(tmp_path)).predict(blank, seed=0, workers=1)).all()


def test_short_stores_are_not_forecast(tmp_path: Path) -> None:
    now = panel()
    y = now.y.copy()
    y[0, : now.origin - 13] = np.nan
    found = Pretrained(bolt(tmp_path)).predict(now.showing(y), seed=0, workers=1)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()


@pytest.mark.parametrize(
    ("config", "key"), [(None, "no_model"), ("{}", "unreadable"), ("no json", "unreadable")]
)
def test_a_folder_that_is_no_model_is_named(tmp_path: Path, config: str | None, key: str) -> None:
    pytest.importorskip("chronos")
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(PermanentError) as caught:
        pretrained.loaded(tmp_path)
    assert caught.value.key == f"forecasting.pretrained.{key}"
    assert str(tmp_path) in caught.value.say("zh")
