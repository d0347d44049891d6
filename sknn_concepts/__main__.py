"""``python -m sknn_concepts``: a tuned network for a table, from the command line."""

import sys

from sknn_concepts.job.cli import main

if __name__ == "__main__":
    sys.exit(main())
