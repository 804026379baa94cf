"""`python -m satukota.cli` is the same door as `satukota`."""

import sys

from satukota.cli import main

sys.exit(main())
