"""simple-salesforce, unmodified, against the sandbox: `TANDEM_SANDBOX='{…}' python main.py`."""

import sys
import tempfile

import harness
from org import Org

# Registered in this order.
import login  # noqa: F401
import records  # noqa: F401
import bulk  # noqa: F401
import bulk_v1  # noqa: F401


def main():
    with tempfile.TemporaryDirectory() as folder:
        org = Org(harness.credentials(), folder)
        return harness.run_all("simple-salesforce", org)


if __name__ == "__main__":
    sys.exit(main())
