# %% [markdown] tags=["fr"]
# # 07. Le DSO : combien de jours de ventes attendons-nous ?
#
# **La question.** L'encours vaut près de 1,5 million : est-ce beaucoup ? Cela dépend des ventes. Le DSO (*days sales
# outstanding*) exprime l'encours en jours de chiffre d'affaires TTC.
#
# Deux méthodes, et il faut les deux :
#
# - **comptable** : encours TTC / CA TTC de la période × jours de la période ;
# - **par épuisement** : l'encours est imputé sur les ventes du dernier mois, puis du précédent, jusqu'à épuisement ; on
#   compte les jours.
# %% [markdown] tags=["en"]
# # 07. DSO: how many days of sales are we waiting for?
#
# **The question.** The outstanding is nearly 1.5 million: is that much? It depends on sales. The DSO (*days sales outstanding*)
# expresses the outstanding in days of sales incl. VAT.
#
# Two methods, and both are needed:
#
# - **balance**: receivables incl. VAT / sales incl. VAT of the period × days of the period;
# - **count-back**: the balance is used up on the sales of the last month, then of the month before, until nothing is
#   left; the days are counted.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
# %%
from IPython.display import display

import cmtools as cm

ledger = cm.read_ledger(ledger_file)
# %% [markdown] tags=["fr"]
# ## 1. La méthode comptable
# %% [markdown] tags=["en"]
# ## 1. The balance method
# %% tags=["nbval-check-output"]
for months in (3, 12):
    result = cm.dso(ledger, as_of, months=months)
    owed, sold = (cm.language.money(value, result.currency, language) for value in (result.receivables, result.sales))
    print(f"{owed} / {sold} × {result.period_days} = {cm.language.number(result.days, 1, language)}")
