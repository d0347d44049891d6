"""``python -m sknn_concepts``: a tuned network for a table, from the command line."""

import sys
import time

from sknn_concepts.job import cli


def main():
    """Run the main job; the time that the imports took counts too."""
    return cli.main(spent=time.process_time())


if __name__ == "__main__":
    sys.exit(main())
