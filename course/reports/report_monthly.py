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
engine = ""
targets = ""
signals = ""
external = ""
financing_rate = None
margin_rate = None
equity = None
decisions = ""
actions = ""
workbook = ""
# %%
from functools import partial

import pandas as pd
from IPython.display import display

import cmtools as cm

pd.set_option("mode.string_storage", "python")  # small tables of texts: a sixth of the report's time
if not ledger and not fec:
    ledger = "../../data/grand_livre.xlsx"
source = {"ledger": ledger, "settlements": settlements, "customers": customers, "columns": columns}
options = {"terms": terms, "tolerant": tolerant, "engine": engine}
company = cm.large.ready(cm.reports.read_source(**source, fec=fec, previous_fec=previous_fec, **options))
goals = cm.read_targets(targets) if targets else None
thresholds = cm.read_signals(signals or None)
told_outside = cm.read_external(external) if external else None
company.report.defects.extend(told_outside.report.defects if told_outside else [])
day = cm.as_day(as_of)
items = cm.large.report_rows(company, day)
aged = cm.frames.in_pandas(cm.aged_balance(items, day))
asked = cm.asked_currencies(company, day)
each = partial(cm.by_currency, asked)
draw = partial(cm.plots.by_currency, language=language)
tables = cm.large.tables_of_report(company, language)
# %% [markdown] tags=["fr"]
# ## 1. L'essentiel
# %% [markdown] tags=["en"]
# ## 1. In one page
# %% tags=["covers:004-76"]
figures = {currency: cm.key_figures(company, day, currency, targets=goals) for currency in asked}
display(cm.display.subtitle(company_name, day, company.report, language))
for place, currency in enumerate(asked):
    owing = aged[(aged["currency"] == currency) & (aged["total"] > 0)]
    found = cm.LoadReport() if place else company.report
    display(cm.display.headline(figures[currency], len(owing), day, found, language))
    display(cm.display.key_figures(figures[currency], language, cm.dashboard.COMMITTEE))
tables.keep("figures", cm.display.indicators(figures, language))
display(cm.display.published(figures, cm.dashboard.COMMITTEE, language))
# %% [markdown] tags=["fr"]
# ### Décisions demandées
# %% [markdown] tags=["en"]
# ### Decisions asked
# %%
display(cm.display.lines(decisions))
wanted = each(lambda currency: cm.decisions(items, company, day, currency=currency))
tables.show("decisions", wanted, otherwise="nothing_to_decide")
# %% [markdown] tags=["fr"]
# ## 2. Ce qui a fait bouger l'encours
#
# Encours d'ouverture + facturé − avoirs − encaissements − pertes (et autres mouvements) = encours de clôture. Les deux
# encours sont calculés à part des mouvements : l'écart doit être nul.
# %% [markdown] tags=["en"]
# ## 2. What moved the outstanding
#
# Opening outstanding + invoiced − credit notes − cash − losses (and other movements) = closing outstanding. Both
# balances are computed apart from the movements: the gap must be nil.
# %%
bridge = each(lambda currency: cm.outstanding_bridge(company, day, currency=currency))
display(*draw(cm.plots.bridge, bridge))
tables.show("bridge", bridge, otherwise="open_items_only")
# %%
months = each(lambda currency: cm.bridge_by_month(company, day, currency=currency))
tables.show("bridge_months", months, otherwise="open_items_only")
# %% [markdown] tags=["fr"]
# ## 3. Balance âgée
#
# Base : date d'échéance. L'échéance du jour n'est pas en retard. Les règlements et avoirs non lettrés ont leur
# colonne ; litiges et retenues de garantie sont des « dont », déjà compris dans l'encours.
# %% [markdown] tags=["en"]
# ## 3. Aged balance
#
# Basis: due date. Due today is not late. Unallocated receipts and credit notes have a column of their own; disputes and
# retention money are parts of the outstanding, not additions to it.
# %%
by_customer = cm.display.aged_by_customer(aged, company)
display(*draw(cm.plots.aged_balance, by_customer))
tables.show("aged", by_customer, total=True, limit=20)
# %% [markdown] tags=["fr"]
# ### Le taux d'échu sur douze mois
#
# Échu / encours brut. Un taux baisse aussi quand les ventes montent : lire les montants à côté.
# %% [markdown] tags=["en"]
# ### The overdue rate over twelve months
#
# Overdue / gross outstanding. A rate also falls when sales rise: read the amounts beside it.
# %% tags=["covers:003-27", "covers:004-47"]
dates = cm.known_month_ends(company, day, 13)
history = each(lambda currency: cm.outstanding_by_date(company, dates, currency=currency))
display(*draw(cm.plots.overdue_history, history))
shown = [
    "date",
    "currency",
    "outstanding",
    "overdue",
    "overdue_rate",
    *cm.receivables.late_columns(history),
    "disputed",
]
tables.show("overdue_history", history, columns=shown)
# %% [markdown] tags=["fr"]
# ### Par segment, chargé de recouvrement, commercial
# %% [markdown] tags=["en"]
# ### By segment, collector, salesperson
# %%
by_cut = {cut: each(partial(cm.figures_by, company, day, cut)) for cut in cm.frames.cuts_of(company)}
for cut, found in by_cut.items():
    display(tables.show(f"by_{cut}", found))
