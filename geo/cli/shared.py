"""The commands of the store that many machines share: store load, list, remove."""

from pathlib import Path
from typing import Annotated

import typer

from geo.cli.options import say, say_step
from geo.errors import CareReachError
from geo.packs.database import store_address, store_missing
from geo.packs.shared import shared_packs
from geo.packs.shared_loading import has_reader, load_pack, remove_shared

store_app = typer.Typer(
    help="Packs that many machines share, in the PostGIS database that CAREREACH_STORE names.",
    no_args_is_help=True,
)


def _address() -> str:
    """The store's address.

    Raises
    ------
    CareReachError
        If there is none, or it cannot be used.
    """
    if not store_address():
        raise CareReachError("Set CAREREACH_STORE to the address of a database: postgresql://…")
    missing = store_missing()
    if missing:
        raise CareReachError(missing)
    return store_address()


@store_app.command("load")
def load(
    packs: Annotated[list[str], typer.Argument(help="Packs of this machine, or their folders.")],
) -> None:
    """Put packs into the store, in place of those of their names."""
    address = _address()
    for name in packs:
        folder = Path(name)
        given = folder if folder.is_dir() else name
        pack = load_pack(address, given, say_step)
        typer.echo(f"The store has {pack.name} now, with {len(pack.providers):,} providers.")
    if not has_reader(address):
        say(
            "The role carereach_reader, for the apps that read the store, does not exist: let a "
            "superuser run CREATE ROLE carereach_reader NOLOGIN, and load again."
        )


@store_app.command("list")
def list_shared() -> None:
    """List the packs of the store."""
    for pack in shared_packs(_address()):
        typer.echo("\t".join([pack.name, f"{pack.providers:,} providers", f"loaded {pack.loaded}"]))


@store_app.command("remove")
def remove(pack: Annotated[str, typer.Argument(help="A pack of the store.")]) -> None:
    """Take a pack out of the store; the copies on other machines go with it."""
    remove_shared(_address(), pack)
    typer.echo(f"The store has no {pack} any more.")
