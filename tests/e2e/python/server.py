"""An app of the conformance apps, as a process on ports that the system picks."""

import os
import pathlib
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Server:
    """It listens when it has been made, and ends with `stop`."""

    def __init__(self, app):
        command = os.environ.get("KLATCH_APPS", ROOT / "target/debug/examples/apps")
        runtime = os.environ.get("KLATCH_RUNTIME", "tokio")
        self.process = subprocess.Popen(
            [command, app, "--runtime", runtime],
            env={**os.environ, "PORT": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        #: Where it listens, without the path.
        self.origins = []
        for line in self.process.stdout:
            if line.strip() == "listening":
                break
            self.origins.append(line.strip().removesuffix("/socket.io/"))
        else:
            raise RuntimeError(f"the app {app} ended: {self.process.wait()}")
        # The rest is read so that the server never waits for a reader.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def stop(self):
        died = self.process.poll()
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        if died is not None:
            raise RuntimeError(f"the server died: {died}")
