"""Prints for ever, on both of its streams."""
import sys

while True:
    sys.stdout.write('y\n' * 1000)
    sys.stderr.write('n' * 1000)
