#!/usr/bin/env python3
"""Makes the dialogues that pioneer-small learns its manners from, and the sets that it is judged by.

  recipes/pioneer-small/make_data.py OUT TEXT [--conversations N]

TEXT is a folder with cleaned text (data/clean of a run, *.jsonl.zst): passages of real text are
taken from its training part for training and from its held-out part for the test sets. Writes
passages.jsonl, tools.jsonl, itself.jsonl (dialogues) and test-*.jsonl (for `pioneer eval`). The same input gives the same files.
"""
import argparse
import json
import os
import re
import subprocess

import about_itself
import passages_en
import passages_ko
import tools
from words import Pool

LANGUAGES = {"en": passages_en, "ko": passages_ko}
SMALL_TALK_FROM = "dialogues"


def documents(folder, part, wanted):
    """Texts of a cleaned source whose file name has `wanted` in it."""
    for name in sorted(os.listdir(folder)):
        if wanted in name and name.endswith(f".{part}.jsonl.zst"):
            lines = subprocess.run(["zstd", "-dcq", os.path.join(folder, name)], check=True,
                                   stdout=subprocess.PIPE).stdout.splitlines()
            yield from (json.loads(line) for line in lines)


SENTENCE = {"en": re.compile(r"(?<=[.!?]) +(?=[A-Z\"])"), "ko": re.compile(r"(?<=[다요]\.) +")}


def real_passages(folder, part):
    """Runs of three to six sentences of prose, by language."""
    found = {"en": [], "ko": []}
    for wanted, lang in (("python", "en"), ("postgresql", "en"), ("sqlite", "en"), ("docs_ko", "ko")):
        for document in documents(folder, part, wanted):
            for paragraph in document["text"].split("\n\n"):
                paragraph = " ".join(paragraph.split())
                if any(mark in paragraph for mark in "|[]{}<>\\#*") or len(paragraph) < 120:
                    continue
                sentences = [s for s in SENTENCE[lang].split(paragraph) if 20 <= len(s) <= 220]
                if len(sentences) >= 3:
                    found[lang].append(sentences[:5])
    return found


def made_up(p, module, domains):
    """Facts of one or two subjects, mixed; returns passage, question, answer."""
    domain = p.pick(domains)
    facts = domain(p)
    others = domain(p) if p.random.random() < 0.4 else p.pick(domains)(p)
    asked = p.random.randrange(len(facts))
    kept = [p.pick(says) for i, (says, _) in enumerate(facts) if i == asked or p.random.random() < 0.75]
    if p.random.random() < 0.12:  # what is asked for does not stand there
        kept = [p.pick(says) for i, (says, _) in enumerate(facts) if i != asked]
        question, answer = p.pick(facts[asked][1])[0], module.NOTHING
    else:
        question, answer = p.pick(facts[asked][1])
    more = [p.pick(says) for says, _ in others if p.random.random() < 0.25]
    if tells_apart(question, kept, more):
        kept = kept + more if p.random.random() < 0.5 else more + kept
    return " ".join(kept), question, str(answer)


def tells_apart(question, kept, more):
    """Whether the question names something that only the subject's own sentences have."""
    words = re.findall(r"[\w]{2,}", question)
    ours, others = " ".join(kept), " ".join(more)
    return any(word in ours and word not in others for word in words if not word.islower())


WORD = {"en": re.compile(r"[A-Za-z][A-Za-z_-]{5,}"), "ko": re.compile(r"[가-힣A-Za-z]{3,}")}


def from_text(p, lang, sentences):
    """A question about real sentences whose answer is one of them, or the rest of one."""
    module = LANGUAGES[lang]
    sentence = p.pick(sentences)
    if p.random.random() < 0.5:
        words = sentence.split(" ")
        cut = p.random.randrange(2, max(3, min(6, len(words) - 2)))
        begin, rest = " ".join(words[:cut]), " ".join(words[cut:])
        if rest and " ".join(sentences).count(begin) == 1:
            return " ".join(sentences), p.pick(module.GO_ON).format(begin=begin), rest
    whole = " ".join(sentences)
    rare = [w for w in WORD[lang].findall(sentence) if whole.count(w) == 1]
    if not rare:
        return None
    return whole, p.pick(module.WHERE_STANDS).format(word=p.pick(rare)), sentence


