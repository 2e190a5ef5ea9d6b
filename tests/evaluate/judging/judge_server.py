"""A local OpenAI-compatible server, log-probabilities included, for judges in tests."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class Server:
    """Replies with ``answer(system, user)``; ``seen`` are the requests that came.

    ``logprobs`` is True, False (left out) or "refused" (HTTP 400); ``digits`` gives one digit a token;
    ``fail`` is how many requests get ``status`` first, ``after`` how many are answered before that;
    ``reasons`` leaves small rooms without text.
    """

    def __init__(self, answer, *, logprobs=True, digits=False, fail=0, after=0, status=500, reasons=False):
        self.answer, self.logprobs, self.digits, self.reasons = answer, logprobs, digits, reasons
        self.fail, self.after, self.status = fail, after, status
        self.seen: list[SimpleNamespace] = []
        self.lock = threading.Lock()
        self.url = ""

    def reply(self, body, headers, path):
        """Status and content of the response to one request."""
        with self.lock:
            self.seen.append(SimpleNamespace(body=body, headers=headers, path=path))
            if self.fail > 0 and len(self.seen) > self.after:
                self.fail -= 1
                return self.status, {"error": {"message": "out of order", "type": "x", "code": "x"}}
        if self.logprobs == "refused" and body.get("logprobs"):
            return 400, {"error": {"message": "logprobs are not supported", "type": "x", "code": "x"}}
        system, user = (turn["content"] for turn in body["messages"])
        text, finish = self.answer(system, user), "stop"
        if self.reasons and body["max_tokens"] < 1000:
            text, finish = "", "length"
        choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
        if self.logprobs is True and body.get("logprobs"):
            choice["logprobs"] = {"content": tokens(text, self.digits)}
        usage = {"prompt_tokens": 300, "completion_tokens": 2, "total_tokens": 302}
        return 200, {
            "id": "x", "object": "chat.completion", "created": 0, "model": "judge-7b-2026",
            "choices": [choice], "usage": usage,
        }  # fmt: skip


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server on a port of loopback; ``server.url`` is its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, value = server.reply(body, dict(self.headers), self.path)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def spread(text: str) -> list[tuple[str, float]]:
    """Tokens and probabilities of a verdict: a number's mean is the number; the rest is spread on words."""
    if not text.isdigit():
        return [(text[:3], 0.9), ("50", 0.05), ("the", 0.05)]
    n = int(text)
    width = min(3, n, 100 - n)
    return [(str(n), 0.5), (f" {n - width}", 0.2), (str(n + width), 0.2), ("REF", 0.1)]


def tokens(text, digits):
    def entry(token, top):
        return {
            "token": token, "logprob": math.log(top[0][1]), "bytes": None,
            "top_logprobs": [{"token": t, "logprob": math.log(p), "bytes": None} for t, p in top],
        }  # fmt: skip

    if digits and text.isdigit():
        return [entry(digit, [(digit, 0.9), ("1", 0.05)]) for digit in text]
    top = spread(text)
    return [entry(top[0][0], top)]
