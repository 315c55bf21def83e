# %% [markdown] tags=["fr"]
# # Dossier de crédit
# %% [markdown] tags=["en"]
# # Credit file
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
customer = ""
company_name = ""
liasse = ""
trial_balance = ""
fec = ""
statements = ""
year_end = ""
ledger = ""
settlements = ""
customers = ""
columns = ""
terms = ""
tolerant = False
external = ""
grid = ""
levels = ""
delegation = ""
signals = ""
request = None
terms_asked = ""
monthly_purchases = None
seller_sales = None
insured_share = None
combine = "min"
price_index = None
dollars_per_unit = None
owner = ""
justification = ""
comments = ""
workbook = ""
# %%
from IPython.display import display

import cmtools as cm

if not any((liasse, trial_balance, fec, statements, ledger)):
    folder = "../../data/"
    liasse, ledger, external = (
        folder + name for name in ("liasses_clients.csv", "grand_livre.xlsx", "informations.csv")
    )
    customer = customer or "000186"
accounts = cm.reports.read_accounts(liasse, trial_balance, fec, statements, year_end)
books = cm.reports.read_books(ledger, settlements, customers, terms, columns, tolerant)
told = cm.read_external(external) if external else None
customer, company = cm.reports.customer_and_company(customer, accounts, books)
accounts = accounts.of(company)
day = cm.as_day(as_of)
thresholds = cm.read_signals(signals or None)
alerts = books and cm.by_currency(
    cm.asked_currencies(books, day), lambda currency: cm.warning_signals(books, day, thresholds, currency=currency)
)
scores = cm.score(accounts.table, price_index=price_index, dollars_per_unit=dollars_per_unit)
file = cm.credit_file.credit_file(
    customer, day, ledger=books, statements=accounts, external=told, company_id=company, signals=alerts, scores=scores
)
decision = cm.decide(
    file, accounts.table, ledger=books, request=request, terms=terms_asked or None,
    monthly_purchases=monthly_purchases, seller_sales=seller_sales, insured_share=insured_share,
    grid=cm.read_grid(grid or None), levels=cm.read_risk_levels(levels or None),
    delegation=cm.read_delegation(delegation or None), combine=combine, owner=owner, justification=justification,
)  # fmt: skip
years = cm.credit_file.accounts_of(accounts, company, day)[0]
tables = cm.workbook.Tables(language)
# %% [markdown] tags=["fr"]
# ## 1. La décision demandée
# %% [markdown] tags=["en"]
# ## 1. The decision asked
# %% tags=["covers:000-14"]
display(cm.forms_decision.decision_page(decision, company_name, language))
display(cm.display.published(cm.forms_credit.index_figures(file, decision.proposal), language=language))
tables.keep("credit_decision", cm.forms_decision.decision_lines(decision, language))
# %% [markdown] tags=["fr"]
# ## 2. Identité, groupe, relation
# %% [markdown] tags=["en"]
# ## 2. Identity, group, relationship
# %%
display(tables.show("identity", cm.forms_credit.worded_lines(file.identity, language)))
# %%
related = file.relationship
display(tables.show("relationship", cm.forms_credit.relationship(related, language), otherwise="no_ledger_given"))
members = related.group if related and len(related.group) > 1 else file.identity.head(0)
tables.show("group", members, total=True, otherwise="no_group")
# %% [markdown] tags=["fr"]
# ## 3. Engagement, limite, assureur
#
# Engagement : factures ouvertes + effets à échoir + livré à facturer + commandes − acomptes reçus − règlements non lettrés.
# La limite de l'assureur se lit à part : l'ajouter compterait deux fois les mêmes euros.
# %% [markdown] tags=["en"]
# ## 3. Exposure, limit, insurer
#
# Exposure: open invoices + bills not due + delivered not invoiced + orders − advances received − unallocated receipts. The
# insurer's limit is read apart: adding it would count the same euros twice.
# %%
if len(file.exposure):
    display(cm.plots_credit.exposure(file.exposure.iloc[0], language))
display(cm.forms_credit.exposure_table(file.exposure, language))
tables.keep("exposure", cm.forms_credit.keys_in_words(file.exposure, language), otherwise="no_ledger_given")
if len(file.group_exposure):
    display(cm.forms_credit.exposure_table(file.group_exposure, language))
    tables.keep("group_exposure", cm.forms_credit.keys_in_words(file.group_exposure, language))
# %% [markdown] tags=["fr"]
# ## 4. Comportement de paiement
#
# Douze mois, à côté des douze précédents. Retards pondérés par les montants.
# %% [markdown] tags=["en"]
# ## 4. Payment behaviour
#
# Twelve months, beside the twelve before. Delays weighted by amounts.
# %% tags=["covers:003-18"]
paying = file.behaviour
if paying is not None and len(paying.history):
    display(cm.plots_credit.payment_history(paying.history, language, paying.currency))
