# %% [markdown] tags=["fr"]
# # Rapport mensuel du poste clients
# %% [markdown] tags=["en"]
# # Monthly receivables report
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
company_name = ""
ledger = ""
settlements = ""
customers = ""
columns = ""
fec = ""
previous_fec = ""
terms = ""
tolerant = False
workbook = ""
# %%
from IPython.display import display

import cmtools as cm

if not ledger and not fec:
    ledger = "../../data/grand_livre.xlsx"
source = {"ledger": ledger, "settlements": settlements, "customers": customers, "columns": columns}
company = cm.reports.read_source(**source, fec=fec, previous_fec=previous_fec, terms=terms, tolerant=tolerant)
day = cm.as_day(as_of)
items = cm.report_items(company, day)
aged = cm.aged_balance(items, day)
currencies = cm.currencies(items, company)
figures = {currency: cm.key_figures(company, day, currency) for currency in currencies}
# %%
display(cm.display.subtitle(company_name, day, company.report, language))
for currency in currencies:
    owing = aged[(aged["currency"] == currency) & (aged["total"] > 0)]
    found = company.report if currency == currencies[0] else cm.LoadReport()
    display(cm.display.headline(figures[currency], len(owing), day, found, language))
    display(cm.display.key_figures(figures[currency], language))
# %% [markdown] tags=["fr"]
# ## Balance âgée
#
# Base : date d'échéance. L'échéance du jour n'est pas en retard. Les règlements et avoirs non lettrés ont leur
# colonne ; litiges et retenues de garantie sont des « dont », déjà compris dans l'encours.
# %% [markdown] tags=["en"]
# ## Aged balance
#
# Basis: due date. Due today is not late. Unallocated receipts and credit notes have a column of their own; disputes and
# retention money are parts of the outstanding, not additions to it.
# %%
by_customer = cm.display.aged_by_customer(aged, company)
for currency in currencies:
    mine = by_customer[by_customer["currency"] == currency]
    display(cm.plots.aged_balance(mine, language))
    if (mine[cm.receivables.late_columns(mine)] > 0).any(axis=None):
        display(cm.plots.largest_overdue(mine, language))
    display(cm.display.table(mine, language, total=True, limit=20))
# %% [markdown] tags=["fr"]
# ### Les plus anciens retards
#
# Toutes les pièces ouvertes sont dans le classeur joint.
# %% [markdown] tags=["en"]
# ### Oldest overdue items
#
# Every open item is in the workbook that comes with this report.
# %%
shown = ["customer_id", "customer_name", "document", "issue_date", "due_date", "days_late", "currency", "open_amount"]
named = cm.display.with_names(items, company)
late = named[(named["days_late"] > 0) & (named["open_amount"] > 0)].sort_values("days_late", ascending=False)
cm.display.table(late, language, columns=[*shown, "dispute_reason"], limit=20, total=True)
# %% [markdown] tags=["fr"]
# ## DSO sur douze mois
#
# Deux méthodes : par épuisement (l'encours est imputé sur le chiffre d'affaires TTC des mois, du plus récent au plus
# ancien) et comptable (encours / chiffre d'affaires TTC de trois mois × jours). Quand les ventes baissent, le DSO
# comptable monte sans que personne paie plus tard : lire les deux.
# %% [markdown] tags=["en"]
# ## DSO over twelve months
#
# Two methods: count-back (the balance is used up on the sales incl. VAT of past months, the most recent first) and
# balance (receivables / sales incl. VAT of three months × days). When sales fall, the balance method rises although
# nobody pays later: read both.
# %%
asked = {currency: None if "item_currency" in items.columns else currency for currency in currencies}
history = {currency: cm.dso_by_month(company, day, currency=asked[currency]) for currency in currencies}
steps = {currency: cm.dso(company, day, "count_back", currency=asked[currency]) for currency in currencies}
for currency in currencies:
    if history[currency]["dso_count_back"].notna().any():
        display(cm.plots.dso_by_month(history[currency], language))
    if company.complete_sales:
        display(cm.display.table(history[currency].assign(currency=currency), language))
# %% [markdown] tags=["fr"]
# ### Le calcul par épuisement, mois par mois
# %% [markdown] tags=["en"]
# ### The count-back calculation, month by month
# %%
for currency in currencies:
    if steps[currency].table is not None and len(steps[currency].table):
        display(cm.plots.count_back(steps[currency].table, language))
        display(cm.display.table(steps[currency].table, language))
    else:
        display(cm.display.said(steps[currency].reason, language))
# %% [markdown] tags=["fr"]
# ## Règlements et avoirs non lettrés
# %% [markdown] tags=["en"]
# ## Unallocated receipts and credit notes
# %%
unallocated = named[named["open_amount"] < 0].sort_values("open_amount")
kept = ["customer_id", "customer_name", "kind", "document", "issue_date", "currency", "open_amount"]
cm.display.table(unallocated, language, columns=kept, limit=20, total=True)
# %% [markdown] tags=["fr"]
# ## Clients créditeurs
#
# Clients dont le compte est créditeur : ils passent au passif du bilan et ne se compensent pas avec les autres.
# %% [markdown] tags=["en"]
# ## Customers in credit
#
# Customers whose account is in credit: they move to liabilities in the balance sheet and are never netted against the
# others.
# %%
in_credit = by_customer[by_customer["total"] < 0].sort_values("total")
balances = ["customer_id", "customer_name", "currency", "total", "unallocated"]
cm.display.table(in_credit, language, columns=balances, total=True)
# %% [markdown] tags=["fr"]
# ## Rapprochement avec la comptabilité
#
# Clients au bilan (brut) = 411 + 416 + 413 + 418 + clients créditeurs reclassés ; net = brut − 491. L'écart entre les
# pièces et les comptes doit être nul.
# %% [markdown] tags=["en"]
# ## Reconciliation with the accounts
#
# Customers in the balance sheet (gross) = 411 + 416 + 413 + 418 + customers in credit moved to liabilities; net = gross
# − 491. The gap between items and accounts must be nil.
# %%
reconciliation = cm.reconciliation(company, day)
display(cm.display.table(reconciliation, language))
if company.accounts is None:
    display(cm.display.said("no_accounts", language))
# %% [markdown] tags=["fr"]
# ## Qualité des données
# %% [markdown] tags=["en"]
# ## Data quality
# %%
quality = cm.display.defects(company.report, language)
display(cm.display.counts(company.report, language))
display(cm.display.table(quality, language, limit=60))
# %% [markdown] tags=["fr"]
# ## Méthodes
#
# - Montants TTC ; sommes faites en centimes ; deux devises ne sont jamais additionnées sans montant comptable.
# - Situation reconstituée à la date d'arrêté : rien de postérieur n'est utilisé.
# - Un règlement réduit sa facture à sa date de lettrage ; avant, il est « non lettré ».
# - Un avoir n'est jamais compté comme un encaissement.
# - Une pièce sans échéance connue est d'« âge inconnu » : elle compte dans l'encours, jamais dans l'échu.
# %% [markdown] tags=["en"]
# ## Methods
#
# - Amounts incl. VAT; sums run on cents; two currencies are never added without an amount in the books.
# - The picture is rebuilt at the closing date: nothing later is used.
# - A settlement reduces its invoice on its allocation date; before that it is “unallocated”.
# - A credit note is never counted as cash collected.
# - An item without a known due date is of “unknown age”: it counts as outstanding, never as overdue.
# %%
if workbook:
    sheets = cm.workbook.monthly(
        figures, by_customer, named, history, steps, unallocated, in_credit, reconciliation, quality, language
    )
    cm.workbook.write(workbook, sheets, language)
