# %% [markdown] tags=["fr"]
# # 06. La balance âgée
#
# **La question.** Le 30 juin, le directeur demande : « Qui nous doit de l'argent, depuis quand, et par qui commencer ? »
#
# La balance âgée répond : l'encours de chaque client, ventilé par tranche de retard. Plus une créance vieillit, moins
# elle a de chances d'être payée : c'est la tranche, plus que le montant, qui donne la priorité.
# %% [markdown] tags=["en"]
# # 06. The aged balance
#
# **The question.** On 30 June the director asks: “Who owes us money, since when, and where do we start?”
#
# The aged balance answers: each customer's outstanding, split by how late it is. The older a claim, the less likely it
# is to be paid: the bucket, more than the amount, sets the priority.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
# %%
import pandas as pd
from IPython.display import display

import cmtools as cm

ledger = cm.read_ledger(ledger_file)
# %% [markdown] tags=["fr"]
# ## 1. Les pièces ouvertes
#
# Tout part d'elles : chaque facture (ou échéance) dont il reste une part à payer **à la date d'arrêté**, et chaque
# règlement qui n'est rattaché à rien.
# %% [markdown] tags=["en"]
# ## 1. The open items
#
# All starts from them: each invoice (or instalment) of which something is still to be paid **at the closing date**, and
# each receipt that is attached to nothing.
# %%
items = cm.report_items(ledger, as_of)
columns = ["customer_id", "document", "kind", "issue_date", "due_date", "days_late", "open_amount"]
cm.display.table(items, language, columns=columns, limit=8, total=True)
# %% [markdown] tags=["fr"]
# ## 2. La balance âgée par client
# %% [markdown] tags=["en"]
# ## 2. The aged balance by customer
# %% tags=["nbval-check-output"]
aged = cm.aged_balance(items, as_of)
cm.display.aged_balance(aged, ledger, language, limit=10)
# %%
cm.plots.aged_balance(aged, language)
# %%
cm.plots.largest_overdue(cm.display.aged_by_customer(aged, ledger), language)
# %% [markdown] tags=["fr"]
# **Lecture.** La plus grosse somme en retard n'est pas la plus inquiétante : une barre claire est un retard de moins de
# 30 jours, souvent une relance suffit ; une barre sombre dépasse 120 jours. On commence par les barres sombres, puis par
# les grandes claires avant qu'elles ne foncent.
#
# ## 3. Le taux d'échu
# %% [markdown] tags=["en"]
# **Reading.** The largest late amount is not the most worrying: a light bar is less than 30 days late, a reminder often
# suffices; a dark one is over 120 days. Start with the dark bars, then with the long light ones before they darken.
#
# ## 3. The overdue rate
# %% tags=["nbval-check-output"]
rate = cm.overdue_rate(items, as_of)
currency = rate.index[0]
print(cm.language.percent(rate.loc[currency, "rate"], 1, language))
print(cm.language.money(rate.loc[currency, "overdue"], currency, language))
# %% [markdown] tags=["fr"]
# Échu / encours brut. Les règlements non lettrés ne sont ni au numérateur ni au dénominateur : on ne sait pas encore ce
# qu'ils paient.
#
# ## 4. Et si… ?
#
# Reculez dans le temps ; comptez l'ancienneté depuis la facture au lieu de l'échéance ; rangez les crédits à leur date.
# Le total ne change pas avec les deux derniers choix, l'image si.
# %% [markdown] tags=["en"]
# Overdue / gross outstanding. Unallocated receipts are in neither the numerator nor the denominator: it is not known yet
# what they pay.
#
# ## 4. What if?
#
# Go back in time; count the age from the invoice instead of the due date; put credits at their own date. The total does
# not change with the last two choices, the picture does.
# %%
cm.widgets.aged_balance(ledger, as_of, language)
# %% [markdown] tags=["fr"]
# ## 5. Les pièges
#
# **Piège 1 : les lignes qui disparaissent.** Un tableur ou un script qui découpe en tranches à partir de 0 perd tout ce
# qui n'est pas en retard. La somme des tranches doit toujours être l'encours. Ci-dessous, d'abord ce que garde le découpage,
# puis ce qui est dû.
# %% [markdown] tags=["en"]
# ## 5. The traps
#
# **Trap 1: rows that vanish.** A spreadsheet or script that cuts buckets from 0 up loses all that is not late. The
# buckets must always add up to the outstanding. Below, first what the cut keeps, then what is owed.
# %% tags=["nbval-check-output"]
owed = items[items["open_amount"] > 0]
cut = pd.cut(owed["days_late"], [0, 30, 60, 90, 120, 9999])
print(cm.language.money(owed.groupby(cut, observed=True)["open_amount"].sum().sum(), currency, language))
print(cm.language.money(owed["open_amount"].sum(), currency, language))
# %% [markdown] tags=["fr"]
# **Piège 2 : le passé réécrit.** La balance d'une date passée n'utilise que ce qui était connu ce jour-là. Lettrer
# aujourd'hui un règlement ne doit pas changer la balance du mois dernier. Ci-dessous : le non lettré fin mai, vu le 31 mai,
# et le même recalculé avec les seules dates de paiement (ce que font beaucoup d'outils).
# %% [markdown] tags=["en"]
# **Trap 2: the rewritten past.** The balance at a past date uses only what was known that day. Allocating a receipt
# today must not change last month's balance. Below: what was unallocated at the end of May, seen on 31 May, and the same
# computed again with payment dates only (as many tools do).
# %% tags=["nbval-check-output"]
for basis in ("allocated", "paid"):
    then = cm.aged_balance(cm.report_items(ledger, "2026-05-31", basis), "2026-05-31", by=None)
    print(cm.language.money(then.loc[0, "unallocated"], currency, language))
# %% [markdown] tags=["fr"]
# **Piège 3 : la retenue de garantie comptée en retard.** Les 5 % retenus sur un marché de travaux ne sont dus qu'un an
# après la réception. Avant, ce n'est pas un retard.
#
# **Piège 4 : les devises additionnées.** 100 USD et 100 EUR ne font pas 200 de quoi que ce soit : sans montant
# comptable, chaque devise garde sa ligne.
#
# **Piège 5 : compenser les clients.** Un client créditeur ne réduit pas la dette d'un autre.
#
# ## 6. Sur votre fichier
# %% [markdown] tags=["en"]
# **Trap 3: retention money counted as late.** The 5 % retained on a works contract is due only one year after
# acceptance. Before that it is not late.
#
# **Trap 4: currencies added up.** 100 USD and 100 EUR do not make 200 of anything: without an amount in the books each
# currency keeps its own line.
#
# **Trap 5: netting customers.** A customer in credit does not reduce what another owes.
#
# ## 6. On your own file
# %%
my_file = ""
my_date = "2026-06-30"
if my_file:
    mine = cm.read_ledger(my_file)
    my_aged = cm.aged_balance(cm.report_items(mine, my_date), my_date)
    display(cm.display.aged_balance(my_aged, mine, language))