display(cm.display.absent_cuts(list(by_cut), language))
# %% [markdown] tags=["fr"]
# ## 4. Par qui commencer
#
# ### Les dix plus gros retards
#
# L'action proposée découle du retard de la pièce la plus ancienne ; c'est au chargé de recouvrement de décider.
# %% [markdown] tags=["en"]
# ## 4. Where to start
#
# ### The ten largest overdue customers
#
# The action proposed follows from how late the oldest item is; the collector decides.
# %% tags=["covers:003-16"]
largest = each(lambda currency: cm.largest_overdue(items, company, day, currency=currency))
display(*draw(cm.plots.largest_overdue, by_customer))
tables.show("largest", largest, total=True)
# %% [markdown] tags=["fr"]
# ### Limites dépassées
#
# Encours comptable net des crédits non lettrés, comparé à la limite de crédit ; ni commandes, ni livraisons à facturer,
# ni effets : le grand livre ne les contient pas. La limite de l'assureur se lit à part.
# %% [markdown] tags=["en"]
# ### Limits exceeded
#
# Outstanding in the books net of unallocated credits, against the credit limit; no orders, no deliveries to be invoiced,
# no bills: the ledger does not hold them. The insurer's limit is read apart.
# %%
coverage = each(lambda currency: cm.limits_coverage(items, company, currency=currency))
display(cm.display.limits_coverage(coverage, language))
over = each(lambda currency: cm.limits_exceeded(items, company, currency=currency))
tables.show("limits", over, total=True, limit=20)
# %%
groups = each(lambda currency: cm.limits_exceeded(items, company, by="group_id", currency=currency))
tables.show("group_limits", groups[groups["members"] > 1], total=True, otherwise="no_group_over")
# %% [markdown] tags=["fr"]
# ### Concentration
#
# Par groupe (un client sans groupe est son propre groupe), clients créditeurs exclus.
# %% [markdown] tags=["en"]
# ### Concentration
#
# By group (a customer without a group is its own group), customers in credit left out.
# %%
concentration = each(lambda currency: cm.concentration(items, company, currency=currency))
display(*draw(cm.plots.concentration, concentration))
tables.show("concentration", concentration, limit=10)
# %%
measured = [cm.concentration_measures(part, equity) for _, part in concentration.groupby("currency", sort=False)]
tables.show("concentration_measures", pd.concat(measured).drop(columns="hhi") if measured else concentration)
# %% [markdown] tags=["fr"]
# ### Signaux d'alerte
#
# Un client par ligne, le plus de signaux d'abord ; les seuils sont ceux du fichier donné, sinon ceux de cmtools.
# %% [markdown] tags=["en"]
# ### Warning signals
#
# A customer a row, most signals first; the thresholds are those of the file given, or cmtools' own.
# %% tags=["covers:004-78"]
alerts = each(lambda currency: cm.warning_signals(company, day, thresholds, currency=currency))
display(tables.show("signals", cm.display.signals(alerts, language), limit=15, total=True))
silent = each(lambda currency: cm.signals_not_evaluated(company, day, thresholds, currency=currency))
tables.show("signals_silent", silent, otherwise="all_signals")
# %% [markdown] tags=["fr"]
# ## 5. DSO sur douze mois
#
# Deux méthodes : par épuisement (l'encours est imputé sur le chiffre d'affaires TTC des mois, du plus récent au plus
# ancien) et comptable (encours / chiffre d'affaires TTC de trois mois × jours). Quand les ventes baissent, le DSO
# comptable monte sans que personne paie plus tard : lire les deux.
# %% [markdown] tags=["en"]
# ## 5. DSO over twelve months
#
# Two methods: count-back (the balance is used up on the sales incl. VAT of past months, the most recent first) and
# balance (receivables / sales incl. VAT of three months × days). When sales fall, the balance method rises although
# nobody pays later: read both.
# %% tags=["covers:003-02"]
by_month = each(lambda currency: cm.dso_by_month(company, day, currency=currency))
steps = {shown: cm.dso(company, day, "count_back", currency=currency) for shown, currency in asked.items()}
if by_month[["dso_count_back", "dso_balance"]].notna().any(axis=None):
    display(*draw(cm.plots.dso_by_month, by_month))
