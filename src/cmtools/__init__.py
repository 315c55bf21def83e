"""Credit management in Python: receivables, from the ledger or the FEC to the monthly report.

Names are resolved on first use (PEP 562), so that ``import cmtools`` loads neither
pandas nor plotly.

Examples
--------
>>> import cmtools as cm
>>> sorted(name for name in dir(cm) if name == "aged_balance")
['aged_balance']
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "schemas": ("Defect", "InputError", "Ledger", "LoadReport", "as_day"),
    "load": ("read_ledger",),
    "scan": ("scan_ledger",),
    "conversion": ("convert",),
    "portfolio": ("read_portfolio",),
    "batch": ("run_batch",),
    "fec": ("Fec", "read_fec", "write_fec"),
    "terms": ("due_date", "instalments", "parse_instalments", "parse_terms", "summary_date"),
    "legal": ("LegalUnknownError", "default_late_rate", "late_rate_floor", "late_rate_periods"),
    "compliance": ("compliance_summary", "public_deadline", "terms_compliance"),
    "interest": ("late_interest", "recovery_indemnity"),
    "claims": ("claims_by_customer", "cost_of_lateness", "late_claims", "lateness", "limitation", "statement_of_claim"),
    "receivables": (
        "aged_balance",
        "in_book_currency",
        "known_month_ends",
        "open_items",
        "outstanding_by_date",
        "overdue_rate",
        "reconciliation",
    ),
    "days_sales": (
        "balance_dso",
        "count_back",
        "dso",
        "dso_by_month",
        "dso_parts",
        "dso_parts_by_month",
        "sales_by_month",
        "sales_weighted_dso",
    ),
    "collection": (
        "cei",
        "collection_effectiveness",
        "late_invoices",
        "late_payment_rate",
        "payment_delays",
        "payments_by_month",
        "receivables_turnover",
        "recovery_rate",
    ),
    "movements": (
        "bridge_by_month",
        "doubtful_movements",
        "migration_matrix",
        "outstanding_bridge",
        "overdue_by_month",
        "overdue_movements",
        "roll_rates",
    ),
    "doubtful": (
        "balances_by_bucket",
        "doubtful_by_period",
        "doubtful_claims",
        "existing_allowances",
        "loss_history",
        "written_off",
    ),
    "provisions": (
        "ageing_allowances",
        "allowances_compared",
        "cohort_loss_rates",
        "individual_allowances",
        "loss_rates",
        "provision_matrix",
        "roll_loss_rates",
        "shares_by_procedure",
    ),
    "bookings": ("allowance_entries", "closing_events", "vat_recovery"),
    "exposure": (
        "concentration",
        "concentration_measures",
        "disputes_by_cause",
        "hhi",
        "largest_overdue",
        "limits_coverage",
        "limits_exceeded",
    ),
    "external": ("External", "insolvencies", "read_external"),
    "grids": ("read_grid", "read_risk_levels"),
    "liasse": ("read_liasse",),
    "follow_up": ("daily_follow_up", "overrun_actions"),
    "orders": ("check_order",),
    "delegation": ("decider", "read_delegation"),
    "named_lines": ("read_statements",),
    "rating": ("rate", "risk_level"),
    "settings": ("read_quartiles", "read_signals", "read_targets"),
    "signals": ("signals_not_evaluated", "warning_signals"),
    "targets": ("attainment", "incentives"),
    "costs": (
        "compensating_sales",
        "cost_of_delay",
        "cost_of_payment_term",
        "day_of_dso",
        "hidden_cost_matrix",
        "margin_after_delay",
        "margin_on_cost",
        "margin_on_price",
        "UnpaidInvoice",
        "unpaid_cost",
    ),
    "dashboard": (
        "asked_currencies",
        "by_currency",
        "currencies",
        "decisions",
        "figures_by",
        "indicator_values",
        "key_figures",
        "report_items",
        "retention_by_release",
        "targets_met",
    ),
    "lines": ("Statements", "complete_lines", "controls", "join_statements"),
    "trial_balance": ("TrialBalance", "read_trial_balance"),
    "statements": ("annualise", "caf", "changes", "functional_balance", "liquidity_balance", "sig"),
    "financial_ratios": ("compare", "quartiles_of", "ratio_values", "ratios"),
    "decision": ("decide",),
    "scoring": ("afdcc_inputs", "contributions", "disagreements", "score", "score_values"),
    "validation": ("auc_difference", "roc_auc"),
    "live_workbook": ("write_functional_balance",),
    "tools": ("write_tool",),
    "progress": ("Attempt", "Progress", "ProgressError", "new_attempt"),
    "widgets_board": ("course_board",),
    "display": ("explain_signals", "signal_rules"),
    "plain_lines": ("plain_errors",),
    "widgets_exercises": ("open_exercises",),
    "quizzes": ("read_quiz",),
    "widgets_quiz": ("quiz", "quiz_answers"),
    "": (
        "claims",
        "compliance",
        "costs",
        "course",
        "credit_file",
        "bookings",
        "decision",
        "dashboard",
        "delegation",
        "display",
        "doubtful",
        "external",
        "follow_up",
        "forms",
        "forms_claims",
        "forms_costs",
        "forms_credit",
        "forms_decision",
        "forms_provisions",
        "forms_quiz",
        "frames",
        "grids",
        "interest",
        "language",
        "large",
        "legal",
        "limits",
        "orders",
        "plots",
        "plots_claims",
        "plots_costs",
        "plots_credit",
        "plots_provisions",
        "plots_statements",
        "progress",
        "provisions",
        "quizzes",
        "rating",
        "receivables",
        "reports",
        "scoring",
        "signals",
        "templates",
        "tools",
        "warm",
        "widgets",
        "widgets_board",
        "widgets_claims",
        "widgets_costs",
        "widgets_credit",
        "widgets_provisions",
        "widgets_quiz",
        "widgets_statements",
        "workbook",
    ),
}
_NAMES = {name: home for home, names in _HOME.items() for name in names}
__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'cmtools' has no attribute {name!r}")
    home = _NAMES[name]
    value = getattr(import_module(f"cmtools.{home}"), name) if home else import_module(f"cmtools.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
