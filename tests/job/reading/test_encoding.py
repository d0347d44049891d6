"""Tests of encodings: they are detected, given, or rejected."""

import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.reading.encoding import remove_control_characters, to_utf8

WORDS = {
    "German": "Köln Düsseldorf Münster Gießen Würzburg Zürich",
    "German countries": "Österreich Schweiz Großbritannien Dänemark Türkei",
    "French": "déjà très élevé réduit marché hôtel français",
    "Italian": "città qualità Forlì perché più società",
    "Spanish": "niño España año corazón sí compañía",
    "Portuguese": "Não Sim coração ações região Ceará Rondônia",
    "Swedish": "Göteborg Malmö Örebro Västerås Umeå Gävle",
    "Danish": "København Århus Ålborg Køge Rødovre Næstved",
    "one word": "Smith Jones Brown Davis Miller Núñez",
    "euros": "€10 €12.50 €7",
    "degrees": "20°C 21°C 15°C",
    "typography": "don’t “quoted” it’s",
    "Polish": "Łódź Kraków Gdańsk Wrocław Częstochowa Śląskie",
    "Czech": "červená žlutá zelená černá bílá růžová Plzeň",
    "Hungarian": "Győr Pécs Székesfehérvár Nyíregyháza Kecskemét",
    "Croatian": "Šibenik Čakovec Požega Varaždin Križevci",
    "Romanian": "Bucureşti Iaşi Timişoara Braşov Constanţa",
    "Russian": "Москва Казань Томск мужской женский да нет",
    "Russian capitals": "ДА НЕТ",
    "Ukrainian": "Київ Львів Одеса Харків Дніпро",
    "Greek": "Αθήνα Πάτρα Βόλος άνδρας γυναίκα ναι όχι",
    "Turkish": "İstanbul Muğla Eskişehir kırmızı yeşil gümüş",
    "Latvian": "Rīga Jūrmala Rēzekne Jēkabpils Cēsis",
    "Estonian": "Põlva Võru Jõgeva Pärnu Tõrva",
    "Hebrew": "ירושלים חיפה אשדוד נתניה",
    "Japanese": "東京 大阪 男性 女性 はい いいえ ラーメン",
    "Chinese": "北京 上海 广州 深圳 红色 蓝色 大学",
    "Chinese, traditional": "臺北 高雄 臺中 臺南 新竹",
    "Korean": "서울 부산 대구 남성 여성 아니오",
}


def table(language):
    return "name;price\n" + "".join(f"{word};{place}.5\n" for place, word in enumerate(WORDS[language].split()))


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        *((language, "cp1252") for language in list(WORDS)[:12]),
        ("German", "latin-1"),
        ("German", "cp850"),
        ("German", "mac-roman"),
        *((language, "cp1250") for language in ("Polish", "Czech", "Hungarian", "Croatian", "Romanian")),
        ("Polish", "iso8859-2"),
        ("Czech", "iso8859-2"),
        *((language, "cp1251") for language in ("Russian", "Russian capitals", "Ukrainian")),
        ("Russian", "koi8-r"),
        ("Russian", "cp866"),
        ("Greek", "cp1253"),
        ("Turkish", "cp1254"),
        ("Latvian", "cp1257"),
        ("Estonian", "cp1257"),
        ("Hebrew", "cp1255"),
        ("Japanese", "cp932"),
        ("Japanese", "euc_jp"),
        ("Chinese", "gbk"),
        ("Chinese, traditional", "big5"),
        ("Korean", "cp949"),
    ],
)
def test_an_encoding_is_found_by_its_letters(language, encoding):
    data, _, notes = to_utf8(table(language).encode(encoding))
    assert data.decode() == table(language)
    assert len(notes) == 1 and "(--encoding)" in notes[0]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", ["German", "Russian", "Japanese"])
def test_unicode_with_and_without_a_mark(language, encoding, mark):
    data, found, notes = to_utf8((mark + table(language)).encode(encoding))
    assert data.decode() == table(language)
    assert found == encoding
    assert len(notes) == (encoding != "utf-8")


def test_an_encoding_as_said():
    raw = table("Russian").encode("cp1251")
    assert to_utf8(raw, "cp1251")[0].decode() == table("Russian")
    assert to_utf8(raw, "cp1251")[2] == []
    assert to_utf8(raw, "latin-1")[0].decode() == raw.decode("latin-1")


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (b"a,b\n", "klingon", "unknown encoding 'klingon'"),
        (b"a,b\n", "base64", "unknown encoding 'base64'"),
        (b"a,b\n", "cp1253x", "unknown encoding 'cp1253x'. Did you mean 'cp1253'"),
        (b"a,b\nc,\xff\n", "utf-8", "not utf-8 text: byte 0xff in line 2.*--encoding"),
        (
            b"a,b\n" + "Müller,1\n".encode() * 20 + b"\xff,2\n",
            "auto",
            "UTF-8 except for byte 0xff in line 22.*--encoding",
        ),
        (bytes(range(128, 256)) * 3, "auto", "not UTF-8.*--encoding"),
        (b"\xff\xfea\0b", "auto", "not utf-16-le.*--encoding"),
    ],
)
def test_what_cannot_be_decoded_is_refused(content, encoding, words):
    with pytest.raises(BadInput, match=words) as caught:
        to_utf8(content, encoding)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text():
    assert remove_control_characters(b"a,b\n1,2\n\0\0\x1a") == (b"a,b\n1,2\n", [])
    data, notes = remove_control_characters(b"a,b\n1,\0\n" * 3)
    assert (data, notes) == (b"a,b\n1,\n" * 3, ["3 NUL bytes were left out."])
    assert remove_control_characters(b"a\x01b\n1\x012\n" * 3)[1] == []
    for binary in (bytes(range(256)), b"a,b\n\0\x01,\x02\n", b"a" + bytes(10) + b"b"):
        with pytest.raises(BadInput, match="neither a text table nor a Parquet file"):
            remove_control_characters(binary)
