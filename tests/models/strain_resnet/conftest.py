"""A network that was trained for half a minute, made once for all tests of this folder."""

import pytest


@pytest.fixture(scope="session")
def short_settings():
    """Settings of a training that ends within half a minute."""
    from models.strain_resnet.network import Settings as Layers
    from models.strain_resnet.train import Settings

    narrow = (8, 16, 32, 64)
    layers = Layers(
        depth=16, dimensions=1, widths=narrow, kernel=7, stem=16, head="both", momentum=0.9
    )
    return Settings(
        layers=layers,
        steps=100,
        batch=64,
        rate=2e-3,
        precision="float32",
        seed=7,
        pool=8,
        loudness=5.0,
        reuse=2,
        validated=512,
        validate_every=50,
        judged=(500, 500),
    )


@pytest.fixture(scope="session")
def short(short_settings, tmp_path_factory):
    """The whole of the training: its artifact, and the folder that has ``weights`` and ``runs``."""
    from models.strain_resnet.train import train

    folder = tmp_path_factory.mktemp("short")
    made = train(short_settings, out=folder / "weights", runs=folder / "runs", version="2026.0.1")
    return made, folder
