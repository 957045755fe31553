"""The words that greetings, wishes without a problem and colleagues' remarks are made of."""

from __future__ import annotations

from include.base.text import comparable

_POLITE_WORDS = """
a again all alright amigo and appreciate appreciated awesome best bitte bye call chat cheers cool
danke day demo evening everybody everyone fast folks for friend good got gracias great guys from at
new year happy merry season's all us here have hello help hey hi howdy info information involved it
dear kind kindly knowing letting lot many meeting merci morning much nice no noted obrigado of ok
okay please quick regards reply response sehr sharing sincerely so sounds speaking sure tak talking
team thank thanks the there thx time to today tomorrow ty u update whole ur very vielen warm weekend
welcome well wishes yep yes yesterday you your
"""
_POLITE_ELSEWHERE = """
besten herzlichen schönen guten morgen abend tag beaucoup bien mille tante molte muchas todos
muito så mycket mange tusen paljon hyvää je u wel zeer hartelijk bardzo wszystkim moc mnohokrát vám
szépen frumos ederim ederiz çok ơn bạn nhiều chào kasih banyak
большое огромное всем добрый день утро вечер вам дуже πολύ جزيلا لك لكم רבה आपका बहुत
"""
_POLITE_CORE_ELSEWHERE = """
hallo moin bonjour salut buongiorno ciao grazie hola olá obrigada gracias tack hej takk kiitos hei
dank bedankt dzięki dziękuję dziękujemy cześć děkuji děkujeme díky ahoj ďakujem köszönöm köszi
szia
mulțumesc mulțumim mersi merhaba teşekkür teşekkürler sağol tamam hvala cảm xin terima halo
спасибо благодарю привет здравствуйте хорошо понял поняла дякую привіт ευχαριστώ ευχαριστούμε γεια
شكرا شكرًا مرحبا تمام ممنون תודה שלום धन्यवाद शुक्रिया नमस्ते ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ สวัสดี
ありがとう ありがとうございます ありがとうございました どうも 了解 了解です 承知しました
こんにちは お疲れ様です
おはようございます よろしくお願いします よろしくお願いいたします
谢谢 謝謝 多谢 感谢 感謝 非常感谢 谢谢你 谢谢您 谢谢大家 好的 收到 你好 您好 辛苦了
감사합니다 고맙습니다 고마워요 안녕하세요 알겠습니다 수고하셨습니다 네 넵 예
oui si sì sí sim evet ano jo joo igen vâng да \u0430\u0433\u0430 ок окей так принято נכון כן
نعم أجل हाँ हां ใช่ ครับ ค่ะ
はい うん ええ 了解しました 承知です 是 是的 对 對 嗯 好
"""

_POLITE_CORE_WORDS = """
best christmas xmas birthday holidays easter diwali eid hanukkah greetings happy merry
appreciate appreciated awesome bye cheers cool danke good gracias great hello hey hi howdy merci
ack haha hahaha jaja jajaja lmao lol nice noted obrigado ok okay regards roger tak thank thanks thx
ty understood welcome wishes yep yes yup
"""
POLITE_CORE = frozenset(map(comparable, (_POLITE_CORE_WORDS + _POLITE_CORE_ELSEWHERE).split()))
"""A greeting or a thank-you holds one of these."""
POLITE = POLITE_CORE.union(map(comparable, (_POLITE_WORDS + _POLITE_ELSEWHERE).split()))
"""And no others."""

_NOTHING_PHRASES = """
none, null, nil, nan, nothing, no feedback, no comment, no comments, no answer, no response
tbd, tba, undefined, unknown, blank, empty, object object, not applicable, not specified
not provided
keine, keiner, kein kommentar, nichts, aucun, aucune, rien, ninguno, ninguna, nada, nessuno, niente
nenhum, nenhuma, geen, inget, ingen, intet, brak, yok, нет, ничего, немає, אין, لا شيء, لا يوجد, ไม่มี
なし, 特になし, 特にありません, 不明, 无, 無, 没有, 沒有, 暂无, 없음, 없습니다, 해당없음
"""
NOTHING = frozenset(
    comparable(phrase.strip()) for phrase in _NOTHING_PHRASES.replace("\n", ",").split(",")
)
"""What people and programs write into a cell that would be empty otherwise."""