tables.show("dso", by_month if company.complete_sales else by_month.head(0), otherwise="open_items_only")
# %% [markdown] tags=["fr"]
# ### De quoi le DSO est fait
#
# DSO contractuel : le non échu, ce qui resterait si personne n'était en retard. DSO échu : le retard, dont litiges. Mêmes
# ventes et mêmes jours pour toutes les parts (douze mois pour le tableau, trois pour la courbe) : elles s'additionnent.
# %% [markdown] tags=["en"]
# ### What the DSO is made of
#
# Best possible DSO: the not-due part, what would remain if nobody were late. Overdue DSO: the late part, disputes
# included. The same sales and days for all parts (twelve months in the table, three in the curve): they add up.
# %%
parts = each(lambda currency: cm.dso_parts(company, day, currency=currency, financing_rate=financing_rate))
parts_by_month = each(lambda currency: cm.dso_parts_by_month(company, day, currency=currency))
known = parts_by_month.dropna(subset="dso")
display(*draw(cm.plots.dso_parts, known))
display(tables.show("dso_parts", parts if company.complete_sales else parts.head(0), otherwise="open_items_only"))
tables.show("dso_parts_months", known, otherwise="short_of_sales")
# %% [markdown] tags=["fr"]
# ### Le calcul par épuisement, mois par mois
# %% [markdown] tags=["en"]
# ### The count-back calculation, month by month
# %%
used = [step.table.assign(currency=shown) for shown, step in steps.items() if step.table is not None]
used = pd.concat(used) if used else pd.DataFrame()
display(*draw(cm.plots.count_back, used))
tables.show("count_back", used, otherwise="open_items_only")
# %% [markdown] tags=["fr"]
# ## 6. Délais, recouvrement et passages
#
# ### Retards constatés au règlement
#
# Jours entre échéance et règlement, pondérés par les montants réglés. Les seuls règlements flattent les mauvais payeurs :
# « y compris échues ouvertes » ajoute ce qui est en retard et pas encore payé.
# %% [markdown] tags=["en"]
# ## 6. Delays, recovery and migration
#
# ### Delays observed
#
# Days from due date to payment, weighted by the amounts paid. Payments alone flatter bad payers: “with open overdue” adds
# what is late and not paid yet.
# %%
payments = each(lambda currency: cm.payments_by_month(company, day, currency=currency))
delays = each(lambda currency: cm.payment_delays(company, day, cm.dashboard.PAYMENT_MONTHS, currency=currency))
display(*draw(cm.plots.delays, payments))
delays = delays.rename(columns={"agreed_terms": "terms_with_retention"})
display(tables.show("delays", delays, otherwise="open_items_only"))
tables.show("payments", payments, otherwise="open_items_only")
# %% [markdown] tags=["fr"]
# ### Taux de recouvrement à un mois et à trois mois
#
# Pour ce qui est arrivé à échéance un mois donné : part encaissée dans les 30 et les 90 jours. Un mois trop récent n'est
# pas montré. Définition retenue par cmtools (les sources n'en donnent pas de commune).
# %% [markdown] tags=["en"]
# ### Recovery rate at one month and at three months
#
# Of what fell due in a month: the share collected within 30 and 90 days. A month too young is not shown. Definition chosen
# by cmtools (sources give no common one).
# %% tags=["covers:003-26"]
cohorts = each(lambda currency: cm.recovery_rate(company, day, currency=currency))
if cohorts["recovery_30"].notna().any():
    display(*draw(cm.plots.recovery, cohorts))
