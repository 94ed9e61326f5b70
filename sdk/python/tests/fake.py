"""A receiver that answers as a test says, for what a real log does seldom."""

import http.server
import json
import threading


class Fake:
    """Answers each call with the next of the given answers, then with the last one."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.calls.append((self.path, dict(self.headers), json.loads(body)))
                answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
                answer(self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def answer(status=200, body=None, **headers):
    """An answer with a body as JSON, or as it is where it is bytes."""
    def write(handler):
        data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
    return write


def ok(result):
    return answer(200, {"ok": True, "result": result})


def hangup(handler):
    handler.close_connection = True
    handler.connection.close()


def cut(handler):
    """Begins an answer of several parts, and goes away in the middle of it."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'8\r\n{"a":1}\n\r\n5\r\n{"b"')
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.shutdown(2)