_WISH_WORDS = """
a able add adding after all an and app application approach art artificial asap ask asked asking
asks assistant at be been better bit bring bringing build can cannot capabilities class clearly
client clients cool could customer customers d days develop do else even everyone everything
experience feature features fine for friendly from functionality general generally get getting
give go good got great had happen has have having i i'd i'll ideally if improve improved
improving in include innovate integrate intelligence interface into is it it'd its just keep
kind kindly learning let let's lets level like little ll look lot lots love machine made make
making many maybe more most much must need needed needs new next nice now of offer offering ok
on one our overall platform please pls possible powered product project prospect provide put re
really request requested requests s said say says see seen should so software solution some
something soon state support system team than thank thanks that the their them there these they
they'd things think this to today too tool use used useful user users using ve very want wanted was
wants way we we'd were what will wish wishes with world would year you you'd your
"""
WISH = frozenset(_WISH_WORDS.split())
"""What a wish says besides what it wishes for."""

_REMARK_WORDS = """
a able about above account adding ae after again agree agreed ahead all along already also always am
an and answer any anybody anyone approx are as asap ask asked asking at attached attachment aware
back be been before below booked bot bring bump bumping but by call called calling came can
cancelled care cc channel charge chase chasing chat check checking chime circling client clients
come comes coming comment comments confirmed contact context conversation copying could csm customer
customers day deal demo details did discuss discussed ditto do does done dropping e each earlier
early email end entry evening every everybody everyone exec feedback few find first flag flagged
flagging follow following follows for form forward forwarded forwarding friday from fw fwd fyi gave
get getting give going good got had handle handles happy has have he hear heard hello help her here
hey hi him his hold i i'd i'll i'm i've if ignore important in info information input inside
integration interested interesting internal interview into is it it's its join joined just keep
keeping keeps kick kickoff kindly know knows last late later latest leaving let let's link log
logging long look looking looks loop lot made mail make makes manager many may me meet meeting
message messages met minutes moment monday monday's month more morning moved moving my need needs
new news next no note notes noting now of off ok on one only or our out over own owner owns parking
part pass passing per phone ping place please pls pm point possible post posted posting postponed
priority product progress prospect put putting qbr question quick quickly quote reach reaching read
really record recorded recording ref reference regarding related remember reminder renew renewal
renewing reply report rescheduled respond responsible review right roadmap said sales same
screenshot screenshots saturday saw say says scheduled second see seen send sending sense sent
session share shared sharing she should signed signs slack so some somebody someone soon sorry speak
spoke stand standup still submission success summary sunday support sure sync tagging take taken
takes talk talked team tell test testing than thank thanks that that's the their them there these
they thing think this thoughts thread thursday ticket time to today together told tomorrow too top
track try tuesday twice two up update us user visibility waiting want wanted wants was we we'd we'll
we're wednesday week well were what when where whether which while who whoever why will with work
works worth would write writes wrong wrote year yes yesterday yet you you've your
"""
_RESOLVED_WORDS = """
a again all already and any anymore be been can case close closed disregard email everything figured
fine fixed for found good got had has have help i i'm ignore is issue it it's just last longer mail
matter me message mind more my myself need needed never nevermind no now on our ourselves out
patience post previous problem question resolved side solved sorted support team that that's the
thing this ticket to us was we were with work worked working works you your
"""
RESOLVED = frozenset(_RESOLVED_WORDS.split())
"""What is said when something is over: the thing itself is named otherwise, if at all."""

REMARK = frozenset(_REMARK_WORDS.split())
"""What colleagues say of calls, mails and each other. A word of a product is none of them."""