tables.show("recovery", cohorts, otherwise="open_items_only")
# %% tags=["covers:003-24"]
effectiveness = each(lambda currency: cm.collection_effectiveness(company, day, currency=currency))
effectiveness = effectiveness.rename(columns={"sales": "invoiced_net"})
tables.show("effectiveness", effectiveness, otherwise="open_items_only")
# %% [markdown] tags=["fr"]
# ### Retards entrés et sortis
# %% [markdown] tags=["en"]
# ### What became late, what was cured
# %%
overdue_months = each(lambda currency: cm.overdue_by_month(company, day, currency=currency))
moves = each(lambda currency: cm.overdue_movements(company, day, currency=currency))
display(*draw(cm.plots.overdue_movements, overdue_months))
display(tables.show("overdue_moves", moves, otherwise="open_items_only"))
tables.show("overdue_months", overdue_months, otherwise="open_items_only")
# %% [markdown] tags=["fr"]
# ### Matrice de passage
#
# Ce que sont devenus, d'un mois sur l'autre, les montants de chaque tranche (moyenne des douze derniers mois pondérée par
# les montants). Chaque ligne fait 100 %.
# %% [markdown] tags=["en"]
# ### Migration matrix
#
# What became, from one month to the next, of the amounts of each bucket (average of the last twelve months weighted by
# amounts). Each row makes 100 %.
# %%
matrix = each(lambda currency: cm.migration_matrix(company, day, 12, currency=currency))
amounts = each(lambda currency: cm.migration_matrix(company, day, 12, currency=currency, rates=False))
display(*draw(cm.plots.migration, matrix))
tables.keep("migration_amounts", cm.display.migration(amounts), kind="money", otherwise="open_items_only")
shares = cm.display.migration(matrix).drop(columns="total")
tables.show("migration", shares, kind="rate", otherwise="open_items_only")
# %%
tables.show(
    "roll_rates", each(lambda currency: cm.roll_rates(company, day, currency=currency)), otherwise="open_items_only"
)
# %% [markdown] tags=["fr"]
# ## 7. Litiges par cause
# %% [markdown] tags=["en"]
# ## 7. Disputes by cause
# %%
disputes = each(lambda currency: cm.disputes_by_cause(items, company, day, currency=currency))
display(*draw(cm.plots.disputes, disputes))
told = "not_in_source" if "disputed" in company.silent else "nothing_to_show"
tables.show("disputes", disputes, total=True, otherwise=told)
# %% [markdown] tags=["fr"]
# ## 8. Non lettré, clients créditeurs, retenues de garantie
#
# ### Règlements et avoirs non lettrés
# %% [markdown] tags=["en"]
# ## 8. Unallocated, customers in credit, retention money
#
# ### Unallocated receipts and credit notes
# %%
unallocated = cm.large.some_items(items, company, "credits")
kept = ["customer_id", "customer_name", "kind", "document", "issue_date", "currency", "open_amount"]
tables.show("unallocated", unallocated, columns=kept, limit=20, total=True)
# %% [markdown] tags=["fr"]
# ### Clients créditeurs
#
# Clients dont le compte est créditeur : ils passent au passif du bilan et ne se compensent pas avec les autres.
# %% [markdown] tags=["en"]
# ### Customers in credit
#
# Customers whose account is in credit: they move to liabilities in the balance sheet and are never netted against the
# others.
# %%
in_credit = by_customer[by_customer["total"] < 0].sort_values("total")
balances = ["customer_id", "customer_name", "currency", "total", "unallocated"]
tables.show("in_credit", in_credit, columns=balances, total=True)
# %% [markdown] tags=["fr"]
# ### Retenues de garantie
#
# Échue : la date de libération est passée. Sans date : travaux non réceptionnés, rien n'est encore exigible.
# %% [markdown] tags=["en"]
# ### Retention money
#
# Overdue: the release date is past. No date: works not accepted yet, nothing is payable.
# %%
retention = cm.retention_by_release(items, day)
told = "not_in_source" if "retention" in company.silent else "nothing_to_show"
tables.show("retention", retention, total=True, otherwise=told)
# %% [markdown] tags=["fr"]
# ## 9. Ce que coûte le retard, ce que l'on peut réclamer
#
# Le retard coûte son financement ; la loi donne droit, sans relance, à des pénalités et à 40 € par facture en retard
# (C. com. L441-10, D441-5). Base TTC, année de 365 jours, taux de chaque semestre ; acheteurs publics : taux figé, délai
# compté de la réception de la demande (deux jours après la facture si elle n'est pas connue). Un règlement réduit le principal, tel qu'il est lettré. C'est un droit, pas une
# recette ; le droit français est appliqué à tous, clients étrangers compris.
# %% [markdown] tags=["en"]
# ## 9. What lateness costs, what may be claimed
#
# Lateness costs its financing; French law gives a right, without any reminder, to interest and to EUR 40 per late invoice
# (C. com. L441-10, D441-5). Base incl. VAT, year of 365 days, rate of each half-year; public buyers: frozen rate, term
# counted from receipt of the request (two days after the invoice if it is not known). A payment reduces the principal, as allocated. It is a right, not an income; French law
# is applied to all, customers abroad included.
# %%
insolvent = cm.insolvencies(told_outside, day)
claims_found = cm.large.report_claims(company, day, insolvent)
by_debtor = claims_found.by_customer
lateness = cm.lateness(company, by_debtor, figures, asked, day, financing_rate, margin_rate)
display(cm.display.lines("\n".join(cm.forms_claims.assumptions(company, claims_found.noted, language))))
tables.show("lateness", lateness)
# %%
display(*draw(cm.plots_claims.claims, by_debtor[by_debtor["interest"] + by_debtor["indemnity"] > 0]))
kept = ["customer_id", "customer_name", "currency", "principal", "unallocated", "interest", "indemnity", "claim_total"]
kept += ["disputed_principal", "days_left", *(["unknown_interest"] if by_debtor["unknown_interest"].any() else [])]
tables.show("claims", by_debtor, columns=kept, total=True, limit=10, otherwise="no_claim")
# %%
claim_items = claims_found.items.drop(columns=["claimable", "confirmation"])
tables.keep("claim_items", claim_items, total=True, otherwise="no_claim")
told = cm.large.segments_reason(claims_found)
tables.keep("segments", cm.large.segments_of(claims_found), otherwise=told)
tables.keep("late_rates", cm.forms_claims.rates(day))
# %% [markdown] tags=["fr"]
# ### Créances proches de la prescription
#
# Cinq ans depuis l'échéance entre professionnels, deux ans contre un particulier, un an depuis la livraison pour un transport
# (texte ancien), quatre ans depuis le 1er janvier suivant contre un organisme public (NON CONFIRMÉ). Une relance
# n'interrompt pas ce délai.
# %% [markdown] tags=["en"]
# ### Claims near limitation
#
# Five years from the due date between businesses, two years against a consumer, one year from delivery for transport (old
# text), four years from the next 1 January against a public body (UNCONFIRMED). A reminder does not interrupt it.
# %%
kept = ["customer_id", "customer_name", "document", "due_date", "currency", "principal", "limitation_date", "days_left"]
soon = cm.forms_claims.limitation_marked(claims_found.soon, language)
tables.show(
    "limitation", soon, columns=[*kept, "limitation_note"], limit=20, total=True, otherwise="no_limitation_soon"
)
# %% [markdown] tags=["fr"]
# ### Délais accordés et plafonds légaux
#
# Factures des douze derniers mois, clients étrangers compris. Les clients dont les conditions disent « fin de mois » sont tenus pour liés par une
# clause écrite.
# %% [markdown] tags=["en"]
# ### Terms granted and legal ceilings
#
# Invoices of the last twelve months, customers abroad included. Customers whose terms say “end of month” are taken to be
# bound by a written clause.
# %%
granted, beyond = cm.large.report_compliance(company, day)
display(tables.show("compliance", cm.forms_claims.compliance(granted, language)))
kept = ["customer_id", "customer_name", "document", "issue_date", "due_date", "currency", "amount", "granted_days"]
beyond = cm.forms_claims.compliance(beyond, language)
tables.show(
    "over_ceiling", beyond, columns=[*kept, "latest_date", "days_over", "status"], limit=10, otherwise="none_over"
)
# %% [markdown] tags=["fr"]
# ## 10. Douteux et pertes
#
# Ouverture + entrées − règlements − pertes − sorties = clôture, TTC. Passer en douteux ne change pas le résultat ; la
# dépréciation, oui. La formule des taux de perte et de créances irrécouvrables n'est confirmée par aucune source : pertes /
# ventes, TTC mois par mois, HT par exercice.
# %% [markdown] tags=["en"]
# ## 10. Doubtful and losses
#
# Opening + in − paid − lost − out = closing, incl. VAT. Moving a claim to doubtful does not change the profit; impairment
# does. The formula of the loss and irrecoverable rates is confirmed by no source: losses / sales, incl. VAT month by
# month, excl. VAT by year.
# %% tags=["covers:000-30", "covers:004-79", "covers:004-80", "covers:004-82"]
untold = "doubtful_untold" if "doubtful" in company.silent else "no_doubtful_claim"
told = "open_items_only" if not company.complete_sales else untold
periods = each(lambda currency: cm.doubtful_by_period(company, day, currency=currency))
moving = periods["closing_balance"].any() or periods["doubtful_in"].any()
display(*draw(cm.plots_provisions.doubtful_flows, periods if moving else periods.head(0)))
flows = ["period_start", "date", "currency", "opening_balance", "doubtful_brought_forward", "doubtful_in"]
flows += ["doubtful_paid", "doubtful_lost", "doubtful_out", "closing_balance"]
display(tables.show("periods", periods, columns=flows, otherwise=told))
doubtful = each(lambda currency: cm.doubtful_movements(company, day, currency=currency))
keep = tables.show if len(periods) else tables.keep  # the reason is said once
more = {"period_rates": periods.drop(columns=["period_start", *flows[3:]]), "doubtful": doubtful}
display(*filter(None, [keep(name, table, otherwise=told) for name, table in more.items()]))
# %% [markdown] tags=["fr"]
# ### Dépréciation par client douteux
#
# HT × perte probable de chaque créance. La dotation ou la reprise est le net du client par rapport au compte 491 à la date
# d'arrêté ; en comptabilité, dotations et reprises se passent créance par créance, sans compensation.
# %% [markdown] tags=["en"]
# ### Allowance by doubtful customer
#
# Excl. VAT × probable loss of each claim. The allowance or reversal is the customer's net, compared with account 491 on the
# day; in the books allowances and reversals are entered claim by claim, none set off against another.
# %% tags=["covers:004-83"]
claims = {currency: cm.doubtful_claims(company, day, argument) for currency, argument in asked.items()}
shares = {currency: cm.shares_by_procedure(found, insolvent) for currency, found in claims.items()}
booked = cm.existing_allowances(company, day) if list(asked.values()) == [None] else None
needed = {name: cm.individual_allowances(found, shares[name], booked) for name, found in claims.items()}
allowances = cm.display.with_names(pd.concat(needed.values(), ignore_index=True), company)
kept = ["customer_id", "customer_name", "currency", "open_amount", "open_excl_vat", "loss_share", "needed", "existing"]
if len(allowances):
    display(cm.forms_provisions.shares_said(cm.provisions.default_loss_shares(), language))