# %% [markdown] tags=["fr"]
# **Lecture.** Même encours, deux réponses : sur trois mois le DSO suit la saison, sur douze mois il la lisse. Toujours
# écrire la période à côté du chiffre.
#
# ## 2. La méthode par épuisement
# %% [markdown] tags=["en"]
# **Reading.** The same balance, two answers: over three months the DSO follows the season, over twelve it smooths it.
# Always write the period beside the figure.
#
# ## 2. The count-back method
# %% tags=["nbval-check-output"]
steps = cm.dso(ledger, as_of, method="count_back")
cm.display.table(steps.table, language)
# %%
cm.plots.count_back(steps.table, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Le mois le plus récent est consommé en entier ; du mois précédent, seule une part l'est, et ses jours
# comptent au prorata. Le tableau montre le solde avant et après chaque mois : sans lui, une erreur ne se voit pas.
#
# ## 3. Douze mois
# %% [markdown] tags=["en"]
# **Reading.** The most recent month is used up whole; of the month before only a part is, and its days count in
# proportion. The table shows the balance before and after each month: without it an error cannot be seen.
#
# ## 3. Twelve months
# %%
history = cm.dso_by_month(ledger, as_of)
cm.plots.dso_by_month(history, language)
# %% tags=["nbval-check-output"]
cm.display.table(history, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Après le creux d'août, les deux méthodes se séparent : la comptable divise par des ventes de trois mois qui
# contiennent le creux. Personne ne paie plus tard pour autant.
#
# ## 4. Et si… ?
#
# Si l'on encaissait aujourd'hui une part de l'échu, que deviendrait le DSO, et combien de trésorerie rentrerait ?
# %% [markdown] tags=["en"]
# **Reading.** After the August trough the two methods part: the balance method divides by three months of sales that hold
# the trough. Nobody pays later for all that.
#
# ## 4. What if?
#
# If a share of the overdue were collected today, what would the DSO become, and how much cash would come in?
# %%
cm.widgets.dso_collected(ledger, as_of, language)
# %% [markdown] tags=["fr"]
# ## 5. Les pièges
#
# **Piège 1 : HT et TTC mêlés.** L'encours est TTC, les ventes doivent l'être aussi. Cas publié (en milliers d'euros) :
# encours 472 TTC, ventes 2 400 HT, soit 2 870,4 TTC. Le mélange gonfle le DSO exactement du taux de TVA. Ci-dessous,
# d'abord le DSO juste (TTC / TTC), puis le faux (TTC / HT).
# ([source](http://finance-technique.com/que-dissimule-le-dso-methodes-de-calcul-et-ce-qui-influence-le-resultat/))
# %% [markdown] tags=["en"]
# ## 5. The traps
#
# **Trap 1: mixing amounts with and without VAT.** Receivables include VAT, so must sales. Published case (in thousands of
# euros): receivables 472 incl. VAT, sales 2,400 excl. VAT, that is 2,870.4 incl. VAT. Mixing inflates the DSO by exactly
# the VAT rate. Below, first the right DSO (both incl. VAT), then the wrong one (incl. VAT over excl. VAT).
# ([source](http://finance-technique.com/que-dissimule-le-dso-methodes-de-calcul-et-ce-qui-influence-le-resultat/))
# %% tags=["nbval-check-output"]
for sales in (2870.4, 2400):
    print(cm.language.number(cm.balance_dso(472, sales, 365), 2, language))
# %% [markdown] tags=["fr"]
# **Piège 2 : le reste non recalculé.** Une page d'aide publiée trouve 179,7 jours pour un solde de 12 000. Les cinq
# premiers mois absorbent 11 000 : il reste 1 000, non 2 000, pour avril. La ligne « solde avant » le montre.
# ([source](https://docs.oracle.com/en/applications/enterprise-performance-management/11.2/hfmam/dso_-_days_sales_outstanding.html))
# %% [markdown] tags=["en"]
# **Trap 2: the remainder not computed again.** A published help page finds 179.7 days for a balance of 12,000. The first
# five months absorb 11,000: 1,000 is left for April, not 2,000. The column “balance before” shows it.
# ([source](https://docs.oracle.com/en/applications/enterprise-performance-management/11.2/hfmam/dso_-_days_sales_outstanding.html))
# %% tags=["nbval-check-output"]
sold = [(2500, 30), (1750, 31), (2250, 31), (2500, 30), (2000, 31), (2250, 30)]
published = cm.count_back(12_000, [(9 - back, sales, days) for back, (sales, days) in enumerate(sold)])
print(cm.language.number(published.days, 1, language))
cm.display.table(published.table.drop(columns="month"), language)
# %% [markdown] tags=["fr"]
# **Piège 3 : la moyenne des DSO des clients.** Un petit client qui paie à 120 jours pèserait autant qu'un grand qui paie à
# 30. Le DSO d'un groupe est la somme des encours sur la somme des ventes.
#
# **Piège 4 : 360, 365, 90, 91 jours.** Le nombre de jours s'écrit à côté du chiffre : 20 000 / 150 000 fait 48,0 jours en
# base 360 et 48,7 en base 365.
#
# **Piège 5 : oublier les douteux.** Retirer les clients douteux de l'encours flatte le DSO ; ils n'ont pas payé pour
# autant. Ci-dessous, d'abord avec eux, puis sans eux :
# %% [markdown] tags=["en"]
# **Trap 3: the average of the customers' DSO.** A small customer who pays at 120 days would weigh as much as a large one
# who pays at 30. The DSO of a group is the sum of balances over the sum of sales.
#
# **Trap 4: 360, 365, 90, 91 days.** The number of days is written beside the figure: 20,000 / 150,000 makes 48.0 days on
# a 360 basis and 48.7 on a 365 basis.
#
# **Trap 5: leaving doubtful customers out.** Taking them out of the balance flatters the DSO; they have not paid for all
# that. Below, first with them, then without:
# %% tags=["nbval-check-output"]
for doubtful in (True, False):
    print(cm.language.number(cm.dso(ledger, as_of, "count_back", doubtful=doubtful).days, 1, language))
# %% [markdown] tags=["fr"]
# **Piège 6 : un historique trop court.** Quand les ventes connues n'épuisent pas l'encours, il n'y a pas de DSO : seulement
# « au moins N jours ». cmtools le dit et n'extrapole pas.
#
# ## 6. Sur votre fichier
# %% [markdown] tags=["en"]
# **Trap 6: a history that is too short.** When known sales do not use up the balance there is no DSO, only “at least N
# days”. cmtools says so and does not extrapolate.
#
# ## 6. On your own file
# %%
my_file = ""
my_date = "2026-06-30"
if my_file:
    mine = cm.read_ledger(my_file)
    display(cm.display.table(cm.dso_by_month(mine, my_date), language))
