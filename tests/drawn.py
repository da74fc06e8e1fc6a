"""Pictures of the report, as a reader of PNG files sees them."""

import io

import matplotlib.image

__all__ = ["drawn", "lightness"]


def drawn(picture):
    """Return the pixels, shape ``(y, x, 4)``, from 0 to 255."""
    pixels = matplotlib.image.imread(io.BytesIO(picture.png), format="png")
    return (pixels * 255).round().astype(int)


def lightness(picture):
    """Return how light each pixel is, shape ``(y, x)``."""
    return drawn(picture)[..., :3].sum(axis=2)
