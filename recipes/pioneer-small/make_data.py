#!/usr/bin/env python3
"""Makes the dialogues that pioneer-small learns its manners from, and the sets that it is judged by.

  recipes/pioneer-small/make_data.py OUT TEXT [--conversations N]

TEXT is a folder with cleaned text (data/clean of a run, *.jsonl.zst): passages of real text are
taken from its training part for training and from its held-out part for the test sets. Writes
copies.jsonl, passages.jsonl, tools.jsonl, itself.jsonl, talk.jsonl (dialogues) and test-*.jsonl (for
`pioneer eval`). The same input gives the same files.
"""
import argparse
import json
import os
import re
import subprocess

import about_itself
import copies
import passages_en
import passages_ko
import small_talk
import tools
from words import Pool

LANGUAGES = {"en": passages_en, "ko": passages_ko}
RECORDED_TALK = "dialogues"


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


def made_up(p, module, domains, n_questions=1):
    """Facts of one or two subjects, mixed; returns passage and [(question, answer)]."""
    domain = p.pick(domains)
    facts = domain(p)
    others = domain(p) if p.random.random() < 0.4 else p.pick(domains)(p)
    asked = p.random.sample(range(len(facts)), min(n_questions, len(facts)))
    missing = {i for i in asked if p.random.random() < 0.07}  # what is asked for does not stand there
    if len(missing) == len(facts):
        missing.pop()
    kept = [p.pick(says) for i, (says, _) in enumerate(facts)
            if i not in missing and (i in asked or p.random.random() < 0.75)]
    if not kept:
        kept = [p.pick(says) for i, (says, _) in enumerate(facts) if i not in missing]
    questions = []
    for i in asked:
        question, answer = p.pick(facts[i][1])
        questions.append((question, module.NOTHING if i in missing else str(answer)))
    more = [p.pick(says) for says, _ in others if p.random.random() < 0.25]
    if all(tells_apart(question, kept, more) for question, _ in questions):
        kept = kept + more if p.random.random() < 0.5 else more + kept
    return " ".join(kept), questions


def tells_apart(question, kept, more):
    """Whether the question names something that only the subject's own sentences have."""
    words = re.findall(r"[\w]{2,}", question)
    ours, others = " ".join(kept), " ".join(more)
    return any(word in ours and word not in others for word in words if not word.islower())


def go_on(p, module, sentences, sentence):
    """How a sentence goes on."""
    words = sentence.split(" ")
    cut = p.random.randrange(2, max(3, min(6, len(words) - 2)))
    begin, rest = " ".join(words[:cut]), " ".join(words[cut:])
    if rest and " ".join(sentences).count(begin) == 1:
        return p.pick(module.GO_ON).format(begin=begin), rest
    return None


def where_stands(p, module, sentences, sentence):
    """The sentence that has a word."""
    whole = " ".join(sentences)
    rare = [w for w in module.WORD.findall(sentence) if whole.count(w) == 1]
    return (p.pick(module.WHERE_STANDS).format(word=p.pick(rare)), sentence) if rare else None


def what_is_missing(p, module, sentences, sentence):
    """A gap in a sentence."""
    words = sentence.split(" ")
    if len(words) < 5:
        return None
    n = p.random.randint(1, 3)
    at = p.random.randrange(1, len(words) - n)
    gap = " ".join(words[:at][-6:] + ["___"] + words[at + n:][:6])
    return p.pick(module.GAP).format(gap=gap), " ".join(words[at:at + n]).rstrip(".,;:")


def what_it_says(p, module, sentences, sentence):
    """A plain statement, turned into a question."""
    return p.pick(module.turned_around(sentence) or [None])


FROM_TEXT = {go_on: 0.2, where_stands: 0.25, what_is_missing: 0.2, what_it_says: 0.35}


def from_text(p, lang, sentences, kinds):
    """A question about real sentences, answered with their words; None where none fits."""
    kind = p.random.choices(list(kinds), list(kinds.values()))[0]
    return kind(p, LANGUAGES[lang], sentences, p.pick(sentences))


