"""Leaves folders that are nested deeper than any path may be long."""
import os

for _ in range(3000):
    os.mkdir('deeper')
    os.chdir('deeper')
