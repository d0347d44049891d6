"""Command line: ``python -m sknn_concepts`` finds a network for a table.

``... warmup`` compiles kernels in advance, and ``... cache`` tells how much room they take on disk.
"""

import argparse
import pathlib
import sys
import time

import numba


def main(arguments=None):
    """Run the job, and count the time spent on imports towards its budget; or care for compiled kernels."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["warmup"]:
        return compile_kernels(arguments[1:])
    if arguments[:1] == ["cache"]:
        return describe_cache(arguments[1:])
    from sknn_concepts.job import cli

    return cli.main(arguments, spent=time.process_time())


def compile_kernels(arguments):
    """Compile the kernels that most fits use into the cache folder, or into another one."""
    parser = argparse.ArgumentParser(
        prog="python -m sknn_concepts warmup",
        description="Compile the kernels that most fits use, so that later processes load them from disk.",
    )
    parser.add_argument(
        "--into",
        metavar="FOLDER",
        help="folder for the compiled kernels; later processes find them there if NUMBA_CACHE_DIR names it",
    )
    parser.add_argument("--sparse", action="store_true", help="compile the kernels for sparse samples, too")
    parser.add_argument("--tables", action="store_true", help="compile the kernels of the tabular ensembles, too")
    options = parser.parse_args(arguments)
    if options.into is not None:
        folder = pathlib.Path(options.into)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print(f"error: {folder} is no folder that can be written to: {error}", file=sys.stderr)
            return 2
        numba.config.CACHE_DIR = str(folder.resolve())
    from sknn_concepts import warmup

    seconds = warmup(sparse=options.sparse, tables=options.tables)
    print(f"Compiled, or found in the cache, in {seconds:.1f} s.")
    return 0


def describe_cache(arguments):
    """Print where compiled kernels are on disk, and how much room they take; or delete them."""
    parser = argparse.ArgumentParser(
        prog="python -m sknn_concepts cache",
        description="Print the folder of compiled kernels, the number of its files and their size.",
    )
    parser.add_argument("--clear", action="store_true", help="delete the files; later processes compile again")
    options = parser.parse_args(arguments)
    from sknn_concepts import cache_info, clear_cache

    try:
        found, said = ([clear_cache()], "Deleted from ") if options.clear else (cache_info(), "")
    except OSError as error:
        print(f"error: some files cannot be deleted: {error}", file=sys.stderr)
        return 1
    if found in ([], [None]):
        print("error: there is no folder that can be written to; NUMBA_CACHE_DIR may name one.", file=sys.stderr)
        return 1
    for folder, n_files, n_bytes in found:
        print(f"{said}{folder}: {n_files} files, {n_bytes / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
