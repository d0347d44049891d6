"""Tables of text encodings and the non-ASCII letters of the languages written in them."""

#: Single-byte encodings, the most likely first, and the non-ASCII letters of the languages written in them.
WESTERN = "äöüß éèêëàâçîïôûùœæ áéíóúñü áâãàçéêíóôõúü àèéìòù åäöé æøåé éèëïöüáó çàèéíòóúïü".split()
CENTRAL = "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţșț čćđšž".split()
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё абвгґдеєжзиіїйклмнопрстуфхцчшщьюя абвгдђежзијклљмнњопрстћуфхцчџш".split()
GREEK = ["αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"]
ALPHABETS = {
    "cp1252": WESTERN,
    "cp1250": CENTRAL,
    "iso8859-2": CENTRAL,
    "cp1254": ["çğıöşüâîİ"],
    "cp1255": ["אבגדהוזחטיךכלםמןנסעףפץצקרשת"],  # before cp1251, which decodes all its bytes as letters too
    "cp1251": CYRILLIC,
    "koi8-r": CYRILLIC,
    "koi8-u": CYRILLIC,
    "cp866": CYRILLIC,
    "iso8859-5": CYRILLIC,
    "mac-cyrillic": CYRILLIC,
    "cp1253": GREEK,
    "iso8859-7": GREEK,
    "cp1257": ["ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"],
    "cp1256": ["ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأؤإئپچژگ"],
    "cp874": ["".join(map(chr, range(0xE01, 0xE5B)))],
    "latin-1": [*WESTERN, "áðéíóúýþæö"],
    "mac-roman": WESTERN,
    "cp850": WESTERN,
    "cp852": CENTRAL,
}

#: Double-byte encodings, and the lead bytes of frequent characters: kana, hangul, common ideographs.
LEAD_BYTES = {
    "cp949": {*range(0xB0, 0xC9)},
    "cp932": {0x82, 0x83, *range(0x88, 0x98)},
    "euc_jp": {0xA4, 0xA5, *range(0xB0, 0xD0)},
    "gb18030": {*range(0xB0, 0xD8)},
    "big5": {*range(0xA4, 0xC7)},
}

#: Amount subtracted from the scores of encodings that are rarely used today.
RARITY_PENALTY = dict.fromkeys(["euc_jp", "mac-roman", "cp850", "cp852", "cp866", "iso8859-5", "mac-cyrillic"], 0.1)

#: Non-ASCII symbols that occur next to words and numbers in tables.
SYMBOLS = frozenset("€£¥§°µ²³¹½¼¾–—…“”‘’„«»·±×‰®©™№º¿¡\u00a0\u202f")
