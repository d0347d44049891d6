"""Tests that the type of a file is determined from its content."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import threading
import zipfile

import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading import files
from sknn_concepts.job.reading.files import read_bytes

TEXT = b"a,b\n" + b"".join(b"%d,%d\n" % (row, row * row % 97) for row in range(200))


def zipped(**contents):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(*contents):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for number, content in enumerate(contents):
            entry = tarfile.TarInfo(f"{number}.csv")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def flipped(data, place=60):
    return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]


@pytest.fixture
def read(tmp_path):
    def read_content(content):
        (tmp_path / "file").write_bytes(content)
        return read_bytes(tmp_path / "file")

    return read_content


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda data: zipped(table=data),
        lambda data: zipped(**{"__MACOSX/._table": b"x", "folder/": b"", "folder/table": data}),
        tarred,
        lambda data: gzip.compress(bz2.compress(data)),
        lambda data: data,
    ],
    ids=["gzip", "bzip2", "xz", "zip", "zip of macOS", "tar", "twice", "plain"],
)
def test_compressed_files_are_unpacked(read, pack):
    assert read(pack(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(TEXT)[:-12], "cannot read"),
        (bz2.compress(TEXT)[:-12], "cannot read"),
        (lzma.compress(TEXT)[:-12], "cannot read"),
        (zipped(table=TEXT)[:-12], "cannot read"),
        (tarred(TEXT)[:-12], "cannot read"),
        (flipped(gzip.compress(TEXT)), "cannot read"),
        (flipped(bz2.compress(TEXT)), "cannot read"),
        (flipped(lzma.compress(TEXT)), "cannot read"),
        (flipped(zipped(table=TEXT)), "cannot read"),
        (zipped(one=TEXT, two=TEXT), "archive of 2 files"),
        (zipped(), "archive of 0 files"),
        (tarred(TEXT, TEXT), "archive of 2 files"),
        (zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "spreadsheet"),
        (b"%PDF-1.4\n" + os.urandom(100), "a PDF document"),
        (b"\x89PNG\r\n\x1a\n" + os.urandom(100), "a PNG image"),
        (pickle.dumps({"a": 1}), "a pickle"),
        (pickle.dumps({"a": 1}, 0), "a pickle"),
        (b"\x93NUMPY" + bytes(100), "a NumPy array"),
        (b"\x7fELF" + bytes(100), "a program"),
        (b"SQLite format 3\0" + bytes(100), "an SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an old Excel or Word file"),
        (b"\n <!DOCTYPE html><html></html>", "an HTML page"),
        (b"<HTML>", "an HTML page"),
        (b'<?xml version="1.0"?>', "an XML file"),
        (b'[{"a": 1}, {"a": 2}]', "JSON"),
        (b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n', "JSON"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(read, content, words):
    with pytest.raises(BadInput, match=words) as caught:
        read(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_devices_never_end(path):
    if not os.path.exists(path):
        pytest.skip(f"there is no {path} here")
    with pytest.raises(BadInput, match="is a device"):
        read_bytes(path)


def test_paths_that_lead_nowhere(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "none", "no file"), ("a\0b", "cannot read")):
        with pytest.raises(BadInput, match=words):
            read_bytes(path)
    with pytest.raises(BadInput, match="cannot read"):
        read_bytes(tmp_path / "loop")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(BadInput, match="permission denied"):
        read_bytes(tmp_path / "secret")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a matter of POSIX")
def test_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(TEXT,))
    writer.start()
    assert read_bytes(tmp_path / "pipe") == TEXT
    writer.join()


def test_streams_and_packed_files_have_a_limit(read, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    monkeypatch.setattr(files, "CHUNK", 100)
    with pytest.raises(BadInput, match="contains more than"):
        read(gzip.compress(bytes(10_000)))
