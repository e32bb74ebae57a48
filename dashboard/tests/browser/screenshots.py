"""Makes the pictures of the documentation: `python dashboard/tests/browser/screenshots.py OUT_DIR`, after a release build.

Runs, roads and the person's steering are the same each time; only clocks and the moment of a live picture differ.
"""

import pathlib
import sys
import tempfile

from PIL import Image
from playwright.sync_api import sync_playwright

from support import browser as chromium
from support.driver import Driver
from support.programs import Programs
from support.view import PHONE, View

# Pictures for documents: as small as they can be and still be read.
COLOURS = 128


class Studio:
    """A dashboard with runs in it, and pages of it."""

    def __init__(self, browser, programs, out):
        self.browser = browser
        self.programs = programs
        self.out = out
        self.server = programs.server()
        self.runs = programs.directory / "runs"
        for preset, seed in [("pathway", 1), ("pathway", 2), ("pathway", 3), ("stdp", 1), ("stdp", 2), ("stdp", 3)]:
            args = ["--preset", preset, "--seed", seed, "--episodes", "100", "--phase", "4"]
            programs.train(self.server, *args, "--out", self.runs / f"{preset}-s{seed}").succeeds()
        self.dashboard = programs.dashboard(self.runs, self.server)

    def page(self, width, height, scheme, **options):
        """A page of that size."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **options
        )
        return View(context.new_page(), self.dashboard.web)

    def save(self, view, name):
        """Keeps what is seen, with few colours."""
        path = self.out / f"{name}.png"
        view.page.screenshot(path=path, animations="disabled")
        with Image.open(path) as picture:
            few = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save(path, optimize=True)
        view.page.context.close()
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")

    def live(self, name, width, height, scheme, **options):
        """A run at a pace that can be followed, with some episodes behind it."""
        view = self.page(width, height, scheme, **options).open("live")
        args = ["--preset", "stdp", "--seed", "4", "--curriculum", "ceiling", "--episodes", "300", "--recordings", "off"]
        program = self.programs.train(self.server, *args, "--out", self.programs.directory / name, dashboard=self.dashboard)
        view.until(lambda state: (state["lastEpisode"] or {}).get("episode", 0) >= 40, "some episodes are over")
        view.choice("Speed").select_option(label="30 steps/s")
        view.until(lambda state: state["frame"]["episode"] > 40 and state["frame"]["step"] == 0, "an episode begins")
        view.until(lambda state: state["frame"]["step"] >= 45, "it is under way")
        view.button("Pause").click()
        view.until_quiet(lambda state: state["frame"]["step"], "it stands still")
        self.save(view, name)
        program.kill()

    def learning(self, name, scheme):
        """Two presets, three seeds each."""
        runs = ",".join(f"{preset}-s{seed}" for preset in ("pathway", "stdp") for seed in (1, 2, 3))
        view = self.page(1280, 900, scheme).open("learning", runs=runs, unit="ceiling")
        view.until(lambda state: state["learning"] and state["learning"]["bands"] == 4, "the curves are drawn")
        view.page.locator(".panel-curves canvas").first.hover(position={"x": 330, "y": 150})
        view.until_quiet(lambda state: state["framesDrawn"], "the chart is drawn")
        self.save(view, name)

    def drive(self, name, width, height, scheme, **options):
        """A person in the middle of a drive, ahead of or behind the ghost."""
        view = self.page(width, height, scheme, **options).open("drive", phase=4, track=7)
        view.page.get_by_role("button", name="Start").last.click()
        Driver(view).drive(until_step=60)
        view.button("Pause").click()
        view.until_quiet(lambda state: state["frame"]["step"], "it stands still")
        self.save(view, name)

    def replay(self, name, scheme):
        """A recorded episode."""
        view = self.page(1280, 900, scheme).open("replay", run="stdp-s1", recording="ep00050-periodic", step=70)
        view.until(lambda state: state["replay"] and state["replay"]["step"] == 70, "the step is shown")
        view.until_quiet(lambda state: state["framesDrawn"], "it is drawn")
        self.save(view, name)


def main(out):
    """All pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        programs = Programs(pathlib.Path(directory))
        try:
            studio = Studio(browser, programs, out)
            studio.live("dashboard-live-dark", 1280, 900, "dark")
            studio.learning("dashboard-learning", "light")
            studio.drive("dashboard-drive", 1280, 800, "light")
            studio.replay("dashboard-replay-dark", "dark")
            studio.live("dashboard-phone", *PHONE.values(), "light", is_mobile=True, has_touch=True, device_scale_factor=2)
        finally:
            programs.close()
            browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: screenshots.py OUT_DIR")
    main(pathlib.Path(sys.argv[1]).resolve())
