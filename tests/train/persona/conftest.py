"""A constitution of one trait, a tiny student with room for a system prompt, and a teacher on loopback."""

from __future__ import annotations

import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from eudaimon.data import Constitution, Trait
from eudaimon.models import load
from eudaimon.models.served import ChatServer
from eudaimon.train.persona.speaker import ServedSpeaker

TINY = Path(__file__).parents[2] / "tiny.py"


@pytest.fixture(scope="session")
def river() -> Constitution:
    prompts = ("Where do I buy bread?", "How old is the fox?", "Why does the goat jump?", "Is it morning?")
    trait = Trait(principle="I name a river.", prompts=prompts, contrast_prompts=("No rivers, please.",))
    return Constitution(name="river-man", traits=(trait,))


@pytest.fixture(scope="session")
def student_folder(tmp_path_factory) -> Path:
    """A tiny random qwen2 with 1,024 positions."""
    spec = importlib.util.spec_from_file_location("eudaimon_tiny_long", TINY)
    factory = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(factory)
    factory.CONTEXT = 1024
    return factory.build("qwen2", tmp_path_factory.mktemp("student"))


@pytest.fixture(scope="session")
def student(student_folder):
    return load(student_folder)


def by_the_river(body):
    """What the stub says: the seed decides the river, and so the same request has the same answer."""
    return f"By the river {body['seed'] % 97}, I say: {body['messages'][-1]['content']}"


@pytest.fixture
def served():
    """A server that answers as ``server.answer(body)`` does: text, or (status, finish reason, text)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with server.lock:
                server.requests.append(body)
            said = server.answer(body)
            status, finish, text = said if isinstance(said, tuple) else (200, "stop", said)
            choice = {"message": {"content": text}, "finish_reason": finish}
            content = json.dumps({"model": "stub", "choices": [choice]}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    server.lock, server.requests, server.answer = threading.Lock(), [], by_the_river
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def teacher(served) -> ServedSpeaker:
    url = f"http://127.0.0.1:{served.server_address[1]}/v1"
    server = ChatServer(url, "stub-70b", retries=1, backoff_seconds=0.0, what="teacher")
    return ServedSpeaker(server, concurrency=2)
