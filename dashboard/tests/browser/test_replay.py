"""Replay: every panel shows the step under the scrubber."""

import pytest

from support.view import TALL

RUN = "gallery-s1"
TABLES = ["actions", "reward", "dopamine", "chase", "raster"]


@pytest.fixture
def recording(gallery, wire):
    """A recording with all spikes, as the agent has written it."""
    path = next((gallery.runs / RUN / "recordings").glob("ep00050-periodic*.pb"))
    return wire.telemetry.Recording.FromString(path.read_bytes())


@pytest.fixture
def view(gallery, look, recording):
    view = look(gallery.shown, viewport=TALL).open("replay", run=RUN, recording=recording.name, step=3)
    view.until(lambda state: state["replay"] and state["replay"]["recording"] == recording.name, "the recording is open")
    for panel in TABLES:
        view.open_table(panel)
    return view


def spikes(recording, frame, population):
    """Spikes of a population in a step."""
    neurons = max(layer.first + layer.size for layer in recording.populations)
    row = (neurons + 7) // 8
    places = range(population.first, population.first + population.size)
    return sum(frame.raster[tick * row + n // 8] >> n % 8 & 1 for tick in range(frame.ticks) for n in places)


def shows(view, recording, step):
    """Fails unless the whole page shows that step of the recording."""
    state = view.until(lambda state: state["replay"]["step"] == step, f"step {step} is shown")
    frame, shown = recording.frames[step], state["frame"]
    expected = {
        "episode": frame.episode,
        "step": frame.step,
        "phase": frame.phase,
        "x": frame.x,
        "y": frame.y,
        "heading": frame.heading_rad,
        "action": frame.action,
        "reward": frame.reward,
        "episodeReturn": frame.episode_return,
        "dopamine": frame.dopamine if frame.HasField("dopamine") else None,
        "value": frame.value if frame.HasField("value") else None,
        "ticks": frame.ticks,
        "rasterBytes": len(frame.raster),
    }
    assert {key: shown[key] for key in expected} == expected
    assert frame.step == step
    assert view.page.locator("input[type=range]").first.input_value() == str(step)
    view.until(lambda _: view.fact("Step") == str(step), "the facts follow")

    expected = {
        "actions": {"Action": ["left", "straight", "right"][frame.action]},
        "reward": {"Step": str(step), "reward": str(frame.reward)},
        "dopamine": {"Step": str(step), "value (critic)": str(frame.value)},
        "chase": {"Quantity": "x (units)", "Value": f"{frame.x:.2f}".replace("-", "−")},
    }
    for panel, row in expected.items():
        view.until(lambda _: row.items() <= view.table(panel)[0].items(), f"{panel} shows {row}")
    layers = {layer.name: str(spikes(recording, frame, layer)) for layer in recording.populations}
    counted = lambda: {row["Population"]: row["Spikes in the last step"] for row in view.table("raster")}
    view.until(lambda _: counted() == layers, f"the raster shows {layers}")
    assert [row["Step"] for row in view.table("dopamine")] == [str(before) for before in range(step, -1, -1)]


def test_the_scrubber_moves_by_keyboard_and_mouse_with_all_panels_in_step(view, recording):
    steps = len(recording.frames)
    assert steps > 20, "too short an episode to scrub"
    assert view.state()["replay"]["steps"] == steps
    shows(view, recording, 3)

    slider = view.page.get_by_role("slider", name="Step of the episode")
    slider.press("ArrowRight")
    shows(view, recording, 4)
    slider.press("End")
    shows(view, recording, steps - 1)
    slider.press("Home")
    shows(view, recording, 0)

    box = slider.bounding_box()
    before = view.picture("track")
    view.page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    view.page.mouse.down()
    view.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=6)
    view.page.mouse.up()
    middle = view.until(lambda state: state["replay"]["step"] > 0, "the mouse moves the scrubber")["replay"]["step"]
    assert abs(middle - steps / 2) <= steps * 0.1
    shows(view, recording, middle)
    view.until(lambda _: view.picture("track") != before, "the car is drawn elsewhere")

    view.page.locator("h1").click()
    view.page.keyboard.press("ArrowLeft")
    shows(view, recording, middle - 1)
    view.until(lambda _: f"step={middle - 1}" in view.page.url, "the address remembers the step")


def test_it_plays_to_the_end_and_another_recording_can_be_chosen(view, recording, gallery):
    view.choice("Speed").select_option("200")
    view.button("Play").click()
    view.until(lambda state: state["replay"]["playing"], "it plays")
    view.until(lambda state: not state["replay"]["playing"], "it ends")
    shows(view, recording, len(recording.frames) - 1)

    listed = view.page.locator(".recording-list button")
    other = next(name for name in listed.evaluate_all("all => all.map((one) => one.dataset.name)") if name != recording.name)
    view.page.locator(f".recording-list button[data-name='{other}']").click()
    state = view.until(lambda state: state["replay"]["recording"] == other, "the other recording opens")
    assert (gallery.runs / RUN / "recordings" / f"{other}.pb").exists()
    assert state["replay"]["steps"] > 0
    view.choice("Run").select_option("gallery-s2")
    view.until(lambda state: state["replay"]["run"] == "gallery-s2" and state["replay"]["recording"], "the other run's recordings open")
