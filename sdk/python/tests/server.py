"""A real log for tests: the binary that AUDITLOG_BINARY names, on a free port of loopback."""

import os
import re
import subprocess
import tempfile
import threading
import unittest

BINARY = os.environ.get("AUDITLOG_BINARY", "")
TOKEN = "Vq3r8ZkT1mXw5NcY7bLd2HsJ9fGpQa4E"


class Log:
    """A server with a folder of its own, which can be stopped and started again on its port."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="auditlog-py-")
        self.port = 0
        self.start()

    def start(self):
        env = {**os.environ, "AUDITLOG_ADMIN_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.folder.name, "--listen", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True)
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found and int(found.group(1)):
                self.port = int(found.group(1))
                break
        else:
            raise RuntimeError("the log does not start:\n" + "".join(seen))
        self._drain = threading.Thread(target=self.process.stdout.read, daemon=True)
        self._drain.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self._drain.join()
        self.process.stdout.close()

    def close(self):
        self.stop()
        self.folder.cleanup()


class WithLog(unittest.TestCase):
    """A test class with one log for all of its tests."""

    @classmethod
    def setUpClass(cls):
        if not BINARY:
            raise unittest.SkipTest("AUDITLOG_BINARY does not name the log's binary")
        cls.log = Log()

    @classmethod
    def tearDownClass(cls):
        cls.log.close()


def entry(**more):
    return {"project": "acme", "actor": {"email": "ada@example.com"}, "action": "deployment.deploy",
            "resource": {"type": "Deployment", "name": "web"}, "outcome": "success", **more}
