"""`planchette cluster`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from bot.shell.output import Json, emit, note, say, table

if TYPE_CHECKING:
    from bot.configuration import Configuration

cluster = typer.Typer(no_args_is_help=True, help="Serve the models on a cluster of machines, with Ray Serve.")


@cluster.command()
def deploy() -> None:
    """Serve the models as `planchette host` does, from many processes and machines.

    Given again, it changes what is deployed to the settings of now. The cluster is there already (`ray start --head`),
    all of its machines share PLANCHETTE_HOME, and have planchette installed. What is deployed stays until
    `planchette cluster delete`.
    """
    from bot.deployment import plan_of
    from bot.home import Home
    from bot.shell.certificates import tls_of
    from bot.shell.host import invitation, own_default
    from generators.cluster import deploying

    configuration = _configuration()
    Home(configuration.home).create()
    plan = plan_of(configuration, own_default(configuration))
    secure = tls_of(configuration.host) is not None  # which says now what is wrong with a certificate
    with deploying.connected(configuration.cluster.address):
        note("The replicas are being started; `planchette cluster status` tells elsewhere how far they are.")
        deploying.deploy(plan)
    say(invitation(plan.host, plan.port, secure=secure, end="`planchette cluster delete`"))


@cluster.command()
def status(as_json: Json = False) -> None:
    """Show what is deployed, and how it is."""
    from generators.cluster import deploying

    configuration = _configuration()
    with deploying.connected(configuration.cluster.address):
        told = deploying.status()
    if as_json:
        emit(told)
        return
    _show(told)


@cluster.command()
def delete() -> None:
    """Take away what is deployed, and end its trainings.

    Models and the cluster itself stay.
    """
    from generators.cluster import deploying

    configuration = _configuration()
    with deploying.connected(configuration.cluster.address):
        deploying.delete()
    say("What was deployed is gone; the models are where they were.")


def _configuration() -> Configuration:
    from bot.configuration import load_configuration

    return load_configuration(serving=("host",))


def _show(told: dict[str, Any]) -> None:
    say(" ".join(part for part in (f"{told['status']}.", told["message"]) if part))
    rows = [
        (
            each["name"],
            each["status"],
            ", ".join(f"{count} {state}" for state, count in sorted(each["replicas"].items())),
            each["message"],
        )
        for each in told["deployments"]
    ]
    table(("DEPLOYMENT", "STATUS", "REPLICAS", ""), rows)
    say(f"Trainings: {told['trainings']}.")
