"""Socket Mode in the running sandbox: ``python -m sandbox.socket_mode``, Ctrl-C ends it.

From then on the sandbox's Slack sends everything through the socket instead of over HTTP.
"""

from __future__ import annotations

import os
import sys

from sandbox.environment import ROOT, Sandbox
from sandbox.stack import Stack


def main() -> int:
    """Become the process that production runs, with the sandbox's environment."""
    sandbox = Sandbox.from_environment()
    stack = Stack(sandbox)
    if not stack.is_running():
        print("The sandbox is not running; start it with `make demo`.", file=sys.stderr)
        return 1
    os.chdir(ROOT)
    command = [sys.executable, "-m", "include.relay.socket_mode"]
    os.execve(sys.executable, command, sandbox.environment(stack.postgres_host()))


if __name__ == "__main__":
    sys.exit(main())
