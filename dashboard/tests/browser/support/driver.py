"""Somebody who drives with the arrow keys."""

KEYS = {0: "ArrowLeft", 2: "ArrowRight"}


class Driver:
    """Reads the rays off the page and holds the arrow key of the side with more room."""

    def __init__(self, view):
        self.view = view
        self.held = None

    def hold(self, action):
        """Presses and releases keys so that the car does `action`."""
        if self.held == action:
            return
        if self.held in KEYS:
            self.view.page.keyboard.up(KEYS[self.held])
        if action in KEYS:
            self.view.page.keyboard.down(KEYS[action])
        self.held = action

    def drive(self, until_step=None):
        """Drives to the end, or to a step, and returns the page's state."""
        while (state := self.view.state())["drive"]["state"] != "over":
            assert state["drive"]["state"] in ("counting", "driving"), state["drive"]
            frame = state["frame"]
            if until_step and frame and frame["step"] >= until_step:
                return state
            if frame and state["drive"]["state"] == "driving":
                left, right = frame["observation"][0], frame["observation"][-1]
                self.hold(0 if left - right > 1 else 2 if right - left > 1 else 1)
            self.view.pass_time(0.02)
        self.hold(1)
        return state
