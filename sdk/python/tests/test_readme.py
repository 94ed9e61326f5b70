import os
import pathlib
import re
import subprocess
import sys
import unittest

from auditlog import Client

from .server import TOKEN, WithLog

ROOT = pathlib.Path(__file__).resolve().parent.parent


class TestReadme(WithLog):
    def test_snippets_run(self):
        snippets = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
        self.assertGreaterEqual(len(snippets), 3)
        env = {**os.environ, "AUDITLOG_URL": self.log.url, "AUDITLOG_TOKEN": TOKEN, "PYTHONPATH": str(ROOT / "src"),
               "PYTHONWARNINGS": "ignore::ResourceWarning"}
        said = [subprocess.run([sys.executable, "-c", s], env=env, capture_output=True, text=True, timeout=30) for s in snippets]
        for s, ran in zip(snippets, said):
            self.assertEqual((ran.returncode, ran.stderr), (0, ""), s)
        self.assertIn("ada@example.com deployment.deploy", said[0].stdout)
        self.assertIn("acme 2\nnot_found\n", said[3].stdout)
        with Client(self.log.url, TOKEN) as log:
            self.assertEqual([e["action"] for e in log.list("acme")], ["role.grant", "deployment.deploy"])


if __name__ == "__main__":
    unittest.main()
