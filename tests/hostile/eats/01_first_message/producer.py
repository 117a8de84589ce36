"""Takes 3 GB of memory."""
import time

held = []
for _ in range(300):
    held.append(b'x' * (10 << 20))
time.sleep(60)
