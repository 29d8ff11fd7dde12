"""Starts a program that ends when the one who asked for it ends, even by kill -9.

Run as a plain script, without the project: `python tether.py <pid of the starter> <program> [argument …]`. On Linux the
kernel sends the program SIGTERM when its starter dies; elsewhere the program is started as it is.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    starter, program = int(argv[1]), argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != starter:  # it died before the line above
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 (the program is given by our own supervisor)


if __name__ == "__main__":
    main(sys.argv)
