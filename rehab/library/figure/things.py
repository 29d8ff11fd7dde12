"""What a thing of a picture is: two points of the picture (y grows down), a width, a height, and a few numbers more."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing at one moment: two points, a width and a height, and which of its kinds it is."""

    at: complex
    to: complex
    w: float
    h: float
    like: str
    numbers: dict[str, float] = field(default_factory=dict)


def box(corner: complex, w: float, h: float, r: float = 3) -> str:
    """A rectangle with round corners, from its upper left corner."""
    r = min(r, w / 2, h / 2)
    x, y = corner.real, corner.imag
    return (
        f"M{x + r:.1f} {y:.1f}h{w - 2 * r:.1f}q{r:.1f} 0 {r:.1f} {r:.1f}v{h - 2 * r:.1f}q0 {r:.1f}-{r:.1f} {r:.1f}"
        f"h-{w - 2 * r:.1f}q-{r:.1f} 0-{r:.1f}-{r:.1f}v-{h - 2 * r:.1f}q0-{r:.1f} {r:.1f}-{r:.1f}z"
    )
