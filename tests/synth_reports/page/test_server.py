"""The server gives the page and answers, to this machine alone, and nothing else."""

import http.client
import json
import socket
import threading

import pytest

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.synth_reports.page.points import PageError
from fp8mac.synth_reports.page.server import PageServer

QUESTION = {"want": "sheet", "unit": "e4m3 -> fp16", "goal": "area"}
NONE = "A question has the texts want, unit and goal."
JSON = {"Content-Type": "application/json"}


def answer(want, unit, goal):
    if unit == "none":
        raise ConfigError("There is no such unit.")
    if unit == "broken":
        raise ZeroDivisionError
    return {"text": f"{want} of {unit} for {goal}"}


@pytest.fixture
def server():
    server = PageServer("<p>the page</p>", answer)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join()


def ask(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        words = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, words)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), reply
    finally:
        connection.close()


def post(server, facts, **headers):
    body = facts if isinstance(facts, str | bytes) else json.dumps(facts)
    status, text, _ = ask(server, "POST", "/answer", body, **(JSON | headers))
    return status, json.loads(text)


def test_the_page(server):
    status, text, reply = ask(server, "GET", "/")
    assert (status, text) == (200, "<p>the page</p>")
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers.get("Access-Control-Allow-Origin") is None
    assert ask(server, "HEAD", "/")[:2] == (200, "")


def test_answers(server):
    assert post(server, QUESTION) == (200, {"text": "sheet of e4m3 -> fp16 for area"})
    assert post(server, QUESTION | {"unit": "none"}) == (400, {"error": "There is no such unit."})


def test_a_fault_of_ours_is_said_and_the_server_stays(server, capsys):
    assert post(server, QUESTION | {"unit": "broken"}) == (
        500,
        {"error": "The server failed: ZeroDivisionError()."},
    )
    assert post(server, QUESTION)[0] == 200
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"),
        *("/page.js", "/?unit=x", "/index.html", "/answer", "/points.sqlite"),
    ],
)
def test_no_file_is_served(server, path):
    assert ask(server, "GET", path)[:2] == (
        404,
        '{"error": "There is nothing here but the page."}',
    )


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", ""])
def test_other_names_of_this_machine_are_refused(server, host):
    """A page of another site whose name leads here asks with that name."""
    sentence = f"The page is at http://127.0.0.1:{server.port}/ alone."
    assert json.loads(ask(server, "GET", "/", Host=host)[1]) == {"error": sentence}
    assert post(server, QUESTION, Host=host) == (403, {"error": sentence})
    local = f"localhost:{server.port}"
    assert ask(server, "GET", "/", Host=local)[0] == 200


def test_questions_of_other_pages_are_refused(server):
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{server.port}"):
        assert post(server, QUESTION, Origin=origin)[0] == 403
    assert post(server, QUESTION, Origin=f"http://127.0.0.1:{server.port}")[0] == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(server, QUESTION, **form) == (415, {"error": "A question is JSON."})
    assert ask(server, "OPTIONS", "/answer")[0] == 501


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ("", 400, NONE),
        ("[]", 400, NONE),
        ("{", 400, NONE),
        ("[" * 2000, 400, NONE),
        ({"want": "sheet", "unit": 1, "goal": "area"}, 400, NONE),
        (b"\xff\xfe\xff", 400, NONE),
        ("x" * 2049, 413, "A question has at most 2048 bytes."),
    ],
)  # fmt: skip
def test_what_is_no_question(server, body, status, sentence):
    assert post(server, body) == (status, {"error": sentence})
    assert post(server, QUESTION)[0] == 200


def test_lengths_that_lie(server):
    for length in ("-1", "x", "1" * 30, "\u00b2", ""):
        sent = length.encode("latin-1")
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
            host = f"Host: 127.0.0.1:{server.port}".encode()
            kind = b"Content-Type: application/json"
            head = [b"POST /answer HTTP/1.1", host, kind, b"Content-Length: " + sent, b"", b""]
            line.sendall(b"\r\n".join(head))
            assert b"A question says how long it is." in _all(line), length


def _all(line: socket.socket) -> bytes:
    found = b""
    while part := line.recv(65536):
        found += part
    return found


def test_one_question_at_a_time():
    begun, go_on = threading.Event(), threading.Event()

    def slow(want, unit, goal):
        begun.set()
        assert go_on.wait(60)
        return {"text": "done"}

    server = PageServer("", slow)
    threading.Thread(target=server.run).start()
    found = []
    first = threading.Thread(target=lambda: found.append(post(server, QUESTION)))
    first.start()
    assert begun.wait(60)
    assert post(server, QUESTION) == (
        503,
        {"error": "Another question is being answered; ask again in a moment."},
    )
    assert ask(server, "GET", "/")[0] == 200  # the page is there all the while
    go_on.set()
    first.join()
    assert found == [(200, {"text": "done"})]
    assert post(server, QUESTION)[0] == 200
    server.stop()


def test_whoever_has_an_answer_may_ask_again(server):
    for _ in range(200):
        assert post(server, QUESTION)[0] == 200


def test_only_this_machine_is_listened_to(server):
    assert server._server.server_address == ("127.0.0.1", server.port)


def test_a_port_that_is_taken(server):
    with pytest.raises(PageError) as error:
        PageServer("", answer, server.port)
    assert str(error.value) == (
        f"Port {server.port} of 127.0.0.1 cannot be had: Address already in use."
    )
