"""Names, numbers and Korean particles for made-up passages.

Names of people, places, products and options are dealt out by their hash: four fifths stand only in
training text, the others only in test sets, so a test asks about names that no training text has.
Kinds of things (jobs, colours, foods) and numbers are the same in both.
"""
import hashlib
import random


class Word(str):
    """A string that takes Korean particles: f"{Word('미나'):는}" is 미나는, f"{Word('준'):는}" 준은."""

    PAIRS = {"은": "은는", "는": "은는", "이": "이가", "가": "이가", "을": "을를", "를": "을를",
             "과": "과와", "와": "과와"}

    def __format__(self, particle):
        if not particle:
            return str(self)
        ends = final_consonant(self)
        if particle in self.PAIRS:
            return self + self.PAIRS[particle][0 if ends else 1]
        if particle == "으로":
            return self + ("으로" if ends and ends != 8 else "로")
        if particle == "이에요":
            return self + ("이에요" if ends else "예요")
        raise ValueError(particle)


def final_consonant(text):
    """0 when the last sound is a vowel; 8 is ㄹ. Digits and Latin letters as they are read."""
    last = text.rstrip(")\"' ")[-1]
    if "가" <= last <= "힣":
        return (ord(last) - 0xAC00) % 28
    read = {"0": 21, "1": 8, "2": 0, "3": 16, "4": 0, "5": 0, "6": 1, "7": 8, "8": 8, "9": 0}
    return read.get(last, 8 if last in "lrLR" else 16 if last in "mnMN" else 0)


def is_test_word(word):
    return hashlib.sha256(word.encode()).digest()[0] < 51


class Pool:
    """Draws from lists and makes numbers; `test` decides which names may be drawn."""

    def __init__(self, seed, test):
        self.random = random.Random(seed)
        self.test = test

    def pick(self, items):
        return self.random.choice(items)

    def number(self, low, high, step=1):
        return Word(self.random.randrange(low, high + 1, step))

    def name(self, make):
        while True:
            word = make()
            if is_test_word(word) == self.test:
                return Word(word)

    def of(self, items):
        return self.name(lambda: self.pick(items))

    # English
    def person(self):
        return self.name(lambda: self.pick(FIRST) + " " + self.pick(LAST))

    def first(self):
        return self.name(lambda: self.pick(FIRST + MADE_FIRST))

    def town(self):
        return self.name(lambda: self.pick(TOWN_A) + self.pick(TOWN_B))

    def brand(self):
        def make():
            n = self.pick([2, 2, 3])
            return "".join(self.pick(SYLLABLES) for _ in range(n)).capitalize()
        return self.name(make)

    def clock(self):
        return Word(f"{self.pick(range(6, 23))}:{self.pick(['00', '10', '15', '20', '30', '40', '45', '50'])}")

    def date(self):
        return Word(f"{self.pick(MONTHS)} {self.pick(range(1, 29))}")

    def identifier(self):
        return self.name(lambda: self.pick(ID_A) + "_" + self.pick(ID_B))

    # Korean
    def ko_person(self):
        return self.name(lambda: self.pick(KO_LAST) + self.pick(KO_SYLLABLES) + self.pick(KO_SYLLABLES))

    def ko_place(self):
        return self.name(lambda: self.pick(KO_PLACE_A) + self.pick(KO_PLACE_B))

    def ko_town(self):
        return self.name(lambda: self.pick(KO_TOWN_A) + self.pick(KO_TOWN_B) + self.pick(["시", "군", "동", "읍"]))

    def ko_brand(self):
        return self.name(lambda: self.pick(KO_BRAND_A) + self.pick(KO_BRAND_B) + self.pick(["", "", " 2", " 3", " 플러스"]))

    def ko_clock(self):
        half = self.pick(["오전", "오후"])
        return Word(f"{half} {self.pick(range(1, 12))}시" + self.pick(["", "", " 30분", " 15분", " 40분"]))

    def ko_date(self):
        return Word(f"{self.pick(range(1, 13))}월 {self.pick(range(1, 29))}일")


FIRST = """Ada Alan Alice Amir Anna Ben Bora Carla Chloe Clara Daniel David Dina Elena Emil Emma Eric
Eva Felix Finn Flora Frank George Greta Hana Hugo Ida Igor Ines Ivan Jack Jana Jin Joan Jonas Julia
Karl Kate Kofi Laila Lara Leo Lily Lina Louis Lucy Maria Marta Max Mia Mila Mina Nadia Nina Noah Nora
Olga Omar Oscar Paul Petra Priya Rosa Ruth Sam Sara Sofia Sven Tara Theo Tom Vera Victor Yuna Zara
Zoe""".split()
MADE_FIRST = [a + b for a in "Bel Dar Fen Gal Kel Lor Mar Nel Per Ras Sel Tor Val Wen Zan".split()
              for b in "a an eth ia in is o on us y".split()]