def ask(p, lang, passage, questions):
    messages = []
    for question, answer in questions:
        asked = (p.pick(LANGUAGES[lang].FRAMES).format(passage=passage, question=question)
                 if not messages else question)
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return messages


def passage_dialogue(p, lang, real):
    n = p.pick([1, 1, 2, 3, 4])
    if p.random.random() < 0.45:
        sentences = p.pick(real[lang])
        questions = [from_text(p, lang, sentences, FROM_TEXT) for _ in range(2 * n)]
        questions = list(dict.fromkeys(q for q in questions if q))[:n]
        passage = " ".join(sentences)
    else:
        passage, questions = made_up(p, LANGUAGES[lang], LANGUAGES[lang].TRAINING, n)
    if not questions:
        return None
    messages = ask(p, lang, passage, questions)
    if p.random.random() < 0.1:
        messages = about_itself.exchange(p, lang) + messages
    return messages


def itself_dialogue(p, recorded):
    lang = p.pick(["en", "ko"])
    messages = []
    for _ in range(p.pick([1, 1, 2, 3])):
        messages += (about_itself.exchange(p, lang) if p.random.random() < 0.75
                     else p.pick(recorded[lang])[:2])
    return messages


def write(folder, name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{name}: {len(rows)}")


def test_passages(real):
    """Made up, a third of it about kinds of subjects that are trained on, and real."""
    p, sets = Pool(71, True), {}
    for lang, module in LANGUAGES.items():
        def rows(kind, n, make):
            found = sets.setdefault(f"{lang}-{kind}", [])
            while len(found) < n:
                passage, questions = make()
                if questions and questions[0]:
                    question, answer = ask(p, lang, passage, questions[:1])
                    found.append({"messages": [question], "expected": answer["content"],
                                  "kind": "squad", "max_tokens": 96})

        def real_text(kinds):
            sentences = p.pick(real[lang])
            return " ".join(sentences), [from_text(p, lang, sentences, kinds)]

        rows("known-subjects", 100, lambda: made_up(p, module, module.TRAINING))
        rows("new-subjects", 100, lambda: made_up(p, module, module.TEST_ONLY))
        rows("real-quotes", 100, lambda: real_text({go_on: 1, where_stands: 1}))
        rows("real-questions", 100, lambda: real_text({what_it_says: 1}))
    return sets


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
    recorded = {"en": [], "ko": []}
    for document in documents(options.text, "train", RECORDED_TALK):
        messages = document["messages"]
        if len(messages) >= 2 and messages[0]["role"] == "user":
            recorded["en" if messages[0]["content"].isascii() else "ko"].append(messages)
    p = Pool(70, False)
    words = copies.words_of([" ".join(s) for some in real.values() for s in some], p)
    write(options.out, "copies.jsonl",
          [{"messages": copies.dialogue(p, lang, words)} for lang in ["en", "ko"] * (options.conversations // 2)])
    rows = []
    while len(rows) < options.conversations:
        messages = passage_dialogue(p, p.pick(["en", "ko"]), real)
        if messages:
            rows.append({"messages": messages})
    write(options.out, "passages.jsonl", rows)
    rows = []
    while len(rows) < options.conversations // 2:
        lang = p.pick(["en", "ko"])
        rows.append({"messages": tools.conversation(p, tools.TRAINING, lang, recorded[lang])})
    write(options.out, "tools.jsonl", rows)
    write(options.out, "itself.jsonl",
          [{"messages": itself_dialogue(p, recorded)} for _ in range(options.conversations // 5)])
    p = Pool(73, False)
    write(options.out, "talk.jsonl",
          [{"messages": small_talk.dialogue(p, lang)} for lang in ["en", "ko"] * (options.conversations // 8)])
    sets = test_passages(real_passages(options.text, "held-out")) | test_tools()
    for lang in LANGUAGES:
        sets[f"{lang}-talk"] = small_talk.test(Pool(74, True), lang, 100)
    for name, rows in sets.items():
        write(options.out, f"test-{name}.jsonl", rows)


if __name__ == "__main__":
    main()
