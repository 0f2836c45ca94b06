"""Korean passages of made-up facts, as passages_en.py."""
import re

from words import (KO_ANIMALS, KO_COLORS, KO_FOODS, KO_HOBBIES, KO_INGREDIENTS, KO_JOBS, KO_MATERIALS,
                   Word)


def person(p):
    n, job, town, year = p.ko_person(), Word(p.pick(KO_JOBS)), p.ko_town(), p.number(1940, 2005)
    hobby, animal, count = Word(p.pick(KO_HOBBIES)), Word(p.pick(KO_ANIMALS)), p.number(2, 9)
    return [
        ([f"{n:는} {town}에서 {job:으로} 일합니다.", f"{town}에서 일하는 {n:는} {job}입니다."],
         [(f"{n}의 직업은 무엇인가요?", job), (f"{n:는} 어디에서 일하나요?", town), (f"{n:는} 무슨 일을 하나요?", job)]),
        ([f"{n:는} {year}년에 태어났습니다.", f"{n:이} 태어난 해는 {year}년입니다."],
         [(f"{n:는} 언제 태어났나요?", f"{year}년"), (f"{n:이} 태어난 해는?", f"{year}년")]),
        ([f"{n}의 취미는 {hobby}입니다.", f"저녁이면 {n:는} {hobby:을} 즐깁니다."],
         [(f"{n}의 취미는 뭐예요?", hobby), (f"{n:이} 즐기는 것은 무엇인가요?", hobby)]),
        ([f"{n:는} 집에서 {animal} {count}마리를 키웁니다.", f"{n}의 집에는 {animal:이} {count}마리 있습니다."],
         [(f"{n:는} {animal:을} 몇 마리 키우나요?", f"{count}마리"), (f"{n:이} 키우는 동물은 무엇인가요?", animal)]),
    ]


def opening(p):
    place, who, floor = p.ko_place(), p.ko_person(), p.number(1, 12)
    a, b, fee = p.ko_clock(), p.ko_clock(), p.number(1000, 20000, 500)
    day = p.pick("월요일 화요일 수요일 목요일 금요일 토요일 일요일".split())
    return [
        ([f"{place:은} {a}에 열고 {b}에 닫습니다.", f"{place} 이용 시간은 {a}부터 {b}까지입니다."],
         [(f"{place:은} 몇 시에 여나요?", a), (f"{place:은} 몇 시에 닫나요?", b), (f"{place:은} 언제까지 이용할 수 있나요?", b)]),
        ([f"{place:은} 건물 {floor}층에 있습니다.", f"건물 {floor}층으로 가면 {place:이} 있습니다."],
         [(f"{place:은} 몇 층에 있나요?", f"{floor}층")]),
        ([f"{place} 입장료는 {fee}원입니다.", f"{place}에 들어가려면 {fee}원을 내야 합니다."],
         [(f"{place} 입장료는 얼마인가요?", f"{fee}원"), (f"{place}에 들어가려면 얼마를 내야 해요?", f"{fee}원")]),
        ([f"{place:은} 매주 {day}에 쉽니다.", f"{day}에는 {place:이} 문을 열지 않습니다."],
         [(f"{place:은} 무슨 요일에 쉬나요?", day), (f"{place:이} 쉬는 날은 언제인가요?", day)]),
        ([f"예약은 {who} 씨에게 하면 됩니다.", f"{place} 예약은 {who} 씨가 받습니다."],
         [("예약은 누구에게 하나요?", f"{who} 씨"), (f"{place} 예약은 누가 받나요?", f"{who} 씨")]),
    ]