if len(allowances) and told_outside is None:
    display(cm.display.said("no_external_said", language))
kept += ["dotation", "reversal", "reason"]
whole = bool(allowances["needed"].notna().all())  # no sum of a part
tables.show("allowances", allowances.dropna(axis=1, how="all"), columns=kept, total=whole, otherwise=untold)
# %% [markdown] tags=["fr"]
# ### Pertes des douze derniers mois et TVA
#
# La TVA revient dès le jugement de liquidation, pas à l'ouverture d'un redressement, et seulement après l'envoi d'un
# duplicata rectificatif (CGI 272-1). Le grand livre ne dit pas si elle était exigible à la facture ou à l'encaissement.
# %% [markdown] tags=["en"]
# ### Losses of the last twelve months, and VAT
#
# VAT comes back from the liquidation judgment, not on the opening of a receivership, and only once a corrected duplicate
# has been sent (CGI 272-1). The ledger does not say whether it was due on the invoice or when paid.
# %%
since = cm.frames.month_ends(day, 13)[-1]
losses = each(lambda currency: cm.written_off(company, day, since, currency))
kept = ["customer_id", "document", "issue_date", "lost_on", "currency", "lost_amount", "lost_excl_vat", "vat_amount"]
whole = bool(losses["lost_excl_vat"].notna().all())
none_lost = "no_write_off" if company.complete_sales else "not_in_source"
display(tables.show("written_off", losses, columns=kept, total=whole, otherwise=none_lost))
vat = pd.concat([cm.vat_recovery(found, insolvent, day) for found in claims.values()], ignore_index=True)
keep = tables.keep if vat.empty else tables.show
keep("bad_debt_vat", vat[vat["vat_amount"] != 0], otherwise=untold if vat.empty else "no_vat_in_claims")
# %% [markdown] tags=["fr"]
# ### Taux de perte par tranche et perte attendue (IFRS 9)
#
# Perdu / arrivé dans la tranche, HT, sur l'historique du grand livre ; douteux, procédures collectives et litiges à part.
# Les taux sont affichés arrondis et appliqués sans arrondi. Les comptes annuels français ne constatent pas cette perte.
# %% [markdown] tags=["en"]
# ### Loss rate by bucket and expected loss (IFRS 9)
#
# Lost / reached the bucket, excl. VAT, from the ledger's history; doubtful, insolvent and disputed claims apart. Rates are
# shown rounded and applied unrounded. French annual accounts do not book this expected loss.
# %%
histories = {shown: cm.loss_history(company, day, currency=currency) for shown, currency in asked.items()}
rates = {shown: cm.loss_rates(history) for shown, history in histories.items()}
estimated = {shown: found for shown, found in rates.items() if found["bucket_loss_rate"].notna().any()}
gone = {shown: cm.written_off(company, day, currency=currency)["item_id"] for shown, currency in asked.items()}
for shown, found in rates.items():
    others = gone[shown].nunique(dropna=False) - int(histories[shown]["lost_items"].sum())
    display(cm.forms_provisions.history_said(found, shown, language, others))
