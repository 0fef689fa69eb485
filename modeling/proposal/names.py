"""What the name of a column says, in the languages that tables are often headed in.

Belongs here: the words. Does not belong here: what the values say (`columns`).
"""

import re

IDENTIFIER = (
    *("id", "ids", "key", "uuid", "guid", "no", "nr", "num", "number", "index", "idx", "row", "record", "rownames"),
    *("nummer", "numero", "numéro", "code", "rownumber", "identifier", "kennung", "编号", "序号", "号"),
)
KEY = ("id", "ids", "nr", "no", "key", "uuid", "guid", "kennung", "nummer", "编号")
"""The whole name of a column that names a unit, whether or not it names a row."""
TIME = (
    *("time", "date", "datetime", "timestamp", "day", "month", "year", "week", "hour", "epoch", "period", "when"),
    *("zeit", "datum", "tag", "monat", "jahr", "woche", "stunde", "fecha", "año", "hora", "heure", "jour", "mois"),
    *("année", "semaine", "data", "anno", "mese", "时间", "日期", "年份", "年", "月份"),
)
YEAR = ("year", "jahr", "año", "année", "annee", "anno", "ano", "yr", "年份", "年度", "年")
CLOCK = ("time", "timestamp", "ts", "epoch", "unixtime", "zeit", "时间")
BIRTH = ("birth", "birthday", "birthdate", "born", "dob", "geburt", "geburtstag", "geburtsdatum", "naissance", "出生")
UNIT = (
    *("patient", "subject", "person", "participant", "user", "customer", "client", "household", "family", "student"),
    *("pupil", "school", "class", "animal", "dog", "cow", "rat", "plant", "tree", "device", "machine", "engine"),
    *("unit", "vehicle", "driver", "player", "team", "company", "firm", "account", "member", "employee", "worker"),
    *("seller", "merchant", "supplier", "sensor", "station", "site", "batch", "lot", "session", "visitor", "group"),
    *("kunde", "kunden", "patientin", "maschine", "gerät", "konto", "haushalt", "cliente", "paciente", "usuario"),
    *("患者", "病人", "用户", "客户", "设备", "机器", "车辆", "学生"),
)
"""What may have several rows, that are more alike than those of others."""
CODE = ("code", "zip", "zipcode", "postcode", "plz", "postal", "type", "category", "class", "kind", "kategorie", "邮编")
"""Numbers that are names."""
NO_UNIT = (
    *("hour", "weekday", "dayofweek", "dow", "day", "month", "week", "quarter", "season", "year", "shift", "holiday"),
    *("type", "category", "kind", "region", "zone", "segment", "status", "level", "grade", "sector", "typ", "art"),
    *("stunde", "wochentag", "tag", "monat", "woche", "quartal", "jahr", "schicht", "kategorie", "gebiet", "stufe"),
    *(
        "hora",
        "heure",
        "jour",
        "mois",
        "turno",
        "tipo",
        "categoria",
        "región",
        "région",
        "小时",
        "星期",
        "月份",
        "类型",
        "地区",
    ),
)
"""Parts of the calendar, and kinds: rows share one without being of one unit."""
SENSITIVE = {
    "sex": ("sex", "gender", "geschlecht", "sexe", "sexo", "genere", "sesso", "male", "female", "性别", "пол", "性別"),
    "age": ("age", "ages", "alter", "âge", "edad", "età", "eta", "idade", "年龄", "年齡", "возраст", *BIRTH),
    "ethnicity": (
        *("race", "racial", "ethnic", "ethnicity", "rasse", "ethnie", "etnia", "raza", "caste", "black", "white"),
        *("asian", "hisp", "hispan", "hispanic", "latino", "latina", "种族", "民族"),
    ),
    "nationality": (
        *("nationality", "citizenship", "nationalität", "staatsangehörigkeit", "nationalité", "nacionalidad"),
        *("nazionalità", "foreign", "immigrant", "migrant", "国籍"),
    ),
    "religion": ("religion", "religious", "konfession", "religión", "religione", "宗教"),
    "marital status": ("marital", "married", "spouse", "familienstand", "verheiratet", "civil", "婚姻"),
    "health": ("disability", "disabled", "behinderung", "pregnant", "pregnancy", "schwanger", "残疾"),
    "orientation": ("orientation", "lgbt"),
}
"""Kind of sensitive column -> the words that name it."""
EVENTS = (
    *("1", "yes", "y", "true", "t", "positive", "pos", "bad", "fraud", "churn", "churned", "default", "defaulted"),
    *("fail", "failed", "failure", "died", "dead", "malignant", "sick", "ill", "disease", "case", "event", "defect"),
    *("spam", "ja", "oui", "si", "sí", "sim", "da", "是", "有", "present", "recurrence", "1.0"),
)
"""Names of the event, of two classes."""


def words(name: str) -> set[str]:
    """The words of a name in lower case: of `PatientID`, `patient-id` and `patient_id` the same two."""
    split = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3 \2\4", name)
    return {word for word in re.split(r"[\W_\d]+", split.lower()) if word}


def says(name: str, vocabulary: tuple[str, ...]) -> bool:
    """Whether one of its words is in the vocabulary; Chinese writes no spaces, so there a part is enough."""
    found = words(name)
    return any(word in found or (not word.isascii() and len(word) <= 3 and word in name) for word in vocabulary)


def sensitive(name: str) -> str | None:
    """The kind of sensitive column the name stands for."""
    return next((kind for kind, vocabulary in SENSITIVE.items() if says(name, vocabulary)), None)