display(tables.show("behaviour", cm.forms_credit.behaviour(paying, language), otherwise="no_ledger_given"))
if paying is not None:
    display(tables.show("customer_aged", paying.buckets))
    tables.keep("payment_history", paying.history)
    tables.keep("customer_payments", paying.payments)
    display(tables.show("customer_disputes", paying.disputes, otherwise="no_dispute"))
# %% [markdown] tags=["fr"]
# ## 5. Informations externes et qualitatives
#
# Chaque fait avec sa date. Ce qui n'est pas daté, ou plus valable, est montré et n'entre dans aucun calcul.
# %% [markdown] tags=["en"]
# ## 5. External and qualitative information
#
# Each fact with its date. What is not dated, or no longer holds, is shown and enters no computation.
# %%
display(cm.forms_credit.external_table(file.external, language, file.currency))
tables.keep("external", cm.forms_credit.keys_in_words(file.external, language))
# %% [markdown] tags=["fr"]
# ## 6. Les comptes : âge, qualité, triptyque sur trois ans
# %% [markdown] tags=["en"]
# ## 6. The accounts: age, quality, triptych over three years
# %%
display(cm.forms_credit.quality_table(file.quality, language))
tables.keep(
    "accounts_quality", cm.forms_credit.keys_in_words(file.quality.years, language), otherwise="no_accounts_given"
)
# %% tags=["covers:004-23"]
if len(file.triptych):
    display(cm.plots_credit.triptych(file.triptych, language))
display(cm.forms_credit.triptych_table(file.triptych, language))
tables.keep("triptych", cm.forms_credit.keys_in_words(file.triptych, language), otherwise="no_accounts_given")
# %% [markdown] tags=["fr"]
# ## 7. Scores et grille
#
# Les scores rangent, ils ne mesurent pas ; un désaccord dit où regarder.
# %% [markdown] tags=["en"]
# ## 7. Scores and grid
#
# Scores rank, they do not measure; a disagreement says where to look.
# %%
display(cm.forms_credit.score_table(file.scores, language))
tables.keep("scores", cm.forms_credit.keys_in_words(file.scores, language), otherwise="no_accounts_given")
# %%
last = years.tail(1)
parts = cm.contributions(last, price_index=price_index, dollars_per_unit=dollars_per_unit)
if len(file.scores) and file.scores["score"].notna().any():
    display(cm.plots_credit.scores(file.scores, language))
    display(cm.forms_credit.disagreement(cm.disagreements(file.scores).tail(1), parts, language))
tables.keep("score_parts", cm.forms_credit.keys_in_words(parts, language), otherwise="no_accounts_given")
# %%
display(cm.plots_credit.grid(decision.rating, language))
display(cm.forms_credit.grid_table(decision.rating, language))
tables.keep("grid", decision.rating.table)
tables.keep("vetoes", cm.forms_credit.keys_in_words(decision.rating.vetoes, language), otherwise="no_veto")
# %% [markdown] tags=["fr"]
# ## 8. Les méthodes de limite, côte à côte
# %% [markdown] tags=["en"]
# ## 8. Limit methods, side by side
# %%
display(cm.plots_credit.limits(decision.methods, decision.proposal, language))
display(cm.forms_credit.limit_table(decision.methods, decision.proposal, language))
tables.keep("limit_methods", cm.limits.explain(decision.methods, language))
tables.keep("cover", decision.cover, otherwise="no_gap")
# %% [markdown] tags=["fr"]
# ## 9. Forces, faiblesses, alertes
# %% [markdown] tags=["en"]
# ## 9. Strengths, weaknesses, alerts
# %% tags=["covers:003-12"]
display(cm.forms_credit.findings(file, language))
found = cm.credit_file.explain(file.findings, language)
tables.keep("findings", found, columns=["side", "said", "status", "source"])
# %% [markdown] tags=["fr"]
# ### Le mot de l'analyste
# %% [markdown] tags=["en"]
# ### The analyst's own words
# %%
display(cm.display.lines(comments))
# %% [markdown] tags=["fr"]
# ## Annexe A. Contrôles et provenance
# %% [markdown] tags=["en"]
# ## Annex A. Controls and origin
# %%
checked = cm.controls(years)
if len(checked):
    display(cm.forms.controls_table(checked[checked["year_end"] == checked["year_end"].max()], language))
tables.keep("controls", cm.forms_credit.keys_in_words(checked, language), otherwise="no_accounts_given")
quality = cm.LoadReport()
for part in (accounts, books, told):
    quality.merge(part.report if part else cm.LoadReport())
display(cm.display.counts(quality, language))
tables.show("quality", cm.display.defects(quality, language), limit=40)
# %% [markdown] tags=["fr"]
# ## Annexe B. Formules
#
# Chaque modèle avec ses coefficients, ses seuils, sa population et ce qu'il faut en savoir.
# %% [markdown] tags=["en"]
# ## Annex B. Formulas
#
# Each model with its coefficients, cut-offs, population and what must be known of it.
# %%
display(*(cm.forms_credit.model_card(key, language) for key in cm.scoring.models()))
tables.keep("statements", cm.forms_credit.lines_table(years, language), otherwise="no_accounts_given")
# %%
if workbook:
    tables.write(workbook)
