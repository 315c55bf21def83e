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
# %% tags=["nbval-check-output", "covers:001-18", "covers:003-16"]
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
# %% tags=["nbval-check-output", "covers:003-27", "covers:004-10", "covers:004-47"]
rate = cm.overdue_rate(items, as_of)
currency = rate.index[0]
print(cm.language.percent(rate.loc[currency, "rate"], 1, language))
print(cm.language.money(rate.loc[currency, "overdue"], currency, language))
# %% [markdown] tags=["fr"]
# Échu / encours brut. Les règlements non lettrés ne sont ni au numérateur ni au dénominateur : on ne sait pas encore ce
# qu'ils paient.
#
# **Par tranche.** Le même taux, tranche par tranche : part de chaque colonne dans l'encours brut.
# %% [markdown] tags=["en"]
# Overdue / gross outstanding. Unallocated receipts are in neither the numerator nor the denominator: it is not known yet
# what they pay.
#
# **By bucket.** The same rate, bucket by bucket: the share of each column in the gross outstanding.
# %% tags=["nbval-check-output"]
buckets = ["not_due", *cm.receivables.late_columns(aged.columns)]
shares = aged[buckets].sum() / rate.loc[currency, "outstanding"]
cm.display.table(shares.to_frame().T, language, kind="rate")
# %% [markdown] tags=["fr"]
# **Lecture.** La moitié de l'échu a moins de 30 jours : c'est du retard ordinaire. La dernière tranche, elle, se vide
# lentement : un vieil impayé y reste jusqu'à sa perte ou son règlement.
#
# ## 4. Le taux d'échu sur douze mois
#
# Douze fins de mois reconstituées avec ce qui était connu ce jour-là : les montants en barres, le taux en ligne.
# %% [markdown] tags=["en"]
# **Reading.** Half of the overdue amount is less than 30 days late: ordinary lateness. The last bucket empties slowly:
# an old unpaid invoice stays there until it is lost or paid.
#
# ## 4. The overdue rate over twelve months
#
# Twelve month-ends rebuilt with what was known on the day: amounts as bars, the rate as a line.
# %% tags=["covers:003-27", "covers:004-47"]
history = cm.outstanding_by_date(ledger, cm.known_month_ends(ledger, as_of, 13))
cm.plots.overdue_history(history, language)
# %% [markdown] tags=["fr"]
# **Pourquoi le taux change.** C'est une fraction : elle bouge par le haut (l'échu) ou par le bas (l'encours).
# La variation, en points, se partage exactement en deux :
#
# - effet de l'échu = (échu de clôture − échu d'ouverture) / encours brut d'ouverture ;
# - effet de l'encours = échu de clôture / encours de clôture − échu de clôture / encours d'ouverture.
#
# C'est un choix : l'échu bouge d'abord, à encours inchangé, et l'encours ensuite. L'ordre inverse donne des parts un peu
# différentes et la même somme.
# %% [markdown] tags=["en"]
# **Why the rate changes.** It is a fraction: it moves by its top (the overdue amount) or by its bottom (the outstanding).
# The change, in points, splits exactly in two:
#
# - effect of the overdue amount = (closing overdue − opening overdue) / opening gross outstanding;
# - effect of the outstanding = closing overdue / closing outstanding − closing overdue / opening outstanding.
#
# This is a choice: the overdue amount moves first, the outstanding being unchanged, then the outstanding. The other order
# gives slightly different parts and the same sum.
# %% tags=["nbval-check-output"]
late, gross = history["overdue"], history["outstanding_gross"]
history["rate_change"] = 100 * history["overdue_rate"].diff()
history["overdue_effect"] = 100 * late.diff() / gross.shift()
history["outstanding_effect"] = 100 * (late / gross - late / gross.shift())
shown = ["date", "overdue", "outstanding_gross", "overdue_rate", "rate_change", "overdue_effect", "outstanding_effect"]
cm.display.table(history, language, columns=shown)
# %% [markdown] tags=["fr"]
# **Lecture.** En août 2025 le taux bondit de plus de dix points alors que l'échu **recule** : on a très peu facturé,
# l'encours fond, et le même retard pèse plus. En juin 2026 la baisse est vraie : elle vient presque toute de l'échu.
# Sans la colonne des montants, août passerait pour une dégradation.
#
# ## 5. Ce qui entre en retard, ce qui en sort
#
# D'un arrêté à l'autre : nouveaux retards, encaissements, avoirs, compensations, pertes. Deux « dont » à la fin : de
# l'échu d'ouverture, ce qui a été entièrement soldé (régularisé) ; de l'échu de clôture, ce qui a changé de tranche
# (vieilli).
# %% [markdown] tags=["en"]
# **Reading.** In August 2025 the rate leaps by more than ten points although the overdue amount **falls**: very little
# was invoiced, the outstanding melts and the same lateness weighs more. In June 2026 the fall is real: nearly all of it
# comes from the overdue amount. Without the column of amounts August would pass for a worsening.
#
# ## 5. What becomes late, what ceases to be
#
# From one closing date to the next: newly overdue, cash, credit notes, set-offs, losses. Two parts at the end: of
# the opening overdue, what was wholly settled (cured); of the closing overdue, what has moved to an older bucket (aged
# further).
# %% tags=["nbval-check-output"]
moves = cm.overdue_movements(ledger, as_of)
cm.display.table(moves, language)
# %%
cm.plots.overdue_movements(cm.overdue_by_month(ledger, as_of), language)
# %% [markdown] tags=["fr"]
# **Lecture.** En juin il est sorti plus de retard qu'il n'en est entré : l'échu baisse. Ce qui a vieilli appelle plus
# d'attention que ce qui vient d'entrer : les nouveaux retards se paient en majorité le mois suivant (leçon 14, matrice de
# passage).
#
# ## 6. Par chargé de recouvrement
# %% [markdown] tags=["en"]
# **Reading.** In June more lateness went out than came in: the overdue amount falls. What has aged calls for more attention
# than what has just come in: most newly overdue amounts are paid the month after (lesson 14, migration matrix).
#
# ## 6. By collector
# %% tags=["nbval-check-output"]
by_collector = cm.outstanding_by_date(ledger, [as_of], by="collector")
shown = ["collector", "outstanding", "overdue", "overdue_rate", "d1_30", "d31_60", "d61_90", "d91_120", "over_120"]
cm.display.table(by_collector, language, columns=[*shown, "disputed"], total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** Le taux le plus haut est celui du portefeuille qui porte aussi le plus de litiges : on compare des
# portefeuilles, pas des personnes. Un objectif par chargé de recouvrement se fixe donc à partir de son propre passé
# (leçon 14).
#
# ## 7. Et si… ?
#
# Reculez dans le temps ; comptez l'ancienneté depuis la facture au lieu de l'échéance ; rangez les crédits à leur date.
# Le total ne change pas avec les deux derniers choix, l'image si.
# %% [markdown] tags=["en"]
# **Reading.** The highest rate belongs to the portfolio that also bears most disputes: portfolios are compared, not people.
# A collector's target is therefore set from that collector's own past (lesson 14).
#
# ## 7. What if?
#
# Go back in time; count the age from the invoice instead of the due date; put credits at their own date. The total does
# not change with the last two choices, the picture does.
# %%
cm.widgets.aged_balance(ledger, as_of, language)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 8. Les pièges
#
# **Piège 1 : les lignes qui disparaissent.** Un tableur ou un script qui découpe en tranches à partir de 0 perd tout ce
# qui n'est pas en retard. La somme des tranches doit toujours être l'encours. Ci-dessous, d'abord ce que garde le découpage,
# puis ce qui est dû.
# %% [markdown] tags=["en", "covers:002-20"]
# ## 8. The traps
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
# après la réception. Avant, ce n'est pas un retard. Ci-dessous, le vrai taux d'échu, puis celui d'un outil qui compterait
# toute retenue facturée depuis plus de 30 jours comme échue.
# %% [markdown] tags=["en"]
# **Trap 3: retention money counted as late.** The 5 % retained on a works contract is due only one year after
# acceptance. Before that it is not late. Below, the true overdue rate, then that of a tool which would count all retention
# money invoiced more than 30 days ago as overdue.
# %% tags=["nbval-check-output"]
invoiced_before = pd.Timestamp(as_of) - pd.Timedelta(days=30)
waiting = items["retention"] & ~(items["days_late"] > 0) & (items["issue_date"] < invoiced_before)
for wrongly_late in (0, items.loc[waiting, "open_amount"].sum()):
    overdue = rate.loc[currency, "overdue"] + wrongly_late
    print(cm.language.percent(overdue / rate.loc[currency, "outstanding"], 1, language))
# %% [markdown] tags=["fr"]
# **Piège 4 : le stock pris pour un flux.** Deux taux portent presque le même nom. Le *taux d'échu* (premier chiffre) est un
# stock : de ce qui est dû ce jour, la part en retard. Le *taux de paiement en retard* (second) est un flux : de ce qui a
# été réglé en douze mois, la part réglée après l'échéance. Plus de la moitié de l'argent arrive en retard, mais souvent
# de peu : il ne reste pas longtemps dans le stock.
# %% [markdown] tags=["en"]
# **Trap 4: a stock taken for a flow.** Two rates bear nearly the same name. The *overdue rate* (first figure) is a stock:
# of what is owed on the day, the share that is late. The *late payment rate* (second) is a flow: of what was paid in
# twelve months, the share paid after its due date. More than half of the money comes in late, but often by little: it
# does not stay long in the stock.
# %% tags=["nbval-check-output"]
paid = cm.late_payment_rate(ledger, as_of).iloc[0]
print(cm.language.percent(rate.loc[currency, "rate"], 1, language))
print(cm.language.percent(paid["late_payment_rate"], 1, language))
# %% [markdown] tags=["fr"]
# **Piège 5 : les devises additionnées.** 100 USD et 100 EUR ne font pas 200 de quoi que ce soit : sans montant
# comptable, chaque devise garde sa ligne.
#
# **Piège 6 : compenser les clients.** Un client créditeur ne réduit pas la dette d'un autre.
#
# **La suite.** La [leçon 14](14_dashboard.ipynb) place ces chiffres sur une page de comité, avec des objectifs et des
# décisions.
#
# ## 9. Sur votre fichier
# %% [markdown] tags=["en"]
# **Trap 5: currencies added up.** 100 USD and 100 EUR do not make 200 of anything: without an amount in the books each
# currency keeps its own line.
#
# **Trap 6: netting customers.** A customer in credit does not reduce what another owes.
#
# **What next.** [Lesson 14](14_dashboard.ipynb) puts these figures on a committee's page, with targets and decisions.
#
# ## 9. On your own file
# %%
my_file = ""
my_date = "2026-06-30"
if my_file:
    mine = cm.read_ledger(my_file)
    my_aged = cm.aged_balance(cm.report_items(mine, my_date), my_date)
    display(cm.display.aged_balance(my_aged, mine, language))
    if mine.complete_sales:  # a list of open items alone does not tell what was paid
        my_currencies = cm.asked_currencies(mine, my_date)
        my_moves = cm.by_currency(my_currencies, lambda one: cm.overdue_movements(mine, my_date, currency=one))
        display(cm.display.table(my_moves, language))