for found in estimated.values():
    display(cm.plots_provisions.loss_rates(found, language))
main = next(iter(asked))
past = each(lambda currency: histories[currency or main])
tables.keep("loss_history", past, otherwise="open_items_only")
lost = each(lambda currency: rates[currency or main])
kept = ["bucket", "currency", "reached", "lost", "bucket_loss_rate", "reason"]
keep = tables.show if estimated else tables.keep
keep("loss_rates", lost if estimated else lost.head(0), columns=kept, otherwise="not_in_history")
# %%
under = insolvent["customer_id"].tolist()
stands = {
    shown: cm.balances_by_bucket(company, day, insolvent=under, incl_vat_up_to=0.01, currency=currency)
    for shown, currency in asked.items()
}
matrix = each(lambda currency: cm.provision_matrix(stands[currency or main], rates[currency or main]))
if estimated:
    display(cm.forms_provisions.forward_said(matrix, language))
    display(*[cm.forms_provisions.taken_incl_vat_said(found, shown, language) for shown, found in stands.items()])
    display(*[cm.forms_provisions.cases_said(found, shown, language) for shown, found in stands.items()])
whole = bool(matrix["expected_loss"].notna().all())
keep("matrix", matrix if estimated else matrix.head(0), total=whole, otherwise="not_in_history")
# %% [markdown] tags=["fr"]
# ## 11. Actions décidées
# %% [markdown] tags=["en"]
# ## 11. Actions decided
# %%
tables.show("actions", cm.display.actions(actions), otherwise="no_actions")
# %% [markdown] tags=["fr"]
# ## Annexe A. Objectifs
#
# Atteinte : valeur / objectif quand plus est mieux, objectif / valeur quand moins est mieux. La prime est un simple calcul :
# prime × moyenne pondérée des atteintes, nulle sous 80 %, plafonnée à 120 % (barème retenu par cmtools).
# %% [markdown] tags=["en"]
# ## Annex A. Targets
#
# Attainment: value / target where more is better, target / value where less is. The bonus is a simple computation: bonus
# × weighted average of the attainments, nil below 80 %, at most 120 % (a scale chosen by cmtools).
# %% tags=["covers:002-19"]
first = next(iter(asked))
collectors = by_cut.get("collector")
mine = collectors[collectors["currency"] == first] if collectors is not None else None
goals_met, bonuses = cm.targets_met(figures[first], mine, goals)
display(tables.show("targets", cm.display.targets(goals_met, language), otherwise="no_targets"))
bonus = tables.show("bonuses", bonuses, otherwise="no_bonus" if goals is not None else "no_targets")
if goals is not None:
    display(bonus)
