"""The rules by which a name as logged is read as a name of the price book.

A rule says how a seller or a tool spells names, and whose models they are. What it leaves must be an exact name,
so a rule never takes the price of another model. A price book keeps its rules; a book from before them reads names
as they stand.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

FIRST_PARTIES = frozenset(
    {
        *("anthropic", "cohere", "deepseek", "google", "meta", "minimax", "mistral", "moonshotai"),
        *("openai", "perplexity", "voyageai", "x-ai", "zai"),
    }
)
"""Providers that make models. A name without a provider is looked up among them."""

REGIONS = ("us", "eu", "apac", "jp", "au", "in", "ca", "sa", "us-gov")
"""The regions in which Bedrock sells a model, as they stand before its name."""

_DATE = r"20\d{2}(?P<dash>-?)(?:0[1-9]|1[0-2])(?P=dash)(?:0[1-9]|[12]\d|3[01])"


@dataclass(frozen=True)
class Reading:
    """A provider and a name that a logged name may stand for, and the rules that say so."""

    provider: str | None
    name: str
    rules: tuple["NameRule", ...] = ()


@dataclass(frozen=True)
class NameRule:
    """A spelling of names: a pattern with the name in its group `model`, and whose models it names."""

    name: str
    pattern: str
    providers: tuple[str, ...]
    of_ids: bool = False
    """The name that is left is an id, not another name of a model."""
    resold: frozenset[tuple[str, str]] = frozenset()
    """Models that one of the providers sells and another makes: provider and id. The rule does not name them."""

    def read(self, reading: Reading) -> Reading | None:
        """Return what the name stands for by this rule; None if it is not spelled so, or is another provider's."""
        found = re.fullmatch(self.pattern, reading.name)
        if found is None or reading.provider not in {None, *self.providers}:
            return None
        only = self.providers[0] if len(self.providers) == 1 else None
        name = found["model"] + (found.groupdict().get("version") or "")
        return Reading(reading.provider or only, name, (*reading.rules, self))

    def allows(self, provider: str, model: str, name: str) -> bool:
        """Return True if the rule may name this model by what it left of the name."""
        return (
            provider in self.providers
            and (model == name or not self.of_ids)
            and (provider, model) not in self.resold
        )


@dataclass(frozen=True)
class Naming:
    """Rules in the order in which they are tried, and names of providers as logged."""

    rules: tuple[NameRule, ...] = ()
    providers: Mapping[str, str] = field(default_factory=dict)

    def readings(self, provider: str | None, name: str) -> Iterator[Reading]:
        """Yield the name as it stands, then as the rules read it."""
        logged = Reading(provider, name)
        yield logged
        if provider is not None and provider in self.providers:
            logged = replace(logged, provider=self.providers[provider])
            yield logged
        yield from self._by_rules(logged, self.rules)

    def _by_rules(self, reading: Reading, rules: tuple[NameRule, ...]) -> Iterator[Reading]:
        for index, rule in enumerate(rules, start=1):
            read = rule.read(reading)
            if read is not None:
                yield read
                yield from self._by_rules(read, rules[index:])


NAMING = Naming(
    rules=(
        NameRule(
            "bedrock",
            r"(?:bedrock/(?:converse/|invoke/)?)?(?P<model>(?:[a-z-]+\.)?[a-z][a-z0-9]*\.[a-z].*)",
            ("aws",),
        ),
        NameRule("azure", r"azure(?:_ai)?/(?:global(?:-standard)?/)?(?P<model>.+)", ("azure",)),
        NameRule("vertex", r"(?:vertex_ai|publishers/[a-z]+/models)/(?P<model>.+)", ("google",)),
        NameRule("gemini", r"(?:gemini|models)/(?P<model>.+)", ("google",)),
        NameRule("vertex_dated", rf"(?P<model>.+)@{_DATE}", ("google",)),
        NameRule("bedrock_dated", rf"(?P<model>.+)-{_DATE}(?P<version>-v\d+(?::\d+)?)", ("aws",)),
        NameRule("dated", rf"(?P<model>.+)-{_DATE}", tuple(sorted(FIRST_PARTIES)), of_ids=True),
    ),
    providers={
        **dict.fromkeys(("aws.bedrock", "aws_bedrock", "bedrock", "bedrock_converse"), "aws"),
        **dict.fromkeys(("azure.ai.inference", "azure.ai.openai", "azure_ai", "azure_openai"), "azure"),
        **dict.fromkeys(("gcp.gemini", "gcp.gen_ai", "gcp.vertex_ai", "gemini", "vertex_ai"), "google"),
        **dict.fromkeys(("x_ai", "xai"), "x-ai"),
        "fireworks_ai": "fireworks",
        "mistral_ai": "mistral",
        "moonshot": "moonshotai",
        "together_ai": "together",
    },
)
"""The rules of the current price book."""

MEANINGS: Mapping[str, tuple[str, str]] = {
    "bedrock": (
        "[bedrock/][<region>.]<maker>.<model>",
        "the model at Amazon Bedrock: of the region, or global, or of the region that was called",
    ),
    "azure": ("azure/<model>, azure_ai/<model>, azure/global/<model>", "the model at Azure, deployed globally"),
    "vertex": ("vertex_ai/<model>, publishers/<maker>/models/<model>", "the model at Google's Vertex AI"),
    "gemini": ("models/<model>, gemini/<model>", "the model of Google's Gemini API"),
    "vertex_dated": ("<model>@YYYYMMDD", "the model at Google's Vertex AI"),
    "bedrock_dated": ("<model>-YYYYMMDD-v1:0", "the model at Amazon Bedrock, <model>-v1:0"),
    "dated": ("<id>-YYYYMMDD, <id>-YYYY-MM-DD", "the model with exactly this id, of the provider that makes it"),
}
"""How names are spelled, and what they stand for, by rule."""


def bedrock_names(model_id: str) -> Iterator[str]:
    """Yield names that Bedrock may give to a model of the catalogue: by region, with and without its version.

    The catalogue writes `regional.` for all regions with one price.
    """
    stem, version, number = _version(model_id.removeprefix("regional."))
    prefixes = ("",) if stem.startswith("global.") else ("", *(f"{region}." for region in REGIONS))
    for prefix in prefixes:
        for suffix in ("", version, f"{version}{number}"):
            yield f"{prefix}{stem}{suffix}"


def _version(name: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(.+?)(-v\d+)(:\d+)?", name)
    return (found[1], found[2], found[3] or ":0") if found else (name, "-v1", ":0")
