"""The one set of tokens: colours, type and space of the page, of Mantine and of every picture.

Neither red nor green says good or bad here, since China and the rest of the world read them the
other way round. Blue is this period, grey the comparison, amber wants attention, one deep red
is for money missing. Categories are Okabe and Ito's palette (*Color Universal Design*, 2008), with
the pale hues deepened in light and the deep ones lifted in dark until each has 3 : 1 with its card.
"""

from dataclasses import dataclass, fields

FONT = (
    'Inter, "Segoe UI", -apple-system, BlinkMacSystemFont, Roboto, "PingFang SC", '
    '"Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)
SPACE = (0, 4, 8, 16, 24, 32, 48)
"""Pixels, by step; everything that keeps things apart is one of these."""
RADIUS = 8
FADE_MS = 150
TEXT_SIZES = {"small": 12, "body": 14, "title": 16, "figure": 26, "page": 22}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours of one theme as ``#rrggbb``; seven ``categories``, ``ramp`` from faint to full."""

    page: str
    surface: str
    raised: str
    hairline: str
    grid: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    this: str
    comparison: str
    attention: str
    attention_text: str
    attention_soft: str
    missing: str
    missing_soft: str
    closed: str
    other: str
    categories: tuple[str, ...]
    ramp: tuple[str, ...]
    diverging: tuple[str, ...]


LIGHT = Tokens(
    page="#f6f7f9",
    surface="#ffffff",
    raised="#f1f3f6",
    hairline="#dfe3e8",
    grid="#eceff2",
    text="#1b2430",
    muted="#5b6775",
    accent="#0068a8",
    accent_soft="#e4f0f8",
    this="#0068a8",
    comparison="#808a96",
    attention="#b87400",
    attention_text="#8a5600",
    attention_soft="#fdf3df",
    missing="#9c1c1c",
    missing_soft="#fbeaea",
    closed="#eef0f3",
    other="#808a96",
    categories=("#0072b2", "#b77e00", "#009670", "#cc5a00", "#2b8cc4", "#b5608f", "#8a8200"),
    ramp=("#eef5fa", "#c6dff0", "#8fc0e0", "#4f9bca", "#0072b2", "#004f80"),
    diverging=("#8a5600", "#c98f1f", "#edd3a0", "#f2f3f5", "#a9cfe6", "#3f93c6", "#005a8f"),
)

DARK = Tokens(
    page="#12161b",
    surface="#1a2027",
    raised="#222a33",
    hairline="#313b46",
    grid="#28313b",
    text="#e8ecf1",
    muted="#a3afbc",
    accent="#62b5ea",
    accent_soft="#17324a",
    this="#62b5ea",
    comparison="#8d99a6",
    attention="#eeb04a",
    attention_text="#f2bd66",
    attention_soft="#3a2d14",
    missing="#f08a8a",
    missing_soft="#402022",
    closed="#242c35",
    other="#8d99a6",
    categories=("#4aa3dc", "#e69f00", "#1fb58c", "#f07a2b", "#8ccdf2", "#d98ab5", "#d9ce45"),
    ramp=("#1f2b36", "#20445f", "#256388", "#2f86b8", "#56b4e9", "#b5def7"),
    diverging=("#f2bd66", "#bf8a2c", "#6b5327", "#2a323b", "#27506c", "#2f86b8", "#8ccdf2"),
)


def tokens(dark: bool) -> Tokens:
    """Return the tokens of the dark or the light theme."""
    return DARK if dark else LIGHT


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2, "relative luminance")."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def alpha(colour: str, opacity: float) -> str:
    """Return ``#rrggbb`` as an ``rgba()`` of the given opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _variables(theme: Tokens) -> str:
    lines = []
    for field in fields(theme):
        value = getattr(theme, field.name)
        name = field.name.replace("_", "-")
        if isinstance(value, tuple):
            lines += [f"--tb-{name}-{i}:{colour}" for i, colour in enumerate(value)]
        else:
            lines.append(f"--tb-{name}:{value}")
    return ";".join(lines)


def css() -> str:
    """Return the style sheet that gives the page its ``--tb-*`` variables, in both themes.

    Dark follows Mantine's ``data-mantine-color-scheme`` attribute on the root element.
    """
    shared = ";".join(
        [f"--tb-font:{FONT}", f"--tb-radius:{RADIUS}px", f"--tb-fade:{FADE_MS}ms"]
        + [f"--tb-space-{i}:{px}px" for i, px in enumerate(SPACE)]
        + [f"--tb-text-{name}:{px}px" for name, px in TEXT_SIZES.items()]
    )
    return (
        f":root{{{shared};{_variables(LIGHT)};color-scheme:light}}\n"
        f':root[data-mantine-color-scheme="dark"]{{{_variables(DARK)};color-scheme:dark}}\n'
    )


def mantine_theme() -> dict[str, object]:
    """Return the theme object of ``dmc.MantineProvider``: same fonts, space, radius and accent."""
    blue = (
        "#eef5fa", "#d9e9f4", "#b3d4ea", "#89bde0", "#62b5ea",
        "#3a97d0", "#1f80bd", "#0068a8", "#00568c", "#00446f",
    )  # fmt: skip
    return {
        "fontFamily": FONT,
        "primaryColor": "till",
        "primaryShade": {"light": 7, "dark": 4},
        "autoContrast": True,
        "colors": {"till": list(blue)},
        "defaultRadius": RADIUS,
        "respectReducedMotion": True,
        "spacing": dict(
            zip(("xs", "sm", "md", "lg", "xl"), (f"{px}px" for px in SPACE[1:6]), strict=True)
        ),
        "fontSizes": {"xs": "12px", "sm": "14px", "md": "14px", "lg": "16px", "xl": "22px"},
    }
