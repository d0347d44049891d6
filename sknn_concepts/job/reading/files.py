"""Reading the bytes of a file, whose type is determined from its content and not from its name."""

import bz2
import gzip
import io
import lzma
import os
import pathlib
import re
import stat
import tarfile
import zipfile
import zlib

from sknn_concepts.job.errors import BadInput

#: Maximum number of bytes of a source whose size is unknown in advance: a pipe or a compressed file.
MAX_BYTES = 2**30

CHUNK = 2**20

#: First bytes of file types that contain no text table.
OTHER_TYPES = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; save it as CSV",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "an Arrow file; save it as Parquet or CSV",
    b"FEA1": "a Feather file; save it as Parquet or CSV",
    b"ORC": "an ORC file; save it as Parquet or CSV",
    b"Obj\x01": "an Avro file; save it as Parquet or CSV",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it",
    b"\x04\x22\x4d\x18": "compressed with LZ4; unpack it",
    b"\x7fELF": "a program",
    **dict.fromkeys([b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"(dp0", b"(lp0"], "a pickle"),
    b"{\\rtf": "an RTF document",
}

#: Patterns of the beginning of such files after white space, in any case.
OTHER_TEXT_TYPES = {
    rb"<!doctype|<html|<head|<table": "an HTML page; save the table as CSV",
    rb"<\?xml": "an XML file; save the table as CSV",
    rb"(%[^\n]*\n\s*)*@relation": "ARFF; save the table as CSV",
    rb"\[\s*[\[{]|\{\s*\"": "JSON; save the table as CSV",
}

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}

_BROKEN: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, ImportError, RuntimeError, lzma.LZMAError)
_BROKEN += (zlib.error, zipfile.BadZipFile, tarfile.TarError)


def read_bytes(path):
    """Read a file or pipe, decompress gzip, bzip2 and xz, and extract a zip or tar archive of one file.

    BadInput is raised if the file does not exist, cannot be read, or is neither a text table nor a Parquet file.
    """
    name = repr(str(path))
    try:
        with pathlib.Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
                raise BadInput(f"{name} is a device, not a file")
            data = file.read() if stat.S_ISREG(mode) else _at_most(file, name)
        for _ in range(3):  # an archive may itself be compressed
            unpacked = _unpack(data, name)
            if unpacked is None:
                break
            data = unpacked
    except FileNotFoundError:
        raise BadInput(f"there is no file {name}") from None
    except IsADirectoryError:
        raise BadInput(f"{name} is a folder, not a file") from None
    except PermissionError:
        raise BadInput(f"cannot read {name}: permission denied") from None
    except MemoryError:
        raise BadInput(f"{name} does not fit into memory") from None
    except _BROKEN as error:
        raise BadInput(f"cannot read {name}: {one_line(error)}") from None
    if not data:
        raise BadInput(f"{name} is empty")
    kind = next((kind for start, kind in OTHER_TYPES.items() if data.startswith(start)), "")
    for pattern, text_kind in OTHER_TEXT_TYPES.items():
        if re.match(rb"(\xef\xbb\xbf)?\s*(" + pattern + rb")", data, re.IGNORECASE):
            kind = text_kind
    if kind:
        raise BadInput(f"{name} is not a table but {kind}")
    return data


def one_line(error):
    """Return the message of an exception on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _at_most(file, name):
    """Read a stream of unknown size, up to a limit."""
    chunks, size = [], 0
    while chunk := file.read(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise BadInput(f"{name} contains more than {MAX_BYTES >> 20:,} MiB; unpack it or save it to a file")
    return b"".join(chunks)


def _unpack(data, name):
    """Return the content of a compressed file or of an archive of one file, or None if the data are neither."""
    for start, opener in _OPENERS.items():
        if data.startswith(start):
            with opener(io.BytesIO(data)) as file:
                return _at_most(file, name)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [entry for entry in archive.namelist() if not _is_clutter(entry)]
            if "[Content_Types].xml" in names or "mimetype" in names:
                raise BadInput(f"{name} is a spreadsheet or another office document; save it as CSV")
            with archive.open(_only(names, name)) as file:
                return _at_most(file, name)
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = [entry for entry in archive.getmembers() if entry.isfile() and not _is_clutter(entry.name)]
            with archive.extractfile(_only(members, name)) as file:
                return _at_most(file, name)
    return None


def _is_clutter(entry):
    """Whether an archive entry is a folder or one of the hidden files that macOS adds."""
    return entry.endswith("/") or entry.startswith("__MACOSX/") or entry.rsplit("/", 1)[-1].startswith("._")


def _only(members, name):
    if len(members) != 1:
        raise BadInput(f"{name} is an archive of {len(members)} files; unpack it and pass one of them")
    return members[0]
