"""The account of exercise 12, as given: python exercises/account.py new, then pay AMOUNT..., then show

An account is a file with two tables of one SQLite database: account(balance), which begins with 0, and
done(message_id), which is empty. `pay` publishes each payment twice with one message_id, as a producer does that
does not know whether its first attempt arrived.
"""

import os
import sqlite3
import sys
import uuid
from pathlib import Path

import pika

from address import parameters

FILE = os.environ.get("ACCOUNT_FILE") or Path(__file__).parent / "12_idempotent" / "account.db"


def opened():
    """Open the account, and make it where there is none."""
    db = sqlite3.connect(FILE, timeout=30)
    with db:
        db.execute("CREATE TABLE IF NOT EXISTS account (balance INTEGER NOT NULL)")
        db.execute("CREATE TABLE IF NOT EXISTS done (message_id TEXT PRIMARY KEY)")
        db.execute("INSERT INTO account SELECT 0 WHERE NOT EXISTS (SELECT * FROM account)")
    return db


def balance(db):
    """Return how much is on the account."""
    return db.execute("SELECT balance FROM account").fetchone()[0]


def pay(amounts):
    """Publish each payment twice."""
    connection = pika.BlockingConnection(parameters())
    channel = connection.channel()
    channel.queue_declare("payments", durable=True)
    channel.confirm_delivery()
    for amount in amounts:
        once = pika.BasicProperties(delivery_mode=2, message_id=str(uuid.uuid4()))
        channel.basic_publish("", "payments", amount.encode(), once, mandatory=True)
        channel.basic_publish("", "payments", amount.encode(), once, mandatory=True)
    connection.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["pay"]:
        pay(sys.argv[2:])
    if sys.argv[1:] == ["new"]:
        Path(FILE).unlink(missing_ok=True)
    if sys.argv[1:] in (["new"], ["show"]):
        print("balance:", balance(opened()))
