"""The browser, and the programs that a test starts."""

import pytest
from playwright.sync_api import sync_playwright

from support import browser as chromium
from support import messages
from support.guard import Guard
from support.programs import Programs
from support.view import DESK, View


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def contexts(browser, programs):
    """Makes browser contexts, closed before the programs; then none of their pages may have complained or asked another machine."""
    made = []

    def make(**options):
        context = browser.new_context(**{"viewport": DESK, "accept_downloads": True, **options})
        made.append((context, Guard(context)))
        return made[-1]

    yield make
    for context, guard in made:
        context.close()
        guard.check()


@pytest.fixture
def look(contexts):
    """Opens a page of a dashboard. While the dashboard is down on purpose, `may_be_unreachable` of its guard is set."""

    def look(dashboard, **options):
        context, guard = contexts(**options)
        view = View(context.new_page(), dashboard.web)
        view.guard = guard
        return view

    return look


@pytest.fixture
def programs(tmp_path):
    programs = Programs(tmp_path)
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def gallery(tmp_path_factory):
    """A dashboard with two finished runs, beside an environment server."""
    directory = tmp_path_factory.mktemp("gallery")
    programs = Programs(directory)
    programs.runs = directory / "runs"
    programs.address = programs.server()
    for seed in (1, 2):
        run = programs.runs / f"gallery-s{seed}"
        args = ["--phase", "4", "--episodes", "60", "--seed", seed, "--out", run]
        programs.train(programs.address, *args).succeeds()
    programs.shown = programs.dashboard(programs.runs, programs.address)
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def wire(tmp_path_factory):
    """The messages of proto/, as Python modules."""
    return messages.generate(tmp_path_factory.mktemp("proto"))