def product(p):
    n, color, material = p.ko_brand(), Word(p.pick(KO_COLORS)), Word(p.pick(KO_MATERIALS))
    hours, price, weight, years = p.number(3, 60), p.number(10000, 990000, 1000), p.number(120, 4800, 20), p.number(1, 9)
    return [
        ([f"{n:은} {material:으로} 만든 {color} 제품입니다.", f"{n:은} {color}이고 재질은 {material}입니다."],
         [(f"{n:은} 무엇으로 만들었나요?", material), (f"{n:은} 무슨 색인가요?", color), (f"{n}의 재질은?", material)]),
        ([f"한 번 충전하면 {hours}시간 쓸 수 있습니다.", f"{n}의 배터리는 {hours}시간 갑니다."],
         [(f"{n}의 배터리는 얼마나 가나요?", f"{hours}시간"), ("한 번 충전하면 몇 시간 쓸 수 있나요?", f"{hours}시간")]),
        ([f"{n}의 가격은 {price}원입니다.", f"{n:은} {price}원에 팔립니다."],
         [(f"{n:은} 얼마인가요?", f"{price}원"), (f"{n} 가격이 어떻게 되나요?", f"{price}원")]),
        ([f"{n}의 무게는 {weight}그램입니다.", f"{n:은} {weight}그램 나갑니다."],
         [(f"{n}의 무게는?", f"{weight}그램"), (f"{n:은} 얼마나 무거운가요?", f"{weight}그램")]),
        ([f"보증 기간은 {years}년입니다.", f"{n:은} {years}년 동안 무상으로 수리해 줍니다."],
         [(f"{n}의 보증 기간은 얼마나 되나요?", f"{years}년")]),
    ]


def train(p):
    a, b, stop, time = p.ko_town(), p.ko_town(), p.ko_town(), p.ko_clock()
    minutes, gate, fare = p.number(12, 240), p.number(1, 18), p.number(2000, 60000, 100)
    return [
        ([f"{a:으로} 가는 기차는 {time}에 {gate}번 승강장에서 출발합니다.", f"{time}에 {gate}번 승강장에서 {a}행 기차가 떠납니다."],
         [(f"{a:으로} 가는 기차는 언제 출발하나요?", time), (f"{a}행 기차는 몇 번 승강장에서 타나요?", f"{gate}번")]),
        ([f"{b}에서 {a}까지는 {minutes}분 걸립니다.", f"{b}에서 {a}까지 걸리는 시간은 {minutes}분입니다."],
         [(f"{b}에서 {a}까지 얼마나 걸리나요?", f"{minutes}분"), (f"{b}에서 {a}까지 몇 분 걸려요?", f"{minutes}분")]),
        ([f"기차는 중간에 {stop}에서 한 번 섭니다.", f"도중에 서는 역은 {stop}뿐입니다."],
         [("기차는 중간에 어디에 서나요?", stop), ("도중에 서는 역은 어디인가요?", stop)]),
        ([f"{a}까지 편도 요금은 {fare}원입니다.", f"편도 표는 {fare}원입니다."],
         [(f"{a}까지 편도 요금은 얼마인가요?", f"{fare}원")]),
    ]


def option(p):
    name, other = p.identifier(), p.identifier()
    default, most, file = p.number(5, 600, 5), p.number(700, 9000, 100), p.brand().lower() + p.pick([".conf", ".toml", ".ini", ".yaml"])
    unit = p.pick(["초", "메가바이트", "개", "쪽", "밀리초"])
    return [
        ([f"`{name}` 옵션의 기본값은 {default}{unit}입니다.", f"기본적으로 `{name}`은 {default}{unit}로 설정됩니다."],
         [(f"{name}의 기본값은 무엇인가요?", f"{default}{unit}"), (f"`{name}` 옵션의 기본값은?", f"{default}{unit}")]),
        ([f"`{name}`에는 {most}보다 큰 값을 넣을 수 없습니다.", f"`{name}`의 최댓값은 {most}입니다."],
         [(f"{name}의 최댓값은 얼마인가요?", most), (f"`{name}`에 넣을 수 있는 가장 큰 값은?", most)]),
        ([f"이 값은 {file} 파일에서 바꿉니다.", f"{file} 파일을 고치면 설정이 바뀝니다."],
         [("어느 파일을 고쳐야 하나요?", file), (f"{name}은 어느 파일에서 바꾸나요?", file)]),
        ([f"`{name}`을 바꾸면 서버를 다시 시작해야 하지만 `{other}`은 바로 적용됩니다.", f"`{other}`은 바로 적용되고 `{name}`은 다시 시작해야 적용됩니다."],
         [("다시 시작해야 하는 옵션은 무엇인가요?", name), ("바로 적용되는 옵션은 무엇인가요?", other)]),
    ]


