"""Costs in words: figures as the reader writes them, and why there is none."""

import dataclasses

import pytest

from cmtools import costs, display, forms_costs
from cmtools.costs import UnpaidInvoice, unpaid_cost
from cmtools.language import HARD, THIN

KNOWN = UnpaidInvoice(
    6_000, vat_rate=0.20, vat="recoverable", vat_regime="debits", insured_share=0.9, insured_on="incl_vat", guarantee=0,
    financing_rate=0.045, days=180, hours=2.5, hourly_cost=40, other_handling=60, legal_costs=0, vat_days=30,
    lost_bonus=0, late_interest=0, fixed_indemnity=0, margin_rate=0.10,
)  # fmt: skip


def plain(text):
    return text.replace(THIN, " ").replace(HARD, " ")


def test_components_with_their_figures():
    table = forms_costs.unpaid_cost(unpaid_cost(KNOWN), "fr").set_index("cost_part")
    assert plain(table.loc["Financement", "working"]) == "6 000,00 × 4,5 % × 180 / 365"
    assert plain(table.loc["Temps passé", "working"]) == "2,50 × 40,00"
    assert table.loc["Courriers, appels, frais", "formula"] == "montant donné"
    assert "dépassent la perte" in table.loc["Indemnité d'assurance", "remark"]
    # 5 000 + 133.15 (6 000 x 4.5 % x 180 / 365) + 100 + 60 + 3.70 (1 000 x 4.5 % x 30 / 365) - 5 400
    assert table.loc["Coût complet", "cost_amount"] == pytest.approx(-103.15)
    assert plain(forms_costs.cost_sentence(unpaid_cost(KNOWN), "fr")) == (
        "Coût complet : -103,15 EUR. Chiffre d'affaires compensatoire : aucune perte à compenser."
    )


def test_what_is_not_known_is_named_in_words():
    cost = unpaid_cost(dataclasses.replace(KNOWN, hours=None, vat=None))
    table = forms_costs.unpaid_cost(cost, "fr").set_index("cost_part")
    assert table.loc["Temps passé", "remark"] == "non connu : heures"
    assert table.loc["TVA perdue", "remark"] == "non connu : sort de la TVA"
    assert plain(table.loc["Coût complet", "remark"]).startswith("non calculable ; les composantes connues font")
    assert plain(forms_costs.cost_sentence(cost, "fr")) == (
        "Le coût complet n'est pas calculable ; non connus : TVA perdue ; temps passé ; avance de TVA."
    )
    assert "VAT lost; time spent; VAT advance" in forms_costs.cost_sentence(cost, "en")
    assert "–" in display.table(forms_costs.unpaid_cost(cost, "fr"), "fr")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_component_input_reason_and_formula_has_its_words(language):
    for invoice in (UnpaidInvoice(100), dataclasses.replace(KNOWN, lost_share=0, guarantee=None)):
        for case in (invoice, *(cost.invoice for cost in costs.vat_cases(invoice).values())):
            for proof in costs.UNTIL_PROOF:
                cost = unpaid_cost(dataclasses.replace(case, vat_until_proof=proof))
                assert len(forms_costs.unpaid_cost(cost, language)) == 13


def test_a_rate_without_a_number_says_why():
    for rate, words in ((0, "impossible"), (None, "n'est pas connu")):
        assert words in forms_costs.compensation_sentence(costs.compensating_sales(5_000, rate), "EUR", "fr")
        cost = unpaid_cost(dataclasses.replace(KNOWN, insured_share=0, margin_rate=rate))
        assert words in forms_costs.cost_sentence(cost, "fr")
    assert "aucune perte" in forms_costs.compensation_sentence(costs.compensating_sales(0, 0.1), "EUR", "fr")
    term = costs.cost_of_payment_term(60, 0.05)
    assert forms_costs.term_sentence(term, 60, "fr") == "Coût du délai : le taux de TVA n'est pas connu."
    without = costs.cost_of_payment_term(73, 0.05, vat_rate=0.2)
    assert "of the margin" not in forms_costs.term_sentence(without, 73, "en")


def test_text_of_a_client_is_escaped():
    cost = unpaid_cost(UnpaidInvoice(100, currency="<b>EUR</b>"))
    assert "<b>EUR" not in display.table(forms_costs.unpaid_cost(cost, "fr"), "fr")


def test_rates_keep_the_decimals_they_need():
    assert [plain(forms_costs.rate_text(rate, "fr")) for rate in (0.1, 0.125, 0.0555, 1 / 3, None)] == [
        "10 %", "12,5 %", "5,55 %", "33,3333 %", "–",
    ]  # fmt: skip
