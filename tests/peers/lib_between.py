"""A proxy between Sluice and a server, which does something at a chosen call: so that what rarely happens happens now."""
import http.client
import http.server
import threading
from urllib.parse import urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Between:
    """rules: (method, part of the path, what). what(forward) is called with a function that passes the call on and returns (status,
    headers, body), and returns such an answer, or None to close the line without one. A rule is used once, in the order of the list."""

    def __init__(self, url):
        self.to = urlsplit(url)
        self.rules, self.seen, self.lock = [], [], threading.Lock()
        self.cut = False  # while it is, nobody is answered
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def any(self):
                outer._handle(self)

            do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = any

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def _forward(self, h, body):
        c = http.client.HTTPConnection(self.to.hostname, self.to.port, timeout=60)
        try:
            c.request(h.command, h.path, body, {k: v for k, v in h.headers.items() if k.lower() not in HOP})
            r = c.getresponse()
            return r.status, [(k, v) for k, v in r.getheaders() if k.lower() not in HOP], r.read()
        finally:
            c.close()

    def _rule(self, method, path):
        with self.lock:
            self.seen.append((method, path))
            for i, (m, part, what) in enumerate(self.rules):
                if m == method and part in path:
                    del self.rules[i]
                    return what
        return None

    def _handle(self, h):
        body = h.rfile.read(int(h.headers.get("Content-Length") or 0)) or None
        what = self._rule(h.command, h.path)
        try:
            said = None if self.cut else what(lambda: self._forward(h, body)) if what else self._forward(h, body)
        except OSError:
            said = None
        if said is None:
            h.close_connection = True
            return
        status, headers, data = said
        h.send_response_only(status)
        for k, v in headers:
            h.send_header(k, v)
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        h.wfile.write(data)

    def calls(self, method, part):
        return [p for m, p in self.seen if m == method and part in p]

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
