"""A fork bomb of seven generations, 128 processes, that end by themselves after 5 s, should nobody else end them."""
import os
import time

end = time.monotonic() + 5
for _ in range(7):
    if time.monotonic() < end:
        os.fork()
time.sleep(max(0, end - time.monotonic()))
