"""`make screenshots`: pictures of the demo for the README."""

from pathlib import Path
from typing import Any

from tests.bench.demo_product import demo_product
from tests.browser.chromium import launched
from tests.browser.shown_site import settle

PICTURES = Path(__file__).parents[2] / "queryapi" / "screenshots"
MOST_BYTES = 200_000
_LOOKS: dict[str, dict[str, Any]] = {
    "desktop-light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 900}, "color_scheme": "light"},
}


def main() -> None:
    """Write one picture a look; fails on one that would make the repository heavy."""
    PICTURES.mkdir(exist_ok=True)
    with demo_product() as product, launched() as browser:
        for name, options in _LOOKS.items():
            context = product.look(browser, options)
            page = context.new_page()
            page.goto(f"{product.origin}/#/site/demo")
            settle(page)
            path = PICTURES / f"{name}.png"
            page.screenshot(path=path)
            context.close()
            size = path.stat().st_size
            if size > MOST_BYTES:
                raise SystemExit(f"{path}: {size} bytes, more than {MOST_BYTES}")
            print(f"{path}: {size} bytes")


if __name__ == "__main__":
    main()
