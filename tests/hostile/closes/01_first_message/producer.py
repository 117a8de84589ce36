"""Closes its streams, and hangs."""
import os
import time

os.close(1)
os.close(2)
time.sleep(120)
