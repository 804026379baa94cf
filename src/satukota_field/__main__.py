"""`python -m satukota_field` is `satukota field`."""

import sys

from satukota_field.cli import main

sys.exit(main())
