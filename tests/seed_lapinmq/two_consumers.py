# ruff: noqa
from lapinmq.consumer import Consumer

c1 = Consumer(
    queue_name="preprocessing_task_queue",
    task_function=task,
    worker_threads=3,  # this consumer can process 3 messages in parallel
)

c2 = Consumer(
    queue_name="transcoding_task_queue",
    task_function=task,
    worker_threads=5,  # this consumer can process 5 messages in parallel
)