LAST = """Adler Baker Berg Blake Brandt Brown Carter Chen Choi Clark Cole Cook Costa Cruz Dale Diaz
Dunn Ellis Evans Fischer Ford Fox Garcia Grant Gray Green Hall Hart Hill Holm Hunt Jung Kang Keller
Khan Kim King Klein Kurt Lane Lang Lee Lind Lopez Marsh Mason Meyer Mills Moon Moore Nash Novak Olsen
Owen Park Patel Perry Petrov Price Quinn Reed Ross Roy Sato Shaw Silva Stein Stone Sung Tanaka Vega
Wagner Walsh Webb West White Wolf Wood Young""".split()
TOWN_A = """Ash Bay Birch Black Bright Clear Cold Corn Crow East Elm Fair Fern Glen Green Grey Hazel
High Iron Kings Lake Long Maple Mill New North Oak Old Pine Raven Red River Rock Rose Salt Sand Silver
South Spring Stone Sun Thorn West White Wild Willow Winter Wood""".split()
TOWN_B = """bridge brook burg bury by cliff dale field ford gate ham harbor haven hill holm land ley
mouth point port shore side stead ton vale view ville water wick worth""".split()
SYLLABLES = """al an ar bel bo ca cor da den do el en er fa fi ga go ha hi ic in ix ka ki lo lu ma mi
mo na ne no ol on or pa pi qua ra ri ro sa si so ta ti to tra u va ve vi vo wa xa ya yo za zen
zo""".split()
MONTHS = """January February March April May June July August September October November
December""".split()
ID_A = """cache page retry disk queue log user mail index batch thread socket table merge backup
session upload search lock memory buffer job sync idle token file report""".split()
ID_B = """limit size timeout delay count level mode depth interval window quota ratio age path width
budget slots policy""".split()
JOBS = """nurse teacher baker pilot farmer dentist plumber painter chemist judge tailor librarian
gardener carpenter electrician translator photographer architect waiter butcher clerk driver surgeon
potter violinist accountant fisher cook lawyer mechanic""".split()
COLORS = "red blue green black white yellow grey brown orange purple silver golden pink".split()
HOBBIES = """chess painting swimming cycling fishing pottery hiking climbing knitting dancing reading
skating sailing running gardening photography tennis archery baking surfing singing juggling""".split()
ANIMALS = """cat dog parrot rabbit turtle horse hamster goat canary lizard pony goldfish owl
ferret""".split()
MATERIALS = """steel wood glass cotton wool leather paper copper stone bamboo plastic silk clay
aluminium rubber linen cork""".split()
FOODS = """soup bread pancakes stew dumplings salad rice noodles pie curry omelette porridge risotto
cookies waffles lasagna""".split()
INGREDIENTS = """carrots onions garlic butter honey walnuts mushrooms potatoes beans spinach lemons
apples tomatoes pepper cream cheese ginger basil corn pumpkin leeks raisins almonds lentils
""".split()
ROOMS = """library gym cafeteria museum pool workshop laboratory archive theater clinic bakery
bookshop gallery kitchen garage post office reception studio chapel warehouse""".split()

KO_LAST = list("김이박최정강조윤장임한오서신권황안송류홍")
KO_SYLLABLES = list("민서준하은지우현수진영도윤재연경태호선아린혜원빈솔람찬규성미나다유채율가온기범별")
KO_PLACE_A = "하늘 바다 푸른 한빛 새봄 은빛 햇살 소나무 별빛 무지개 강변 달빛 느티 들꽃 솔향 해오름 다솜 가람 누리 나래".split()
KO_PLACE_B = "도서관 체육관 박물관 식당 병원 약국 서점 미술관 카페 수영장 공원 시장 극장 은행 회관 빵집 공방 학원 주민센터 연구소".split()
KO_TOWN_A = "서 동 남 북 강 청 은 금 송 백 해 영 안 문 화 인 천 대 신 옥".split()
KO_TOWN_B = "주 산 천 포 양 원 평 암 곡 림 진 성 흥 덕 창".split()
KO_BRAND_A = "아라 미르 온새 보람 하람 가온 늘솔 도담 라온 마루 바론 사계 이든 차오 타온 한울 초록 두리 비단 여울".split()
KO_BRAND_B = "폰 북 패드 워치 램프 청소기 가습기 의자 자전거 카메라 스피커 냉장고 믹서 시계 가방 텐트 키보드 모니터 선풍기 온풍기".split()
KO_JOBS = "간호사 교사 제빵사 조종사 농부 치과의사 목수 화가 판사 사서 정원사 통역사 사진가 건축가 요리사 변호사 정비사 회계사 어부 기자 약사 작곡가 배우 경찰관 소방관".split()
KO_COLORS = "빨간색 파란색 초록색 검은색 흰색 노란색 회색 갈색 주황색 보라색 은색 분홍색".split()
KO_HOBBIES = "바둑 수영 등산 낚시 독서 달리기 그림 춤 요리 사진 테니스 자전거 노래 뜨개질 배드민턴 글쓰기 서예 탁구 볼링 장기".split()
KO_ANIMALS = "고양이 강아지 앵무새 토끼 거북이 햄스터 염소 금붕어 도마뱀 말".split()
KO_MATERIALS = "강철 나무 유리 면 양모 가죽 종이 구리 돌 대나무 플라스틱 비단 흙 알루미늄 고무".split()
KO_FOODS = "된장찌개 김치전 비빔밥 만두 죽 카레 볶음밥 호박전 국수 잡채 미역국 떡국 감자탕 불고기 파전 수제비".split()
KO_INGREDIENTS = "당근 양파 마늘 버섯 감자 두부 시금치 호박 무 배추 콩나물 달걀 파 고추 참기름 간장 된장 생강 부추 깻잎".split()
