"""SQS as plain boto3 sees it: what a queue holds, and what others may do to it."""

import json
import uuid
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-west-2"


class Plain:
    """A client of the SQS to which the AWS_* variables lead; queues go by their names."""

    def __init__(self) -> None:
        self.client = boto3.client("sqs", REGION, config=Config(max_pool_connections=40))

    def url(self, queue: str) -> str:
        """Return the queue's URL; raise where there is no such queue."""
        return str(self.client.get_queue_url(QueueName=queue)["QueueUrl"])

    def queues(self, prefix: str) -> list[str]:
        """Return the names of all queues that begin so."""
        pages = self.client.get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
        return sorted(url.rsplit("/", 1)[1] for page in pages for url in page.get("QueueUrls", []))

    def delete_all(self, prefix: str) -> None:
        """Delete all queues that begin so."""
        for queue in self.queues(prefix):
            self.delete(queue)

    def make(self, queue: str, **attributes: str) -> None:
        """Make a queue."""
        fifo = {"FifoQueue": "true"} if queue.endswith(".fifo") else {}
        self.client.create_queue(QueueName=queue, Attributes=fifo | attributes)

    def delete(self, queue: str) -> None:
        """Delete a queue."""
        self.client.delete_queue(QueueUrl=self.url(queue))

    def attributes(self, queue: str) -> dict[str, str]:
        """Return all attributes of a queue."""
        return dict(self.client.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=["All"])["Attributes"])

    def held(self, queue: str) -> tuple[int, int]:
        """Return how many messages of a queue can be received, and how many are hidden."""
        told = self.attributes(queue)
        return int(told["ApproximateNumberOfMessages"]), int(told["ApproximateNumberOfMessagesNotVisible"])

    def send(self, queue: str, *values: Any, priority: int = 0, group: str = "", unique: str = "") -> None:
        """Put messages on a queue as a task's outputs are: each in a group of its own, or all in one."""
        url = self.url(queue)
        for start in range(0, len(values), 10):
            entries = [self._entry(queue, value, priority, group, unique) for value in values[start : start + 10]]
            numbered = [{"Id": str(number), **entry} for number, entry in enumerate(entries)]
            assert not self.client.send_message_batch(QueueUrl=url, Entries=numbered).get("Failed")

    def _entry(self, queue: str, value: Any, priority: int, group: str, unique: str) -> dict[str, str]:
        identity = unique or uuid.uuid4().hex
        entry = {"MessageBody": json.dumps({"value": value, "meta": {"priority": priority, "id": identity}})}
        fifo = {"MessageGroupId": group or identity, "MessageDeduplicationId": identity}
        return entry | (fifo if queue.endswith(".fifo") else {})

    def receive(self, queue: str, wait: int = 0, hidden: int = 30, most: int = 10) -> list[dict[str, Any]]:
        """Receive up to `most` messages, hidden from others for `hidden` seconds."""
        answer = self.client.receive_message(
            QueueUrl=self.url(queue), MaxNumberOfMessages=most, WaitTimeSeconds=wait, VisibilityTimeout=hidden,
            AttributeNames=["All"],
        )  # fmt: skip
        return list(answer.get("Messages", []))

    def taken(self, queue: str) -> list[Any]:
        """Receive and delete all that can be received; return the values."""
        values = []
        while found := self.receive(queue):
            values += [json.loads(message["Body"])["value"] for message in found]
            url = self.url(queue)
            for message in found:
                self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return values
