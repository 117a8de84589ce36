"""What is measured: each module is one client, run as a process of its own, in its own environment.

They are started in benchmarks/ as `python -m clients.NAME WORK QUEUE COUNT SIZE WORKERS PREFETCH GATHER`, find the
broker by RABBITMQ_*, and print one line of JSON. Where only the broker can tell that a work is done, they print
`worked` before it and wait for an answer.
"""