def nature(p):
    kind = p.pick(["산", "강", "호수"])
    n = p.name(lambda: p.pick("가 나 다 달 말 무 별 비 새 솔 온 용 은 청 한 해 흰".split()) + p.pick("골 내 들 래 름 리 마 미 벼 봉 산 솔 실 여 울 음 주 천".split()) + (kind if kind != "호수" else "호"))
    place, who, size, year = p.ko_town(), p.ko_person(), p.number(120, 4800, 10), p.number(1500, 1950)
    what, unit = {"산": ("높이", "미터"), "강": ("길이", "킬로미터"), "호수": ("깊이", "미터")}[kind]
    return [
        ([f"{n}의 {what}는 {size}{unit}입니다.", f"{n:은} {what}가 {size}{unit}에 이릅니다."],
         [(f"{n}의 {what}는 얼마인가요?", f"{size}{unit}")]),
        ([f"{n:은} {place} 북쪽에 있습니다.", f"{place} 북쪽에 {n:이} 있습니다."],
         [(f"{n:은} 어디에 있나요?", f"{place} 북쪽"), (f"{place} 북쪽에는 무엇이 있나요?", n)]),
        ([f"{year}년에 {who:이} 처음으로 기록했습니다.", f"{n:을} 처음 기록한 사람은 {who}이고, {year}년의 일입니다."],
         [(f"{n:을} 처음 기록한 사람은 누구인가요?", who), (f"{n:은} 언제 처음 기록되었나요?", f"{year}년")]),
    ]


def event(p):
    town, date, guests, year, who = p.ko_town(), p.ko_date(), p.number(200, 90000, 100), p.number(1890, 2015), p.ko_person()
    n = p.name(lambda: p.pick("국화 단풍 등불 딸기 눈꽃 인형극 재즈 나비 도자기 메밀 바람 연날리기 옥수수 사과 벚꽃 책 그림 만화 빙어 억새".split()) + " " + p.pick(["축제", "대회", "박람회", "음악회", "장터"]))
    return [
        ([f"{n:은} {date}에 {town}에서 열립니다.", f"{town}에서는 {date}에 {n:을} 엽니다."],
         [(f"{n:은} 어디에서 열리나요?", town), (f"{n:은} 언제 열리나요?", date)]),
        ([f"지난해 {n}에는 {guests}명이 왔습니다.", f"지난해에는 {guests}명이 다녀갔습니다."],
         [(f"지난해 {n}에 몇 명이 왔나요?", f"{guests}명"), ("지난해에는 사람이 얼마나 왔나요?", f"{guests}명")]),
        ([f"{who:이} {year}년에 시작했습니다.", f"{n:은} {year}년에 {who:이} 처음 열었습니다."],
         [(f"{n:은} 누가 시작했나요?", who), (f"{n:은} 언제 시작되었나요?", f"{year}년")]),
    ]