# %% [markdown] tags=["fr"]
# ## Annexe B. Les plus anciens retards
#
# Toutes les pièces ouvertes sont dans le classeur joint.
# %% [markdown] tags=["en"]
# ## Annex B. Oldest overdue items
#
# Every open item is in the workbook that comes with this report.
# %%
tables.keep("items", cm.display.open_items(cm.large.some_items(items, company)), total=True)
late = cm.large.some_items(items, company, "late")
kept = ["customer_id", "customer_name", "document", "issue_date", "due_date", "days_late", "currency", "open_amount"]
tables.show("late_items", late, columns=[*kept, "dispute_reason"], limit=20, total=True)
# %% [markdown] tags=["fr"]
# ## Annexe C. Rapprochement avec la comptabilité
#
# Clients au bilan (brut) = 411 + 416 + 413 + 418 + clients créditeurs reclassés ; net = brut − 491. L'écart entre les
# pièces et les comptes doit être nul.
# %% [markdown] tags=["en"]
# ## Annex C. Reconciliation with the accounts
#
# Customers in the balance sheet (gross) = 411 + 416 + 413 + 418 + customers in credit moved to liabilities; net = gross
# − 491. The gap between items and accounts must be nil.
# %% tags=["covers:004-77"]
display(tables.show("reconciliation", cm.reconciliation(company, day)))
if company.accounts is None:
    display(cm.display.said("no_accounts", language))
