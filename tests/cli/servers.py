"""A small HTTP server on loopback that behaves badly in one chosen way. What it was sent is kept."""
import base64
import http.server
import json
import socket
import threading

ITEM = {"lifecycle_stage": "active", "creation_time": 1700000000000, "last_update_time": 1700000000000, "artifact_location": "x"}


class Server:
    """with Server("html") as s: s.uri; s.seen holds (path, Authorization)."""

    def __init__(self, how, names=("one",)):
        self.how, self.names, self.seen, self.stop = how, names, [], threading.Event()
        self.token, self.where, self.served = "right-token-123", None, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.seen.append((self.path, self.headers.get("Authorization")))
                outer.answer(self)
            do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def send(h, status, body, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        h.send_response(status)
        for key, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            h.send_header(key.replace("_", "-"), value)
        h.end_headers()
        h.wfile.write(data)

    def answer(self, h):
        how = getattr(self, "on_" + self.how, None)
        if how and how(h):
            return
        if h.path.endswith("/version"):
            self.send(h, 200, b"1.30.0" if self.how == "old" else b"3.17.0", "text/plain")
        elif h.path.endswith("/health"):
            self.send(h, 200, b"OK", "text/plain")
        elif "experiments/search" in h.path:
            found = [{**ITEM, "experiment_id": str(i), "name": n} for i, n in enumerate(self.names)]
            self.send(h, 200, {"experiments": found})
        elif "experiments/get" in h.path:
            self.send(h, 200, {"experiment": {**ITEM, "experiment_id": "0", "name": self.names[0]}})
        else:
            self.send(h, 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "?"})

    def on_html(self, h):
        self.send(h, 200, b"<!DOCTYPE html><html><title>Sign in \x1b[31m</title></html>", "text/html")
        return True

    def on_redirect(self, h):
        self.send(h, 302, b"", "text/html", Location="http://127.0.0.1:1/login")
        return True

    def on_slow(self, h):
        self.stop.wait(60)
        h.close_connection = True
        return True

    def on_login(self, h):
        self.send(h, 401, {"error_code": "UNAUTHENTICATED", "message": "no"})
        return True

    def on_refuse(self, h):
        if "api" in h.path:
            self.send(h, 403, {"error_code": "PERMISSION_DENIED", "message": "no \x1b[31m\u202e"})
            return True
        return False

    def on_busy(self, h):
        if "api" in h.path:
            self.send(h, 429, {"message": "busy"}, Retry_After="86400")
            return True
        return False

    def on_repeat(self, h):
        if "api" in h.path:
            self.send(h, 400, {"message": f"cannot take {h.headers.get('Authorization')}"})
            return True
        return False

    def on_secure(self, h):
        """Only for ana with her password, or with the token of the moment."""
        said = h.headers.get("Authorization") or ""
        basic = "Basic " + base64.b64encode(b"ana:right pass-word").decode()
        if said not in (basic, f"Bearer {self.token}"):
            self.send(h, 401, b"You are not authenticated.", "text/plain")
            return True
        return False

    def on_expiring(self, h):
        """A token is good for one page of experiments; the next one is written where the client looks for it."""
        if h.headers.get("Authorization") != f"Bearer {self.token}":
            self.send(h, 401, b"token expired", "text/plain")
            return True
        if "experiments/search" not in h.path:
            return False
        self.served += 1
        self.token = f"token-number-{self.served + 1}"
        self.where.write_text(self.token + "\n")
        more = {"next_page_token": f"t{self.served}"} if self.served < 4 else {}
        self.send(h, 200, {"experiments": [{**ITEM, "experiment_id": str(self.served), "name": "x"}], **more})
        return True

    def on_huge(self, h):
        """Thirty runs with a tag of 10 MB each."""
        if "runs/search" not in h.path:
            return False
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.end_headers()
        h.close_connection = True
        h.wfile.write(b'{"runs":[')
        for i in range(30):
            h.wfile.write(b'%s{"info":{"run_id":"r%d"},"data":{"tags":[{"key":"big","value":"' % (b"," if i else b"", i))
            h.wfile.write(b"\xc3\xa4" * (5 << 20))
            h.wfile.write(b'"}]}}')
        h.wfile.write(b"]}")
        return True

    def on_broken_file(self, h):
        """Lists a thousand bytes, sends four hundred and says no length, as a server that proxies does."""
        if "artifacts/list" in h.path:
            self.send(h, 200, {"files": [{"path": "a.bin", "file_size": 1000}]})
        elif "get-artifact" in h.path:
            h.send_response(200)
            h.end_headers()
            h.close_connection = True
            h.wfile.write(b"x" * 400)
        else:
            return False
        return True

    def on_new_tokens(self, h):
        return self.pages(h, f"t{len(self.seen)}")

    def on_page_then_silence(self, h):
        if "experiments/search" not in h.path:
            return False
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", "100000")
        h.end_headers()
        h.wfile.write(b'{"experiments": [{"experiment_id": "1", "name": "one"},')
        h.wfile.flush()
        return self.on_slow(h)

    def on_half(self, h):
        if "api" not in h.path:
            return False
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", "1000")
        h.end_headers()
        h.wfile.write(b'{"experiments": [')
        h.wfile.flush()
        h.connection.shutdown(socket.SHUT_RDWR)
        h.close_connection = True
        return True

    def on_endless(self, h):
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.end_headers()
        h.close_connection = True
        try:
            while not self.stop.is_set():
                h.wfile.write(b" " * 65536)
        except OSError:
            pass
        return True

    def pages(self, h, token):
        if "experiments/search" not in h.path:
            return False
        n = str(len(self.seen))
        self.send(h, 200, {"experiments": [{**ITEM, "experiment_id": n, "name": n}], "next_page_token": token})
        return True

    def on_same_token(self, h):
        return self.pages(h, "same")

    def on_token_circle(self, h):
        return self.pages(h, "ab"[len(self.seen) % 2])
