"""An SQS for the tests: the package's own emulator, on a free port and in a folder that goes with it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brokers import ports
from sqs_pipes.emulator import Emulator

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",  # there is nobody to ask for others
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""What boto3 reads instead of this machine's own settings."""


def at(endpoint: str) -> dict[str, str]:
    """Return the variables that lead boto3 to an SQS."""
    return {**KEYS, "AWS_ENDPOINT_URL_SQS": endpoint}


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    return ports.free(1)[0]


@contextmanager
def emulator() -> Iterator[Emulator]:
    """Run one, which answers."""
    with tempfile.TemporaryDirectory(prefix="sqs-") as folder, Emulator.launch(Path(folder)) as found:
        yield found
