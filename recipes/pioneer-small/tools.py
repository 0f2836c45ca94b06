"""Tool calls in made-up conversations, English and Korean: families of tools with several names for
the same thing, requests whose arguments stand in their words, and requests that need no tool."""
import json

# A family: names, description, parameters {(names): (type, description)}, and requests: text with
# {parameter}, and how to draw the parameters. The first name of a parameter is the key of `draw`.
SPEECH = {"en": "I have no tool for that.", "ko": "그 일을 할 도구가 없어요."}
DONE = {"en": ["Done.", "It is done."], "ko": ["했어요.", "완료했어요."]}


def family(names, about, parameters, draw, en, ko, answer=None):
    return dict(names=names, about=about, parameters=parameters, draw=draw, en=en, ko=ko, answer=answer)


CITIES = {"en": "Seoul Busan Tokyo London Paris Berlin Madrid Oslo Rome Cairo Lima Dublin Boston Sydney Jeju Osaka Vienna Prague".split(),
          "ko": "서울 부산 도쿄 런던 파리 베를린 제주 대구 대전 광주 인천 오사카 춘천 전주 강릉 수원".split()}
TEXTS = {"en": "call the dentist,buy milk,water the plants,send the report,pay the rent,book a table,feed the cat,renew the passport,clean the desk,order paper".split(","),
         "ko": "치과에 전화하기,우유 사기,화분에 물 주기,보고서 보내기,월세 내기,고양이 밥 주기,여권 갱신하기,책상 정리하기,종이 주문하기,세탁소 들르기".split(",")}
QUERIES = {"en": "train strikes,solar panels,bread recipes,used bicycles,tax forms,hiking trails,winter tires,jazz concerts,flu vaccine,school holidays".split(","),
           "ko": "기차 파업,태양광 패널,빵 만드는 법,중고 자전거,연말정산 서류,등산로,겨울용 타이어,재즈 공연,독감 백신,방학 일정".split(",")}


def one_of(table):
    return lambda p, lang: str(p.pick(table[lang]))


def number(low, high, step=1):
    return lambda p, lang: int(p.number(low, high, step))


def person(p, lang):
    return str(p.first() if lang == "en" else p.ko_person())


def clock(p, lang):
    return f"{p.pick(range(6, 23)):02}:{p.pick(['00', '15', '30', '45'])}"


def path(p, lang):
    return p.pick(["notes", "docs", "src", "data", "home", "report", "photos"]) + "/" + str(p.brand()).lower() + p.pick([".txt", ".md", ".csv", ".py", ".json"])


