"""What it was measured on, in a line each."""

import os
import platform
from datetime import datetime, timezone
from pathlib import Path

import psutil

from brokers.broker import Broker
from brokers.management import Management


def lines(broker: Broker, versions: list[str], load: float | None = None) -> list[str]:
    """Return the machine, what else it did just before (its load average), the systems and the date."""
    return beside("RabbitMQ", f"{_rabbitmq(broker)}, {broker.origin.split(' on ')[0]}, over loopback", versions, load)


def beside(server: str, which: str, versions: list[str], load: float | None = None) -> list[str]:
    """Return the same for any server."""
    told = {
        "CPU": f"{_cpu()}, {os.cpu_count()} cores, shared by the clients and {server}",
        "Load before": None if load is None else f"{load:.2f}, over one minute",
        "RAM": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        server: which,
        "Clients": ", ".join(versions),
        "Date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return [f"- {name}: {text}" for name, text in told.items() if text]


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    models = info.read_text(encoding="utf-8").split("model name") if info.exists() else []
    return models[1].split(":", 1)[1].splitlines()[0].strip() if len(models) > 1 else platform.processor()


def _rabbitmq(broker: Broker) -> str:
    api = Management(broker)
    overview = api.session.get(f"{api.root}/overview", auth=api.login, timeout=10).json()
    return str(overview["rabbitmq_version"])
