"""nginx before a real MLflow server: TLS of an own authority, client certificates, bearer tokens, HTML where JSON was due, a host name that
MLflow does not answer to, a prefix."""
import os
import shutil
import socket
import subprocess
import time

import pytest
from lib_mlflow import KEEP, ROOT, Server, Sluice, answer, free_port
from sluice_pytest import peer

TOKEN = "good-token-123456"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SITES = {
    "tls": "ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;",
    "mtls": "ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key; "
            "ssl_client_certificate {dir}/ca.pem; ssl_verify_client on;",
    "bearer": "if ($http_authorization != \"Bearer " + TOKEN + "\") {{ return 401; }}",
    "strange": "",                    # passes a foreign Host on
    "dead": "",
    "page": "return 200 '<html>please log in</html>'; default_type text/html;",
    "prefix": "",
}


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


def certificates(folder):
    """An authority, the server's certificate and ours."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca",
            "-days", "2")
    for name, subject, more in (("server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                                ("me", "/CN=ana", "extendedKeyUsage=clientAuth")):
        (folder / "ext").write_text(more + "\n")
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-days", "2", "-extfile", "ext")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=eve",
            "-days", "2")
    (folder / "both.pem").write_bytes((folder / "me.pem").read_bytes() + (folder / "me.key").read_bytes())
    os.chmod(folder / "both.pem", 0o600)


def configuration(folder, upstream, ports):
    top = f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{ worker_connections 64; }}\n"
    top = ("user root;\n" if os.geteuid() == 0 else "") + "worker_processes 1;\n" + top
    temp = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    sites = ""
    for name, more in SITES.items():
        ssl = " ssl" if name.endswith("tls") else ""
        to = free_port() if name == "dead" else upstream
        host = "evil.example" if name == "strange" else "localhost"
        at = "/mlflow/" if name == "prefix" else "/"
        inside = "" if name == "page" else f"location {at} {{ proxy_pass http://127.0.0.1:{to}/; proxy_set_header Host {host}; }}"
        sites += f"server {{ listen 127.0.0.1:{ports[name]}{ssl}; {more.format(dir=folder)} {inside} }}\n"
    return f"{top}http {{ access_log {folder}/access.log; {temp}\n{sites}}}\n"


class Front:
    def __init__(self, folder, upstream):
        self.dir = folder
        certificates(folder)
        self.port = {name: free_port() for name in SITES}
        (folder / "nginx.conf").write_text(configuration(folder, upstream, self.port))
        command = [*KEEP, NGINX, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        for _ in range(600):
            if answer(f"http://127.0.0.1:{self.port['page']}/"):
                return
            assert self.process.poll() is None, self.process.stderr.read().decode()
            time.sleep(0.1)
        self.stop()
        pytest.fail("nginx did not start within 60 s")

    def url(self, name, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port[name]}"

    def stop(self):
        os.killpg(self.process.pid, 15)
        self.process.wait(20)


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    shutil.copy(ROOT / "demo" / "mlflow.db", store / "mlflow.db")
    server = Server(store)
    try:
        peer("mlflow", answer(server.url + "/version"), "real")
        version = subprocess.run([NGINX, "-v"], capture_output=True).stderr.decode().split("/")[-1].strip()
        f = Front(tmp_path_factory.mktemp("nginx"), server.port)
        peer("nginx", version, "real")
        yield f
        f.stop()
    finally:
        server.stop()


@pytest.fixture
def sluice(tmp_path):
    return Sluice(tmp_path)


pytestmark = pytest.mark.peer("nginx")


def test_own_authority(front, sluice):
    url = front.url("tls", "https")
    assert "certificate" in sluice.run(url, "experiments", code=3)
    assert len(sluice.run(url, "experiments", settings=f"    ca_file: {front.dir}/ca.pem\n")) == 4
    assert len(sluice.run(url, "experiments", env={"MLFLOW_TRACKING_SERVER_CERT_PATH": f"{front.dir}/ca.pem"})) == 4
    assert "certificate" in sluice.run(url, "experiments", env={"MLFLOW_TRACKING_INSECURE_TLS": "true"}, code=3)


def test_insecure_only_when_said(front, sluice):
    assert len(sluice.run(front.url("tls", "https"), "experiments", settings="    insecure: true\n")) == 4


def test_client_certificate(front, sluice):
    url, ca = front.url("mtls", "https"), f"    ca_file: {front.dir}/ca.pem\n"
    assert "the server wants a certificate of ours; set cert_file and key_file" in sluice.run(url, "experiments", settings=ca, code=3)
    mine = ca + f"    cert_file: {front.dir}/me.pem\n    key_file: {front.dir}/me.key\n"
    assert len(sluice.run(url, "experiments", settings=mine)) == 4
    assert len(sluice.run(url, "experiments", settings=ca, env={"MLFLOW_TRACKING_CLIENT_CERT_PATH": f"{front.dir}/both.pem"})) == 4
    other = ca + f"    cert_file: {front.dir}/other.pem\n    key_file: {front.dir}/other.key\n"
    said = sluice.run(url, "experiments", settings=other, code=3)
    assert "does not take our certificate" in said and said.count("\n") == 1
    said = sluice.run(url, "experiments", settings=mine.replace("me.key", "server.key"), code=2)
    assert "server.key" in said and said.count("\n") == 1
    said = sluice.run(url, "experiments", settings=mine.replace("me.pem", "nosuch.pem"), code=2)
    assert "nosuch.pem" in said and said.count("\n") == 1


def test_a_server_that_wants_it_in_the_handshake(front, sluice, tmp_path):
    """Without a front that speaks HTTP: TLS itself says no."""
    port = free_port()
    tls = subprocess.Popen([*KEEP, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "server.pem", "-key", "server.key",
                            "-CAfile", "ca.pem", "-Verify", "1", "-verify_return_error", "-www", "-quiet"], cwd=front.dir,
                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(200):
            with socket.socket() as s:
                if not s.connect_ex(("127.0.0.1", port)):
                    break
            assert tls.poll() is None, "openssl s_server has ended"
            time.sleep(0.05)
        said = sluice.run(f"https://127.0.0.1:{port}", "experiments", settings=f"    ca_file: {front.dir}/ca.pem\n", code=3)
        assert "does not take our certificate, or wants one" in said and said.count("\n") == 1
    finally:
        os.killpg(tls.pid, 9)
        tls.wait()


def test_bearer(front, sluice):
    url = front.url("bearer")
    assert "sluice login reg" in sluice.run(url, "experiments", code=3)
    wrong = sluice.run(url, "experiments", settings="    token: {env: T}\n", env={"T": "wrong-token-123"}, code=3)
    assert "refused the token" in wrong and "wrong-token" not in wrong
    assert len(sluice.run(url, "experiments", settings="    token: {env: T}\n", env={"T": TOKEN})) == 4
    assert len(sluice.run(url, "experiments", env={"MLFLOW_TRACKING_TOKEN": TOKEN})) == 4
    (sluice.home / "tok").write_text(f"#!/bin/sh\necho {TOKEN}\n")
    os.chmod(sluice.home / "tok", 0o700)
    command = f"    token: {{command: [{sluice.home}/tok]}}\n"
    said = sluice.run(url, "experiments", settings=command, code=3)       # a workspace outside the config folder starts nothing untrusted
    assert "trust" in said
    sluice.ask("trust", str(sluice.home / "sluice.yaml"))
    assert len(sluice.run(url, "experiments", settings=command)) == 4


def test_what_is_no_mlflow(front, sluice):
    assert "proxy" in sluice.run(front.url("page"), "experiments", code=1)
    assert "502" in sluice.run(front.url("dead"), "experiments", code=3)
    assert "--allowed-hosts" in sluice.run(front.url("strange"), "experiments", code=3)


def test_prefix(front, sluice):
    assert len(sluice.run(front.url("prefix") + "/mlflow/", "experiments")) == 4
    assert sluice.run(front.url("prefix"), "experiments", code=1)
