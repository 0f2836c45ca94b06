#!/usr/bin/env python3
"""Makes pairs of texts that belong together, for a model that embeds.

    make_pairs.py OUT TEXTS

Into OUT/pairs, one file a kind and its languages, since a batch is of one file:
    crossing-A-B   the same paragraph, string of a program, or name of a thing in two languages
    headings-A     a heading or index entry and the text below it
    headings-crossing   the same in two languages
    words-en       a word and what it means
    passages-A     a sentence and the passage that it was taken from
and beside it sets to judge searches by (`pioneer eval search`), from pages of LibreOffice's help that
no heading or paragraph is made of (names in its windows are: crossing-A-B has them). Texts:
LibreOffice's help and strings and Firefox's strings (MPL-2.0) in English, Korean and Japanese, the
documentation of Apache (Apache-2.0), PostgreSQL (PostgreSQL), Python (PSF), Django (BSD), SQLite
(public domain), WordNet (its own free licence), downloaded with apt-get; CLDR (Unicode-3.0),
downloaded with npm; TEXTS/docs_ko.jsonl.xz and TEXTS/books_en.jsonl.xz as in recipes/pioneer-small.
The same versions give the same files.
"""
import argparse
import hashlib
import html
import json
import lzma
import random
import re
import subprocess
import sys
from pathlib import Path

import pair_texts

HELP_PACKAGES = {"en": "libreoffice-help-en-us", "ko": "libreoffice-help-ko", "ja": "libreoffice-help-ja"}
HELP_FOLDERS = {"en": "en-US", "ko": "ko", "ja": "ja"}
OTHER_PACKAGES = ["apache2-doc", "postgresql-doc-15", "python3.11-doc", "python-django-doc", "sqlite3-doc"]
MAX_FROM_PACKAGE = 20000  # pairs; what is more is left out evenly
MAX_REPEATS = 5  # of a heading: "See also" names nothing
MAX_CHARACTERS = 600  # of one text; the model reads fewer

ELEMENT = re.compile(r"<(h[1-6]|p|td|dt|dd|li|pre|title)\b([^>]*)>(.*?)</\1>", re.S | re.I)
KEYWORDS = re.compile(r'<meta itemprop="keywords" content="([^"]*)"')
ID = re.compile(r'id="((?:par|hd)_id[^"]+)"')
TAG = re.compile(r"<[^>]*>")
BLANK = re.compile(r"\s+")


def plain(markup):
    return BLANK.sub(" ", html.unescape(TAG.sub(" ", markup))).strip()


def language_of(text):
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return "?"
    share = lambda low, high: sum(low <= c <= high for c in letters) / len(letters)
    if share("\uac00", "\ud7a3") > 0.2:
        return "ko"
    if share("\u3040", "\u30ff") > 0.1 or share("\u4e00", "\u9fff") > 0.3:
        return "ja"
    return "en"


def unpack(package, folder):
    """The package's files, downloaded once."""
    root = folder / package
    if not root.exists():
        download = folder / "download"
        download.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", package], cwd=download, check=True, stdout=sys.stderr)
        deb = next(download.glob(package + "_*.deb"))
        subprocess.run(["dpkg", "-x", deb, root.with_suffix(".part")], check=True)
        root.with_suffix(".part").rename(root)
    return root


def for_judging(page):
    """One page in ten, whatever its language."""
    return hashlib.sha256(page.encode()).digest()[0] < 26


class HelpPage:
    def __init__(self, text):
        self.keywords = [k for k in (html.unescape(k).strip() for k in KEYWORDS.findall(text)) if k]
        self.paragraphs = {}  # id -> (is heading, text)
        start = text.find('id="DisplayArea"')
        for tag, attributes, content in ELEMENT.findall(text[max(start, 0):]):
            found, words = ID.search(attributes), plain(content)
            if found and words:
                self.paragraphs[found[1]] = (tag.lower().startswith("h"), words)


def help_pages(folder):
    """{page: {language: HelpPage}}"""
    pages = {}
    for language, package in HELP_PACKAGES.items():
        root = unpack(package, folder) / "usr/share/libreoffice/help" / HELP_FOLDERS[language] / "text"
        for path in sorted(root.rglob("*.html")):
            text = path.read_text(encoding="utf-8", errors="replace")
            pages.setdefault(path.relative_to(root).as_posix(), {})[language] = HelpPage(text)
    return pages


def translated(page, language, key):
    """A paragraph in its language, or None: many are left in English."""
    found = page.get(language)
    if found is None or key not in found.paragraphs:
        return None
    words = found.paragraphs[key][1]
    return words if language_of(words) == language else None


def crossing(pages):
    """(languages, pair)"""
    for page in pages.values():
        for key in page.get("en", HelpPage("")).paragraphs:
            texts = {l: translated(page, l, key) for l in HELP_PACKAGES}
            if texts["en"] and len(texts["en"]) > 3:
                yield from pair_texts.crossings(texts)


def sections(page, language):
    """(heading, the paragraphs below it) with their ids."""
    heading, below = None, []
    for key, (is_heading, _) in page[language].paragraphs.items():
        words = translated(page, language, key)
        if is_heading:
            if heading and below:
                yield heading, below
            heading, below = (key, words), []
        elif words and len(words) > 20:
            below.append((key, words))
    if heading and below:
        yield heading, below


def help_headings(pages):
    """(language of the heading, of the text, pair)"""
    for page in pages.values():
        for language in page:
            first = None
            for (key, _), below in sections(page, language):
                text = " ".join(words for _, words in below)
                first = first or text
                for other in HELP_PACKAGES:  # a heading in any language, text in this one
                    heading = translated(page, other, key)
                    if heading:
                        yield other, language, (heading, text)
            for other in page:
                keywords = [k for k in page[other].keywords if language_of(k) == other]
                if keywords and first:
                    yield other, language, (", ".join(keywords[:4]), first)