def ask(p, lang, passage, question, answer):
    frame = p.pick(LANGUAGES[lang].FRAMES)
    return [{"role": "user", "content": frame.format(passage=passage, question=question)},
            {"role": "assistant", "content": answer}]


def passage_dialogue(p, lang, real):
    if p.random.random() < 0.4:
        made = from_text(p, lang, p.pick(real[lang]))
    else:
        made = made_up(p, LANGUAGES[lang], LANGUAGES[lang].TRAINING)
    if made is None:
        return None
    messages = ask(p, lang, *made)
    if p.random.random() < 0.15:
        messages = about_itself.exchange(p, lang) + messages
    return messages


def itself_dialogue(p, small_talk):
    lang = p.pick(["en", "ko"])
    messages = []
    for _ in range(p.pick([1, 1, 2, 3])):
        messages += (about_itself.exchange(p, lang) if p.random.random() < 0.75
                     else p.pick(small_talk[lang])[:2])
    return messages


def write(folder, name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{name}: {len(rows)}")


def test_passages(real):
    """Half made up (two of three of these in domains that no training text has), half real."""
    p, rows = Pool(71, True), []
    for lang, module in LANGUAGES.items():
        for i in range(150):
            domains = module.TEST_ONLY if i % 3 else module.TRAINING
            passage, question, answer = made_up(p, module, domains)
            rows.append((lang, "new-subjects" if i % 3 else "known-subjects", passage, question, answer))
        made = 0
        while made < 100:
            item = from_text(p, lang, p.pick(real[lang]))
            if item is not None:
                rows.append((lang, "real-text", *item))
                made += 1
    return {f"{lang}-{group}": [
        {"messages": ask(p, lang, passage, question, "")[:1], "expected": answer, "kind": "squad",
         "max_tokens": 96}
        for at, kind, passage, question, answer in rows if (at, kind) == (lang, group)]
        for lang in LANGUAGES for group in ("known-subjects", "new-subjects", "real-text")}


def test_tools():
    p, sets = Pool(72, True), {"known-tools": [], "new-tools": []}
    for families, rows in ((tools.TRAINING, sets["known-tools"]), (tools.TEST_ONLY, sets["new-tools"])):
        for _ in range(150):
            offered, request, expected = tools.request(p, families, p.pick(["en", "ko"]))
            rows.append({"messages": [{"role": "user", "content": request}], "kind": "call",
                         "tools": offered, "expected": expected, "max_tokens": 96})
    return sets


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("text")
    parser.add_argument("--conversations", type=int, default=40000, help="of each kind")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    real = real_passages(options.text, "train")
    small_talk = {"en": [], "ko": []}
    for document in documents(options.text, "train", SMALL_TALK_FROM):
        messages = document["messages"]
        if len(messages) >= 2 and messages[0]["role"] == "user":
            small_talk["en" if messages[0]["content"].isascii() else "ko"].append(messages)
    p = Pool(70, False)
    rows = []
    while len(rows) < options.conversations:
        messages = passage_dialogue(p, p.pick(["en", "ko"]), real)
        if messages:
            rows.append({"messages": messages})
    write(options.out, "passages.jsonl", rows)
    rows = []
    while len(rows) < options.conversations // 2:
        lang = p.pick(["en", "ko"])
        rows.append({"messages": tools.conversation(p, tools.TRAINING, lang, small_talk[lang])})
    write(options.out, "tools.jsonl", rows)
    write(options.out, "itself.jsonl",
          [{"messages": itself_dialogue(p, small_talk)} for _ in range(options.conversations // 5)])
    sets = test_passages(real_passages(options.text, "held-out")) | test_tools()
    for name, rows in sets.items():
        write(options.out, f"test-{name}.jsonl", rows)


if __name__ == "__main__":
    main()
