"""Take the picture at the head of the README: ``python docs/make_readme_picture.py [REPORT]``.

It is the top of the page that ``foveal demo`` writes, as Chromium shows it; without a page the demo is run
first. Chromium has to be installed (``apt-get install chromium``).
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

OUT = Path(__file__).parent / "_static" / "foveal.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Pixels of the page, as they are on a screen, and how many of them are one of the picture's.
WIDTH, HEIGHT, SHARPNESS = 1100, 1335, 1.5


def screenshot(page: Path, picture: Path) -> None:
    """What Chromium shows of a page, in its light colours."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium.")
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--blink-settings=preferredColorScheme=1",
            f"--force-device-scale-factor={SHARPNESS}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={picture}",
            page.resolve().as_uri(),
        ],
        check=True,
        capture_output=True,
    )


def main() -> None:
    """Run the demo if need be, take the picture, and write it with few enough colours to stay small."""
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            page = Path(sys.argv[1])
        else:
            from foveal.runs import demo

            demo(Path(folder) / "demo", callbacks=[print])
            page = Path(folder) / "demo" / "report.html"
        raw = Path(folder) / "raw.png"
        screenshot(page, raw)
        picture = Image.open(raw).convert("RGB")
        picture = picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        picture.save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
