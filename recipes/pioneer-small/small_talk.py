"""What people write to a stranger: a greeting and a question in one message, two questions, the same
in other words, "are you sure?" after an answer. The answers are about_itself's.

Ways to ask are dealt out by their hash as names are: a fifth stands only in the test set.
"""
from about_itself import EN, KO, unknown
from words import is_test_word

TALK = {"en": EN, "ko": KO}

# More ways to ask, by the first question of their group in about_itself.
MORE = {
    "en": {
        "Who are you?": ["who r u", "So who are you?", "May I ask who you are?", "Can you introduce yourself?", "What should I call you?",
                         "Who am I talking to?", "Do you have a name?", "What kind of AI are you?", "Please tell me who you are.", "What are you exactly?",
                         "Could you tell me your name?", "Say who you are.", "I'd like to know who you are.", "Introduce yourself please"],
        "What can you do?": ["What are your skills?", "What do you do?", "Tell me what you can do.", "How do I use you?", "How does this work?", "What can I do here?",
                             "Can you help me?", "Could you help me with something?", "What should I ask?", "Show me what you can do.", "What is possible here?",
                             "What kind of things can you do?", "How can I use this?", "What features do you have?"],
        "How do I ask about a text?": ["Can I paste a text?", "I have a document. What do I do?", "Can you look at my file?", "I want to ask about a document.", "How can I give you a text?"],
        "What can you not do?": ["Are your answers correct?", "How reliable are you?", "How good are you?", "Are you clever?", "Should I believe you?", "What are your weaknesses?"],
        "How big are you?": ["How large are you?", "What size are you?", "Are you small?", "Tell me your size.", "How many weights do you have?"],
        "Who made you?": ["Who built you?", "Who wrote you?", "Who is your maker?", "What were you trained on?", "Where were you trained?", "Who created you?"],
        "What languages do you speak?": ["Can I write in Korean?", "Do you understand Korean?", "Which language can I use?", "Is English all right?", "In what languages can I talk to you?"],
        "Do you send my data anywhere?": ["Do you store my data?", "Does anyone read this?", "Are you online?", "Is this chat private?", "Who can see what I write?", "Do my words leave this computer?", "Are you connected to the internet?"],
        "Are you ChatGPT?": ["Are you GPT?", "Is this ChatGPT?", "Are you made by OpenAI?", "You are ChatGPT, right?", "Are you Qwen?"],
        "Are you human?": ["Am I talking to a human?", "Is this a bot?", "Are you a machine?", "Are you an AI?", "Do you have feelings?"],
        "How do I use a bigger model?": ["How can I switch the model?", "How do I add a model?", "I want a smarter model.", "Where do I choose the model?", "Can I load Llama or Qwen here?"],
        "What is Pioneer?": ["What is this program?", "What is this software?", "What is this site?", "Explain Pioneer.", "What is this?"],
        "What is the weather today?": ["Is it raining?", "What's the date?", "Any news?", "How is the weather?", "What's happening in the world?"],
        "Write a program for me.": ["Can you code?", "Can you write code?", "Please write me a poem about the sea.", "Translate this for me.", "Can you do my homework?", "Can you draw a picture?"],
        "Tell me a story.": ["I want to hear a story.", "Do you know a story?", "Tell me something nice.", "Can I hear a tale?"],
        "Tell me a joke.": ["Do you know something funny?", "Can you tell jokes?", "A joke please"],
        "How are you?": ["How do you do?", "How are things?", "What's up?", "Are you well?", "How have you been?"],
    },
    "ko": {
        "너는 누구야?": ["넌 누구니?", "너 누구야", "누구신가요?", "정체가 뭐야?", "뭐라고 부르면 돼?", "이름 좀 알려줘", "너의 이름은?", "소개 좀 해줘", "본인 소개 부탁드립니다",
                    "너는 뭐니?", "어떤 AI야?", "무슨 모델이야?", "넌 이름이 뭐야?", "이름이 어떻게 되세요?", "누구랑 얘기하는 거야?", "너는 뭐 하는 애야?"],
        "뭘 할 수 있어?": ["할 수 있는 게 뭐야?", "뭐 할 수 있어?", "무슨 일을 할 수 있어?", "어떤 걸 할 수 있나요?", "기능 좀 알려줘", "어떻게 쓰는 거야?", "사용법 알려줘", "무엇을 물어보면 되나요?",
                     "뭐든 물어봐도 돼?", "나 좀 도와줄 수 있어?", "어떤 도움을 줄 수 있어요?", "네가 하는 일이 뭐야?", "여기서 뭘 할 수 있어?", "뭐부터 해 볼까?"],
        "글에 대해 어떻게 물어봐?": ["글을 붙여 넣어도 돼?", "문서가 있는데 어떻게 해?", "파일을 보여 주고 싶어요", "글 하나 읽어 줄래?", "내 문서에 대해 물어보고 싶어"],
        "못 하는 건 뭐야?": ["답이 정확해?", "얼마나 잘해?", "너를 믿을 수 있어?", "약점이 뭐야?", "틀릴 때도 있어?", "머리 좋아?"],
        "얼마나 커?": ["크기가 어떻게 돼?", "너 작아?", "모델 크기 알려줘", "매개변수가 몇 개예요?", "용량이 얼마야?"],
        "누가 만들었어?": ["만든 사람이 누구야?", "어디서 만들었어?", "개발자가 누구예요?", "뭘로 학습했어?", "어디서 배웠어?", "누가 개발했어?"],
        "어떤 언어를 할 수 있어?": ["영어로 말해도 돼?", "한국어 알아들어?", "한국말 할 수 있어?", "무슨 언어로 물어보면 돼?", "영어도 돼요?"],
        "내 말이 어디로 가?": ["내 말 저장해?", "누가 이걸 읽어?", "대화 내용이 새어 나가?", "너 온라인이야?", "개인 정보는 괜찮아?", "인터넷에 연결돼 있어?", "내가 쓴 글을 누가 볼 수 있나요?"],
        "너 챗GPT야?": ["지피티야?", "이거 챗GPT예요?", "오픈AI가 만들었어?", "너 챗GPT 맞지?", "큐원이야?"],
        "너 사람이야?": ["지금 사람이랑 말하는 거야?", "너 기계야?", "봇이에요?", "인공지능이야?", "감정이 있어?"],
        "더 큰 모델은 어떻게 써?": ["모델 어떻게 바꿔?", "모델 추가하려면?", "더 똑똑한 모델 없어?", "모델은 어디서 골라?", "다른 모델 쓰고 싶은데"],
        "파이오니어가 뭐야?": ["이 프로그램 뭐야?", "이 사이트는 뭐예요?", "여기가 뭐 하는 곳이야?", "파이오니어 소개해줘", "이게 뭐야?"],
        "오늘 날씨 어때?": ["비 와?", "오늘 며칠이야?", "새로운 소식 있어?", "날씨 알려줘", "세상에 무슨 일 있어?"],
        "프로그램 만들어줘": ["코딩할 줄 알아?", "코드 쓸 수 있어?", "시 한 편 써줘", "이거 번역해줘", "숙제 해줘", "그림 그려줘"],
        "옛날이야기 해줘": ["이야기 듣고 싶어", "아는 이야기 있어?", "좋은 얘기 하나 해줘", "이야기 들려줄래?"],
        "웃긴 얘기 해줘": ["재밌는 거 알아?", "농담할 줄 알아?", "농담 하나만"],
        "어떻게 지내?": ["별일 없어?", "요즘 어때?", "잘 있었어?", "괜찮아?", "오늘 어때?"],
    },
}
# What comes before a question in the same message, and what answers it: nothing where "" stands.
BEFORE = {
    "en": [(["Hi!", "Hello!", "Hey!", "Hi", "Hello,", "Hi there!", "Hello Pioneer!", "Good morning!", "Good evening.", "Hey there,", "Nice to meet you!"], ["Hello!", "Hi!"]),
           (["Thanks!", "Thank you.", "Great, thanks.", "Thank you very much!"], ["You are welcome!", "Gladly."]),
           (["Ok.", "I see.", "Good.", "Well,", "And", "So", "Tell me,", "By the way,", "Sorry,", "One more thing:"], [""])],
    "ko": [(["안녕!", "안녕하세요!", "안녕하세요.", "안녕", "안녕하세요", "하이!", "반가워!", "반갑습니다.", "처음 뵙겠습니다.", "좋은 아침!", "안녕하십니까?"], ["안녕하세요!", "반가워요!"]),
           (["고마워!", "고마워요.", "감사합니다.", "고맙습니다!"], ["천만에요!", "도움이 되었다니 기뻐요."]),
           (["그래.", "알겠어.", "그렇구나.", "음,", "그런데", "근데", "그럼", "아 그리고", "미안,", "하나만 더."], [""])],
}
DOUBT = {
    "en": (["Are you sure?", "Really?", "Is that true?", "Sure?", "Are you certain?", "Is that right?", "Do you mean that?"],
           ["Of myself I am fairly sure. I am small, though, and often wrong.", "Yes, but I am a small model: please check what I say."],
           ["Yes: I do not know it. Search or a text about it can help.", "I am sure only that I do not know it."]),
    "ko": (["확실해?", "정말?", "진짜야?", "맞아?", "확실해요?", "정말이에요?", "진짜?"],
           ["저에 대한 것은 꽤 확실해요. 그래도 작은 모델이라 자주 틀려요.", "네, 하지만 저는 작은 모델이니 꼭 확인해 주세요."],
           ["네, 그건 몰라요. 검색하거나 글을 주시면 도움이 돼요.", "모른다는 것만은 확실해요."]),
}
SHORT = 90  # characters of an answer that another may follow


