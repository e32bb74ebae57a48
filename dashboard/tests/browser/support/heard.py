"""The steps that reach a page, decoded apart from the page."""


class Heard:
    """All frames so far, and those since the last road."""

    def __init__(self, page, telemetry):
        self.telemetry = telemetry
        self.all = []
        self.on_this_road = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, payload):
        if not isinstance(payload, bytes):
            return
        message = self.telemetry.PublishRequest.FromString(payload)
        if message.WhichOneof("event") == "road":
            self.on_this_road = []
        elif message.WhichOneof("event") == "frame":
            self.all.append(message.frame)
            self.on_this_road.append(message.frame)