def recipe(p):
    food = Word(p.pick(KO_FOODS))
    a, b, c = (Word(w) for w in p.random.sample(KO_INGREDIENTS, 3))
    minutes, persons, spoons = p.number(5, 120, 5), p.number(2, 9), p.number(1, 6)
    return [
        ([f"{food:을} 만들려면 {a}, {b}, {c:이} 필요합니다.", f"{food}에는 {a}, {b}, {c:이} 들어갑니다."],
         [(f"{food}에는 무엇이 들어가나요?", f"{a}, {b}, {c}"), (f"{food:을} 만들려면 무엇이 필요한가요?", f"{a}, {b}, {c}")]),
        ([f"{food:은} {minutes}분 동안 익힙니다.", f"중간 불에서 {minutes}분 익히면 됩니다."],
         [(f"{food:은} 얼마나 익히나요?", f"{minutes}분")]),
        ([f"소금은 {spoons}숟가락 넣습니다.", f"마지막에 소금 {spoons}숟가락을 넣습니다."],
         [("소금은 얼마나 넣나요?", f"{spoons}숟가락")]),
        ([f"이 양은 {persons}인분입니다.", f"{persons}명이 먹을 수 있는 양입니다."],
         [("몇 명이 먹을 수 있나요?", f"{persons}명"), (f"{food:은} 몇 인분인가요?", f"{persons}인분")]),
    ]


def meeting(p):
    topic = p.pick("예산 홈페이지 채용 안전 교육 홍보 난방 주차 출장 회계 전시 이사".split())
    date, time, who, other, room = p.ko_date(), p.ko_clock(), p.ko_person(), p.ko_person(), p.number(101, 999)
    return [
        ([f"{topic} 회의는 {date} {time}에 합니다.", f"{date} {time}에 {topic} 회의가 있습니다."],
         [(f"{topic} 회의는 언제인가요?", f"{date} {time}"), (f"{topic} 회의는 몇 시에 하나요?", time), (f"{topic} 회의 날짜는?", date)]),
        ([f"장소는 {room}호 회의실입니다.", f"{room}호 회의실에서 모입니다."],
         [("회의 장소는 어디인가요?", f"{room}호 회의실"), (f"{topic} 회의는 어디에서 하나요?", f"{room}호 회의실")]),
        ([f"진행은 {who} 씨가, 기록은 {other} 씨가 맡습니다.", f"{other} 씨가 기록하고 {who} 씨가 진행합니다."],
         [("회의는 누가 진행하나요?", f"{who} 씨"), ("기록은 누가 하나요?", f"{other} 씨")]),
    ]


def company(p):
    n = p.name(lambda: p.pick("가온 나래 다온 라온 마루 바른 새길 아람 자람 초롱 큰빛 토담 푸름 한결 해솔 늘봄 도란 미담 보듬 솔빛".split()) + p.pick(["산업", "전자", "식품", "출판사", "제약", "건설", "정보", "교통", "상사", "통신"]))
    town, year, staff, who = p.ko_town(), p.number(1900, 2018), p.number(12, 4800), p.ko_person()
    thing = Word(p.pick("구두 창문 자전거 약 가구 프로그램 엔진 종이 장난감 펌프 차 유리 전지 우산 안경 연필".split()))
    return [
        ([f"{n:은} {year}년 {town}에서 세워졌습니다.", f"{year}년에 {town}에서 {n:이} 문을 열었습니다."],
         [(f"{n:은} 언제 세워졌나요?", f"{year}년"), (f"{n:은} 어디에서 세워졌나요?", town)]),
        ([f"{n:은} {thing:을} 만듭니다.", f"이 회사는 {thing:을} 만들어 팝니다."],
         [(f"{n:은} 무엇을 만드나요?", thing), ("이 회사는 무엇을 만들어요?", thing)]),
        ([f"직원은 {staff}명입니다.", f"{n}에서는 {staff}명이 일합니다."],
         [(f"{n}의 직원은 몇 명인가요?", f"{staff}명"), (f"{n}에서는 몇 명이 일하나요?", f"{staff}명")]),
        ([f"대표는 {who} 씨입니다.", f"{who} 씨가 {n:을} 이끕니다."],
         [(f"{n}의 대표는 누구인가요?", f"{who} 씨"), (f"누가 {n:을} 이끄나요?", f"{who} 씨")]),
    ]