def ways(p, lang):
    """Groups of (ways to ask, answers); of the ways in MORE, those that the pool deals out."""
    groups = []
    for questions, answers in TALK[lang]:
        more = [way for way in MORE[lang].get(questions[0], []) if is_test_word(way) == p.test]
        if more:
            groups.append((more if p.test else questions + 2 * more, answers))
    return groups


def as_typed(p, text):
    roll = p.random.random()
    return text.rstrip("?.!") if roll < 0.15 else text.lower() if roll < 0.25 else text


def message(p, lang):
    """One message, all answers that fit it, and whether it asked for what the model cannot know."""
    if p.random.random() < 0.15:
        question, answer = unknown(p, lang)
        answers, beyond = [answer], True
    else:
        questions, answers = p.pick(ways(p, lang))
        question, beyond = p.pick(questions), False
        if p.random.random() < 0.2 and max(map(len, answers)) < SHORT:
            others, replies = p.pick(ways(p, lang))
            if replies is not answers and max(map(len, replies)) < SHORT:
                question = f"{question} {p.pick(others)}"
                answers = [f"{first} {second}" for first in answers for second in replies]
    if p.random.random() < 0.6:
        greetings, replies = p.random.choices(BEFORE[lang], [6, 2, 3])[0]
        question = f"{p.pick(greetings)} {question}"
        answers = [f"{reply} {answer}".strip() for reply in replies for answer in answers]
    return as_typed(p, question), answers, beyond


def dialogue(p, lang):
    messages = []
    for _ in range(p.pick([1, 1, 2, 3])):
        question, answers, beyond = message(p, lang)
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": p.pick(answers)}]
        if p.random.random() < 0.15:
            doubts, of_itself, of_the_world = DOUBT[lang]
            messages += [{"role": "user", "content": p.pick(doubts)},
                         {"role": "assistant", "content": p.pick(of_the_world if beyond else of_itself)}]
    return messages


def test(p, lang, n):
    """Messages in ways that no training text has; right is what holds one of the answers."""
    rows = []
    while len(rows) < n:
        question, answers, beyond = message(p, lang)
        if not beyond:
            rows.append({"messages": [{"role": "user", "content": question}], "expected": answers, "kind": "contains", "max_tokens": 96})
    return rows
