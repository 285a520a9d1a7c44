"""The fonts of reports, so that a page looks the same on every machine. `README.md` says whose they are."""

from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent
"""Where the files are."""

FIRST: Final = "Noto Sans"
"""The font of all that it has: Latin, Greek, Cyrillic, digits and signs."""

OTHERS: Final = {
    "Noto Sans Hebrew": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Noto Sans Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff",
    "Noto Sans Devanagari": "\u0900-\u097f",
    "Noto Sans Thai": "\u0e00-\u0e7f",
    "Droid Sans Fallback": "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef",
    "Noto Emoji": "\u200d\u20e3\u2600-\u27bf\ufe0f\U0001f000-\U0001faff",
}
"""The other fonts, each with the ranges of characters that it is there for."""
