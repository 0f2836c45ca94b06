"""Pairs that need no page: the strings of programs and the names of things in three languages, words
and what they mean, a sentence and the passage that it was taken from."""
import gettext
import json
import lzma
import random
import re
import subprocess
import sys
import tarfile
import zipfile

LANGUAGES = ("en", "ko", "ja")
CROSSINGS = (("en", "ko"), ("en", "ja"), ("ko", "ja"))
FIREFOX = {"en": "firefox-esr-l10n-en-gb", "ko": "firefox-esr-l10n-ko", "ja": "firefox-esr-l10n-ja"}
CLDR = ("cldr-annotations-full", "cldr-localenames-full")
CLDR_VERSION = "48.2.0"
WORDNET = "wordnet-base"

SHORTCUT = re.compile(r"\(?[_~&](?=\w)|\([_~&]?[A-Z]\)")  # the key that chooses an entry of a menu
FTL_MESSAGE = re.compile(r"^([\w-]+) = (.+)$")
FTL_ATTRIBUTE = re.compile(r"^    \.([\w-]+) = (.+)$")
SENTENCE_END = re.compile(r"(?<=[.!?。])\s+|(?<=。)")


def crossings(texts):
    """Of {language: text}, each two that differ."""
    for a, b in CROSSINGS:
        if texts.get(a) and texts.get(b) and texts[a] != texts[b]:
            yield f"{a}-{b}", (texts[a], texts[b])


def office_strings(unpack, folder):
    """What LibreOffice says in its windows. A catalogue's keys are the English strings."""
    strings = {}
    for language in ("ko", "ja"):
        root = unpack(f"libreoffice-l10n-{language}", folder)
        for path in sorted(root.rglob("*.mo")):
            with open(path, "rb") as file:
                catalogue = gettext.GNUTranslations(file)._catalog
            for key, text in catalogue.items():
                if isinstance(key, str) and "\x04" in key:
                    english = SHORTCUT.sub("", key.split("\x04", 1)[1])
                    entry = strings.setdefault((path.name, key), {"en": english})
                    entry[language] = SHORTCUT.sub("", text)
    return strings.values()


def ftl_strings(text):
    message = ""
    for line in text.splitlines():
        if found := FTL_MESSAGE.match(line):
            message = found[1]
            yield message, found[2]
        elif found := FTL_ATTRIBUTE.match(line):
            if found[1] != "accesskey":
                yield f"{message}.{found[1]}", found[2]
        elif not line.startswith(" "):
            message = line.split(" =")[0]


def firefox_strings(unpack, folder):
    strings = {}
    for language, package in FIREFOX.items():
        archive = next(unpack(package, folder).rglob("*.xpi"))
        with zipfile.ZipFile(archive) as xpi:
            for name in sorted(xpi.namelist()):
                if not name.endswith(".ftl"):
                    continue
                for key, text in ftl_strings(xpi.read(name).decode("utf-8", errors="replace")):
                    text = re.sub(r"\{ -brand-[\w-]+ \}", "Firefox", text)
                    if "{" not in text and "<" not in text:
                        place = (name.split("/", 2)[-1], key)
                        strings.setdefault(place, {})[language] = text
    return strings.values()


def cldr(folder):
    """Names of languages, countries and scripts, and what emoji show (Unicode's CLDR)."""
    for package in CLDR:
        archive = folder / f"{package}-{CLDR_VERSION}.tgz"
        if not archive.exists():
            subprocess.run(["npm", "pack", "--silent", f"{package}@{CLDR_VERSION}"], cwd=folder,
                           check=True, stdout=sys.stderr)
        things = {}
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                language = member.name.split("/")[-2] if member.name.count("/") > 1 else ""
                if language in LANGUAGES and member.name.endswith(".json"):
                    add_names(json.load(tar.extractfile(member)), member.name, language, things)
        yield from things.values()


def add_names(node, path, language, things):
    """Leaves by the way to them, which is the same in all languages."""
    for key, value in node.items():
        key = "" if key == language else key
        if isinstance(value, dict):
            add_names(value, f"{path}/{key}", language, things)
        elif isinstance(value, list):  # an emoji's names, or what else it may stand for
            text = " ".join(value[:6])
            things.setdefault(f"{path.split('/')[-1]} {key}", {})[language] = text
        elif isinstance(value, str) and "alt" not in key and "version" not in key.lower():
            things.setdefault(f"{path.split('/')[-1]} {key}", {})[language] = value


def words(unpack, folder):
    """A word and its synonyms, what it means, how it is used (WordNet 3.0)."""
    for path in sorted((unpack(WORDNET, folder) / "usr/share/wordnet").glob("data.*")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(" ") or " | " not in line:
                continue
            fields, gloss = line.split(" | ", 1)
            fields = fields.split()
            names = [re.sub(r"\(.*\)", "", fields[4 + 2 * i]).replace("_", " ")
                     for i in range(int(fields[3], 16))]
            meaning, *examples = [part.strip(' "') for part in gloss.split('; "')]
            yield ", ".join(names[:4]), meaning
            for example in examples[:1]:
                if len(example) > 20:
                    yield example, f"{names[0]}: {meaning}"


def taken_out(text, chance):
    """One sentence of a passage, and the passage without it; one time in ten with it, since the words
    of a question often stand in what answers it (Lee, Chang, Toutanova 2019, arXiv:1906.00300)."""
    sentences = [s.strip() for s in SENTENCE_END.split(text) if s and s.strip()]
    long_enough = [i for i, s in enumerate(sentences) if 20 <= len(s) <= 200]
    if len(sentences) < 3 or not long_enough:
        return None
    i = chance.choice(long_enough)
    rest = sentences if chance.random() < 0.1 else sentences[:i] + sentences[i + 1:]
    return sentences[i], " ".join(rest)


def passages(texts, every, seed):
    """Of about one in `every` thousand characters of the texts."""
    chance = random.Random(seed)
    for text in texts:
        paragraphs = [p.strip() for p in text.split("\n\n")]
        paragraphs = [re.sub(r"\s+", " ", p) for p in paragraphs
                      if 150 < len(p) < 2000 and not p.startswith(("#", "|", "```", "-", "*", ">"))]
        wanted = round(len(text) / 1000 / every + chance.random())
        for paragraph in chance.sample(paragraphs, min(wanted, len(paragraphs))):
            pair = taken_out(paragraph, chance)
            if pair:
                yield pair


def json_texts(path):
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]
