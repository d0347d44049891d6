"""Bytes become text: the encoding is told by marks, by what decodes, and by what the letters spell.

In the right encoding the letters beyond ASCII belong to one language, and no sign stands within a word. Tables hold
few words, which is why letters are counted here and not pairs of letters, as detectors for running text do.
"""

import codecs
import functools
import itertools
import re
import unicodedata

from sknn_concepts.job.errors import BadInput, did_you_mean
from sknn_concepts.job.reading.alphabets import ALPHABETS, LEADS, RARE, SIGNS

MARKS = {  # the longer ones first: a UTF-32 mark begins like one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

#: So many different words whose bytes beyond ASCII are even in number are written with two bytes a letter.
FEWEST_RUNS = 6

#: The least mean of what the letters of a file earn in the encoding that is believed.
BELIEVED = 0.45

WORDS = 5_000

#: Control characters, of which a text has one kind at most (as a separator), and how many of others are let pass.
_CONTROLS = [code for code in range(32) if code not in b"\t\n\r\f\v"]
MOST_CONTROLS = 0.02
MOST_NULS = 0.25
CONTROLS_IN = 100_000

_WORD = re.compile(r"[0-9]?[A-Za-z]*[^\x00-\x7f][^\x00-/:-@\[-`{-\x7f]*")
_TYPOGRAPHY = re.compile(
    rb"(?<=[A-Za-z])\x92(?=[a-z])|(?<![A-Za-z])[\x91\x93](?=\w)|(?<=[\w.,!?])[\x92\x94](?![A-Za-z])"
)
_BUT_DASHES = re.compile(rb"[\x80-\x84\x86-\x95\x98-\xff]")
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxz")
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def to_utf8(data, encoding="auto", name="the file"):
    """Find the encoding of a text and turn it into UTF-8.

    Parameters
    ----------
    data : bytes
    encoding : str, default="auto"
        As the user said.
    name : str
        Of the file, for messages.

    Returns
    -------
    data : bytes
        UTF-8 without a mark.
    encoding : str
        What it was.
    notes : list of str

    Raises
    ------
    BadInput
        If the encoding is unknown, or is not that of the data.
    """
    if encoding != "auto":
        return _recode(data, known_encoding(encoding), name), encoding, []
    mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
    encoding = MARKS.get(mark, "") or _by_zeros(data)
    if encoding and encoding != "utf-8":
        note = f"the file is {encoding.upper()} text (--encoding)."
        return _recode(data, encoding, name), encoding, [note]
    data = data[len(mark) :]
    if data.isascii():
        return data, "utf-8", []
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guess(data, error, name)
    return data, "utf-8", []


def without_controls(data, name="the file"):
    """Leave out what is no text: NUL bytes, and the Ctrl-Z that ends files of old programs.

    Parameters
    ----------
    data : bytes
        UTF-8.
    name : str
        Of the file, for messages.

    Returns
    -------
    data : bytes
    notes : list of str

    Raises
    ------
    BadInput
        If it is no text.
    """
    data = data.rstrip(b"\0\x1a")
    head = data[:CONTROLS_IN]
    counts = [head.count(code) for code in _CONTROLS]
    others = sum(counts[1:]) - max(counts[1:])
    if others > MOST_CONTROLS * len(head) or counts[0] > MOST_NULS * len(head):
        raise BadInput(f"{name} is neither a text table nor Parquet")
    nuls = data.count(0)
    if nuls:
        return data.replace(b"\0", b""), [f"{nuls} NUL bytes were left out."]
    return data, []


def known_encoding(encoding):
    """Check the name of an encoding, as the user gave it."""
    try:
        codec = codecs.lookup(encoding)
        if not codec._is_text_encoding:  # base64, zlib and others that are none of text
            raise LookupError(encoding)
    except (LookupError, ValueError, TypeError):
        hint = did_you_mean(encoding, ["utf-8", "utf-16", *ALPHABETS, *LEADS])
        raise BadInput(
            f"unknown encoding {encoding!r}.{hint} Known are utf-8, cp1252, cp1251, cp932, gbk, ..."
        ) from None
    return codec.name


def _recode(data, encoding, name):
    try:
        text = data.decode(encoding)
    except (UnicodeError, ValueError) as error:
        raise BadInput(f"{name} is not {encoding}: {_place(data, error)}; say what it is: --encoding") from None
    return text.removeprefix("\ufeff").encode("utf-8", "replace")


def _place(data, error):
    """Where the data could not be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        return " ".join(str(error).split())
    line = data.count(b"\n", 0, error.start) + 1
    return f"byte 0x{data[error.start]:02x} in line {line} ({error.reason})"


def _by_zeros(data):
    """UTF-16 or UTF-32 without a mark: letters of ASCII, among them line ends, have bytes of zero."""
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


def _guess(data, error, name):
    """An encoding that is neither ASCII nor UTF-8."""
    good = sum(1 for _ in itertools.islice(_UTF8_LETTER.finditer(data), WORDS))
    high = sum(len(word.group()) for word in itertools.islice(re.finditer(rb"[\x80-\xff]+", data), WORDS))
    if good and 2 * good > 0.8 * high:
        raise BadInput(f"{name} is UTF-8 but for {_place(data, error)}; mend it or say what it is: --encoding cp1252")
    sample = _beyond_ascii(data)
    earned = {encoding: _earned(sample, encoding) - RARE.get(encoding, 0.0) for encoding in (*ALPHABETS, *LEADS)}
    if _TYPOGRAPHY.search(sample) and not _BUT_DASHES.search(_TYPOGRAPHY.sub(b"", sample)):
        earned["cp1252"] = 1.0  # other encodings have letters in these places
    runs = set(re.findall(rb"[\x80-\xff]+", sample))
    if len(runs) >= FEWEST_RUNS and not any(len(run) % 2 for run in runs):
        earned |= {encoding: earned[encoding] + 0.2 for encoding in LEADS}
    for best in sorted(earned, key=earned.get, reverse=True):
        if earned[best] < BELIEVED:
            break
        try:
            utf8 = data.decode(best).encode("utf-8", "replace")
        except UnicodeDecodeError:
            continue
        return utf8, best, [f"the file is not UTF-8; it was read as {best} (--encoding)."]
    raise BadInput(f"{name} is not UTF-8: {_place(data, error)}; say what it is: --encoding cp1252")


def _beyond_ascii(data):
    """Lines that hold more than ASCII, as far as they tell more, and each byte once."""
    lines = itertools.islice(re.finditer(rb"[^\r\n\x80-\xff]{0,200}[\x80-\xff][^\r\n]{0,500}", data), WORDS)
    return b"\n".join(dict.fromkeys(line.group() for line in lines))


def _earned(sample, encoding):
    """Mean of what the characters beyond ASCII earn, in the language that suits best."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    words = sorted({word.group() for word in _WORD.finditer(text)})[:: max(1, len(text) // 10**6)]
    everything, best = frozenset("".join(ALPHABETS.get(encoding, ""))), -1.0
    for alphabet in ALPHABETS.get(encoding, [""]):
        letters, earned, count = frozenset(alphabet), 0.0, 0
        for word in words:
            bare = len(word) > 1 and word.isalpha() and not any(map(str.isascii, word)) and _script(word[0]) == "LATIN"
            for place, character in enumerate(word):
                if not character.isascii():
                    before, after = word[:place], word[place + 1 : place + 2]
                    if encoding in LEADS:
                        earned += _worth_of_two(before[-1:], character, after, encoding)
                    elif bare:  # a word of such letters only
                        earned -= 0.5
                    else:
                        earned += _worth(before, character, after, letters, everything)
                    count += 1
        best = max(best, earned / max(1, count))
    return best


def _worth_of_two(before, character, after, encoding):
    """What a character of two bytes says for an encoding: 1 where it is a frequent one, less than 0 for nonsense."""
    code = character.encode(encoding)
    if len(code) < 2 or unicodedata.category(character)[0] == "C":
        return -1.0
    if (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()):
        return -1.0
    if code[1] < 0xA1 and encoding in ("cp949", "gb18030"):
        return 0.0  # a rare one
    if encoding == "euc_jp" and code[0] in (0xA4, 0xA5):
        return 1.2  # kana, without which there is no Japanese
    if code[0] in LEADS[encoding]:
        return 1.0
    return 0.0 if character.isalpha() else -0.5


def _worth(before, character, after, letters, everything):
    """What one character says for an encoding: 1 for a letter of the language, less than 0 for nonsense."""
    twice, before = before[-2:], before[-1:]
    within = before.isalpha() and after.isalpha()
    if character == "\u2019" and within:
        return 1.0
    if character in SIGNS:
        if before.isdigit() or after.isdigit():
            return 1.0
        return 0.5 if not within else 0.0 if character in "\u2013\u2014" else -1.0
    lower = character.lower()
    if not (character.isalpha() or lower in everything):
        return -3.0 if unicodedata.category(character)[0] == "C" else -1.0
    script, around = _script(character), {_script(before), _script(after)} - {""}
    if script != "LATIN" and around != {script}:  # no letter of its kind beside it, or one of another kind
        return -1.0
    if character.isupper() and before.islower() or character.islower() and len(twice) == 2 and twice.isupper():
        return -1.0
    if not around:
        return 0.3
    if "ã" in letters and character == "õ" and after != "e":
        return 0.5  # not so in Portuguese
    if "é" in letters and lower == "ç" and after in _CONSONANTS:
        return 0.5  # not so in French
    return 1.0 if letters & {character, lower} else 0.6 if everything & {character, lower} else 0.0


@functools.lru_cache(4096)
def _script(character):
    """Latin, Greek, ... by the character's name."""
    return unicodedata.name(character, "").split(" ")[0] if character.isalpha() else ""
