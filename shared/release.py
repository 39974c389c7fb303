"""Which release of the product this is."""

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """The installed version, such as `0.1.0`; `0.0.0` when the code runs without being installed."""
    try:
        return version("analytics")
    except PackageNotFoundError:
        return "0.0.0"
