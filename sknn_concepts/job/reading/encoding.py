"""Detection of the text encoding from byte order marks, valid byte sequences and the letters they decode to.

In the right encoding, all non-ASCII letters belong to one language, and no symbol occurs within a word. Tables contain
few words, so single letters are scored here instead of the letter pairs that detectors for running text use.
"""

import codecs
import functools
import itertools
import re
import unicodedata

from sknn_concepts.job.errors import BadInput, did_you_mean
from sknn_concepts.job.reading.encoding_tables import ALPHABETS, LEAD_BYTES, RARITY_PENALTY, SYMBOLS

BYTE_ORDER_MARKS = {  # the longer ones first, because a UTF-32 mark begins like a UTF-16 mark
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

#: Minimum number of distinct runs of non-ASCII bytes, all of even length, to suggest a double-byte encoding.
MIN_RUNS = 6

#: Minimum mean score of the letters for an encoding to be accepted.
MIN_MEAN_SCORE = 0.45

#: Maximum number of matches that are examined.
MAX_WORDS = 5_000

#: Control characters, of which a text contains at most one kind (as a separator), and the shares that are tolerated.
_CONTROLS = [code for code in range(32) if code not in b"\t\n\r\f\v"]
MAX_CONTROL_SHARE = 0.02
MAX_NUL_SHARE = 0.25
CHECKED_BYTES = 100_000

_WORD = re.compile(r"[0-9]?[A-Za-z]*[^\x00-\x7f][^\x00-/:-@\[-`{-\x7f]*")
_TYPOGRAPHY = re.compile(
    rb"(?<=[A-Za-z])\x92(?=[a-z])|(?<![A-Za-z])[\x91\x93](?=\w)|(?<=[\w.,!?])[\x92\x94](?![A-Za-z])"
)
_BUT_DASHES = re.compile(rb"[\x80-\x84\x86-\x95\x98-\xff]")
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxz")
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def to_utf8(data, encoding="auto", name="the file"):
    """Convert text to UTF-8 without a byte order mark, and return it with its original encoding and notes.

    The encoding is detected unless it is given. BadInput is raised if it is unknown or cannot decode the data.
    """
    if encoding != "auto":
        return _recode(data, known_encoding(encoding), name), encoding, []
    mark = next((mark for mark in BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    encoding = BYTE_ORDER_MARKS.get(mark, "") or _encoding_from_zeros(data)
    if encoding and encoding != "utf-8":
        note = f"the encoding of the file is {encoding.upper()} (--encoding)."
        return _recode(data, encoding, name), encoding, [note]
    data = data[len(mark) :]
    if data.isascii():
        return data, "utf-8", []
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _from_legacy_encoding(data, error, name)
    return data, "utf-8", []


def remove_control_characters(data, name="the file"):
    """Remove NUL bytes, and the Ctrl-Z at the end of files written by old programs, from UTF-8 text, with notes.

    BadInput is raised if the data contain too many control characters to be text.
    """
    data = data.rstrip(b"\0\x1a")
    head = data[:CHECKED_BYTES]
    counts = [head.count(code) for code in _CONTROLS]
    others = sum(counts[1:]) - max(counts[1:])
    if others > MAX_CONTROL_SHARE * len(head) or counts[0] > MAX_NUL_SHARE * len(head):
        raise BadInput(f"{name} is neither a text table nor a Parquet file")
    nuls = data.count(0)
    if nuls:
        return data.replace(b"\0", b""), [f"{nuls} NUL bytes were left out."]
    return data, []


def known_encoding(encoding):
    """Return Python's name of an encoding given by the user."""
    try:
        codec = codecs.lookup(encoding)
        if not codec._is_text_encoding:  # base64, zlib and other codecs that are not text encodings
            raise LookupError(encoding)
    except (LookupError, ValueError, TypeError):
        hint = did_you_mean(encoding, ["utf-8", "utf-16", *ALPHABETS, *LEAD_BYTES])
        raise BadInput(
            f"unknown encoding {encoding!r}.{hint} Known encodings are utf-8, cp1252, cp1251, cp932, gbk, ..."
        ) from None
    return codec.name


def _recode(data, encoding, name):
    try:
        text = data.decode(encoding)
    except (UnicodeError, ValueError) as error:
        raise BadInput(
            f"{name} is not {encoding} text: {_locate(data, error)}; specify another encoding with --encoding"
        ) from None
    return text.removeprefix("\ufeff").encode("utf-8", "replace")


def _locate(data, error):
    """Describe the position at which the data could not be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        return " ".join(str(error).split())
    line = data.count(b"\n", 0, error.start) + 1
    return f"byte 0x{data[error.start]:02x} in line {line} ({error.reason})"


def _encoding_from_zeros(data):
    """Detect UTF-16 or UTF-32 without a byte order mark from the zero bytes of ASCII characters, such as line ends."""
    if len(data) % 2 or b"\0" not in data[:4096]:
        return ""
    head = data[:4096]
    zeros = [head[place::4].count(0) / max(1, len(head[place::4])) for place in range(4)]
    few, many = 0.02, 0.15
    found = ""
    if len(data) % 4 == 0 and min(zeros[2:]) > 0.95 and zeros[0] < few:
        found = "utf-32-le"
    elif len(data) % 4 == 0 and min(zeros[:2]) > 0.95 and zeros[3] < few:
        found = "utf-32-be"
    elif max(zeros[0], zeros[2]) < few and min(zeros[1], zeros[3]) > many:
        found = "utf-16-le"
    elif max(zeros[1], zeros[3]) < few and min(zeros[0], zeros[2]) > many:
        found = "utf-16-be"
    try:
        data.decode(found or "ascii")
    except UnicodeDecodeError:
        return ""
    return found


def _from_legacy_encoding(data, error, name):
    """Detect an encoding other than ASCII and Unicode, and convert the data to UTF-8."""
    good = sum(1 for _ in itertools.islice(_UTF8_LETTER.finditer(data), MAX_WORDS))
    high = sum(len(word.group()) for word in itertools.islice(re.finditer(rb"[\x80-\xff]+", data), MAX_WORDS))
    if good and 2 * good > 0.8 * high:
        raise BadInput(
            f"{name} is UTF-8 except for {_locate(data, error)}; fix that byte or specify the encoding, "
            "such as --encoding cp1252"
        )
    sample = _lines_beyond_ascii(data)
    scores = {
        encoding: _mean_score(sample, encoding) - RARITY_PENALTY.get(encoding, 0.0)
        for encoding in (*ALPHABETS, *LEAD_BYTES)
    }
    if _TYPOGRAPHY.search(sample) and not _BUT_DASHES.search(_TYPOGRAPHY.sub(b"", sample)):
        scores["cp1252"] = 1.0  # in other encodings these bytes are letters
    runs = set(re.findall(rb"[\x80-\xff]+", sample))
    if len(runs) >= MIN_RUNS and not any(len(run) % 2 for run in runs):
        scores |= {encoding: scores[encoding] + 0.2 for encoding in LEAD_BYTES}
    for best in sorted(scores, key=scores.get, reverse=True):
        if scores[best] < MIN_MEAN_SCORE:
            break
        try:
            utf8 = data.decode(best).encode("utf-8", "replace")
        except UnicodeDecodeError:
            continue
        return utf8, best, [f"the file is not UTF-8; it was read as {best} (--encoding)."]
    raise BadInput(f"{name} is not UTF-8: {_locate(data, error)}; specify the encoding, such as --encoding cp1252")


def _lines_beyond_ascii(data):
    """Return the distinct lines with non-ASCII bytes, up to a maximum length and number."""
    lines = itertools.islice(re.finditer(rb"[^\r\n\x80-\xff]{0,200}[\x80-\xff][^\r\n]{0,500}", data), MAX_WORDS)
    return b"\n".join(dict.fromkeys(line.group() for line in lines))


def _mean_score(sample, encoding):
    """Return the mean score of the non-ASCII characters in the language that fits best."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    words = sorted({word.group() for word in _WORD.finditer(text)})[:: max(1, len(text) // 10**6)]
    everything, best = frozenset("".join(ALPHABETS.get(encoding, ""))), -1.0
    for alphabet in ALPHABETS.get(encoding, [""]):
        letters, score, count = frozenset(alphabet), 0.0, 0
        for word in words:
            bare = len(word) > 1 and word.isalpha() and not any(map(str.isascii, word)) and _script(word[0]) == "LATIN"
            for place, character in enumerate(word):
                if not character.isascii():
                    before, after = word[:place], word[place + 1 : place + 2]
                    if encoding in LEAD_BYTES:
                        score += _double_byte_score(before[-1:], character, after, encoding)
                    elif bare:  # a word of non-ASCII Latin letters only
                        score -= 0.5
                    else:
                        score += _letter_score(before, character, after, letters, everything)
                    count += 1
        best = max(best, score / max(1, count))
    return best


def _double_byte_score(before, character, after, encoding):
    """Score a character of a double-byte encoding: 1 for a frequent character, less than 0 for nonsense."""
    code = character.encode(encoding)
    if len(code) < 2 or unicodedata.category(character)[0] == "C":
        return -1.0
    if (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()):
        return -1.0
    if code[1] < 0xA1 and encoding in ("cp949", "gb18030"):
        return 0.0  # a rare character
    if encoding == "euc_jp" and code[0] in (0xA4, 0xA5):
        return 1.2  # kana, which occur in every Japanese text
    if code[0] in LEAD_BYTES[encoding]:
        return 1.0
    return 0.0 if character.isalpha() else -0.5


def _letter_score(before, character, after, letters, everything):
    """Score a character of a single-byte encoding: 1 for a letter of the language, less than 0 for nonsense."""
    twice, before = before[-2:], before[-1:]
    within = before.isalpha() and after.isalpha()
    if character == "\u2019" and within:
        return 1.0
    if character in SYMBOLS:
        if before.isdigit() or after.isdigit():
            return 1.0
        return 0.5 if not within else 0.0 if character in "\u2013\u2014" else -1.0
    lower = character.lower()
    if not (character.isalpha() or lower in everything):
        return -3.0 if unicodedata.category(character)[0] == "C" else -1.0
    script, around = _script(character), {_script(before), _script(after)} - {""}
    if script != "LATIN" and around != {script}:  # no neighbor of the same script, or one of another script
        return -1.0
    if character.isupper() and before.islower() or character.islower() and len(twice) == 2 and twice.isupper():
        return -1.0
    if not around:
        return 0.3
    if "ã" in letters and character == "õ" and after != "e":
        return 0.5  # does not occur in Portuguese
    if "é" in letters and lower == "ç" and after in _CONSONANTS:
        return 0.5  # does not occur in French
    return 1.0 if letters & {character, lower} else 0.6 if everything & {character, lower} else 0.0


@functools.lru_cache(4096)
def _script(character):
    """Return the script of a letter, such as LATIN or GREEK, from its Unicode name."""
    return unicodedata.name(character, "").split(" ")[0] if character.isalpha() else ""
