#!/usr/bin/env python3
"""Ten conversations in each language with the model of a running service, as Markdown.

  build/pioneer serve --model models/pioneer-small.gguf --port 8080 &
  recipes/pioneer-small/talk.py http://127.0.0.1:8080 > conversations.md

The user's part is fixed, so that nobody chooses what looks best; answers are drawn with seed 1
and temperature 0.5.
"""
import json
import sys
import urllib.request

LAMP = {"type": "function", "function": {
    "name": "set_lamp", "description": "Switches the lamp of a room",
    "parameters": {"type": "object", "required": ["room", "on"], "properties": {
        "room": {"type": "string", "description": "the room"},
        "on": {"type": "boolean", "description": "true = on"}}}}}
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Tells the weather of a city",
    "parameters": {"type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "description": "the city"}}}}}

CONVERSATIONS = {
    "English": [
        (["Hello!", "How are you today?"], []),
        (["What are you?", "How big are you?"], []),
        (["What can you do?", "Do you send my words anywhere?"], []),
        (["The museum on Mill Street was founded in 1911. It is open from Tuesday to Sunday. A ticket costs "
          "7 euros.\n\nWhen was the museum founded?", "How much is a ticket?"], []),
        (["Read this and answer.\n\nNadia Brook works as a baker in Elmford. She has two cats and plays the "
          "violin in the evening.\n\nWhat is Nadia Brook's work?", "What is the name of her brother?"], []),
        (["The REINDEX command rebuilds an index using the data stored in the index's table, replacing the "
          "old copy of the index.\n\nWhat does REINDEX rebuild?"], []),
        (["Please turn on the lamp in the kitchen."], [LAMP, WEATHER]),
        (["What is the weather in Busan?"], [LAMP, WEATHER]),
        (["I would like to order a large latte.", "That is all, thank you."], []),
        (["What is the capital of Portugal?", "Are you sure?"], []),
    ],
    "한국어": [
        (["안녕!", "오늘 기분이 어때?"], []),
        (["너는 누구야?", "얼마나 커?"], []),
        (["뭘 할 수 있어?", "내 말을 어디로 보내?"], []),
        (["강변로에 있는 박물관은 1911년에 세워졌습니다. 화요일부터 일요일까지 문을 엽니다. 입장료는 7000원입니다."
          "\n\n박물관은 언제 세워졌나요?", "입장료는 얼마야?"], []),
        (["읽고 답해 줘.\n\n한지우는 목포에서 제빵사로 일합니다. 고양이 두 마리를 키우고 저녁에는 바이올린을 켭니다."
          "\n\n한지우의 직업은 무엇인가요?", "동생 이름은 뭐야?"], []),
        (["REINDEX 명령은 인덱스의 테이블에 저장된 데이터로 인덱스를 다시 만들어 이전 인덱스를 바꿉니다."
          "\n\nREINDEX는 무엇을 다시 만드나요?"], []),
        (["부엌 전등을 켜 줘."], [LAMP, WEATHER]),
        (["부산 날씨 알려 줘."], [LAMP, WEATHER]),
        (["요즘 너무 힘들어.", "고마워."], []),
        (["포르투갈의 수도는 어디야?", "확실해?"], []),
    ],
}


def ask(server, messages, tools):
    body = {"messages": messages, "temperature": 0.5, "seed": 1, "max_tokens": 160}
    if tools:
        body["tools"] = tools
    request = urllib.request.Request(server + "/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as response:
        return json.load(response)["choices"][0]["message"]


def shown(message):
    """The answer's text, and its calls as they would run."""
    calls = [f"`{call['function']['name']}({call['function']['arguments']})`"
             for call in message.get("tool_calls") or []]
    return " ".join([message.get("content") or ""] + calls).strip().replace("\n", " ⏎ ")


def main():
    server = sys.argv[1].rstrip("/")
    for language, conversations in CONVERSATIONS.items():
        print(f"## {language}\n")
        for number, (questions, tools) in enumerate(conversations, 1):
            print(f"{number}.")
            messages = []
            for question in questions:
                messages.append({"role": "user", "content": question})
                answer = ask(server, messages, tools)
                messages.append({"role": "assistant", "content": answer.get("content") or "(called a tool)"})
                print(f"   - **{question}**".replace("\n\n", " ⏎ ").replace("\n", " "))
                print(f"   - {shown(answer)}")
        print()


if __name__ == "__main__":
    main()