# %% [markdown] tags=["fr"]
# ## Annexe D. Factures en retard (publication annuelle)
#
# Code de commerce, art. L441-14 et D441-6 : tableau des clients pour le rapport de gestion, montants TTC, litiges à part.
# Tranches du modèle non confirmées. À publier à la date de clôture ; le tableau des fournisseurs ne peut pas être tiré
# d'un grand livre clients.
# %% [markdown] tags=["en"]
# ## Annex D. Late invoices (yearly publication)
#
# Code de commerce, art. L441-14 and D441-6: customers' table of the management report, amounts incl. VAT, disputes apart.
# Bands of the model not confirmed. To be published at the closing date; the suppliers' table cannot be drawn from a
# customer ledger.
# %%
tables.show("late_invoices", each(lambda currency: cm.late_invoices(company, day, currency=currency)))
# %% [markdown] tags=["fr"]
# ## Annexe E. Qualité des données
# %% [markdown] tags=["en"]
# ## Annex E. Data quality
# %%
quality = cm.display.defects(company.report, language)
display(cm.display.counts(company.report, language))
tables.show("quality", quality, limit=60)
# %% [markdown] tags=["fr"]
# ## Annexe F. Méthodes
#
# - Montants TTC ; sommes faites en centimes ; deux devises ne sont jamais additionnées sans montant comptable.
# - Situation reconstituée à la date d'arrêté : rien de postérieur n'est utilisé. Une comparaison avec une date que la
#   source ne connaît pas est laissée en blanc.
# - Un règlement réduit sa facture à sa date de lettrage ; avant, il est « non lettré ».
# - Un avoir n'est jamais compté comme un encaissement ; une perte non plus.
# - Une pièce sans échéance connue est d'« âge inconnu » : elle compte dans l'encours, jamais dans l'échu.
# - Un DSO de segment est une somme d'encours sur une somme de ventes, jamais une moyenne de DSO.
# - Retards constatés : six mois glissants, règlements en numéraire ; effets et compensations exclus.
# %% [markdown] tags=["en"]
# ## Annex F. Methods
#
# - Amounts incl. VAT; sums run on cents; two currencies are never added without an amount in the books.
# - The picture is rebuilt at the closing date: nothing later is used. A comparison with a date that the source does not
#   know is left blank.
# - A settlement reduces its invoice on its allocation date; before that it is “unallocated”.
# - A credit note is never counted as cash collected; neither is a loss.
# - An item without a known due date is of “unknown age”: it counts as outstanding, never as overdue.
# - The DSO of a segment is a sum of balances over a sum of sales, never an average of DSOs.
# - Delays observed: six rolling months, payments in cash; bills and set-offs left out.
# %%
if workbook:
    tables.write(workbook)
