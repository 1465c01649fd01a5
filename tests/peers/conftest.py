"""Servers that several files of this folder share: what a server costs is its start."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lib_client import Client
from lib_mlflow import ROOT, Server, answer, peer_name, python_of, secured
from sluice_pytest import peer

SEED = Path(__file__).with_name("seed_mlflow.py")


class World:
    """A server of one version, its store, what its own client put in, and that client."""

    def __init__(self, version, folder):
        self.folder, self.version = folder, version
        python = python_of(version)
        self.server = Server(folder, python=python)
        self.name = peer_name(version)
        peer(self.name, answer(self.server.url + "/version"), "real")
        try:
            env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
            out = subprocess.run([python, str(SEED), self.server.url], capture_output=True, cwd=folder, env=env, timeout=200)
            assert out.returncode == 0, out.stderr.decode()[-3000:]
        except BaseException:
            self.server.stop()
            raise
        self.made = json.loads(out.stdout.splitlines()[-1])
        self.client = Client(self.server.url, python, cwd=folder)

    def stop(self):
        self.client.close()
        self.server.stop()


@pytest.fixture(scope="session")
def world_of(tmp_path_factory):
    """version -> a World"""
    worlds = {}

    def start(version):
        if version not in worlds:
            worlds[version] = World(version, tmp_path_factory.mktemp("mlflow"))
        return worlds[version]

    yield start
    for world in worlds.values():
        world.stop()


@pytest.fixture(scope="session")
def secured_of(tmp_path_factory):
    """version -> a server that wants a login; the newest on a copy of the demo's store, older ones on their own."""
    servers = {}

    def start(version):
        if version not in servers:
            folder = tmp_path_factory.mktemp("secured")
            if version == "3.17":
                shutil.copy(ROOT / "demo" / "mlflow.db", folder / "mlflow.db")
            servers[version] = secured(folder, version)
            peer(peer_name(version), version_of(servers[version]), "real")
        return servers[version]

    yield start
    for server in servers.values():
        server.stop()


def version_of(server):
    """/version is not everybody's on a server with logins; then what its own Python says."""
    said = answer(server.url + "/version")
    if said and said[0].isdigit() and "." in said:
        return said
    return subprocess.run([server.command[0], "-c", "import mlflow.version; print(mlflow.version.VERSION)"], capture_output=True, text=True,
                          timeout=60).stdout.strip()
