"""English passages of made-up facts: each domain gives facts, a fact is (ways to say it, questions
with the words of the answer)."""
import re

from words import ANIMALS, COLORS, FOODS, HOBBIES, INGREDIENTS, JOBS, MATERIALS, ROOMS


def person(p):
    n, job, town, year = p.person(), p.pick(JOBS), p.town(), p.number(1940, 2005)
    hobby, animal, count = p.pick(HOBBIES), p.pick(ANIMALS), p.number(2, 9)
    return [
        ([f"{n} works as a {job} in {town}.", f"In {town}, {n} is known as a {job}."],
         [(f"What is {n}'s job?", job), (f"Where does {n} work?", town),
          (f"In which town does {n} work?", town), (f"What does {n} do for a living?", job)]),
        ([f"{n} was born in {year}.", f"The year of {n}'s birth is {year}."],
         [(f"When was {n} born?", year), (f"In what year was {n} born?", year)]),
        ([f"In the evening {n} likes {hobby}.", f"{n}'s favourite pastime is {hobby}."],
         [(f"What does {n} like to do in the evening?", hobby), (f"What is {n}'s hobby?", hobby)]),
        ([f"{n} keeps {count} {animal}s at home.", f"At home {n} has {count} {animal}s."],
         [(f"How many {animal}s does {n} have?", count), (f"Which animals does {n} keep?", f"{animal}s")]),
    ]


