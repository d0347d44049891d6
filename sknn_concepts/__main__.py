"""Command line entry point: ``python -m sknn_concepts`` finds a network for a table."""

import sys
import time

from sknn_concepts.job import cli


def main():
    """Run the job and count the time spent on imports towards its budget."""
    return cli.main(spent=time.process_time())


if __name__ == "__main__":
    sys.exit(main())