TRAINING = [
    family(["get_weather", "weather", "fetch_weather", "current_weather"], "Weather of a city now",
           {("city", "location", "place"): ("string", "name of the city")}, {"city": one_of(CITIES)},
           ["What is the weather in {city}?", "How is the weather in {city} today?", "Is it raining in {city}?", "weather {city}"],
           ["{city} 날씨 어때?", "오늘 {city} 날씨 알려 줘", "{city}에 비 와?", "{city} 날씨"],
           {"en": ["It is {n} degrees in {city}.", "{city}: {n} degrees."], "ko": ["{city} 기온은 {n}도예요.", "지금 {city:은} {n}도예요."]}),
    family(["set_timer", "start_timer", "timer"], "Starts a timer",
           {("minutes", "duration_minutes"): ("integer", "length in minutes")}, {"minutes": number(1, 90)},
           ["Set a timer for {minutes} minutes.", "Wake me in {minutes} minutes.", "timer {minutes} minutes please"],
           ["{minutes}분 타이머 맞춰 줘", "{minutes}분 뒤에 알려 줘", "타이머 {minutes}분 부탁해"]),
    family(["search_web", "web_search", "search"], "Searches the web",
           {("query", "q", "text"): ("string", "what to look for")}, {"query": one_of(QUERIES)},
           ["Search the web for {query}.", "Find something about {query}.", "Look up {query}, please.", "Can you search for {query}?"],
           ["{query} 검색해 줘", "{query}에 대해 찾아봐 줘", "웹에서 {query} 좀 찾아 줘"]),
    family(["add_todo", "create_task", "add_task", "new_reminder"], "Adds an entry to the list of things to do",
           {("text", "title", "task"): ("string", "what is to be done")}, {"text": one_of(TEXTS)},
           ["Remind me: {text}.", "Add \"{text}\" to my list.", "Put {text} on my to-do list."],
           ["할 일에 {text} 추가해 줘", "\"{text}\" 목록에 넣어 줘", "{text} 잊지 않게 적어 줘"]),
    family(["read_file", "open_file", "cat_file", "show_file"], "Reads a file",
           {("path", "file", "filename"): ("string", "path of the file")}, {"path": path},
           ["Read {path}.", "What is in {path}?", "Show me the file {path}.", "Open {path} please"],
           ["{path} 읽어 줘", "{path} 내용 보여 줘", "{path} 파일을 열어 줘"]),
    family(["send_message", "send_text", "message"], "Sends a short message to a person",
           {("to", "recipient", "name"): ("string", "who gets it"), ("text", "body", "content"): ("string", "the message")},
           {"to": person, "text": one_of(TEXTS)},
           ["Tell {to} to {text}.", "Send {to} the message \"{text}\".", "Message {to}: {text}"],
           ["{to}에게 \"{text}\"라고 보내 줘", "{to}한테 {text} 메시지 보내 줘"]),
    family(["create_event", "add_event", "new_meeting", "schedule_meeting"], "Writes an event into the calendar",
           {("title", "name", "subject"): ("string", "what it is"), ("time", "start", "start_time"): ("string", "HH:MM")},
           {"title": lambda p, lang: p.pick({"en": "lunch,team meeting,yoga,interview,dinner,piano lesson,haircut,call with the bank".split(","), "ko": "점심 약속,팀 회의,요가,면접,저녁 식사,피아노 수업,미용실,은행 상담".split(",")}[lang]), "time": clock},
           ["Put {title} at {time} into my calendar.", "Schedule {title} for {time}.", "Add {title} at {time}."],
           ["{time}에 {title} 일정 넣어 줘", "달력에 {title} {time}로 추가해 줘", "{title} {time} 예약해 줘"]),
    family(["convert_currency", "exchange", "convert_money"], "Converts an amount of money",
           {("amount", "value"): ("number", "how much"), ("from", "source"): ("string", "currency code"), ("to", "target"): ("string", "currency code")},
           {"amount": number(5, 5000, 5), "from": lambda p, lang: p.pick(["USD", "EUR", "JPY"]), "to": lambda p, lang: p.pick(["KRW", "GBP", "CHF"])},
           ["How much is {amount} {from} in {to}?", "Convert {amount} {from} to {to}."],
           ["{amount} {from}는 {to}로 얼마야?", "{amount} {from}를 {to}로 바꿔 줘"]),
    family(["play_music", "play_song", "play"], "Plays music",
           {("title", "song", "name"): ("string", "name of the piece")}, {"title": lambda p, lang: str(p.brand() if lang == "en" else p.ko_brand())},
           ["Play {title}.", "I want to hear {title}.", "Put on {title}, please."],
           ["{title} 틀어 줘", "{title} 듣고 싶어", "{title} 재생해 줘"]),
    family(["switch_light", "set_light", "light"], "Switches the light of a room",
           {("room", "where"): ("string", "the room"), ("on", "state"): ("boolean", "true = on")},
           {"room": lambda p, lang: p.pick({"en": "kitchen,bedroom,hall,office,garage,bathroom".split(","), "ko": "부엌,침실,거실,서재,차고,욕실".split(",")}[lang]), "on": lambda p, lang: p.pick([True, False])},
           ["Turn {on} the light in the {room}.", "Light {on} in the {room}, please."],
           ["{room} 불 {on} 줘", "{room} 조명 {on} 줄래?"]),
    family(["calculate", "calculator", "compute"], "Calculates",
           {("expression", "formula"): ("string", "what to calculate")},
           {"expression": lambda p, lang: f"{p.number(2, 999)} {p.pick('+-*/')} {p.number(2, 99)}"},
           ["What is {expression}?", "Calculate {expression}.", "How much is {expression}?"],
           ["{expression} 계산해 줘", "{expression}은 얼마야?", "{expression} 값이 뭐야?"]),
    family(["list_files", "ls", "list_folder"], "Lists the files of a folder",
           {("folder", "path", "directory"): ("string", "the folder")}, {"folder": lambda p, lang: p.pick(["docs", "src", "data", "photos", "notes", "music", "reports"]) + "/" + str(p.brand()).lower()},
           ["Which files are in {folder}?", "List {folder}.", "Show the folder {folder}."],
           ["{folder}에 어떤 파일이 있어?", "{folder} 폴더 목록 보여 줘"]),
]
TEST_ONLY = [
    family(["translate_word", "lookup_translation"], "Translates a word",
           {("word", "term"): ("string", "the word"), ("language", "lang"): ("string", "into which language")},
           {"word": lambda p, lang: p.pick("apple river window bridge teacher garden".split()), "language": lambda p, lang: p.pick({"en": ["French", "German", "Spanish"], "ko": ["프랑스어", "독일어", "스페인어"]}[lang])},
           ["Translate \"{word}\" into {language}."], ["\"{word}\"를 {language}로 번역해 줘"]),
    family(["track_package", "parcel_status"], "Tells where a parcel is",
           {("number", "tracking_number"): ("string", "number of the parcel")}, {"number": lambda p, lang: f"{p.pick('ABCDEF')}{p.pick('KLMNP')}{p.number(10000, 99999)}"},
           ["Where is my parcel {number}?", "Track {number}."], ["택배 {number} 어디쯤 왔어?", "{number} 배송 조회해 줘"]),
    family(["book_table", "reserve_table"], "Reserves a table in a restaurant",
           {("people", "guests"): ("integer", "how many"), ("time", "at"): ("string", "HH:MM")}, {"people": number(2, 12), "time": clock},
           ["Book a table for {people} at {time}."], ["{time}에 {people}명 자리 예약해 줘"]),
]
ON = {"en": {True: "on", False: "off"}, "ko": {True: "켜", False: "꺼"}}
PREFIX = "You can call tools. Each line between <tools> and </tools> describes one:\n<tools>\n"
SUFFIX = ("</tools>\nTo call a tool, write\n<tool_call>\n"
          "{\"name\": the tool's name, \"arguments\": an object that fits its parameters}\n"
          "</tool_call>\nIts result then comes between <tool_response> and </tool_response>.")


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Tool:
    """One of a family, with one of the names for everything."""

    def __init__(self, p, kind):
        self.kind, self.name = kind, p.pick(kind["names"])
        self.keys = {names[0]: p.pick(names) for names in kind["parameters"]}

    def definition(self):
        properties = {self.keys[names[0]]: {"type": type_, "description": about}
                      for names, (type_, about) in self.kind["parameters"].items()}
        return {"type": "function", "function": {
            "name": self.name, "description": self.kind["about"],
            "parameters": {"type": "object", "properties": properties, "required": list(properties)}}}

    def request(self, p, lang):
        values = {key: draw(p, lang) for key, draw in self.kind["draw"].items()}
        spoken = {k: ON[lang][v] if isinstance(v, bool) else v for k, v in values.items()}
        return p.pick(self.kind[lang]).format(**spoken), values

    def call(self, values):
        arguments = {self.keys[key]: value for key, value in values.items()}
        return f"<tool_call>\n{{\"name\": {dump(self.name)}, \"arguments\": {dump(arguments)}}}\n</tool_call>"


