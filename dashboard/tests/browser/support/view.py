"""One page of the dashboard, in a browser."""

import csv
import io
import pathlib
from urllib.parse import urlencode

from support.waiting import eventually

VIEWS = ["live", "learning", "drive", "replay"]
DESK = {"width": 1440, "height": 1000}
# Only panels in sight are drawn: here all of them are.
TALL = {"width": 1440, "height": 3000}
PHONE = {"width": 360, "height": 740}


class View:
    """The page, its state `window.spikedrive`, and its parts."""

    def __init__(self, page, address):
        self.page = page
        self.address = address

    def open(self, view, **params):
        """Goes to a view, as a link would."""
        query = f"?{urlencode(params)}" if params else ""
        self.page.goto(f"http://{self.address}/#/{view}{query}")
        self.until(lambda state: state["view"] == view, f"the view {view} opens")
        return self

    def state(self):
        """All that the page tells about itself."""
        return self.page.evaluate("({ ...window.spikedrive })")

    def until(self, holds, what):
        """Waits until `holds` of the state is true, and returns that state."""
        last = {}

        def look():
            last.update(self.state())
            return dict(last) if holds(last) else None

        return eventually(look, lambda: f"{what}; the page says {last}", self.pass_time)

    def until_quiet(self, read, what, quiet_s=0.6):
        """Waits until `read` of the state has stayed the same for a while, and returns it."""
        rounds = []

        def look():
            rounds.append(read(self.state()))
            same = next((i for i, one in enumerate(reversed(rounds)) if one != rounds[-1]), len(rounds))
            return same * 0.05 >= quiet_s

        eventually(look, what, lambda _: self.pass_time(0.05))
        return rounds[-1]

    def pass_time(self, seconds):
        """Lets time pass for the page and for what is heard of it."""
        self.page.wait_for_timeout(seconds * 1000)

    def text(self, selector):
        """The text of the first element, as it is seen."""
        return self.page.locator(selector).first.inner_text()

    def fact(self, name):
        """A value of the row of facts."""
        return self.page.locator(".facts div", has=self.page.locator(f"dt:text-is('{name}')")).locator("dd").inner_text()

    def numbers(self, panel):
        """The rows that a panel saves as CSV, as dictionaries."""
        self._menu(panel)
        return self.saved(self.page.locator(f".panel-{panel} >> text=Save numbers"))

    def saved(self, button):
        """The rows of the CSV that a button saves, as dictionaries."""
        with self.page.expect_download() as download:
            button.click()
        text = pathlib.Path(download.value.path()).read_text()
        return list(csv.DictReader(io.StringIO(text)))

    def module(self, path, body):
        """What an expression in `module`, one of the page's own, comes to."""
        return self.page.evaluate(f"async () => {{ const module = await import('/assets/{path}'); return {body}; }}")

    def _menu(self, panel):
        self.page.locator(f".panel-{panel} summary").click()

    def open_table(self, panel):
        """Shows the numbers of a panel beside its picture."""
        self._menu(panel)
        self.page.locator(f".panel-{panel} >> text=Show as table").click()

    def table(self, panel):
        """The rows of a panel's open table, as dictionaries."""
        read = "box => [...box.querySelectorAll('tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        header, *rows = self.page.locator(f".panel-{panel} .panel-table").evaluate(read)
        return [dict(zip(header, row)) for row in rows]

    def note(self, panel):
        """What a panel says in place of a picture; None if it shows one."""
        note = self.page.locator(f".panel-{panel} .panel-note")
        return note.inner_text() if note.is_visible() else None

    def picture(self, panel):
        """What is drawn on a panel, as a data address."""
        return self.page.locator(f".panel-{panel} canvas").first.evaluate("canvas => canvas.toDataURL()")

    def button(self, name):
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def choice(self, label):
        """A field with choices by its label."""
        return self.page.locator("label", has=self.page.locator(f".field-name:text-is('{label}')")).locator("select")
