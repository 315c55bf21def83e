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
#
# Un nombre seul ne dit pas quoi faire. La suite le découpe : ce qui vient des délais accordés, ce qui vient du retard,
# segment par segment, et ce que vaut un jour.
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
#
# A number alone does not say what to do. What follows takes it apart: what comes from the terms granted, what comes
# from lateness, segment by segment, and what one day is worth.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
financing_rate = 0.05
# %%
from IPython.display import display

import cmtools as cm

ledger = cm.read_ledger(ledger_file)
# %% [markdown] tags=["fr"]
# ## 1. La méthode comptable
# %% [markdown] tags=["en"]
# ## 1. The balance method
# %% tags=["nbval-check-output", "covers:003-25"]
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
# %% tags=["nbval-check-output", "covers:003-25"]
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
# %% tags=["covers:003-02"]
history = cm.dso_by_month(ledger, as_of)
cm.plots.dso_by_month(history, language)
# %% tags=["nbval-check-output"]
cm.display.table(history, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Après le creux d'août, les deux méthodes se séparent : la comptable divise par des ventes de trois mois qui
# contiennent le creux. Personne ne paie plus tard pour autant. La colonne des ventes est celle du mois seul.
#
# Mai fait 730 186,11 € dans ce tableau et 732 990,93 € dans celui de la partie 2. Aucun n'est faux : une facture du 29 mai
# (2 804,82 €) n'a été comptabilisée que le 1er juin. Le premier dit ce que l'on savait le 31 mai, le second ce que l'on sait
# le 30 juin.
#
# ## 4. De quoi le DSO est-il fait ?
#
# Un DSO élevé peut venir de clients en retard, ou de longs délais accordés : on ne traite pas l'un comme l'autre. On le
# découpe donc, avec les mêmes ventes et les mêmes jours pour toutes les parts, afin qu'elles s'additionnent :
#
# - le **DSO contractuel** : l'encours non échu en jours ; c'est le DSO que l'on aurait si personne n'était en retard ;
# - le **DSO échu**, et dans celui-ci le **DSO litiges** ;
# - les crédits non lettrés, qui viennent en moins.
#
# Le **DSO de retard** est ce qui reste une fois le DSO contractuel retiré.
# %% [markdown] tags=["en"]
# **Reading.** After the August trough the two methods part: the balance method divides by three months of sales that hold
# the trough. Nobody pays later for all that. The column of sales is that of the month alone.
#
# May makes EUR 730,186.11 in this table and 732,990.93 in that of part 2. Neither is wrong: an invoice of 29 May (2,804.82)
# was booked on 1 June only. The first tells what was known on 31 May, the second what is known on 30 June.
#
# ## 4. What is the DSO made of?
#
# A high DSO may come from customers who are late, or from long terms granted: the two are not dealt with alike. So it is
# taken apart, with the same sales and the same days for all the parts, so that they add up:
#
# - the **best possible DSO**: what is not due, in days; it is the DSO we would have if nobody were late;
# - the **overdue DSO**, and within it the **disputed DSO**;
# - unallocated credits, which come off.
#
# The **average days delinquent** are what remains once the best possible DSO is taken off.
# %% tags=["nbval-check-output", "covers:003-25"]
parts = cm.dso_parts(ledger, as_of, financing_rate=financing_rate)
names = ["dso", "best_possible_dso", "average_days_delinquent", "overdue_dso", "disputed_dso", "unallocated_dso"]
cm.display.table(parts[names], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Sur 61,7 jours, 48,4 ne sont pas échus : même si chacun payait à l'heure, on attendrait encore tout cela.
# L'échu fait 14,8 jours, dont 3,2 en litige ; 1,5 jour de règlements et d'avoirs non lettrés vient en moins. Il reste
# 13,4 jours de retard : c'est la part que la relance et le traitement des litiges peuvent réduire.
#
# Le même découpage sur douze mois, avec trois mois de ventes :
# %% [markdown] tags=["en"]
# **Reading.** Of 61.7 days, 48.4 are not due: even if everyone paid on time we would still wait for all that. What is
# overdue makes 14.8 days, of which 3.2 in dispute; 1.5 days of receipts and credit notes not allocated come off. That
# leaves 13.4 days delinquent: the part that reminders and the handling of disputes can reduce.
#
# The same parts over twelve months, on three months of sales:
# %%
by_month = cm.dso_parts_by_month(ledger, as_of)
cm.plots.dso_parts(by_month, language)
# %% tags=["nbval-check-output"]
names = ["date", "sales", "dso", "best_possible_dso", "average_days_delinquent", "overdue_dso", "disputed_dso"]
cm.display.table(by_month[names], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Les vagues sont vertes : le DSO contractuel va de 33 jours fin août à 59 fin octobre, au gré de la saison.
# L'échu, lui, reste entre 13,6 et 18,5 jours. Le grand mouvement du DSO ne vient donc pas des retards.
#
# **Le DSO contractuel n'est pas le délai accordé.** Le délai accordé est écrit sur les factures : de leur date à leur
# échéance, en moyenne pondérée par les montants, hors retenues de garantie. L'écart entre les deux se regarde :
# %% [markdown] tags=["en"]
# **Reading.** The waves are green: the best possible DSO goes from 33 days at the end of August to 59 at the end of
# October, as the season has it. The overdue part stays between 13.6 and 18.5 days. So the large moves of the DSO do not
# come from lateness.
#
# **The best possible DSO is not the agreed term.** The agreed term is written on the invoices: from their date to their
# due date, on average weighted by amounts, retention money left out. The gap between the two is worth a look:
# %% tags=["nbval-check-output"]
cm.display.table(parts[["best_possible_dso", "agreed_terms", "extended_dso"]], language)
# %% tags=["nbval-check-output"]
items = cm.open_items(ledger, as_of)
held = items[items["retention"] & ~(items["days_late"] > 0)]["open_book_amount"].sum()
print(cm.language.number(held / parts["day_value"].iloc[0], 1, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Nous accordons 39,4 jours et nous en portons 48,4 sans que personne soit en retard. La seconde cellule dit
# d'où vient la moitié de l'écart : 4,6 jours de retenues de garantie, qui ne sont exigibles qu'un an après la réception
# des travaux. Le reste tient à la saison : on vend plus en juin qu'en moyenne sur l'année, et ces ventes ne sont pas
# encore échues.
#
# ## 5. Segment par segment
# %% [markdown] tags=["en"]
# **Reading.** We grant 39.4 days and carry 48.4 though nobody is late. The second cell says where half of the gap comes
# from: 4.6 days of retention money, which falls due one year after acceptance of the works only. The rest is the season:
# more is sold in June than in an average month, and those sales are not due yet.
#
# ## 5. Segment by segment
# %% tags=["nbval-check-output", "covers:003-25"]
segments = cm.dso_parts(ledger, as_of, by="segment", financing_rate=financing_rate)
names = ["segment", "receivables", "sales", "dso", "best_possible_dso", "overdue_dso", "disputed_dso", "agreed_terms"]
cm.display.table(segments[names], language, total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** Les grands comptes ont le DSO le plus haut, 72,3 jours, mais 64,1 ne sont pas échus : cela se règle à la
# signature du contrat (délais, retenues), pas par la relance. Les PME ont 23,3 jours d'échu sur 64,1 : c'est là que le
# recouvrement rapporte. Dans le secteur public, près des deux tiers de l'échu sont en litige :
# c'est par là qu'il faut commencer.
#
# **La moyenne des moyennes est fausse.** Quel est le DSO de l'ensemble ? D'abord la moyenne des cinq DSO, qui est fausse ;
# puis les mêmes, pondérés par les ventes de chacun, c'est-à-dire la somme des encours sur la somme des ventes :
# %% [markdown] tags=["en"]
# **Reading.** Key accounts (« Grand compte ») have the highest DSO, 72.3 days, but 64.1 are not due: that is settled when
# the contract is signed (terms, retentions), not by reminders. The PME (small and medium firms) have 23.3 days overdue
# out of 64.1: that is where collection pays. In the public sector (« Secteur public ») nearly two thirds of the overdue are
# disputed: that is where to begin.
#
# **The average of averages is wrong.** What is the DSO of the whole? First the average of the five DSO, which is wrong;
# then the same weighted by the sales of each, that is, the sum of balances over the sum of sales:
# %% tags=["nbval-check-output"]
wrong = segments["dso"].mean()
right = (segments["dso"] * segments["sales"]).sum() / segments["sales"].sum()
print(cm.language.number(wrong, 1, language), "|", cm.language.number(right, 1, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Dix jours d'écart : l'export et les TPE font chacun 5 % des ventes, mais un cinquième de la moyenne simple.
# Seul le second nombre est le DSO de la partie 1.
#
# Client par client, certains n'ont pas de DSO du tout : sans ventes sur la période, la division n'a pas de sens.
# %% [markdown] tags=["en"]
# **Reading.** Ten days apart: exports and the TPE (very small firms) make 5% of sales each, but a fifth of the plain
# average. Only the second number is the DSO of part 1.
#
# Customer by customer, some have no DSO at all: without sales in the period the division has no meaning.
# %% tags=["nbval-check-output"]
customers = cm.dso_parts(ledger, as_of, by="customer_id")
cm.display.table(customers[customers["dso"].isna()][["customer_id", "receivables", "sales", "reason"]], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Le premier n'achète plus et doit encore 16 093 € : il n'a pas de DSO, mais sa dette reste dans l'encours et
# dans le DSO de l'ensemble. L'effacer de la liste embellirait le résultat.
#
# ## 6. Ce que vaut un jour
#
# Un jour de DSO, c'est un jour de ventes TTC. Le gagner libère cette trésorerie **une fois** ; ce n'est pas un gain. Ce
# que l'on gagne, c'est le coût de son financement. Le taux `financing_rate` est une **hypothèse** des paramètres (5 % par
# an) : mettez-y celui de votre découvert ou de votre affacturage. Dans l'ordre : la valeur d'un jour, son coût annuel, et
# la trésorerie que rendrait un DSO de retard ramené à zéro.
# %% [markdown] tags=["en"]
# **Reading.** The first one buys no more and still owes EUR 16,093: it has no DSO, but its debt stays in the balance and
# in the DSO of the whole. Taking it off the list would make the result look better than it is.
#
# ## 6. What one day is worth
#
# One day of DSO is one day of sales incl. VAT. Gaining it sets that cash free **once**; it is no profit. What is gained is
# the cost of financing it. The rate `financing_rate` is an **assumption** of the parameters (5% a year): put there the
# rate of your overdraft or factoring. In order: the value of one day, its yearly cost, and the cash that bringing the
# average days delinquent to zero would give back.
# %% tags=["nbval-check-output", "covers:003-04", "covers:003-05"]
whole = parts.iloc[0]
for amount in (whole["day_value"], whole["day_cost"], whole["average_days_delinquent"] * whole["day_value"]):
    print(cm.language.money(amount, whole["currency"], language, decimals=0))
# %% [markdown] tags=["fr"]
# **Lecture.** Chaque jour gagné rend près de 24 000 € de trésorerie et épargne environ 1 200 € par an. Le retard
# immobilise 316 804 €, ce qui coûte, au même taux, près de 16 000 € par an.
#
# ## 7. Le DSO pondéré par les ventes
#
# Une troisième méthode rapporte ce qui reste dû de chaque mois aux ventes **de ce mois-là**, puis additionne les jours.
# Son nom figure parmi les mesures de la [NACM](https://bcm.nacm.org/keep-dso-in-its-place/) ; sa formule n'est pas
# confirmée par une source que nous ayons pu lire. Les règlements non lettrés restent en dehors : ils n'appartiennent à
# aucun mois.
# %% [markdown] tags=["en"]
# **Reading.** Each day gained gives back nearly EUR 24,000 of cash and saves about EUR 1,200 a year. Lateness ties up
# EUR 316,804, which at the same rate costs nearly EUR 16,000 a year.
#
# ## 7. The sales-weighted DSO
#
# A third method relates what is still owed of each month to the sales **of that month**, then adds the days up. Its name
# stands among the measures of the [NACM](https://bcm.nacm.org/keep-dso-in-its-place/); no source that we could read
# confirms its formula. Unallocated receipts stay out: they belong to no month.
# %% tags=["nbval-check-output"]
weighted = cm.sales_weighted_dso(ledger, as_of)
print(cm.language.number(weighted.days, 1, language))
cm.display.table(weighted.table.head(6), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Presque tout juin est encore dû : 29,9 jours sur 30. De mai il reste 14 jours, d'avril 4, puis une longue
# traîne. Janvier est négatif : des avoirs y attendent d'être imputés. Avec 57,6 jours on est tout près de l'épuisement (57,4) et
# loin de la méthode comptable sur douze mois (61,7), qui divise par les ventes moyennes de l'année.
#
# ## 8. Et si… ?
#
# Si l'on encaissait aujourd'hui une part de l'échu, que deviendrait le DSO, et combien de trésorerie rentrerait ?
# %% [markdown] tags=["en"]
# **Reading.** Nearly all of June is still owed: 29.9 days out of 30. Of May 14 days are left, of April 4, then a long tail.
# January is negative: credit notes wait there to be used. With 57.6 days we are very close to count-back (57.4) and far
# from the balance method over twelve months (61.7), which divides by the average sales of the year.
#
# ## 8. What if?
#
# If a share of the overdue were collected today, what would the DSO become, and how much cash would come in?
# %%
cm.widgets.dso_collected(ledger, as_of, language)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 9. Les pièges
#
# **Piège 1 : HT et TTC mêlés.** L'encours est TTC, les ventes doivent l'être aussi. Cas publié (en milliers d'euros) :
# encours 472 TTC, ventes 2 400 HT, soit 2 870,4 TTC. Le mélange gonfle le DSO exactement du taux de TVA. Ci-dessous,
# d'abord le DSO juste (TTC / TTC), puis le faux (TTC / HT).
# ([source](http://finance-technique.com/que-dissimule-le-dso-methodes-de-calcul-et-ce-qui-influence-le-resultat/))
# %% [markdown] tags=["en", "covers:002-20"]
# ## 9. The traps
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
# **Piège 3 : la moyenne des DSO.** Un petit client qui paie à 120 jours pèserait autant qu'un grand qui paie à 30. Le DSO
# d'un groupe est la somme des encours sur la somme des ventes : la partie 5 montre les dix jours d'écart.
#
# **Piège 4 : 360, 365, 90, 91 jours.** Le nombre de jours s'écrit à côté du chiffre : 20 000 / 150 000 fait 48,0 jours en
# base 360 et 48,7 en base 365.
#
# **Piège 5 : oublier les douteux.** Retirer les clients douteux de l'encours flatte le DSO ; ils n'ont pas payé pour
# autant. Ci-dessous, d'abord avec eux, puis sans eux :
# %% [markdown] tags=["en"]
# **Trap 3: the average of DSO.** A small customer who pays at 120 days would weigh as much as a large one who pays at 30.
# The DSO of a group is the sum of balances over the sum of sales: part 5 shows the ten days between the two.
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
# **Piège 7 : le « vrai » DSO.** Une formule au nom flatteur additionne, pour chaque facture ouverte, les jours écoulés
# depuis sa date × son montant / les ventes de son mois. Essayons-la sur une entreprise qui vend 100 par jour et dont
# chacun paie à T jours : la bonne réponse est T. Sur chaque ligne : T, le « vrai » DSO, l'épuisement, la méthode comptable.
# %% [markdown] tags=["en"]
# **Trap 6: a history that is too short.** When known sales do not use up the balance there is no DSO, only “at least N
# days”. cmtools says so and does not extrapolate.
#
# **Trap 7: the “true” DSO.** A formula with a flattering name adds up, for each open invoice, the days since its date ×
# its amount / the sales of its month. Let us try it on a company that sells 100 a day and whose customers all pay after
# T days: the right answer is T. On each line: T, the “true” DSO, count-back, the balance method.
# %% tags=["nbval-check-output"]
for terms in (30, 45, 90):
    true = sum(age * 100 / 3000 for age in range(terms))
    back = cm.count_back(100 * terms, [(month, 3000, 30) for month in range(12)]).days
    found = (true, back, cm.balance_dso(100 * terms, 36_000, 360))
    print(terms, *(cm.language.number(days, 1, language) for days in found), sep=" | ")
# %% [markdown] tags=["fr"]
# **Lecture.** Les deux bonnes méthodes trouvent T, et le DSO pondéré par les ventes aussi. Le « vrai » DSO trouve environ
# T × T / 60 : trop peu pour qui paie vite, bien trop pour qui paie tard. Il compte chaque jour de ventes ouvert pour son
# âge, au lieu de le compter pour un jour. Aucun rapport de cmtools ne l'imprime.
#
# **Piège 8 : le DSO monte parce que les ventes baissent.** De fin juillet à fin septembre, le DSO sur trois mois prend
# près de 13 jours. Faut-il relancer plus fort ? Regardons l'échu à côté :
# %% [markdown] tags=["en"]
# **Reading.** Both right methods find T, and so does the sales-weighted DSO. The “true” DSO finds about T × T / 60: too
# little for those who pay soon, far too much for those who pay late. It counts each open day of sales for its age,
# instead of counting it for one day. No report of cmtools prints it.
#
# **Trap 8: the DSO rises because sales fall.** From the end of July to the end of September the DSO on three months takes
# nearly 13 days. Are stronger reminders needed? Let us look at the overdue beside it:
# %% tags=["nbval-check-output"]
owed = cm.outstanding_by_date(ledger, ["2025-07-31", "2025-09-30"])
beside = by_month.merge(owed[["date", "overdue", "overdue_rate"]], on="date")
names = ["date", "receivables", "sales", "dso", "best_possible_dso", "overdue_dso", "overdue", "overdue_rate"]
cm.display.table(beside[names], language)
# %% [markdown] tags=["fr"]
# **Lecture.** L'encours a baissé, l'échu aussi, et le taux d'échu passe de 25,4 % à 20,7 % : rien ne dit que l'on paie plus
# mal. Mais les ventes de trois mois ont perdu 23 % avec le creux d'août, et le DSO divise par elles. Même le DSO échu s'y
# trompe : il reste à 14,9 jours alors que l'échu a baissé de 88 541 €. À côté d'un DSO, toujours lire l'échu, en montant
# et en taux.
#
# ## 10. Sur votre fichier
# %% [markdown] tags=["en"]
# **Reading.** The outstanding fell, so did the overdue, and the overdue rate goes from 25.4% to 20.7%: nothing says that
# payment got worse. But three months of sales lost 23% to the August trough, and the DSO divides by them. Even the overdue
# DSO is fooled: it stays at 14.9 days while the overdue fell by EUR 88,541. Beside a DSO always read the overdue, as an
# amount and as a rate.
#
# ## 10. On your own file
# %%
my_file = ""
my_date = "2026-06-30"
if my_file:
    mine = cm.read_ledger(my_file)
    display(cm.display.table(cm.dso_by_month(mine, my_date), language))
    display(cm.display.table(cm.dso_parts(mine, my_date, by="customer_id"), language))
