"""What a model has to learn before it can answer from a passage: to find a place in what it was told
and to go on from there. Words are drawn at random, so nothing but the context helps.

Exercises, English and Korean: entries in another order, looked up, gone on with, said again. Where the
order stayed the same a model would learn to count positions instead of looking for words; and common
words, mostly one token each, are learned first.
"""
import collections
import re

ASCII_WORD = re.compile(r"[A-Za-z][a-z]{2,9}|[a-z_]{3,12}")
HANGUL_WORD = re.compile(r"[가-힣]{2,6}")
N_WORDS = 12000
N_COMMON = 1500
AGAIN = {
    "en": ["Repeat: {}", "Say this: {}", "Copy this.\n{}", "{}\n\nRepeat it."],
    "ko": ["따라 하세요: {}", "이 말을 그대로 쓰세요: {}", "그대로 옮기세요.\n{}", "{}\n\n그대로 말해 주세요."]}
IS = {"en": [" ", ": ", " = ", " is "], "ko": [" ", ": ", " = ", "는 "]}
ORDER = {"en": "In this order: ", "ko": "이 순서로: "}


class Words:
    """Words of a language to draw from."""

    def __init__(self, texts, pattern, p):
        counts = collections.Counter(word for text in texts for word in pattern.findall(text))
        self.common = [word for word, _ in counts.most_common(N_COMMON)]
        self.all = p.random.sample(sorted(counts), min(N_WORDS, len(counts)))

    def draw(self, p):
        kind = p.random.random()
        if kind < 0.08:
            return str(p.random.randint(1, 9999))
        if kind < 0.65:
            return p.pick(self.common)
        drawn = p.pick(self.all)
        return drawn.capitalize() if p.random.random() < 0.3 else drawn

    def phrase(self, p, most):
        n = p.random.choice([1, 1, 1, *range(1, most + 1)])
        return " ".join(self.draw(p) for _ in range(n))

    def different(self, p, n, most):
        found = {}
        while len(found) < n:
            found[self.phrase(p, most)] = None
        return list(found)


def words_of(texts, p):
    """By language."""
    return {"en": Words(texts, ASCII_WORD, p), "ko": Words(texts, HANGUL_WORD, p)}


def table(p, lang, words):
    keys = words.different(p, p.random.randint(2, 7), 2)
    equals, end = p.pick(IS[lang]), p.pick(["\n", "\n", ". ", "; ", ", "])
    entries = {key: words.phrase(p, 3) for key in keys}
    return entries, equals, end


def in_another_order(p, lang, words):
    entries, equals, end = table(p, lang, words)
    keys = p.random.sample(sorted(entries), len(entries))
    told = end.join(key + equals + value for key, value in entries.items())
    yield f"{told}\n\n{ORDER[lang]}{', '.join(keys)}", end.join(key + equals + entries[key] for key in keys)


def look_up(p, lang, words):
    entries, equals, end = table(p, lang, words)
    told = end.join(key + equals + value for key, value in entries.items()) + "\n\n"
    for key in p.random.sample(sorted(entries), p.random.randint(min(3, len(entries)), len(entries))):
        yield f"{told}{key}?", entries[key]
        told = ""


def go_on(p, lang, words):
    said = words.different(p, p.random.randint(4, 12), 1)
    told = " ".join(said) + "\n\n"
    for at in p.random.sample(range(len(said) - 1), p.random.randint(2, 3)):
        yield f"{told}{said[at]}?", said[at + 1]
        told = ""


def say_again(p, lang, words):
    said = " ".join(words.draw(p) for _ in range(p.random.randint(2, 9)))
    yield p.pick(AGAIN[lang]).format(said), said


def dialogue(p, lang, words):
    exercise = p.random.choices([in_another_order, look_up, go_on, say_again], [0.3, 0.4, 0.2, 0.1])[0]
    messages = []
    for question, answer in exercise(p, lang, words[lang]):
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return messages