def opening(p):
    room, who, floor = p.pick(ROOMS), p.person(), p.number(1, 12)
    a, b, fee, day = p.clock(), p.clock(), p.number(2, 40), p.pick("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
    return [
        ([f"The {room} is open from {a} to {b}.", f"Visitors may use the {room} between {a} and {b}."],
         [(f"When does the {room} open?", a), (f"When does the {room} close?", b),
          (f"Until what time is the {room} open?", b)]),
        ([f"You find the {room} on floor {floor}.", f"The {room} is on floor {floor} of the building."],
         [(f"On which floor is the {room}?", floor), (f"Where is the {room}?", f"on floor {floor}")]),
        ([f"A day ticket for the {room} costs {fee} euros.", f"Entry to the {room} is {fee} euros a day."],
         [(f"How much does a ticket for the {room} cost?", f"{fee} euros"), (f"What is the price of entry to the {room}?", f"{fee} euros")]),
        ([f"The {room} is closed on {day}s.", f"On {day}s the {room} stays closed."],
         [(f"On which day is the {room} closed?", f"{day}s"), (f"When is the {room} closed?", f"on {day}s")]),
        ([f"Bookings for the {room} go to {who}.", f"{who} takes bookings for the {room}."],
         [(f"Who takes bookings for the {room}?", who), (f"Whom do I ask for a booking of the {room}?", who)]),
    ]


def product(p):
    n, thing = p.brand(), p.pick("lamp phone kettle bicycle camera backpack printer drill radio heater tablet watch scooter speaker".split())
    color, material = p.pick(COLORS), p.pick(MATERIALS)
    hours, price, weight, years = p.number(3, 60), p.number(15, 990, 5), p.number(120, 4800, 20), p.number(1, 9)
    return [
        ([f"The {n} is a {color} {thing} made of {material}.", f"{n} makes a {thing} of {material}; it is {color}."],
         [(f"What is the {n} made of?", material), (f"What colour is the {n}?", color), (f"What kind of thing is the {n}?", thing)]),
        ([f"The battery of the {n} lasts {hours} hours.", f"With a full battery the {n} runs for {hours} hours."],
         [(f"How long does the battery of the {n} last?", f"{hours} hours"), (f"How many hours does the {n} run?", hours)]),
        ([f"It costs {price} dollars.", f"The price of the {n} is {price} dollars."],
         [(f"How much is the {n}?", f"{price} dollars"), (f"What does the {n} cost?", f"{price} dollars")]),
        ([f"The {n} weighs {weight} grams.", f"Its weight is {weight} grams."],
         [(f"How heavy is the {n}?", f"{weight} grams"), (f"What is the weight of the {n}?", f"{weight} grams")]),
        ([f"The maker gives a warranty of {years} years on the {n}.", f"The {n} comes with a warranty of {years} years."],
         [(f"How long is the warranty of the {n}?", f"{years} years")]),
    ]


def train(p):
    a, b, time, minutes, platform = p.town(), p.town(), p.clock(), p.number(12, 240), p.number(1, 18)
    stop, fare = p.town(), p.number(4, 90)
    return [
        ([f"The train to {a} leaves at {time} from platform {platform}.", f"From platform {platform} a train goes to {a} at {time}."],
         [(f"When does the train to {a} leave?", time), (f"From which platform does the train to {a} leave?", platform)]),
        ([f"The ride from {b} to {a} takes {minutes} minutes.", f"It takes {minutes} minutes to go from {b} to {a}."],
         [(f"How long does the ride from {b} to {a} take?", f"{minutes} minutes"), (f"How many minutes is it from {b} to {a}?", minutes)]),
        ([f"It stops once, in {stop}.", f"The only stop on the way is {stop}."],
         [(f"Where does the train to {a} stop?", stop), ("What is the only stop on the way?", stop)]),
        ([f"A single ticket to {a} is {fare} pounds.", f"You pay {fare} pounds for a single ticket to {a}."],
         [(f"How much is a single ticket to {a}?", f"{fare} pounds")]),
    ]


def option(p):
    name, other = p.identifier(), p.identifier()
    default, most, file = p.number(5, 600, 5), p.number(700, 9000, 100), p.brand().lower() + p.pick([".conf", ".toml", ".ini", ".yaml"])
    unit = p.pick(["seconds", "megabytes", "entries", "pages", "threads", "milliseconds"])
    return [
        ([f"The option `{name}` has a default of {default} {unit}.", f"By default `{name}` is {default} {unit}."],
         [(f"What is the default of {name}?", f"{default} {unit}"), (f"What is the default value of `{name}`?", f"{default} {unit}")]),
        ([f"Values of `{name}` above {most} are refused.", f"The largest value of `{name}` is {most}."],
         [(f"What is the largest value of {name}?", most), (f"Above which value is `{name}` refused?", most)]),
        ([f"It is set in the file {file}.", f"To change it, edit {file}."],
         [(f"In which file is {name} set?", file), ("Which file do I have to edit?", file)]),
        ([f"A change of `{name}` needs a restart, a change of `{other}` does not.", f"After a change of `{name}` the server must be restarted; `{other}` takes effect at once."],
         [("Which option needs a restart?", name), ("Which option takes effect without a restart?", other)]),
    ]


def nature(p):
    n, kind = p.town(), p.pick(["Lake", "Mount", "River"])
    place, size, year = p.brand(), p.number(120, 4800, 10), p.number(1500, 1950)
    who = p.person()
    what = {"Lake": "deep", "Mount": "high", "River": "long"}[kind]
    unit = "kilometres" if kind == "River" else "metres"
    return [
        ([f"{kind} {n} is {size} {unit} {what}.", f"At {size} {unit}, {kind} {n} is as {what} as few others."],
         [(f"How {what} is {kind} {n}?", f"{size} {unit}")]),
        ([f"{kind} {n} lies in the north of {place}.", f"In the north of {place} you find {kind} {n}."],
         [(f"Where is {kind} {n}?", f"in the north of {place}"), (f"In which country is {kind} {n}?", place)]),
        ([f"It was first described in {year} by {who}.", f"In {year}, {who} was the first to describe it."],
         [(f"Who first described {kind} {n}?", who), (f"When was {kind} {n} first described?", year)]),
    ]


def event(p):
    n, town, date, guests, year = p.brand() + p.pick([" Festival", " Fair", " Games", " Conference", " Market"]), p.town(), p.date(), p.number(200, 90000, 100), p.number(1890, 2015)
    who = p.person()
    return [
        ([f"The {n} takes place in {town} on {date}.", f"On {date}, {town} holds the {n}."],
         [(f"Where does the {n} take place?", town), (f"When does the {n} take place?", date), (f"On what date is the {n}?", date)]),
        ([f"Last year {guests} people came to the {n}.", f"{guests} visitors were counted at the {n} last year."],
         [(f"How many people came to the {n} last year?", guests)]),
        ([f"It was founded by {who} in {year}.", f"{who} began it in {year}."],
         [(f"Who founded the {n}?", who), (f"When was the {n} founded?", year)]),
    ]


def recipe(p):
    food, a, b, c = p.pick(FOODS), *p.random.sample(INGREDIENTS, 3)
    minutes, heat, persons = p.number(5, 120, 5), p.number(120, 250, 10), p.number(2, 9)
    return [
        ([f"For {food} you need {a}, {b} and {c}.", f"Take {a}, {b} and {c} to make {food}."],
         [(f"What do you need for {food}?", f"{a}, {b} and {c}"), (f"Which ingredients go into {food}?", f"{a}, {b} and {c}")]),
        ([f"The {food} cooks for {minutes} minutes.", f"Let the {food} cook for {minutes} minutes."],
         [(f"How long does the {food} cook?", f"{minutes} minutes")]),
        ([f"Heat the oven to {heat} degrees.", f"The oven should be at {heat} degrees."],
         [("How hot should the oven be?", f"{heat} degrees"), ("To how many degrees do I heat the oven?", heat)]),
        ([f"It is enough for {persons} people.", f"This feeds {persons} people."],
         [(f"For how many people is the {food} enough?", persons)]),
    ]


def meeting(p):
    topic, date, time, who, room = p.pick("budget website hiring safety training marketing heating parking travel printer".split()), p.date(), p.clock(), p.person(), p.brand()
    other = p.person()
    return [
        ([f"The meeting about the {topic} is on {date} at {time}.", f"On {date} at {time} we meet about the {topic}."],
         [(f"When is the meeting about the {topic}?", f"on {date} at {time}"), (f"At what time is the meeting about the {topic}?", time), (f"On what date is the meeting about the {topic}?", date)]),
        ([f"It will be held in room {room}.", f"We meet in room {room}."],
         [(f"In which room is the meeting?", room), (f"Where is the meeting about the {topic}?", f"in room {room}")]),
        ([f"{who} leads it, and {other} takes the notes.", f"{other} takes the notes; {who} leads the meeting."],
         [("Who leads the meeting?", who), ("Who takes the notes?", other)]),
    ]


def company(p):
    n, town, year, staff, thing = p.brand(), p.town(), p.number(1880, 2018), p.number(12, 4800), p.pick("shoes windows bicycles medicine furniture software engines paper toys pumps tea glass batteries".split())
    who = p.person()
    return [
        ([f"{n} was founded in {year} in {town}.", f"In {year} the company {n} began in {town}."],
         [(f"When was {n} founded?", year), (f"Where was {n} founded?", town)]),
        ([f"{n} makes {thing}.", f"The company produces {thing}."],
         [(f"What does {n} make?", thing), (f"What does the company {n} produce?", thing)]),
        ([f"It has {staff} employees.", f"{staff} people work for {n}."],
         [(f"How many people work for {n}?", staff), (f"How many employees does {n} have?", staff)]),
        ([f"Its director is {who}.", f"{who} runs the company."],
         [(f"Who is the director of {n}?", who), (f"Who runs {n}?", who)]),
    ]


ATTRIBUTES = """colour owner code location height price name leader date size supplier language speed
capacity password address weight length width author title number age brand shape limit level model
status version port source target format region deadline budget supervisor nickname symbol motto
currency temperature frequency voltage rank score license depth""".split()
VERBS = "like hate buy sell repair visit teach paint build study follow call clean own collect draw".split()


def value(p):
    return p.pick([p.brand, p.town, p.person, p.date, p.clock, lambda: p.number(2, 9000),
                   lambda: p.pick(COLORS), lambda: p.pick(MATERIALS), lambda: p.identifier()])()


def anything(p):
    """Some attributes of two things."""
    kind = p.pick("project machine ship server team house garden robot tower lake school camera car boat village tool".split())
    facts = []
    for n in (p.brand(), p.brand()):
        thing = p.pick([n, f"the {kind} {n}"])
        first = thing[0].upper() + thing[1:]
        for attribute in p.random.sample(ATTRIBUTES, 2):
            v = value(p)
            facts.append((
                [f"The {attribute} of {thing} is {v}.", f"{first} has the {attribute} {v}.",
                 f"As {attribute} of {thing}, {v} was chosen.", f"{v} is the {attribute} of {thing}.", f"{first}: {attribute} {v}."],
                [(f"What is the {attribute} of {n}?", v), (f"Which {attribute} does {n} have?", v), (f"{attribute} of {n}?", v)]))
    return facts


def doing(p):
    """Who does what."""
    facts = []
    for verb in p.random.sample(VERBS, 3):
        who, thing = p.first(), p.pick([p.pick(FOODS), p.pick(ANIMALS) + "s", p.pick(INGREDIENTS), p.pick(COLORS) + " bicycles", "the " + p.pick(ROOMS)])
        does = verb + ("es" if verb.endswith(("ch", "sh")) else "s")
        does = "studies" if verb == "study" else does
        facts.append(([f"{who} {does} {thing}.", f"It is {who} who {does} {thing}."],
                      [(f"Who {does} {thing}?", who), (f"What does {who} {verb}?", thing)]))
    return facts


def museum_piece(p):  # only in test sets
    n, who, year, material, room, size = p.brand(), p.person(), p.number(1600, 1990), p.pick(MATERIALS), p.number(1, 40), p.number(20, 300)
    return [
        ([f"\"{n}\" was made by {who} in {year}.", f"{who} finished \"{n}\" in {year}."],
         [(f"Who made \"{n}\"?", who), (f"When was \"{n}\" made?", year)]),
        ([f"The piece is made of {material} and is {size} centimetres tall.", f"It is {size} centimetres tall, all of it {material}."],
         [(f"What is \"{n}\" made of?", material), (f"How tall is \"{n}\"?", f"{size} centimetres")]),
        ([f"It stands in hall {room}.", f"You can see it in hall {room}."],
         [(f"In which hall is \"{n}\"?", room)]),
    ]


def invoice(p):  # only in test sets
    n, who, total, days, date = p.number(1000, 99999), p.brand(), p.number(40, 9000), p.number(7, 60), p.date()
    return [
        ([f"Invoice {n} was sent to {who} on {date}.", f"On {date} we sent {who} invoice {n}."],
         [(f"To whom was invoice {n} sent?", who), (f"When was invoice {n} sent?", date)]),
        ([f"The total is {total} euros.", f"It amounts to {total} euros."],
         [(f"What is the total of invoice {n}?", f"{total} euros")]),
        ([f"It must be paid within {days} days.", f"Payment is due after {days} days."],
         [(f"Within how many days must invoice {n} be paid?", days)]),
    ]


TRAINING = [person, opening, product, train, option, nature, event, recipe, meeting, company,
            anything, anything, anything, doing]
TEST_ONLY = [museum_piece, invoice]
NOTHING = "The passage does not say."
FRAMES = [
    "{passage}\n\n{question}",
    "Passage: {passage}\n\nQuestion: {question}",
    "Passage:\n{passage}\n\n{question}",
    "{question}\n\n{passage}",
    "Read this and answer.\n\n{passage}\n\n{question}",
    "Answer with the words of the passage.\n\n{passage}\n\nQuestion: {question}",
    "Here is a text:\n{passage}\n\n{question}",
    "Context: {passage}\nQuestion: {question}",
]
WHERE_STANDS = ["Which sentence is about \"{word}\"?", "Quote the sentence with \"{word}\".",
                "Where does the text speak of \"{word}\"?", "What does the text say about {word}?"]
GO_ON = ["How does the sentence go on that begins with \"{begin}\"?",
         "Complete from the text: \"{begin}\"", "What comes after \"{begin}\"?"]
GAP = ["What is missing: \"{gap}\"?", "Fill the gap from the text: \"{gap}\"", "Which words stand at ___ in \"{gap}\"?"]
WORD = re.compile(r"[A-Za-z][A-Za-z_-]{5,}")
DOES = dict(returns="return", specifies="specify", creates="create", removes="remove", contains="contain",
            allows="allow", uses="use", requires="require", represents="represent", raises="raise",
            provides="provide", supports="support", defines="define", controls="control", sets="set",
            shows="show", changes="change", means="mean", causes="cause", describes="describe",
            takes="take", gives="give", has="have", accepts="accept", implements="implement",
            includes="include", rebuilds="rebuild", stores="store", determines="determine",
            enables="enable", lists="list", reads="read", writes="write", makes="make", needs="need")
NO_SUBJECT = """It There If When In This That They These You Note For As Also What Which However But So And
Thus Then Here How On At Since While Otherwise Therefore""".split()
STATEMENT = re.compile(r"^((?:The |A |An |This )?[\w`.()-]+(?: [\w`.()-]+){0,4}?) (is|are|was|were|can be|must be|%s) (.{4,120})\.$" % "|".join(DOES))


def turned_around(sentence):
    """Questions that a plain statement answers: [(question, answer)]."""
    found = STATEMENT.match(sentence)
    if not found or found[1].split()[0] in NO_SUBJECT or found[3].startswith(("that ", "not ")):
        return []
    subject, verb, rest = found.groups()
    named = subject[0].lower() + subject[1:] if subject.startswith(("The ", "A ", "An ")) else subject
    if verb in DOES:
        return [(f"What does {named} {DOES[verb]}?", rest), (f"What {verb} {rest}?", subject)]
    asked = {"can be": f"What can {named} be?", "must be": f"What must {named} be?"}.get(verb, f"What {verb} {named}?")
    return [(asked, rest), (f"What {verb} {rest}?", subject)]
