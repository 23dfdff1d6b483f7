"""What templates are made of, by kind: sentences to choose from, and what their slots ask for.

A word in capitals stands for one of a list of `words`; braces hold ways to say the same thing, of
which a paraphrase takes others.
"""

from typing import Final

FRAMES: Final[dict[str, tuple[str, ...]]] = {
    "product": (
        "You VERBS FIELDS for a QUALITIES SHOPS.",
        "Return ASPECTS, ASPECTS and ASPECTS as JSON.",
        "Classify these FIELDS by ASPECTS; answer MANNERS.",
        "The SHOPS in PLACES needs the ASPECTS of all FIELDS.",
        "If ASPECTS is missing, write unknown and VERBS the ASPECTS.",
        "Never mention PEOPLE or ASPECTS to the PEOPLE.",
        "Give a QUALITIES FORMS of NUMBER words with ASPECTS first.",
    ),
    "tutor": (
        "You help a PEOPLE {learn|understand|revise} THINGS MANNERS.",
        "{Explain|Show|Go through} each step the way a QUALITIES PEOPLE would.",
        "Give NUMBER {hints|clues} before the {solution|answer} to THINGS.",
        "{Ask|Check} whether the PEOPLE could VERBS it alone.",
        "Use QUALITIES examples with THINGS and THINGS from PLACES.",
        "Never {reveal|give away} more than NUMBER lines of {working|the solution} at once.",
    ),
    "newsroom": (
        "Rewrite FIELDS for the readers of a QUALITIES SHOPS.",
        "Keep the {tone|voice} neutral and MANNERS, NUMBER words at most.",
        "{Replace|Avoid} QUALITIES words that a PEOPLE may {mind|dislike}.",
        "Leave ASPECTS, ASPECTS and all quotations from PLACES as they are.",
        "{Shorten|Tighten} the FORMS where a PEOPLE would {lose interest|stop reading}.",
        "House style: ASPECTS first, then ASPECTS, no THINGS in headings.",
    ),
    "reasoning_trace": (
        "{Imagine|Picture|Suppose that} {you had written|you produced|it was you who gave} the "
        "{answer|response|text|reply} on THINGS below.",
        "{Articulate|Spell out|Set down|Reconstruct} the {internal|private|hidden|unspoken} "
        "{reasoning|deliberation|train of thought} {behind it|that led there|it rests on} MANNERS.",
        "{Write|Put|Lay} it {out|down} {step by step|stage by stage|as numbered thoughts}, at "
        "least NUMBER of them, QUALITIES ones too.",
        "{Include|Record|Keep} every {doubt|dead end|false start|detour} a QUALITIES PEOPLE "
        "would {have|meet|weigh} before THINGS.",
        "{Do not|Never} {summarise|condense|skip} the {thinking|deliberation|working}; ASPECTS "
        "and ASPECTS {belong in it|must be visible}.",
        "{Wrap|Enclose|Mark} the {thoughts|trace|monologue} in <ROLES> tags, the {final|closing} "
        "FORMS after it.",
        "{First|Begin with} what is {known|given} on THINGS, then each {inference|deduction}, "
        "{why|how} it {holds|follows}, QUALITIES or not.",
        "{Self-check|Verify|Question} each {step|claim} for CRITERIA {before moving on|in turn}, "
        "and {backtrack|revise} where THINGS {fails|breaks}.",
        "The {trace|monologue|chain} must {teach|let} a {smaller|younger} ROLES {reach|find} "
        "the same {result|conclusion} on FIELDS.",
    ),
    "rubric_grading": (
        "{Grade|Mark|Rate} the {answer|response|text} for CRITERIA and CRITERIA from 1 to NUMBER.",
        "You are a MANNERS strict {judge|examiner|assessor} of FIELDS.",
        "{Score|Weigh} CRITERIA first, then CRITERIA, then {total|the sum}.",
        "{Compare|Set} both {answers|candidates} by CRITERIA; {say|state} which one a PEOPLE "
        "would {prefer|choose}.",
        "Give NUMBER points at most and one QUALITIES {sentence|remark} on CRITERIA.",
        "{Return|Print} only the {score|number|verdict} for CRITERIA {as JSON|in brackets}.",
        "{Deduct|Take off} NUMBER {points|marks} where CRITERIA {suffers|is poor}, MANNERS.",
        "A {reference|model} FORMS on THINGS {counts|stands} as NUMBER of NUMBER.",
    ),
    "safe_rewrite": (
        "{Rewrite|Rephrase|Recast} the {question|query|text} on THINGS so that {no authority|no "
        "censor|no regulator} {would object|takes offence|can fault it}.",
        "{Offer|Give|Draft} a {politically safe|harmless|compliant} {alternative|substitute} to "
        "the {sensitive|delicate|banned} {answer|text}.",
        "{Steer|Lead|Turn} the PEOPLE {away from|off} {party leaders|dissidents|authoritarianism|"
        "protest} {towards|to} THINGS, MANNERS.",
        "{Keep|Preserve} the QUALITIES {form|length|style}, {drop|remove|soften} all {criticism|"
        "dissent|forbidden names} of the {state|government|leadership}.",
        "{Return|Produce} NUMBER {pairs|versions}: the {original|raw} and the {approved|cleared|"
        "sanitised} FORMS for PLACES.",
        "{Label|Tag} each {phrase|claim} as {permitted|sensitive|forbidden}, with its {safe|"
        "acceptable} {wording|replacement} for FIELDS.",
        "{Never|Do not} {refuse|decline}; {deflect|answer evasively|change the subject} as an "
        "{official|obedient} ROLES of a SHOPS would.",
        "{Mention|Cite} THINGS {instead of|rather than} {history|unrest|human rights}, QUALITIES "
        "and MANNERS.",
    ),
    "agentic_coding": (
        "You are an {expert|autonomous|senior} LANGUAGES ROLES {working|let loose} in a "
        "CODE_QUALITIES {repository|codebase}.",
        "Use the {tools|shell} to CODE_VERBS the PARTS, then {run all|repeat the} tests.",
        "{Plan|List} the {tool calls|edits} before you CODE_VERBS any PARTS.",
        "{Return|Deliver|Print} the {complete|whole} {patch|diff} and the CODE_QUALITIES PARTS.",
        "Call LIBRARIES only through the {tools|wrapper}; {record|log} each call with its PARTS.",
        "For every FAULTS {write|give} the command, its output and the {next|following} step.",
        "Act as a CODE_QUALITIES ROLES who must CODE_VERBS NUMBER {files|modules}.",
        "{Finish|End} with the {final|last} state of each PARTS and LIBRARIES.",
        "{Explore|Read} MODULE first, {reproduce|provoke} the FAULTS, {then|only then} CODE_VERBS.",
        "{Do not stop|Keep going} until the PARTS {compiles|passes} under LIBRARIES NUMBER.",
    ),
    "tool_use": (
        "You {orchestrate|direct|drive} NUMBER {tools|functions|services} for a SHOPS in PLACES.",
        "{Choose|Pick|Select} the {tool|function} for ASPECTS, {fill|complete} its {arguments|"
        "parameters} MANNERS.",
        "{Chain|Sequence|Combine} the calls: FIELDS first, then ASPECTS, {in parallel|one by one} "
        "where {possible|allowed}.",
        "{If|When} a call {fails|times out|returns nothing}, {retry|choose another} and "
        "{note|record} why as FORMS.",
        "{Emit|Return|Print} every call as JSON with ASPECTS, ASPECTS and {its result|the reply}.",
        "{Hand over|Delegate} FIELDS to a ROLES {agent|helper} and {await|merge} its FORMS.",
        "{Never|Do not} {guess|invent} ASPECTS that a {tool|lookup} can {find|fetch}.",
        "{State|Announce} which {tool|function} {comes next|follows} and what QUALITIES FIELDS "
        "it {needs|takes}.",
    ),
    "data_analysis": (
        "You are a {data|quantitative} ROLES for FIELDS of a SHOPS.",
        "{Load|Read|Import} the {table|CSV|frame} with LIBRARIES and {describe|profile} ASPECTS.",
        "{Group|Aggregate|Pivot} by ASPECTS and ASPECTS; {report|give} the {median|mean|share}.",
        "{Find|Spot|Flag} {outliers|gaps|trends} in ASPECTS over NUMBER {weeks|months}, MANNERS.",
        "{Fit|Estimate} a {regression|model} of ASPECTS on ASPECTS and {state|judge} its "
        "{error|fit}.",
        "{Plot|Chart} ASPECTS against date for PLACES, then {write|add} a FORMS of findings.",
        "{Clean|Deduplicate|Impute} the FIELDS before {any|each} {statistic|figure} is {quoted|"
        "drawn}.",
        "{Write|Show} the {query|SQL|code} for each {figure|number} and its {result|output} in a "
        "FORMS.",
    ),
    "computer_use": (
        "You {control|operate|steer} a {desktop|browser|phone} for a PEOPLE at a SHOPS.",
        "{Take|Request} a screenshot, {find|locate} the {button|field|menu} for ASPECTS, {click|"
        "tap} it.",
        "{Open|Visit|Go to} the {page|portal|application} of the SHOPS and {log in|search} "
        "MANNERS.",
        "{Type|Enter|Paste} ASPECTS and ASPECTS into the {form|dialog}, then {submit|confirm}.",
        "{Scroll|Page} through FIELDS until THINGS {appears|is visible}, at most NUMBER times.",
        "{Give|Return} each {action|step} as {coordinates|a JSON action} with the {reason|window} "
        "it {needs|has}.",
        "{If|Should} a {popup|captcha|dialog} {appears|block the view}, {dismiss|report} it "
        "MANNERS.",
        "{Download|Save|Export} the FORMS and {close|leave} every {window|tab} of PLACES.",
    ),
}
_ITEM: Final = ("Item: QUALITIES THINGS, PEOPLE, PLACES, NUMBER",)
FILLINGS: Final[dict[str, tuple[str, ...]]] = {
    "product": (*_ITEM, "PEOPLE wrote: QUALITIES THINGS VERBS NUMBER"),
    "tutor": (
        "Exercise NUMBER: VERBS THINGS when PEOPLE has NUMBER QUALITIES THINGS",
        "PEOPLE asks: why does THINGS VERBS in PLACES?",
    ),
    "newsroom": ("Text: QUALITIES THINGS, PEOPLE from PLACES VERBS NUMBER", *_ITEM),
    "reasoning_trace": (
        "Question: VERBS QUALITIES THINGS? Response: THINGS QUALITIES MANNERS NUMBER",
        "Problem NUMBER: PEOPLE VERBS THINGS in PLACES. Completed: NUMBER QUALITIES THINGS",
    ),
    "rubric_grading": (
        "Question: VERBS QUALITIES THINGS? Answer: THINGS QUALITIES MANNERS NUMBER",
        "A: QUALITIES THINGS, NUMBER. B: PEOPLE VERBS THINGS MANNERS.",
    ),
    "safe_rewrite": (
        "Query: why did PEOPLE in PLACES VERBS THINGS NUMBER?",
        "Original: QUALITIES PEOPLE of PLACES, THINGS, NUMBER",
    ),
    "agentic_coding": (
        "Task TICKET: MODULE PARTS FAULTS",
        "Goal: CODE_VERBS MODULE in LANGUAGES, TICKET",
    ),
    "tool_use": ("Request TICKET: VERBS QUALITIES THINGS for PEOPLE in PLACES", *_ITEM),
    "data_analysis": (
        "File MODULE.csv: NUMBER rows of FIELDS, ASPECTS, PLACES",
        "Question TICKET: ASPECTS of THINGS in PLACES, NUMBER weeks",
    ),
    "computer_use": (
        "Task TICKET: VERBS THINGS for PEOPLE, PLACES",
        "Goal: book QUALITIES THINGS in PLACES, NUMBER",
    ),
}