def system_text(tools):
    return PREFIX + "".join(dump(tool.definition()) + "\n" for tool in tools) + SUFFIX


def request(p, families, lang):
    """For tests: the tools as a program offers them, what a person says, and the call that fits."""
    offered = [Tool(p, kind) for kind in p.random.sample(families, p.pick([1, 2, 3]))]
    tool = p.pick(offered)
    text, values = tool.request(p, lang)
    return ([tool.definition() for tool in offered], text,
            {"name": tool.name, "arguments": {tool.keys[key]: value for key, value in values.items()}})


def conversation(p, families, lang, small_talk):
    """One made-up conversation: its messages."""
    tools = [Tool(p, kind) for kind in p.random.sample(families, p.pick([1, 1, 2, 2, 3]))]
    messages = [{"role": "system", "content": system_text(tools)}]
    if p.random.random() < 0.15 and small_talk:
        messages += p.pick(small_talk)[:2]
        return messages
    tool = p.pick(tools)
    text, values = tool.request(p, lang)
    call = tool.call(values)
    messages += [{"role": "user", "content": text}, {"role": "assistant", "content": call}]
    answer = tool.kind["answer"]
    if p.random.random() < 0.5:
        n = p.number(-9, 35)
        result = {"degrees": int(n)} if answer else {"ok": True}
        reply = (p.pick(answer[lang]).format(n=n, **{k: type(n)(v) for k, v in values.items()})
                 if answer else p.pick(DONE[lang]))
        messages += [{"role": "user", "content": f"<tool_response>\n{dump(result)}\n</tool_response>"},
                     {"role": "assistant", "content": reply}]
    return messages
