"""Kills who started it, as often as there is somebody."""
import os
import signal

for _ in range(3):
    os.kill(os.getppid(), signal.SIGKILL)
