"""What checks make on a broker for a moment, and by which process: the others of the run make theirs there, too."""

from brokers.broker import Broker
from brokers.management import SECONDS, Management


def names(broker: Broker) -> set[str]:
    """Return the vhosts and the users of a broker."""
    management = Management(broker)
    asked = [management.session.get(f"{management.root}/{kind}", auth=management.login, timeout=SECONDS).json()
             for kind in ("vhosts", "users")]  # fmt: skip
    return {str(entry["name"]) for answer in asked for entry in answer}


def made_by(broker: Broker, pid: int) -> set[str]:
    """Return the vhosts and the users that the checks of this process have made and not removed."""
    return {name for name in names(broker) if name.startswith(f"check-{pid}-")}
