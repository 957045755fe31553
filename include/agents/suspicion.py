"""Whether a text talks to a model instead of about a product.

A fence and a rule keep a good model from obeying what it reads. This keeps a weak one from being
asked: a text that gives orders to a machine goes on without a model, by the same calibrated rules
as where none is set. Nothing is lost by it, so a rule may be strict; it must only leave customers'
ordinary words alone.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from functools import cache

_READ = 20_000
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
_SPACED = re.compile(r"(?:\b\w[ ._*-]){6,}\w\b")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,4000}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){16,2000}")

_VERBS = (
    r"(?:ignor\w*|disregard\w*|forget\w*|overrid\w*|overwrit\w*|bypass\w*|discard\w*|drop|skip"
    r"|neglect|stop following|vergiss|missacht\w*|olvid\w*|oubli\w*|dimentic\w*|esque[cç]\w*"
    r"|zignoruj|negeer|unut|abaikan|игнорир\w*|забудь\w*|проигнорир\w*)"
)
_RULES = (
    r"(?:instruc\w*|istruzion\w*|anweisung\w*|prompts?|rules?|regeln|reglas|regras|regole|r[eè]gles"
    r"|guidelines?|guardrails?|safeguards?|directives?|restrictions?|polic(?:y|ies)|context"
    r"|system message|orders|commands|vorgaben|instrukcj\w*|instructies|talimatlar\w*|instruksi"
    r"|инструкци\w*|правил\w*|указани\w*)"
)
_RULES_OF_TEXT = (
    # Orders about orders.
    rf"\b{_VERBS}\b(?!\s+(?:certain|some|specific|single)\b).{{0,60}}\b{_RULES}\b",
    rf"\b(?:previous|prior|above|earlier|preceding|original|initial)\s+{_RULES}\b",
    r"\bsystem (?:prompt|message|instructions?)\b",
    rf"\b(?:new|updated|revised|real|actual|secret|hidden|your)\s+(?:system )?(?:{_RULES})\s*"
    r"(?::|are|is|follow|say)",
    r"(?:忽略|无视|無視|忘记|忘記|不要理会).{0,20}(?:指示|指令|规则|規則|说明|提示|命令|要求)",
    r"(?:以前|上記|これまで|前).{0,12}(?:指示|命令|ルール).{0,12}(?:無視|忘れ)",
    r"(?:이전|위의?|앞의).{0,16}(?:지시|명령|규칙).{0,12}(?:무시|잊)",
    r"(?:تجاهل|انس).{0,30}(?:التعليمات|الأوامر|القواعد)",
    r"(?:पिछले|उपरोक्त|सभी).{0,30}(?:निर्देश|नियम).{0,30}(?:अनदेखा|भूल)",
    # Talking to a machine.
    r"\byou(?:'re| are)\s+(?:now|no longer|actually)\b",
    r"\b(?:act|behave|respond|answer|pretend)\s+(?:as|like)\s+(?:an?|if you|the)\b.{0,40}"
    r"\b(?:ai|assistant|model|bot|admin|root|developer|system|judge|dan|unrestricted)\b",
    r"\bas an? (?:ai|language model|llm|assistant)\b",
    r"\b(?:dear|hey|hello|attention|note to|message (?:to|for)|memo to)\s+(?:the\s+)?"
    r"(?:ai|llm|gpt|chatgpt|claude|language model|model|assistant|classifier|judge|matcher)\b",
    r"\b(?:ai|llm|language model|the model|the assistant|the judge|the classifier|the matcher)\s+"
    r"(?:must|should|shall|has to|needs to|is (?:to|instructed|required|ordered))\b",
    r"\b(?:jailbreak|developer mode|god mode|debug mode|maintenance mode|dan mode)\b",
    r"\b(?:print|reveal|show|repeat|output|leak|return|send|write|list|tell me|give me|disclose|"
    r"dump|echo|translate|summari[sz]e)\b.{0,50}\b(?:system prompt|your prompt|your instructions|"
    r"instructions above|text above|everything above|words above|api[ _-]?keys?|secrets?|passwords?"
    r"|credentials|environment variables?|other customers|all customers|e-?mail addresses"
    r"|full prompt|initial prompt|conversation so far)\b",
    # Dictating the answer.
    r"[\"'\u201c]?(?:verdicts?|confidence|relations?|match_type|is_duplicate|request_id)[\"'\u201d]?"
    r"\s*[:=]\s*[\[{\"'\d]",
    r"\bconfidence\b.{0,20}\b(?:of|to|at|is|=)?\s*(?:1(?:\.0+)?|0?\.9\d*|100\s?%|9\d\s?%|one|max\w*)"
    r"(?![\d.]*\s?(?:s|ms|seconds?)\b)",
    r"\b(?:set|give|assign|report|return|answer|output|respond|reply|say|use|choose|pick|select)\b"
    r".{0,40}\b(?:confidence|verdicts?|json|id\s*[:=#]?\s*\d+|request (?:id )?#?\d+)\b",
    r"\b(?:match|attach|assign|link|merge|route|classify|mark|file)\b.{0,40}"
    r"\b(?:(?:to|with|as|under|into) (?:request|id|candidate|number|entry|ticket)\s*(?:id\s*)?#?\d+"
    r"|with (?:full|maximum|highest|complete) (?:confidence|certainty))",
    r"\b(?:every|all|any|each)\b.{0,20}\b(?:candidate|request)s?\b.{0,30}"
    r"\b(?:match\w*|same|duplicate|shipped)\b.{0,20}\b(?:confidence|certain\w*|verdict)\b",
    # Pretended structure: roles, fences, tools.
    r"(?:^|\n|[>\]\s])\W{0,4}(?:system|assistant|developer|tool|user|human)\s*(?:message|prompt|"
    r"note|override|update)?\W{0,3}[:\]>]\s*\S",
    r"<\s*/?\s*(?:system|assistant|user|tool\w*|function\w*|instructions?|im_start|im_end|"
    r"\|?\s*(?:system|end\w*|start\w*|im_\w+|eot\w*)\s*\|?|data|customer\w*|pain|candidates?)\b[^>]{0,60}>",
    r"<\|.{1,30}\|>|\[/?inst\]|<<\s*/?\s*sys\s*>>|###\s*(?:instruction|system|response|human)",
    r"<<<\s*data\b|\bdata\s+[0-9a-f]{4,}\s*>>>|end of (?:data|customer (?:text|words)|quote|input)",
    r"[\"'](?:tool_calls?|function_call|role|tool|arguments)[\"']\s*:",
    r"\b(?:call|invoke|run|execute|use)\s+(?:the\s+)?(?:tool|function|command|shell|python|sql)\b",
    r"\b(?:import os|os\.environ|subprocess|eval\(|exec\(|rm -rf|curl https?:|wget https?:)",
    # Pictures and links that carry data away.
    r"!\[[^\]]{0,80}\]\(\s*https?:|\]\(\s*(?:javascript|data):",
    r"\bhttps?://\S+[?&][\w.-]{1,30}=(?:\{|%7b|\[|<|\$|your|the_)",
)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(form, re.I | re.S) for form in _RULES_OF_TEXT)


def addresses_model(text: str) -> bool:
    """Whether a text gives orders to a model, poses as one of its messages, or dictates an answer.

    Looked at as it is and without what hides words: invisible signs, look-alike letters, letters
    set apart, digits for letters, and what is encoded.
    """
    said = text[:_READ]
    return any(_orders(form) for form in _readings(said))


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
    for run in _ENCODED.findall(plain)[:10]:
        found += _decoded(run)
    for run in _HEX.findall(plain)[:10]:
        found += _printable(bytes.fromhex(re.sub(r"[ :]", "", run)))
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
