"""What a model has to learn before it can answer from a passage: to find a place in what it was told
and to go on from there. Words are drawn at random, so nothing but the context helps.

Three exercises, English and Korean: say it again, look it up, go on."""
import re

ASCII_WORD = re.compile(r"[A-Za-z][a-z]{2,9}|[a-z_]{3,12}")
HANGUL_WORD = re.compile(r"[가-힣]{2,6}")
N_WORDS = 12000
AGAIN = {
    "en": ["Repeat: {}", "Say this: {}", "Copy this.\n{}", "{}\n\nRepeat it."],
    "ko": ["따라 하세요: {}", "이 말을 그대로 쓰세요: {}", "그대로 옮기세요.\n{}", "{}\n\n그대로 말해 주세요."]}
IS = {"en": [": ", " = ", " - ", " is "], "ko": [": ", " = ", "는 ", "은 "]}
GO_ON = {"en": ["After", "What follows", "Go on:"], "ko": ["다음", "이어서", "뒤의 말:"]}


def words_of(texts, p):
    """Words to draw from: {"en": [...], "ko": [...]}."""
    found = {"en": set(), "ko": set()}
    for text in texts:
        found["en"].update(ASCII_WORD.findall(text))
        found["ko"].update(HANGUL_WORD.findall(text))
    return {lang: p.random.sample(sorted(some), min(N_WORDS, len(some))) for lang, some in found.items()}


def word(p, words):
    kind = p.random.random()
    if kind < 0.15:
        return str(p.random.randint(1, 9999))
    if kind < 0.2:
        return f"{p.random.randint(0, 23):02}:{p.random.randint(0, 59):02}"
    drawn = p.pick(words)
    return drawn.capitalize() if p.random.random() < 0.3 else drawn


def phrase(p, words, least, most):
    return " ".join(word(p, words) for _ in range(p.random.randint(least, most)))


def say_again(p, lang, words):
    for _ in range(p.random.randint(1, 3)):
        said = phrase(p, words, 2, 9)
        yield p.pick(AGAIN[lang]).format(said), said


def look_up(p, lang, words):
    n = p.random.randint(2, 6)
    entries = {}
    while len(entries) < n:
        entries[phrase(p, words, 1, 2)] = phrase(p, words, 1, 3)
    equals, end = p.pick(IS[lang]), p.pick(["\n", ". ", "; ", ", "])
    table = end.join(key + equals + value for key, value in entries.items()) + end.strip() + "\n\n"
    for key in p.random.sample(sorted(entries), p.random.randint(1, n)):
        yield table + key + p.pick(["?", "", ":"]), entries[key]
        table = ""


def go_on(p, lang, words):
    said = [word(p, words) for _ in range(p.random.randint(6, 14))]
    begin = " ".join(said) + "\n\n"
    for _ in range(p.random.randint(1, 4)):
        at, n = p.random.randrange(len(said) - 3), p.random.randint(1, 2)
        asked = " ".join(said[at:at + n])
        yield f"{begin}{p.pick(GO_ON[lang])} {asked}", " ".join(said[at + n:at + n + 2])
        begin = ""


def dialogue(p, lang, words):
    exercise = p.random.choices([say_again, look_up, go_on], [0.5, 0.3, 0.2])[0]
    messages = []
    for question, answer in exercise(p, lang, words[lang]):
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return messages
