"""What may happen to the service and to its receivers: how each fault begins and how it ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from signal import SIGCONT, SIGINT, SIGSTOP
from typing import Final

from tests.faults.campaign.receivers import Receiver
from tests.faults.campaign.service import SERVERS, Service

NO_WORKERS: Final = {*SERVERS, "web", "beat"}


@dataclass(frozen=True, slots=True)
class Fault:
    """`begin` and `end` do it; without an end the supervisor mends it by itself. `lasts`: it is held for a while."""

    name: str
    begin: Callable[[], None]
    end: Callable[[], None] | None = None


def faults_of(service: Service, receivers: Sequence[Receiver]) -> list[Fault]:
    """Every kind of fault there is, for the parts that this service has."""
    workers = [name for name in service.parts() if name not in NO_WORKERS]
    return [
        *(_killed(service, name) for name in workers),
        *(Fault(f"{name}: its processes killed", partial(service.kill_children_of, name)) for name in workers),
        _stopped(service, workers[0]),
        _killed(service, "beat"),
        _killed(service, "redis"),
        _stopped(service, "redis"),
        _killed(service, "web"),
        Fault("web: its processes killed", partial(service.kill_children_of, "web")),
        _killed(service, "postgres"),
        Fault("postgres: fast restart", partial(service.end, "postgres", SIGINT)),
        *(fault for receiver in receivers for fault in _of_receiver(receiver)),
    ]


def _killed(service: Service, name: str) -> Fault:
    return Fault(f"{name}: kill -9", partial(service.end, name))


def _stopped(service: Service, name: str) -> Fault:
    """All processes of a part stand still, as on a machine that swaps, and go on later."""
    return Fault(
        f"{name}: hangs", partial(service.signal_all, name, SIGSTOP), partial(service.signal_all, name, SIGCONT)
    )


def _of_receiver(receiver: Receiver) -> list[Fault]:
    words = receiver.refusal
    return [
        Fault(f"{receiver.name}: kill -9", receiver.kill, receiver.start),
        Fault(f"{receiver.name}: hangs", receiver.hang, receiver.go_on),
        Fault(f"{receiver.name}: says “{words}”", partial(receiver.say, words), partial(receiver.say, "")),
    ]
