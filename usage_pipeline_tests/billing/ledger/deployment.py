"""What a test of the ledger does: land usage, write plans and grants, post, and look at what came of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from usage_pipeline.billing.ledger.balance import Balance, read_balance
from usage_pipeline.billing.ledger.entries import Entry
from usage_pipeline.billing.ledger.ledger import read_ledger
from usage_pipeline.billing.ledger.posting import ledger_state, post
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.accounts import at
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

RATES = '- {from: 2026-01-01, operations: {persona_prompt: {per_1k_tokens: {default: "1000"}}}}'
"""A prompt costs a credit for each of its tokens."""

LATER = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Deployment:
    """A storage, and what is written into its folders."""

    storage: Storage
    landing: Landing

    def write_reference(self, name: str, content: str) -> None:
        """Write a reference file."""
        (self.storage.settings.reference / f"{name}.yaml").write_text(content)

    def use(self, instant: str, credit: int, tenant: str = "acme", landed: str | None = None) -> str:
        """Land a prompt of 2026 that costs so many credits, on its day or later; return its id."""
        day = instant.split(" ", maxsplit=1)[0]
        record_id = f"{tenant} {instant} {credit}".replace(" ", "-").replace(":", "")
        line = prompt(record_id, at(instant).isoformat(), tenantId=tenant, tokensIn=credit, tokensOut=0)
        self.landing.write("persona", f"2026-{landed or day}", [line], name=f"{record_id}.jsonl")
        return record_id

    def void(self, record_id: str, day: str, tenant: str = "acme") -> None:
        """Land a void of a record of this day."""
        line = {"id": f"void-{record_id}", "tenantId": tenant, "source": "persona", "recordId": record_id}
        self.landing.write("void", f"2026-{day}", [{**line, "eventDay": f"2026-{day}"}], name=f"{record_id}.jsonl")

    def run(self) -> int:
        """Land and compute what is new, post it, and return the number of new rows; both identities hold."""
        land_and_compute(self.storage, "records", "credits")
        posted = post(self.storage)
        state = ledger_state(self.storage)
        assert (state.apart, state.unbalanced) == (0, 0)
        return posted

    def entries(self, tenant: str = "acme", *, recorded: int = 0) -> list[Entry]:
        """The rows of the ledger after so many others, in the order in which they were posted."""
        with self.storage.warehouse.connect() as connection:
            found = [entry for _, entry, _ in read_ledger(connection, tenant, LATER)]
        return found[recorded:]

    def told(self, tenant: str = "acme", *, recorded: int = 0) -> list[tuple[str, str, str, Decimal]]:
        """The rows as kind, grant, instant and amount."""
        entries = self.entries(tenant, recorded=recorded)
        return [(e.kind.value, e.grant_id, f"{e.effective_at:%m-%d %H:%M}", e.amount) for e in entries]

    def balance(self, instant: str, tenant: str = "acme") -> Balance:
        """The balance at an instant of 2026."""
        return read_balance(self.storage, tenant, at(instant))

    def left(self, instant: str, tenant: str = "acme") -> Decimal:
        """What is left of all grants at an instant, less the overage."""
        return self.balance(instant, tenant).totals.left
