"""A registry, MLflow's client on it, and two people with keys in one workspace: what a story about a model needs."""
import json
import os
import subprocess

from lib_mlflow import PROGRAM

ASKS = """
models:
  {model}:
    connection: reg
    gates:
      - "metrics.val_auc >= 0.85"
      - {{name: no-worse, pass: "metrics.val_auc >= champion.metrics.val_auc - 0.005", first: pass}}
    approval: {{required: 1, four_eyes: true, approvers: [lead]{lease}}}
    promote: {{alias: champion}}
{notify}"""


class Place:
    def __init__(self, store, uri, client, home, model="readmission", more="", lease=None, notify=None):
        self.store, self.uri, self.client, self.home, self.model = store, uri, client, home, model
        os.chmod(home, 0o700)
        (home / "keys").mkdir()
        lines = []
        for who in ("ana", "lead"):
            key = home / "keys" / who
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(key)], check=True, timeout=30)
            lines.append(f"  {who}: {{keys: [\"{key.with_suffix('.pub').read_text().strip()}\"], identities: [\"mlflow:{who}\"]}}\n")
        lease = f", lease: \"{lease}\"" if lease else ""
        notify = f"    notify: {notify}\n" if notify else ""
        (home / "sluice.yaml").write_text(f"{more}connections:\n  reg: {{type: mlflow, uri: \"{uri}\", timeout: 20s}}\n" +
                                          ASKS.format(model=model, lease=lease, notify=notify) + f"people:\n{''.join(lines)}")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(home)}

    def command(self, *args, who="lead"):
        return [PROGRAM, "-w", str(self.home), "--as", who, "--no-input", *args]

    def say(self, *args, code=0, who="lead"):
        """Both streams as text: what a person would read."""
        out = subprocess.run(self.command(*args, who=who), capture_output=True, env=self.env, timeout=120)
        assert out.returncode == code, f"{args} as {who}: exit {out.returncode}\n{out.stdout.decode()}\n{out.stderr.decode()}"
        return out.stdout.decode() + out.stderr.decode()

    def rows(self, *args, code=0, who="lead"):
        out = subprocess.run(self.command(*args, "-o", "json", who=who), capture_output=True, env=self.env, timeout=120)
        assert out.returncode == code, f"{args} as {who}: exit {out.returncode}\n{out.stdout.decode()}\n{out.stderr.decode()}"
        return json.loads(out.stdout)

    def champion(self):
        """As MLflow's client sees it and as we do: the same, or the test is over."""
        theirs = self.client.alias(self.model, "champion")
        model, = self.rows("get", "models", "--filter", f"name = '{self.model}'")
        ours = [int(a.split("=")[1]) for a in model["aliases"] or [] if a.startswith("champion=")]
        assert ours == ([theirs] if theirs else [])
        return theirs

    def decision(self, version):
        """What the client sees of the last decision; its statement as it was signed."""
        tags = self.client.tags(self.model, version)
        if "approval.statement" not in tags:
            assert not [k for k in tags if k.startswith("approval.")]
            return None, None
        return tags["approval.decision"], json.loads(tags["approval.statement"])

    def verified(self, signed, who):
        """By OpenSSH alone, as docs/internals/approvals.md says."""
        text = json.dumps(signed["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        (self.home / "sig").write_text(signed["signature"])
        (self.home / "allowed").write_text(f"{who} namespaces=\"sluice-approval\" {(self.home / 'keys' / (who + '.pub')).read_text()}")
        done = subprocess.run(["ssh-keygen", "-Y", "verify", "-f", str(self.home / "allowed"), "-I", who, "-n", "sluice-approval", "-s",
                               str(self.home / "sig")], input=text.encode(), capture_output=True, timeout=30)
        return done.returncode == 0

    def outcomes(self):
        """What the audit says of each action, and that nobody changed it."""
        assert "whole" in self.say("audit", "verify")
        return [(r["action"].split(".")[-1], r["outcome"]) for r in self.rows("audit", "list")]
