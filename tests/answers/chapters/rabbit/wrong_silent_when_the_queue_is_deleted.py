# says: test_a_queue_deleted_under_start_is_an_error_and_not_silence
"""A rabbit.py that ends in silence when its queue is gone."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


errors.cancelled = lambda channel, queue: None