ATTRIBUTES = """색깔 주인 암호 위치 높이 가격 이름 대표 날짜 크기 공급처 언어 속도 용량 비밀번호 주소 무게 길이 너비 저자 제목
번호 나이 상표 모양 한도 등급 모델 상태 버전 포트 원본 형식 지역 마감일 예산 담당자 별명 기호 표어 통화 온도 주파수 전압 순위 점수
깊이""".split()
VERBS = [("좋아합니다", "좋아하는", "좋아하나요"), ("삽니다", "사는", "사나요"), ("팝니다", "파는", "파나요"), ("고칩니다", "고치는", "고치나요"),
         ("그립니다", "그리는", "그리나요"), ("배웁니다", "배우는", "배우나요"), ("모읍니다", "모으는", "모으나요"), ("찾습니다", "찾는", "찾나요"),
         ("싫어합니다", "싫어하는", "싫어하나요"), ("만듭니다", "만드는", "만드나요")]


def value(p):
    return Word(p.pick([p.ko_brand, p.ko_town, p.ko_person, p.ko_date, p.ko_clock, p.ko_place, lambda: p.number(2, 9000),
                        lambda: p.pick(KO_COLORS), lambda: p.pick(KO_MATERIALS)])())


def anything(p):
    """두 가지 것의 속성 몇 개."""
    facts = []
    for n in (p.ko_brand(), p.ko_place()):
        for attribute in p.random.sample(ATTRIBUTES, 2):
            a, v = Word(attribute), value(p)
            facts.append((
                [f"{n}의 {a:은} {v}입니다.", f"{n}의 {a:으로} {v:을} 골랐습니다.", f"{v:이} {n}의 {a}입니다.",
                 f"{n} {a}: {v}.", f"{n:은} {a:이} {v}입니다."],
                [(f"{n}의 {a:은} 무엇인가요?", v), (f"{n:은} {a:이} 무엇인가요?", v), (f"{n}의 {a:은}?", v)]))
    return facts


def doing(p):
    """누가 무엇을 하는지."""
    facts = []
    for says, doing_, asks in p.random.sample(VERBS, 3):
        who = p.ko_person()
        thing = Word(p.pick([p.pick(KO_FOODS), p.pick(KO_ANIMALS), p.pick(KO_INGREDIENTS), p.pick(KO_COLORS) + " 자전거"]))
        facts.append(([f"{who:은} {thing:을} {says}.", f"{thing:을} {doing_} 사람은 {who}입니다."],
                      [(f"누가 {thing:을} {asks}?", who), (f"{who:은} 무엇을 {asks}?", thing), (f"{thing:을} {doing_} 사람은 누구인가요?", who)]))
    return facts


def museum_piece(p):  # only in test sets
    n, who, year, material = p.ko_brand(), p.ko_person(), p.number(1600, 1990), Word(p.pick(KO_MATERIALS))
    room, size = p.number(1, 40), p.number(20, 300)
    return [
        ([f"작품 '{n}'의 작가는 {who}이며 {year}년에 완성했습니다.", f"{who:은} {year}년에 작품 '{n}'을 완성했습니다."],
         [(f"'{n}'의 작가는 누구인가요?", who), (f"'{n}'은 언제 완성되었나요?", f"{year}년")]),
        ([f"작품은 {material:으로} 만들었고 높이는 {size}센티미터입니다.", f"재료는 {material}, 높이는 {size}센티미터입니다."],
         [(f"'{n}'의 재료는 무엇인가요?", material), (f"'{n}'의 높이는 얼마인가요?", f"{size}센티미터")]),
        ([f"제{room}전시실에서 볼 수 있습니다.", f"지금은 제{room}전시실에 있습니다."],
         [(f"'{n}'은 어느 전시실에 있나요?", f"제{room}전시실")]),
    ]


