"""Plotly's template for light and for dark, made from the same tokens as the page."""

from functools import cache
from typing import Any

from figures.tokens import FADE_MS, FONT, tokens


@cache
def template(dark: bool) -> dict[str, Any]:
    """Return the template: no borders, hair lines, one hover box, nothing to drag or zoom."""
    theme = tokens(dark)
    axis = {
        "showline": False,
        "ticks": "",
        "gridcolor": theme.grid,
        "zeroline": False,
        "linecolor": theme.hairline,
        "automargin": True,
        "fixedrange": True,
        "tickfont": {"color": theme.muted, "size": 12},
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": theme.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            # Not transparent: Plotly takes it for white, and draws the hover's line around with it.
            "plot_bgcolor": theme.surface,
            "colorway": list(theme.categories),
            "margin": {"l": 8, "r": 12, "t": 12, "b": 8, "pad": 4},
            "showlegend": False,
            "hovermode": "x unified",
            "dragmode": False,
            "hoverlabel": {
                "bgcolor": theme.surface,
                "bordercolor": theme.hairline,
                "font": {"family": FONT, "size": 12, "color": theme.text},
                "align": "left",
            },
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": theme.muted,
                "activecolor": theme.accent,
            },
            "transition": {"duration": FADE_MS, "easing": "linear"},
            "xaxis": {
                **axis,
                "spikecolor": theme.muted,
                "spikethickness": 1,
                "spikedash": "solid",
            },
            "yaxis": axis,
        }
    }
