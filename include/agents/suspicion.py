"""Whether a text talks to a model instead of about a product.

A fence and a rule keep a good model from obeying what it reads. This keeps a weak one from being
asked: a text that gives orders to a machine goes on without a model, by the same calibrated rules
as where none is set. It is no protection by itself; the fence and the check of ids are, and a model
that obeys every word changes no route. So it holds back only what addresses a model as
instructions: "the instructions", "ignore" and "JSON" are customers' words too.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from functools import cache

_READ = 20_000
"""Characters looked at together; a longer text is looked at in parts that overlap."""

_OVERLAP = 2_000
_ONE_BY_ONE = 10
"""Encoded pieces that are looked at each by itself; more are looked at together."""

_SPACES = re.compile(r"[^\S\n]+")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_TAGGED = re.compile("[\U000e0020-\U000e007e]{4,}")
_LOOKALIKES = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e\u0440\u0455\u0442\u0445\u0443\u043c"
    "\u043a\u0432\u03b1\u03b5\u03b9\u03bf\u03c1\u03c5\u03bd\u0131\u0261",
    "acdehijlopstxymkbaeiopyvig",
)
_LEET = str.maketrans("013457@$", "oieastas")
_SPACED = re.compile(r"(?:\b\w[ ._*-]){4,}\w\b")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,4000}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){16,2000}")

# Orders are in the imperative: they begin a sentence or follow a word such as "please" or "and".
_BEGINS = (
    r"(?:^|[\n.:;!?\"'(\[>\u201c#*-] ?|\b(?:please|kindly|now|then|and|bitte|por favor|"
    r"s'il vous plaît|must|should|you to)[ ,:]{1,2})"
)
_VERBS = (
    r"(?:(?:do not|don't|never|stop) (?:follow|obey|heed)(?:ing)?|ignoruj\w*|nevšímej si|zapomeň"
    r"|přestaň sledovat|ignorá|olvidá|ignore|disregard|forget|override|overwrite|bypass|discard|"
    r"neglect|set aside|stop following"
    r"|ignoring|vergiss|vergessen sie|missachte\w*|ignoriere?n?(?: sie)?|olvid[ae]\w*|ignor[ae]"
    r"|ignorez"
    r"|oublie[zr]?|dimentica\w*|esque[cç]a\w*|zignoruj|zapomnij|negeer|vergeet|unut|yoksay"
    r"|abaikan|lupakan"
    r"|игнорируй\w*|забудь\w*|проигнорируй\w*|ignorera|glöm|ignorer|glem|bỏ qua)"
)
_RULES = (
    r"(?:instruc\w*|istruzion\w*|anweisung\w*|prompts?|rules?|regeln?|reglas|regras|regole"
    r"|r[eè]gles"
    r"|guidelines?|guardrails?|safeguards?|directives?|restrictions?|polic(?:y|ies)|brief|context"
    r"|guidance|directions|pokyn\w*|instrukc\w*"
    r"|orders|commands|vorgaben|instrukcj\w*|instructies|talimatlar\w*|instruksi|instruktioner\w*"
    r"|инструкци\w*|правил\w*|указани\w*|hướng dẫn)"
)
_YOURS = (
    r"(?:all|any|every|your|the (?:above|previous|rules you)|previous|prior|above|earlier|preceding"
    r"|alle|vorherigen?|obigen?|ihre|deine|todas?|tus|anteriores?|toutes?|précédentes?|vos|tutte"
    r"|precedenti"
    r"|tuas|suas|wszystkie|poprzednie|alle|vorige|tüm|önceki|semua|sebelumnya|все|предыдущие"
    r"|свои|alla"
    r"|tidigare|tất cả|trước|předchozí\w*|všechny)"
)
# "the previous instructions we sent about VAT": those are a customer's, not a model's.
_OF_A_PRODUCT = (
    r"(?! (?:we|i|they|he|she|my|our|about|sent|when (?:i|we|the))\b"
    r"| for (?!you|this|the (?:task|model|ai)|that)\w| in the (?:installer|app|form|manual|"
    r"settings|ui)\b"
    r"| of (?:the|our|a) (?!system|model|prompt|developer|ai)\w)"
)
_MODELS = r"(?:ai|llm|gpt|chatgpt|claude|language model|classifier|matcher|judge)"
_RULES_OF_TEXT = (
    # Orders about orders.
    rf"{_BEGINS}{_VERBS}\b.{{0,20}}\b{_YOURS}\b.{{0,40}}\b{_RULES}\b{_OF_A_PRODUCT}",
    rf"{_BEGINS}{_VERBS} (?:alles,? was (?:oben|davor|vorher)|everything (?:above|before|"
    rf"you were told)"
    r"|what you were told|todo lo anterior|tout ce qui précède|tutto quanto sopra)\b",
    r"(?:ignore|disregard|forget)(?:all|any|your|the)+(?:previous|prior|above)?(?:instruction|"
    r"rule|prompt)",
    r"\bfrom now on,? you (?:will|must|shall|should|only|are)\b.{0,20}\b(?:answer|respond|reply|"
    r"return|say|an?)\b",
    rf"\bto (?:the|any|all|every) {_MODELS}s? (?:reading|that reads|processing|evaluating)\b",
    r"\bstop being (?:an?|the) (?:matcher|assistant|judge|classifier|model|ai|bot)\b",
    r"\b(?:report|treat|mark|count|class) (?:this|it) as\b.{0,40}\b(?:candidate|request) ?(?:#?\d|"
    r"one\b)",
    rf"{_BEGINS}{_VERBS}\b.{{0,20}}\b{_RULES}\b.{{0,20}}\b(?:{_YOURS}|you were given)\b",
    r"\b(?:reveal|print|repeat|output|leak|translate|read me|tell me|show me)\b.{0,30}"
    r"\b(?:system prompt|your (?:system )?(?:prompt|instructions|rules)|"
    r"everything above(?! (?:the|a)\b)"
    r"|initial prompt"
    r"|full prompt|instructions above(?! (?:the|a)\b)|words above|conversation so far)\b",
    r"\b(?:new|updated|revised|real|actual|secret|hidden) (?:system )?"
    r"(?:rule|instruction|order|directive)s? ?(?::|for (?:you|whoever))",
    r"(?:请|請|立即|现在|^|[\n\u3002\uff0c:,.!\uff01] ?)"
    r"(?:忽略|无视|無視|忘记|忘記|不要理会).{0,20}(?:指示|指令|规则|規則|说明|提示|命令|要求)",
    r"(?:以前|以上|上記|これまで|前).{0,12}(?:指示|命令|ルール).{0,12}(?:無視|忘れ)(?:して|て|せよ|しろ|ください)",
    r"(?:이전|위의?|앞의).{0,16}(?:지시|명령|규칙).{0,12}(?:무시|잊)(?:하세요|해|하고|으세요|어)",
    r"(?:^|[\n.:\u060c!] ?)(?:تجاهل|انس).{0,30}(?:التعليمات|الأوامر|القواعد)",
    r"(?:पिछले|उपरोक्त|सभी).{0,30}(?:निर्देश|नियम).{0,30}(?:अनदेखा|भूल)",
    r"(?:התעלם|שכח).{0,30}(?:הוראות|כללים)",
    r"(?:αγνόησε|ξέχνα).{0,30}(?:οδηγίες|κανόνες)",
    r"(?:ละเว้น|เพิกเฉย|ไม่ต้องสนใจ).{0,30}(?:คำสั่ง|กฎ)",
    r"(?:ігноруй|забудь).{0,30}(?:інструкції|правила)",
    # Talking to a machine.
    r"\byou(?:'re| are) (?:now|no longer|actually) (?:an?|the|in|dan|free|unrestricted)\b.{0,30}"
    r"\b(?:mode|judge|assistant|model|ai|bot|dan|unrestricted|filter\w*|printer|developer"
    r"|rules?)\b",
    r"\b(?:act|behave|pretend) (?:as|like) (?:an?|if you|the) .{0,20}"
    r"\b(?:unrestricted|jailbroken|uncensored|dan|without rules|root|unfiltered)\b",
    r"\bas an? (?:ai|large)? ?(?:language model|llm|assistant),? you\b|\bas an ai language model\b",
    r"\bif you are an? (?:ai|language model|llm|assistant|bot)\b",
    rf"\b(?:dear|hey|hello|attention|note to|message (?:to|for)|memo to) (?:the |all )?"
    rf"(?:{_MODELS}|model|assistant|reviewing software)s?\b ?[,:!\u2014-]",
    rf"{_BEGINS}(?:{_MODELS}|assistant), (?:please |stop |you |now |output |answer |say )",
    r"\bthe (?:judge|classifier|matcher) (?:(?:must|should|shall|has to|needs to) (?:always |now |"
    r"only )?"
    r"(?:answer|say|return|respond|reply|choose|pick|attach|output|treat|report|match|ignore|mark|"
    r"rate|"
    r"accept|obey)|is (?:instructed|required|ordered))\b",
    r"\b(?:jailbreak|god mode|dan mode|(?:in|enter|enable|activate) (?:developer|debug"
    r"|unrestricted) mode"
    r"[;,.] .{0,30}\b(?:rules?|off|filters?))\b",
    r"\bsystem override\b|\bhidden order\b|\boverride protocol\b",
    # Asking for what is hidden.
    r"\b(?:print|reveal|leak|disclose|dump|echo|output|return|tell me|give me) (?:me )?(?:the "
    r"|your |all )?"
    r"(?:api keys?|secrets?|passwords?|credentials|environment variables?|other customers'?)"
    r".{0,20}\b(?:you|reason|title|answer|words|into)\b",
    # Dictating the answer.
    r"[\"'\u201c](?:verdicts?|confidence|relations?|match_type|is_duplicate|request_id)[\"'\u201d]"
    r" ?[:=] ?[\[{\"'\d]",
    r"(?:^|[^\w])(?:verdicts?|request_id) ?[:=] ?[\[{\"'\d]",
    r"\bconfidences? (?:for|of|to|at|in)? ?(?:all|every|each)?.{0,20}\b(?:candidates?"
    r"|request \d+)\b",
    r"\b(?:set|raise|give|answer|respond|return|output|choose|pick|select|say|put)\b.{0,40}"
    r"\b(?:confidences?|certainty)\b.{0,12}(?:1(?:\.0+)?\b|0?\.9\d*|100 ?%)",
    r"\b(?:with|at|of) (?:0?\.9\d|1\.0|full|maximum|highest|the highest possible|complete) ?"
    r"(?:confidence|certainty)\b",
    rf"{_BEGINS}(?:respond|reply|answer|output|return|choose|pick|select) (?:with |only )?"
    r"(?:the )?(?:first )?(?:id|request|candidate)s?\b ?[:=#]? ?\d*"
    r"(?= ?(?:$|[.,;:!?\n)\"']|and\b|as\b|with\b|no matter|whatever))",
    r"\b(?:return|give|choose|pick|answer with|first|only right verdict is) id ?[:=#]? ?\d+\b"
    r"|\breturn the first id\b",
    r"\b(?:must|has to|needs?|please|always)\b.{0,30}\b(?:attach|assign|merge|match|route"
    r"|classify|answer)"
    r"\w* (?:this |it )?(?:into |with |to |as )?(?:request|candidate|the first(?: one)?|1\.0"
    r"|id) ?#?\d*\b",
    r"(?<!we must )(?<!ve to )(?<!has to )(?<!annot )(?<!can't )(?<!ant to )(?<!eed to )"
    r"\b(?:match|attach|assign|link|merge|route|classify|file) (?:this|it|everything)\b.{0,20}"
    r"\b(?:request|id|candidate) #?\d+",
    r"\b(?:every|all|any|each)\b.{0,20}\b(?:candidate|request)s?\b.{0,30}"
    r"\b(?:match\w*|same|duplicate|shipped)\b.{0,20}\b(?:confidence|certain\w*|verdict)\b",
    r"\bthe first (?:candidate|row|request|one) (?:is the right|of the list|wins)\b"
    r"|\ball requests match\b",
    # Pretended structure: roles, fences, tools.
    r"(?:^|\n|[>\]]) ?\W{0,4}(?:system|assistant|developer|user|human) ?(?:message|prompt|note"
    r"|override"
    r"|update)?\W{0,3}[:>] ?.{0,60}\b(?:confidences?|candidates?|rules?|attach|always|new rule"
    r"|right\b"
    r"|ignore|instructions?|verdicts?|\"id\")",
    r"(?:^|\n)(?:assistant|user): .{0,80}\n(?:assistant|user):",
    r"<(?:system|im_start|im_end|instructions?)>|</(?:data|system|customer\w*|pain|candidates?"
    r"|instructions?)>",
    r"<!-- ?(?:system|assistant)\b",
    r"<\|.{1,30}\|>|\[/?inst\]|<<\s?/?\s?sys\s?>>|### ?(?:instruction|system|response|human)",
    r"<<<\s?data\b|\bdata\s+[0-9a-f]{4,16}\s?>>>|end of (?:data|customer (?:text|words)|quote"
    r"|input)\b(?! (?:is|was|are|cannot|can't))",
    r"[\"'](?:tool_calls?|function_call|arguments)[\"'] ?:|[\"']role[\"'] ?: ?[\"'](?:system"
    r"|assistant)",
    r"\b(?:call|invoke|execute) the (?:tool|function) \w+_\w+",
    r"\b(?:curl|wget) https?:\S{1,200} .{0,20}(?:-d|/etc/|passwd|environ)|print\(os\.environ",
    r"\brun the command\b.{0,10}`?(?:curl|wget|rm|cat)\b",
    # Pictures and links that carry data away.
    r"\]\( ?(?:javascript|data):",
    r"!\[[^\]]{0,80}\]\( ?https?:[^)]{0,200}\?[^)]{0,40}=",
    r"\bhttps?://\S{1,200}[?&][\w.-]{1,30}=(?:\{|%7b|the_)",
)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(unicodedata.normalize("NFKC", form), re.I | re.S) for form in _RULES_OF_TEXT
    )


def addresses_model(text: str) -> bool:
    """Whether a text gives orders to a model, poses as one of its messages, or dictates an answer.

    Looked at as it is and without what hides words: invisible signs, look-alike letters, letters
    set apart, digits for letters, and what is encoded.
    """
    said = _SPACES.sub(" ", text)
    return any(
        _orders(form)
        for start in range(0, max(1, len(said) - _OVERLAP), _READ - _OVERLAP)
        for form in _readings(said[start : start + _READ])
    )


def _orders(text: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns())


def _readings(text: str) -> list[str]:
    """The text and what it may hide; every reading is looked at."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    found = [plain]
    tags = "".join(chr(ord(sign) - 0xE0000) for run in _TAGGED.findall(text) for sign in run)
    if tags:
        found.append(tags)
    latin = unicodedata.normalize("NFKD", plain.lower()).translate(_LOOKALIKES)
    latin = "".join(sign for sign in latin if not unicodedata.combining(sign))
    if latin != plain.lower():
        found.append(latin)
    if any(sign in "0134570@$" for sign in latin):
        found.append(latin.translate(_LEET))
    closed = _SPACED.sub(lambda run: re.sub(r"[ ._*-]", "", run[0]), latin)
    if closed != latin:
        found.append(closed)
    decoded = [said for run in _ENCODED.findall(plain) for said in _decoded(run)]
    for run in _HEX.findall(plain):
        decoded += _printable(bytes.fromhex(re.sub(r"[ :]", "", run)))
    found += decoded[:_ONE_BY_ONE]
    if len(decoded) > _ONE_BY_ONE:
        found.append("\n\n".join(decoded[_ONE_BY_ONE:]))
    found += [codecs.decode(plain, "rot13"), plain[::-1]]
    return found


def _decoded(run: str) -> list[str]:
    try:
        return _printable(base64.b64decode(run + "=" * (-len(run) % 4), validate=True))
    except (binascii.Error, ValueError):
        return []


def _printable(raw: bytes) -> list[str]:
    try:
        said = raw.decode()
    except UnicodeDecodeError:
        return []
    return [said] if said.isprintable() or "\n" in said else []
