"""Watches what a page complains about and whom it asks."""

import re
from urllib.parse import urlsplit

# What the browser itself says while a dashboard is down.
UNREACHABLE = re.compile(r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to .* failed")


class Guard:
    """Complaints and requests of all pages of a context."""

    def __init__(self, context):
        self.complaints = []
        self.hosts = set()
        self.may_be_unreachable = False
        context.on("page", self._watch)
        context.on("request", lambda request: self._asked(request.url))

    def _watch(self, page):
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error.stack or error}"))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _said(self, message):
        if message.type not in ("error", "warning") or (self.may_be_unreachable and UNREACHABLE.search(message.text)):
            return
        self.complaints.append(f"console {message.type}: {message.text}")

    def _asked(self, url):
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data"):
            self.hosts.add(parts.hostname)

    def check(self):
        """Fails if a page complained or asked another machine."""
        assert not self.complaints, "\n".join(self.complaints)
        assert self.hosts <= {"127.0.0.1"}, f"pages asked {self.hosts}"
