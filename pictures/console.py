"""A screenshot of the management console's list of queues, with two messages unacknowledged at consumer1.py."""

import json
from pathlib import Path

from brokers.broker import Broker
from pictures.chromium import Page
from pictures.stage import Stage

WIDTH, HEIGHT = 1000, 700

TOP = 85
"""Above are the logo and the name of the machine."""

LOG_IN = """(() => {
    const form = document.querySelector("#login form, form");
    if (!form || !form.querySelector("[name=username]")) return false;
    form.querySelector("[name=username]").value = %s;
    form.querySelector("[name=password]").value = %s;
    form.querySelector("[type=submit]").click();
    return true;
})()"""

SHOWN = """(() => {
    const row = [...document.querySelectorAll("table.list tbody tr")].find(row => row.innerText.includes(%s));
    if (!row || row.getBoundingClientRect().height == 0) return 0;
    const cells = [...row.cells].map(cell => cell.innerText.trim()).join(" ");
    return cells.includes(" 0 2 2") ? Math.ceil(row.closest("table").getBoundingClientRect().bottom) : 0;
})()"""
"""Where the table ends, once the row of my_queue, alone in its vhost, says 0 ready, 2 unacknowledged, 2 in total."""


def screenshot(broker: Broker, path: Path) -> None:
    """Play chapter 4 up to its two unacknowledged messages, and write the PNG; raise NoChromium, NotShown."""
    with Page(WIDTH, HEIGHT) as page, Stage(broker) as stage:
        consumer = stage.python("consumer1.py")
        consumer.printed("Starting consumer.")
        stage.produce("Hello", "world")
        consumer.printed("Hello", "world")
        stage.status(0, 2, 1)
        page.open(f"http://{broker.host}:{broker.management_port}/")
        page.until(LOG_IN % (json.dumps(broker.username), json.dumps(broker.password)))
        page.until("Boolean(document.querySelector('#tabs'))")
        page.value("location.hash = '#/queues'")
        bottom = page.until(SHOWN % json.dumps(stage.vhost))
        path.write_bytes(page.picture(TOP, WIDTH, bottom + 12))
