"""MLflow's own client of any version, in a process of its own Python: tests say what it should do, and see what it sees."""
import json
import os
import subprocess
import sys

LOOP = """
import json, sys
out = sys.stdout
sys.stdout = sys.stderr
import mlflow
from mlflow import MlflowClient
c = MlflowClient(sys.argv[1], sys.argv[1])
names = {"c": c, "mlflow": mlflow}
for line in sys.stdin:
    q = json.loads(line)
    names.update(q["values"])
    try:
        if q["run"]:
            exec(q["code"], names)
            said = {"value": None}
        else:
            said = {"value": eval(q["code"], names)}
    except Exception as e:
        said = {"error": f"{type(e).__name__}: {e}"}
    out.write(json.dumps(said, default=str) + "\\n")
    out.flush()
"""


class ClientError(Exception):
    pass


class Client:
    def __init__(self, uri, python=sys.executable, cwd=None, env=None):
        env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet",
               "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", **(env or {})}
        self.process = subprocess.Popen([python, "-c", LOOP, uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, cwd=cwd, env=env, text=True)

    def _say(self, code, run, values):
        self.process.stdin.write(json.dumps({"code": code, "run": run, "values": values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ClientError("the client is gone")
        said = json.loads(line)
        if "error" in said:
            raise ClientError(said["error"])
        return said["value"]

    def __call__(self, code, **values):
        """The value of an expression over `c`, MLflow's client; names of values stay for the next."""
        return self._say(code, False, values)

    def run(self, code, **values):
        """Statements."""
        self._say(code, True, values)

    def alias(self, model, alias):
        """The version that it names; None: nothing."""
        found = self("{a: str(v) for a, v in c.get_registered_model(model).aliases.items()}", model=model).get(alias)
        return found and int(found)

    def tags(self, model, version):
        return self("dict(c.get_model_version(model, str(version)).tags)", model=model, version=version)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
