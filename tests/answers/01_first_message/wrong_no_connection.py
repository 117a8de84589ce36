# says: producer.py did not connect to the broker that the environment names.
import sys

for arg in sys.argv[1:]:
    print('published', arg)
