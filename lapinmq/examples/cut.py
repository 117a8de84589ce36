"""Have the broker close the connection of receive.py, as a restart or a firewall would."""

import os
import time
from urllib.parse import quote

import requests

host, port = os.environ.get("RABBITMQ_HOST", "localhost"), os.environ.get("RABBITMQ_MANAGEMENT_PORT", "15672")
login = os.environ.get("RABBITMQ_USERNAME", "guest"), os.environ.get("RABBITMQ_PASSWORD", "guest")
url = f"http://{host}:{port}/api/connections"

found = []
while not found:  # the broker lists a new one within 5 seconds
    time.sleep(1)
    listed = requests.get(url, auth=login, timeout=10).json()
    found = [one["name"] for one in listed if one.get("user_provided_name", "").startswith("receive.py")]
for name in found:
    requests.delete(f"{url}/{quote(name)}", auth=login, headers={"X-Reason": "just to see"}, timeout=10)
print("Cut:", len(found))
