"""Imports on demand, each in a process of its own that can be killed; driven by `test_imports`.

Reads "<table> <pack> <day>" lines, and answers each with the number of a new process that has
read the table and is about to import it.
"""

import os
import sys
from pathlib import Path

from geo.sources.batch import Origin
from geo.sources.into_pack import import_into
from geo.sources.mapping import propose
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities


def main() -> None:
    """Answer each line that comes in."""
    for line in sys.stdin:
        path, pack, day = line.split()
        sheet = read_sheet(Path(path))
        origin = Origin("mine", "My table", "CC0", kind="other")
        batch = read_facilities(Path(path), propose(sheet).mapping, origin, day, None, sheet)
        child = os.fork()
        if child == 0:
            import_into(pack, [batch])
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