def html_headings(text):
    heading, below = None, []
    title = None
    for tag, _, content in ELEMENT.findall(text):
        words = plain(content)
        tag = tag.lower()
        if tag == "title":
            title = words
        elif tag.startswith("h"):
            if heading and below:
                yield heading, " ".join(below)
            heading, below = words.strip("¶ "), []
            if title and title not in heading and len(heading) < 30:
                heading = f"{title}: {heading}"
        elif len(words) > 30:
            below.append(words)
    if heading and below:
        yield heading, " ".join(below)


def package_headings(package, folder):
    pairs = list(all_package_headings(package, folder))
    step = max(1, len(pairs) / MAX_FROM_PACKAGE)
    return [pairs[int(i * step)] for i in range(int(len(pairs) / step))]


def all_package_headings(package, folder):
    for path in sorted(unpack(package, folder).rglob("*.html*")):
        if re.search(r"/(genindex|search|py-modindex|zh-cn|tr|fr|de|es|da|pt-br)\b", path.as_posix()):
            continue
        raw = path.read_bytes()
        found = re.search(rb'charset=["\']?([\w-]+)', raw[:2000])
        yield from html_headings(raw.decode(found[1].decode() if found else "utf-8", errors="replace"))


def markdown_headings(texts):
    for text in texts:
        title, heading, below = None, None, []
        for part in text.split("\n") + ["#"]:
            if part.startswith("#"):
                if heading and len(" ".join(below)) > 60:
                    named = heading if title == heading or len(heading) > 20 else f"{title}: {heading}"
                    yield named, " ".join(below)
                heading, below = part.strip("# "), []
                title = title or heading
            elif part.strip() and not part.startswith(("|", "```", ":::", "---")):
                below.append(part.strip())


def useful(pairs):
    """Each once, cut to length, without headings that name nothing."""
    pairs = dict.fromkeys((a[:MAX_CHARACTERS].strip(), b[:MAX_CHARACTERS].strip()) for a, b in pairs)
    counts = {}
    for a, _ in pairs:
        counts[a] = counts.get(a, 0) + 1
    return [(a, b) for a, b in pairs if min(len(a), len(b)) > 1 and counts[a] <= MAX_REPEATS]


def write_pairs(folder, kinds):
    folder.mkdir(parents=True, exist_ok=True)
    for kind, pairs in sorted(kinds.items()):
        lines = [json.dumps({"pair": pair}, ensure_ascii=False) for pair in useful(pairs)]
        random.Random(1).shuffle(lines)
        (folder / f"{kind}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{kind}: {len(lines)} pairs")


def write_judging(out, pages, asked, read):
    """Questions are headings of one language, passages what stands below them in another."""
    folder = out / f"{asked}-asks-{read}"
    folder.mkdir(parents=True, exist_ok=True)
    passages, questions = [], []
    for name, page in sorted(pages.items()):
        if asked not in page or read not in page:
            continue
        for (key, _), below in sections(page, read):
            text = " ".join(words for _, words in below)
            passages.append({"id": f"{name}#{key}", "title": "", "text": text[:2000]})
            heading = translated(page, asked, key)
            if heading and len(heading) > 8:
                questions.append({"id": f"q{len(questions)}", "question": heading,
                                  "relevant": [f"{name}#{key}"], "answers": []})
    counts = {}
    for question in questions:
        counts[question["question"]] = counts.get(question["question"], 0) + 1
    questions = [q for q in questions if counts[q["question"]] == 1]
    for name, rows in (("passages", passages), ("questions", questions)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    print(f"{folder.name}: {len(questions)} questions, {len(passages)} passages")


def all_pairs(pages, texts, folder):
    """{kind: pairs}"""
    kinds = {}
    add = lambda kind, pair: kinds.setdefault(kind, []).append(pair)
    for languages, pair in crossing(pages):
        add(f"crossing-{languages}", pair)
    for strings in (pair_texts.office_strings(unpack, folder), pair_texts.firefox_strings(unpack, folder),
                    pair_texts.cldr(folder)):
        for names in strings:
            for languages, pair in pair_texts.crossings(names):
                add(f"crossing-{languages}", pair)
    for asked, read, pair in help_headings(pages):
        add(f"headings-{asked}" if asked == read else "headings-crossing", pair)
    for package in OTHER_PACKAGES:
        for pair in package_headings(package, folder):
            if language_of(pair[1]) in HELP_PACKAGES:
                add(f"headings-{language_of(pair[1])}", pair)
    docs_ko = list(pair_texts.json_texts(texts / "docs_ko.jsonl.xz"))
    for pair in markdown_headings(docs_ko):
        if language_of(pair[1]) == "ko":  # else it is a program
            add("headings-ko", pair)
    for pair in pair_texts.words(unpack, folder):
        add("words-en", pair)
    for pair in pair_texts.passages(pair_texts.json_texts(texts / "books_en.jsonl.xz"), 3, seed=1):
        add("passages-en", pair)
    for pair in pair_texts.passages(docs_ko, 1, seed=2):
        if language_of(pair[0]) == "ko":
            add("passages-ko", pair)
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("texts", type=Path)
    options = parser.parse_args()
    folder = options.out / "packages"
    pages = help_pages(folder)
    learned = {name: page for name, page in pages.items() if not for_judging(name)}
    judged = {name: page for name, page in pages.items() if for_judging(name)}
    write_pairs(options.out / "pairs", all_pairs(learned, options.texts, folder))
    for asked in HELP_PACKAGES:
        for read in HELP_PACKAGES:
            write_judging(options.out, judged, asked, read)


main()
