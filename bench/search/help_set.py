#!/usr/bin/env python3
"""Makes sets of questions of LibreOffice's help in two languages, whose pages are aligned.

    apt-get download libreoffice-help-ko libreoffice-help-en-us
    for package in *.deb; do dpkg-deb -x "$package" unpacked; done
    bench/search/help_set.py unpacked/usr/share/libreoffice/help ko OUT

Writes three folders as `pioneer eval search` reads them, with the language's pages as passages:
OUT/help_ko_titles (a page's title, which is taken out of it, leads to the page), OUT/help_ko_sentences
(a sentence, which is taken out, leads to the page it stood in) and OUT/help_en_to_ko (the English
title leads to the page in the other language). Pages that are mostly untranslated are left out.
"""
import html.parser
import json
import pathlib
import random
import re
import sys

SEED = 7
MOST_QUESTIONS = 400
LEAST_CHARACTERS = 200


class Page(html.parser.HTMLParser):
    """Title and paragraphs of the part of a page that is help."""

    def __init__(self):
        super().__init__()
        self.title, self.paragraphs = "", []
        self.depth, self.in_title, self.text = 0, False, []

    def handle_starttag(self, tag, attributes):
        if tag == "title":
            self.in_title = True
        if tag == "div" and (self.depth or dict(attributes).get("id") == "DisplayArea"):
            self.depth += 1
        if tag in ("p", "li", "td", "h1", "h2", "h3", "h4", "pre"):
            self.end_paragraph()

    def handle_endtag(self, tag):
        if tag == "title":
            self.in_title = False
        if tag in ("p", "li", "td", "h1", "h2", "h3", "h4", "pre"):
            self.end_paragraph()
        if tag == "div" and self.depth:
            self.depth -= 1

    def handle_data(self, data):
        if self.in_title:
            self.title += data
        elif self.depth:
            self.text.append(data)

    def end_paragraph(self):
        text = re.sub(r"\s+", " ", "".join(self.text)).strip()
        self.text = []
        if text:
            self.paragraphs.append(text)


def read_page(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.end_paragraph()
    page.title = re.sub(r"\s+", " ", page.title).strip()
    page.paragraphs = [text for text in page.paragraphs if text != page.title]
    return page


def is_translated(text):
    letters = [c for c in text if c.isalpha()]
    return sum(ord(c) > 0x2E80 for c in letters) > 0.6 * len(letters) > 0


def read_pages(help_folder, language):
    pages = {}
    root = help_folder / language / "text"
    for path in sorted(root.rglob("*.html")):
        page = read_page(path)
        if sum(map(len, page.paragraphs)) >= LEAST_CHARACTERS:
            pages[str(path.relative_to(root))] = page
    return pages


def write_set(folder, pages, questions):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "passages.jsonl", "w", encoding="utf-8") as file:
        for name, (title, text) in pages.items():
            row = {"id": name, "title": title, "text": text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    with open(folder / "questions.jsonl", "w", encoding="utf-8") as file:
        for number, (question, name) in enumerate(questions):
            row = {"id": str(number), "question": question, "relevant": [name], "answers": []}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{folder}: {len(pages)} passages, {len(questions)} questions")


def unique_titles(pages):
    count = {}
    for page in pages.values():
        count[page.title] = count.get(page.title, 0) + 1
    return {name: page.title for name, page in pages.items() if count[page.title] == 1}


def sentence_of(page, rng):
    """A sentence and the paragraphs without it."""
    choices = [(i, s) for i, text in enumerate(page.paragraphs)
               for s in re.split(r"(?<=[.。])\s+", text) if 25 <= len(s) <= 120 and is_translated(s)]
    if len(choices) < 3:
        return None
    at, sentence = rng.choice(choices)
    rest = list(page.paragraphs)
    rest[at] = rest[at].replace(sentence, "").strip()
    return sentence, "\n".join(text for text in rest if text)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    help_folder, language, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    rng = random.Random(SEED)
    pages = {name: page for name, page in read_pages(help_folder, language).items()
             if is_translated(" ".join(page.paragraphs))}
    english = {n: p for n, p in read_pages(help_folder, "en-US").items() if n in pages}

    titles = [(t, n) for n, t in unique_titles(pages).items() if is_translated(t)]
    rng.shuffle(titles)
    untitled = {n: ("", "\n".join(p.paragraphs)) for n, p in pages.items()}
    write_set(out / f"help_{language}_titles", untitled, titles[:MOST_QUESTIONS])

    asked, texts = [], {}
    for name, page in pages.items():
        texts[name] = (page.title, "\n".join(page.paragraphs))
        taken = sentence_of(page, rng)
        if taken and len(asked) < MOST_QUESTIONS:
            asked.append((taken[0], name))
            texts[name] = (page.title, taken[1])
    write_set(out / f"help_{language}_sentences", texts, asked)

    crossing = [(t, n) for n, t in unique_titles(english).items()]
    rng.shuffle(crossing)
    whole = {n: (p.title, "\n".join(p.paragraphs)) for n, p in pages.items()}
    write_set(out / f"help_en_to_{language}", whole, crossing[:MOST_QUESTIONS])


if __name__ == "__main__":
    main()
