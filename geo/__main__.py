"""`python -m geo` is the command line."""

from geo.cli.main import main

raise SystemExit(main())
