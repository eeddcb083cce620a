"""The page on the loopback address, with a form that is answered here.

Nothing but the page and the form's answers is served: there are no paths to files. A request has to
name this machine as its host, so that no page of another site reaches the server through a name of
its own, and a question is JSON from this very page.
"""

import json
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.page.points import PageError

__all__ = ["ADDRESS", "PageServer"]

ADDRESS = "127.0.0.1"
"""Where it listens; nobody else than this machine reaches it."""

_MOST_BYTES = 2048
"""Of a question."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Answer = Callable[[str, str, str], dict[str, Any]]


class PageServer:
    """A server of one page.

    Parameters
    ----------
    page : str
        HTML.
    answer : callable
        Called with what is wanted, a unit and a goal; one question at a time.
    port : int
        0 for any that is free.

    Raises
    ------
    PageError
        If the port cannot be had.
    """

    def __init__(self, page: str, answer: Answer, port: int = 0) -> None:
        self.page, self.answer, self.busy = page.encode(), answer, Lock()
        handler = type("Handler", (_Handler,), {"site": self})
        try:
            self._server = ThreadingHTTPServer((ADDRESS, port), handler)
        except OSError as error:
            reason = error.strerror or str(error)
            raise PageError(f"Port {port} of {ADDRESS} cannot be had: {reason}.") from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.port}/"

    @property
    def hosts(self) -> set[str]:
        """Names that a request may have for us."""
        return {f"{name}:{self.port}" for name in (ADDRESS, "localhost")}

    def run(self) -> None:
        """Serve until an interrupt, or `stop` in another thread."""
        with self._server:
            self._server.serve_forever()

    def stop(self) -> None:
        """End `run`."""
        self._server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """A request."""

    site: PageServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "fp8mac", ""
    timeout = 30

    def do_GET(self) -> None:
        if self._is_ours():
            if self.path == "/":
                self._send(HTTPStatus.OK, self.site.page, "text/html")
            else:
                self._fail(HTTPStatus.NOT_FOUND, "There is nothing here but the page.")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        if self.path != "/answer":
            self._fail(HTTPStatus.NOT_FOUND, "There is nothing here but the form's answers.")
            return
        question = self._question()
        if question is None:
            return
        if not self.site.busy.acquire(blocking=False):
            self._fail(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Another question is being answered; ask again in a moment.",
            )
            return
        try:  # whoever has the answer may ask again: it is sent when others can be asked
            status, found = self._answered(question)
        finally:
            self.site.busy.release()
        if status is HTTPStatus.OK:
            self._send_json(status, found)
        else:
            self._fail(status, found["error"])

    def _answered(self, question: tuple[str, str, str]) -> tuple[HTTPStatus, dict[str, Any]]:
        """The answer, or what is wrong; a fault of ours is printed as well."""
        try:
            return HTTPStatus.OK, self.site.answer(*question)
        except Error as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except Exception as error:
            traceback.print_exc()
            sentence = f"The server failed: {error!r}."
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": sentence}

    def _is_ours(self) -> bool:
        """Whether it was sent to this machine by its own name, and by this page if by one."""
        origin = self.headers.get("Origin")
        if self.headers.get("Host") not in self.site.hosts or not (
            origin is None or origin.removeprefix("http://") in self.site.hosts
        ):
            self._fail(HTTPStatus.FORBIDDEN, f"The page is at {self.site.url} alone.")
            return False
        return True

    def _question(self) -> tuple[str, str, str] | None:
        """What is wanted, unit and goal; None if it is no question, which then was said."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Content-Type") != "application/json":
            self._fail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A question is JSON.")
        elif not (length.isascii() and length.isdecimal() and len(length) < 10):
            self._fail(HTTPStatus.LENGTH_REQUIRED, "A question says how long it is.")
        elif int(length) > _MOST_BYTES:
            self._fail(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A question has at most {_MOST_BYTES} bytes."
            )
        else:
            try:
                facts = json.loads(self.rfile.read(int(length)))
                words = [facts[name] for name in ("want", "unit", "goal")]
            except (ValueError, TypeError, KeyError, RecursionError):
                words = []
            texts = [word for word in words if isinstance(word, str)]
            if len(texts) == 3:
                return texts[0], texts[1], texts[2]
            self._fail(HTTPStatus.BAD_REQUEST, "A question has the texts want, unit and goal.")
        return None

    def _fail(self, status: HTTPStatus, sentence: str) -> None:
        """Say what is wrong, and hang up: what is left of the request is not read."""
        self.close_connection = True
        self._send_json(status, {"error": sentence})

    def _send_json(self, status: HTTPStatus, facts: dict[str, Any]) -> None:
        self._send(status, json.dumps(facts).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        more = {"Connection": "close"} if self.close_connection else {}
        length = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content))}
        for name, value in (length | _HEADERS | more).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are nobody's business."""