def invoice(p):  # only in test sets
    n, who, total, days, date = p.number(1000, 99999), p.ko_place(), p.number(40000, 9000000, 1000), p.number(7, 60), p.ko_date()
    return [
        ([f"청구서 {n}번은 {date}에 {who:으로} 보냈습니다.", f"{date}에 {who}에 청구서 {n}번을 보냈습니다."],
         [(f"청구서 {n}번은 어디로 보냈나요?", who), (f"청구서 {n}번은 언제 보냈나요?", date)]),
        ([f"금액은 모두 {total}원입니다.", f"합계는 {total}원입니다."],
         [(f"청구서 {n}번의 금액은 얼마인가요?", f"{total}원")]),
        ([f"{days}일 안에 내야 합니다.", f"납부 기한은 {days}일입니다."],
         [(f"청구서 {n}번은 며칠 안에 내야 하나요?", f"{days}일")]),
    ]


TRAINING = [person, opening, product, train, option, nature, event, recipe, meeting, company,
            anything, anything, anything, doing]
TEST_ONLY = [museum_piece, invoice]
NOTHING = "지문에 나와 있지 않아요."
FRAMES = [
    "{passage}\n\n{question}",
    "지문: {passage}\n\n질문: {question}",
    "지문:\n{passage}\n\n{question}",
    "{question}\n\n{passage}",
    "다음 글을 읽고 답해 주세요.\n\n{passage}\n\n{question}",
    "지문의 말로 답하세요.\n\n{passage}\n\n질문: {question}",
    "이런 글이 있어요.\n{passage}\n\n{question}",
    "내용: {passage}\n질문: {question}",
]
WHERE_STANDS = ["\"{word}\"에 대해 말하는 문장은 무엇인가요?", "\"{word}\"가 나오는 문장을 그대로 옮겨 주세요.",
                "글에서 {word}에 대해 뭐라고 하나요?", "{word} 이야기는 어디에 나오나요?"]
GO_ON = ["\"{begin}\"로 시작하는 문장은 어떻게 이어지나요?", "글을 보고 이어 쓰세요: \"{begin}\"",
         "\"{begin}\" 다음에는 뭐라고 쓰여 있나요?"]
GAP = ["빈칸에 들어갈 말은? \"{gap}\"", "글을 보고 빈칸을 채우세요: \"{gap}\"", "\"{gap}\"에서 ___ 자리에 있는 말은 무엇인가요?"]
WORD = re.compile(r"[가-힣A-Za-z]{3,}")
DOES = {"를 반환합니다": "반환하나요", "을 반환합니다": "반환하나요", "를 사용합니다": "사용하나요", "을 사용합니다": "사용하나요",
        "를 포함합니다": "포함하나요", "을 포함합니다": "포함하나요", "를 제공합니다": "제공하나요", "을 제공합니다": "제공하나요",
        "를 만듭니다": "만드나요", "을 만듭니다": "만드나요", "를 지원합니다": "지원하나요", "을 지원합니다": "지원하나요",
        "를 나타냅니다": "나타내나요", "을 나타냅니다": "나타내나요", "를 설명합니다": "설명하나요", "을 설명합니다": "설명하나요",
        "를 정의합니다": "정의하나요", "을 정의합니다": "정의하나요", "를 지정합니다": "지정하나요", "을 지정합니다": "지정하나요"}
NO_SUBJECT = "이 이것 그것 그 다음 여기 특히 예를 그러나 하지만 따라서 또한 그리고 그래서 즉 이러한 이런 해당".split()
STATEMENT = re.compile(r"^([\w`.()-]+(?: [\w`.()-]+){0,4}?)(은|는) (.{2,90}?)(입니다|%s)\.$" % "|".join(DOES))


def turned_around(sentence):
    """평서문이 답이 되는 질문: [(질문, 답)]."""
    found = STATEMENT.match(sentence)
    if not found or found[1].split()[0] in NO_SUBJECT:
        return []
    subject, particle, rest, end = found.groups()
    if end == "입니다":
        return [(f"{subject}{particle} 무엇인가요?", rest)]
    return [(f"{subject}{particle} 무엇을 {DOES[end]}?", rest)]
