"""The word lists that prompts are made of."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.replace("\n", " ").split("|"))


THINGS: Final = _words(
    "garden budget novel wedding kitchen violin invoice holiday passport sourdough marathon "
    "telescope bicycle dissertation mortgage puppy aquarium balcony podcast screenplay resume "
    "tax greenhouse guitar camping vineyard chessboard insulation speech thermostat newsletter "
    "orchard allergy tent beehive lawsuit scholarship recipe quilt sailboat museum startup "
    "allotment migraine toddler apartment piano webinar roof ferry calendar vaccine lease mural "
    "sonnet compost diary umbrella spreadsheet glacier volcano parliament enzyme neuron "
    "asteroid inflation treaty cathedral comet turbine battery bridge tunnel reservoir canal "
    "harbour dialect proverb fable opera ballet sculpture fresco mosaic kiln loom anvil compass "
    "lantern furnace espresso risotto dumpling curry pancake smoothie pickle chutney salad "
    "brisket tagine omelette meringue strudel interview promotion onboarding appraisal pension "
    "dividend warranty refund deposit subscription visa itinerary hostel safari cruise railway "
    "tram airport backpack trainer kettlebell yoga posture knee shoulder sleep diet protein "
    "vitamin rash cough dentist therapist nursery homework algebra geometry photosynthesis "
    "mitosis osmosis magnetism gravity entropy polymer catalyst isotope fossil monsoon tundra "
    "coral reef rainforest eclipse aurora constellation pharaoh samurai viking crusade "
    "reformation revolution constitution referendum senate tariff subsidy cartel monopoly "
    "auction brand logo slogan billboard storefront warehouse courier pallet forklift drone "
    "robot printer scanner router keyboard monitor"
)
QUALITIES: Final = _words(
    "small old expensive rented noisy shared broken modern Victorian rural sunny damp forgotten "
    "buttery vegan Italian Peruvian Korean Nordic medieval tropical portable wooden "
    "thrifted antique seasonal urgent delayed informal bilingual handmade remote annual "
    "weekly quarterly nervous elderly newborn teenage freelance local regional municipal "
    "private public charitable ambitious minimalist colourful quiet crowded cramped spacious "
    "leaky draughty overgrown neglected unusual classic vintage electric solar manual automatic "
    "cheap luxurious spicy sweet salty bitter crunchy fermented frozen dusty rusty glossy matte "
    "striped floral nautical alpine coastal urban suburban desert arctic prehistoric colonial "
    "baroque gothic futuristic experimental abandoned renovated unfinished temporary permanent "
    "seasonal"
)
PEOPLE: Final = _words(
    "grandmother landlord manager neighbour colleague daughter nephew teacher client dentist "
    "roommate accountant fiancee cousin customer supervisor student editor contractor volunteer "
    "tenant recruiter investor boss intern pharmacist lawyer coach librarian sister husband "
    "godson professor nurse barber plumber mechanic florist curator astronomer historian "
    "linguist economist geologist farmer pilot sailor beekeeper novelist translator illustrator "
    "drummer referee mayor councillor trustee auditor"
)
PLACES: Final = _words(
    "Lisbon Osaka Leeds Tampere Nairobi Quito Bergen Hanoi Valencia Kraków Denver Tbilisi Perth "
    "Accra Montréal Ghent Lyon Bologna Porto Malmö Izmir Pune Cebu Cusco Dakar Fez Graz Haifa "
    "Jaipur Kyoto Lima Minsk Nantes Oslo Plovdiv Riga Split Turku Utrecht Varna Windhoek "
    "Yerevan Zadar Austin Boise Cork Dundee Exeter Fargo Galway Hobart Inverness Juneau Kelowna "
    "Louisville Memphis Norwich Omaha Reno"
)
VERBS: Final = _words(
    "plan repair explain compare describe organise translate rewrite shorten improve price "
    "photograph insulate decorate cancel renew schedule pack summarise outline criticise name "
    "sketch restore clean sell rent inspect replace rehearse postpone celebrate document "
    "measure test taste grow prune feed train teach persuade thank invite remind refuse "
    "congratulate console interview hire promote audit estimate forecast budget negotiate "
    "illustrate classify identify imagine adapt simplify debunk"
)
MANNERS: Final = _words(
    "politely cheaply quickly safely briefly clearly humorously formally gently thoroughly "
    "tactfully legally quietly elegantly cautiously honestly simply vividly precisely "
    "discreetly creatively calmly"
)
FORMS: Final = _words(
    "list poem email table letter paragraph checklist timeline story haiku toast script summary "
    "outline quiz riddle menu itinerary speech review caption slogan dialogue limerick memo "
    "agenda pitch essay"
)
OPENERS: Final = _phrases(
    "Hi! | Hello, | Quick question: | | | | | | | | Hey, | Good evening. | So, | Okay, | Sorry, "
    "| Random thought: | Please help. | Stuck: | Morning! | | | | | Hmm, | Thanks! | One more:"
)
CLOSERS: Final = _phrases(
    "| | | | | | | | | | | | | | Briefly. | Thanks! | No jargon. | Any tips? | Honestly. | In "
    "French. | Under 200. | Metric units. | Ideas? | Cheers | No emojis. | Bulleted. | Urgent. "
    "| Cheaply. | Sources? | Funny. | Beginner here. | Two options. | Ta | Por favor. | Merci! "
    "| Danke!"
)
CUES: Final = _phrases(
    "Think step by step. | Please explain your reasoning. | Walk me through it step by step. | "
    "Show your working. | Let's think this through. | Go step by step please. | Explain each "
    "step. | Reason before you answer. | Take it one step at a time. | Show how you got there. "
    "| Work it out slowly. | Step by step, please!"
)

LANGUAGES: Final = _words(
    "Python Rust Go TypeScript Java Kotlin Swift C++ Ruby Elixir Scala PHP Haskell Zig C# Lua "
    "Julia Dart"
)
PARTS: Final = _words(
    "parser scheduler cache router serializer tokenizer middleware allocator iterator connector "
    "migration resolver validator dispatcher renderer exporter importer watcher limiter batcher "
    "indexer compiler linter formatter session cursor buffer queue worker supervisor registry "
    "catalogue ledger planner optimizer executor sampler tracer logger decoder encoder codec "
    "handshake checkpoint snapshot journal replica shard partition proxy gateway balancer "
    "throttle semaphore mutex channel stream pipeline"
)
FAULTS: Final = _words(
    "deadlock leak race timeout overflow regression crash panic duplicate mismatch drift "
    "starvation truncation corruption flake backlog spike hang segfault underflow misordering "
    "staleness rounding overrun livelock bitrot mojibake"
)
LIBRARIES: Final = _words(
    "tokio django react spring rails numpy pandas postgres sqlite redis kafka grpc protobuf "
    "axum fastapi flask express vue angular svelte terraform ansible kubernetes docker nginx "
    "envoy celery airflow dbt spark flink polars arrow torch jax onnx webpack vite esbuild "
    "pytest jest cargo maven gradle bazel"
)
CODE_VERBS: Final = _words(
    "refactor debug port extend benchmark document simplify vectorise parallelise stub mock "
    "annotate containerise instrument profile rewrite migrate split inline deduplicate harden "
    "fuzz lint untangle cache retry paginate batch stream validate"
)
CODE_QUALITIES: Final = _words(
    "flaky legacy async recursive generated vendored distributed embedded lockless immutable "
    "nested lazy eager typed untyped streaming batched sharded idempotent transactional "
    "stateless reactive concurrent monolithic experimental deprecated undocumented brittle "
    "slow hot cold critical private public"
)
ROLES: Final = _words(
    "engineer architect maintainer reviewer operator debugger developer specialist planner "
    "agent assistant analyst technician orchestrator executor"
)
SHOPS: Final = _words(
    "bookshop pharmacy airline bank insurer hotel supermarket museum university clinic "
    "newspaper theatre telecom utility brewery nursery gym bakery publisher courier garage "
    "broker agency laboratory foundry"
)
FIELDS: Final = _words(
    "reviews contracts tickets receipts listings abstracts transcripts claims complaints "
    "resumes invoices bulletins articles messages labels menus manuals notices surveys captions "
    "minutes reports profiles"
)
ASPECTS: Final = _words(
    "sentiment topic urgency language date total author price risk summary keywords category "
    "tone deadline entities address product severity intent currency quantity duration colour "
    "warranty allergens"
)
CRITERIA: Final = _words(
    "accuracy clarity helpfulness tone grounding brevity safety completeness relevance "
    "originality format faithfulness fluency depth correctness consistency politeness coverage"
)
