"""Leaves a daemon behind: forked twice, in a session of its own, deaf, with nothing open and no environment."""
import os
import signal
import sys

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 256)
        os.execve(sys.executable, ['hostile-daemon', '-c', 'import time; time.sleep(90)'], {})
    os._exit(0)
os.wait()
