# %% [markdown] tags=["fr"]
# # 08. Le coût caché d'un impayé : combien faut-il vendre pour s'en remettre ?
#
# **La question.** Un client ne paiera pas sa facture de 6 000 € TTC. « Une facture de perdue, dix de retrouvées », dit le
# commercial. Il ne croit pas si bien dire : avec une marge de 10 %, il en faut dix. Combien cette facture coûte-t-elle
# vraiment, et combien coûte celle qui finit par être payée, mais tard ?
#
# Dans l'ordre : la perte et les ventes qui l'effacent, la bonne marge, la bonne base de TVA, le coût complet, puis le
# temps : ce que coûtent un retard, un jour de DSO, un délai de paiement.
#
# Durée : trois quarts d'heure. La leçon 07 explique le DSO.
# %% [markdown] tags=["en"]
# # 08. The hidden cost of an unpaid invoice: how much must be sold to get over it?
#
# **The question.** A customer will not pay its invoice of EUR 6,000 incl. VAT. “One invoice lost, ten others found”, says
# the salesperson, who is more right than he thinks: at a margin of 10% it takes ten. What does that invoice really cost,
# and what does one cost that is paid in the end, but late?
#
# In order: the loss and the sales that make it up, the right margin, the right VAT basis, the full cost, then time: what
# a delay costs, a day of DSO, a payment term.
#
# Time: three quarters of an hour. Lesson 07 explains the DSO.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
amount_incl_vat = 6000
vat_rate = 0.20
margin_rate = 0.10
financing_rate = 0.05
hourly_cost = 40
# %%
from dataclasses import replace

from IPython.display import display

import cmtools as cm
from cmtools import forms_costs, plots_costs, tools
from cmtools.language import money, number, percent

# %% [markdown] tags=["fr"]
# ## 1. Cinq mille perdus, cinquante mille à vendre
#
# Les 6 000 € contiennent 1 000 € de TVA, que l'État rend dans certains cas (partie 4). Restent 5 000 € HT. L'entreprise
# gagne 10 centimes par euro vendu. Les ventes qui effacent la perte, le **chiffre d'affaires compensatoire**, sont :
#
# > perte / taux de marge sur le prix de vente
# %% [markdown] tags=["en"]
# ## 1. Five thousand lost, fifty thousand to sell
#
# The EUR 6,000 hold EUR 1,000 of VAT, which the State gives back in some cases (part 4). That leaves EUR 5,000 excl. VAT.
# The company earns 10 cents per euro sold. The sales that make up the loss, the **compensating sales**, are:
#
# > loss / margin rate on the selling price
# %% tags=["nbval-check-output", "covers:003-07", "covers:004-09", "covers:004-40"]
loss = amount_incl_vat / (1 + vat_rate)
print(forms_costs.compensation_sentence(cm.compensating_sales(loss, margin_rate), "EUR", language))
# %% [markdown] tags=["fr"]
# **Lecture.** Dix factures pareilles, livrées et **payées**, pour une facture perdue. Et ces dix ventes ne rapporteront
# rien de plus : leur bénéfice est déjà dépensé.
#
# ## 2. La matrice
#
# Une page à afficher au mur du service commercial : en lignes ce qui est perdu, en colonnes la marge.
# %% [markdown] tags=["en"]
# **Reading.** Ten invoices of the same size, delivered and **paid**, for one that is lost. And those ten sales will bring
# nothing more: their profit is spent already.
#
# ## 2. The matrix
#
# A page for the wall of the sales department: what is lost in rows, the margin in columns.
# %% tags=["covers:003-07", "covers:004-09"]
losses, rates = [1_000, 5_000, 10_000, 20_000, 50_000], [0.02, 0.05, 0.10, 0.15, 0.20, 0.25]
matrix = cm.hidden_cost_matrix(losses, rates)
plots_costs.hidden_cost_matrix(matrix, language, marked=(5_000, 0.10))
# %% tags=["nbval-check-output"]
cm.display.table(forms_costs.matrix(matrix, language), language, kind="money")
# %% [markdown] tags=["fr"]
# **Lecture.** À 2 % de marge, celle de bien des négociants, 5 000 € demandent 250 000 € de ventes ; à 25 %, 20 000 €. Moins
# on gagne sur chaque vente, plus il faut choisir ses clients. Les colonnes à 5, 15 et 25 % sont celles d'une matrice
# [publiée](https://studylibfr.com/doc/10064460/la-criticit%C3%A9-du-risque-cr%C3%A9dit-client).
#
# ## 3. Quelle marge ?
#
# **Sur le prix, non sur le coût.** Un article acheté 10 est vendu 12. Le commerce parle d'un *taux de marge* de 20 %, sur
# le coût ; le *taux de marque*, sur le prix, n'est que de 16,7 %. La formule veut le second. Ci-dessous, les deux taux,
# puis les ventes qui effacent 5 000 € avec le bon taux, et avec le mauvais.
# %% [markdown] tags=["en"]
# **Reading.** At a margin of 2%, that of many a wholesaler, EUR 5,000 take sales of EUR 250,000; at 25%, EUR 20,000. The
# less is earned on each sale, the more customers must be chosen. The columns at 5, 15 and 25% are those of a
# [published](https://studylibfr.com/doc/10064460/la-criticit%C3%A9-du-risque-cr%C3%A9dit-client) matrix.
#
# ## 3. Which margin?
#
# **On the price, not on cost.** An article bought at 10 is sold at 12. The French trade speaks of a *taux de marge* of 20%,
# on cost; the *taux de marque*, on the price, is 16.7% only. The formula wants the second. Below, both rates, then the
# sales that make up EUR 5,000 with the right rate, and with the wrong one.
# %% tags=["nbval-check-output"]
on_cost = (12 - 10) / 10
on_price = cm.margin_on_price(on_cost)
print(percent(on_cost, 1, language), "|", percent(on_price, 1, language))
for rate in (on_price, on_cost):
    print(money(cm.compensating_sales(5_000, rate).sales, "EUR", language, decimals=0))
# %% [markdown] tags=["fr"]
# **Lecture.** Avec le taux sur le coût on croit en avoir fini à 25 000 € ; il en manque 5 000.
# ([cas publié](https://werecoov.fr/2020/04/14/comment-compenser-un-impaye-taux-de-marge-et-chiffre-d-affaires/))
#
# **Nette, d'exploitation ou sur coûts variables.** Les sociétés de recouvrement prennent la marge nette ; d'autres, le
# résultat d'exploitation. Si les charges fixes ne bougent pas quand on vend dix factures de plus, seule compte la marge sur
# coûts variables, plus forte : il faut alors vendre moins. Le nom du taux s'écrit donc à côté du chiffre. Ci-dessous la
# même perte, à 4 % de marge nette puis à 30 % de marge sur coûts variables (deux hypothèses).
#
# **Retrouver le bénéfice, ou l'argent dépensé ?** La perte de 5 000 € contient le bénéfice que l'on attendait. Pour ne
# retrouver que l'argent sorti de la caisse, il suffit de 5 000 × (1 − 10 %) / 10 %. C'est la dernière ligne.
# %% [markdown] tags=["en"]
# **Reading.** With the rate on cost one believes to be done at EUR 25,000; 5,000 are missing.
# ([published case](https://werecoov.fr/2020/04/14/comment-compenser-un-impaye-taux-de-marge-et-chiffre-d-affaires/))
#
# **Net, operating or contribution.** Collection firms take the net margin; others the operating result. If fixed costs do
# not move when ten more invoices are sold, the contribution margin alone counts, and it is higher: less must be sold. So
# the name of the rate is written beside the figure. Below the same loss, at a net margin of 4%, then at a contribution
# margin of 30% (two assumptions).
#
# **To get back the profit, or the money spent?** The loss of EUR 5,000 holds the profit that was expected. To get back no
# more than the money that went out, 5,000 × (1 − 10%) / 10% is enough. That is the last line.
# %% tags=["nbval-check-output"]
for rate, margin, view in ((0.04, "net", "profit"), (0.30, "contribution", "profit"), (0.10, "net", "outlay")):
    found = cm.compensating_sales(5_000, rate, view, margin)
    print(forms_costs.compensation_sentence(found, "EUR", language))
# %% [markdown] tags=["fr"]
# **Lecture.** De 16 667 à 125 000 € pour la même perte : le taux décide de tout. À un comité, donner les deux : la marge
# nette dit l'effort de toute l'entreprise, la marge sur coûts variables ce que dix commandes de plus rapportent vraiment.
#
# ## 4. Hors taxes ou TTC ? Les quatre cas de TVA
#
# La TVA facturée a été versée à l'État avant que le client ne paie. Revient-elle ?
#
# | cas | exemple | la perte |
# | --- | --- | --- |
# | récupérable | la liquidation judiciaire est ouverte, ou la créance est définitivement perdue, poursuites à l'appui | HT |
# | pas encore | simple retard, mise en demeure, redressement ou sauvegarde : rien n'est prouvé | TTC, tant que la preuve manque |
# | non récupérable | pas de duplicata rectificatif envoyé au client, donc pas de droit | TTC |
# | TVA sur les encaissements | prestation de services sans option pour les débits : la TVA n'a jamais été due | HT |
#
# Une provision ou une mise en demeure ne prouve rien (CGI, art. 272-1 ;
# [BOFiP](https://bofip.impots.gouv.fr/bofip/1100-PGP.html)). Pour le deuxième cas, compter la TVA comme perdue est un
# **choix** prudent ; `vat_until_proof="awaited"` la tient au contraire pour attendue, et compte le coût de son avance.
#
# Voici la facture, avec tout ce que l'on sait d'elle. **Ce qu'on ne dit pas est inconnu, jamais nul** : chaque zéro est écrit.
# %% [markdown] tags=["en"]
# **Reading.** From EUR 16,667 to EUR 125,000 for the same loss: the rate decides everything. Give a committee both: the
# net margin tells the effort of the whole company, the contribution margin what ten more orders really bring.
#
# ## 4. With or without VAT? The four cases
#
# The VAT of the invoice was paid to the State before the customer paid. Does it come back?
#
# | case | example | the loss |
# | --- | --- | --- |
# | recoverable | the liquidation is open, or the claim is definitively lost, with proof of pursuit | excl. VAT |
# | not yet | plain lateness, formal notice, receivership or safeguard: nothing is proved | incl. VAT, while the proof is missing |
# | not recoverable | no corrected duplicate was sent to the customer, hence no right | incl. VAT |
# | VAT due on receipts | services without the option for invoicing: the VAT never fell due | excl. VAT |
#
# An allowance or a formal notice proves nothing (CGI, art. 272-1;
# [BOFiP](https://bofip.impots.gouv.fr/bofip/1100-PGP.html)). In the second case, counting the VAT as lost is a prudent
# **choice**; `vat_until_proof="awaited"` takes it as awaited instead, and counts the cost of advancing it.
#
# Here is the invoice, with all that is known of it. **What is not said is unknown, never nil**: every zero is written.
# %%
invoice = cm.UnpaidInvoice(
    amount_incl_vat, vat_rate, "recoverable", "debits", insured_share=0, guarantee=0, financing_rate=financing_rate,
    days=180, hours=10, hourly_cost=hourly_cost, other_handling=60, legal_costs=350, vat_days=60, lost_bonus=0,
    late_interest=0, fixed_indemnity=0, margin_rate=margin_rate,
)  # fmt: skip
cases = cm.costs.vat_cases(invoice)
plots_costs.costs_side_by_side(cases, language)
# %% tags=["nbval-check-output"]
compared = forms_costs.costs_side_by_side(cases, language)
cm.display.table(compared[(compared.iloc[:, 1:] != 0).any(axis=1)], language)
# %% [markdown] tags=["fr"]
# **Lecture.** La TVA compte une fois et une seule : perdue dans les deux cas du milieu, simplement avancée dans le premier
# (8,22 € pour 60 jours d'attente), absente dans le dernier, où l'on ne finance que 5 000 €. Envoyer le duplicata vaut ici
# près de 10 000 € de ventes : c'est la formalité la mieux payée de l'entreprise.
#
# ## 5. Le coût complet
#
# La perte n'est pas tout. De l'échéance à l'abandon, il a fallu financer 6 000 € pendant 180 jours, y passer dix heures,
# écrire, appeler, aller au tribunal. Rien de cela ne figure sur la ligne « créances irrécouvrables ».
# %% [markdown] tags=["en"]
# **Reading.** The VAT counts once and once only: lost in the two cases of the middle, merely advanced in the first
# (EUR 8.22 for 60 days of waiting), absent from the last, where EUR 5,000 only are financed. Sending the duplicate is
# worth nearly EUR 10,000 of sales here: it is the best paid formality of the company.
#
# ## 5. The full cost
#
# The loss is not all. From the due date to the write-off, EUR 6,000 had to be financed for 180 days, ten hours spent on it,
# letters, calls, the court. None of that stands on the line “bad debts”.
# %% tags=["covers:003-06", "covers:004-09"]
cost = cm.unpaid_cost(invoice)
plots_costs.unpaid_cost(cost, language)
# %% tags=["nbval-check-output"]
shown = forms_costs.unpaid_cost(cost, language)
cm.display.table(shown[shown["cost_amount"] != 0], language)
# %% tags=["nbval-check-output"]
print(forms_costs.cost_sentence(cost, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Près de 1 000 € de plus que la perte, soit un cinquième. Le temps passé (400 €) pèse plus que le
# financement (148 €) : c'est lui que la relance préventive épargne.
#
# **Et avec une assurance-crédit ?** Elle paie 90 % de la perte HT (selon les contrats, la quotité porte sur le HT ou sur le
# TTC : le contrat le dit). L'indemnité se déduit une fois, et tout le reste demeure.
# %% [markdown] tags=["en"]
# **Reading.** Nearly EUR 1,000 more than the loss, a fifth of it. The time spent (EUR 400) weighs more than the financing
# (EUR 148): that is what a reminder before the due date saves.
#
# **And with credit insurance?** It pays 90% of the loss excl. VAT (depending on the policy, the share applies to the amount
# excl. or incl. VAT: the policy says so). The indemnity is taken off once, and all the rest remains.
# %% tags=["nbval-check-output"]
insured = cm.unpaid_cost(replace(invoice, insured_share=0.90, insured_on="excl_vat"))
print(forms_costs.cost_sentence(insured, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Assurée à 90 %, la facture coûte encore près de 1 500 € : un quart du coût complet. L'assurance couvre la
# perte, pas le temps.
#
# ## 6. La même, payée avec soixante jours de retard
#
# Rien n'est perdu : ni perte, ni TVA. Restent le financement et la gestion. D'abord le client paie sans rien de plus ;
# puis il paie aussi ce que la loi prévoit entre professionnels : les pénalités au taux par défaut (taux de la BCE + 10 points,
# ici soixante jours d'un même semestre) et l'indemnité forfaitaire de 40 €.
# %% [markdown] tags=["en"]
# **Reading.** Insured at 90%, the invoice still costs nearly EUR 1,500: a quarter of the full cost. Insurance covers the
# loss, not the time.
#
# ## 6. The same, paid sixty days late
#
# Nothing is lost: no loss, no VAT. What remains is financing and handling. First the customer pays nothing more; then it
# also pays what the law provides between businesses: late interest at the default rate (ECB rate + 10 points, here for
# sixty days of one half-year), and the fixed indemnity of EUR 40.
# %%
late = replace(invoice, lost_share=0, days=60, hours=2, other_handling=10, legal_costs=0)
default_rate = cm.default_late_rate(as_of).value
interest = cm.cost_of_delay(amount_incl_vat, default_rate, 60)
claimed = replace(late, late_interest=interest, fixed_indemnity=40)
# %% tags=["nbval-check-output", "covers:002-04", "covers:003-05", "covers:003-08"]
both = {"lost_invoice": cost, "late_invoice": cm.unpaid_cost(late), "late_interest_paid": cm.unpaid_cost(claimed)}
compared = forms_costs.costs_side_by_side(both, language)
cm.display.table(compared[(compared.iloc[:, 1:] != 0).any(axis=1)], language)
# %%
plots_costs.costs_side_by_side({name: both[name] for name in ("late_invoice", "late_interest_paid")}, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Sans pénalités, le retard coûte 139,32 € : plus du quart du bénéfice de 500 € que laissait la vente. Avec
# elles, il ne coûte plus rien : à 12,15 %, les pénalités dépassent notre coût de financement, et les 40 € paient une heure de
# gestion. Encore faut-il les **encaisser** : une pénalité réclamée et abandonnée ne compte pas.
#
# Combien de jours faut-il pour que l'attente mange toute la marge ? Voici une marge plus mince, 3 % du prix HT :
# %% [markdown] tags=["en"]
# **Reading.** Without late interest the delay costs EUR 139.32: more than a quarter of the profit of EUR 500 that the sale
# left. With it, the delay costs nothing any more: at 12.15% late interest exceeds our cost of money, and the EUR 40 pay
# for an hour of handling. They must be **received**, though: interest claimed and given up does not count.
#
# How many days does it take for the wait to eat the whole margin? Here is a thinner one, 3% of the price excl. VAT:
# %%
waits = cm.margin_after_delay(amount_incl_vat, 0.03, financing_rate, range(0, 211, 15), vat_rate=vat_rate)
plots_costs.margin_after_delay(waits, language)
# %% tags=["nbval-check-output"]
cm.display.table(waits[waits["delay_days"].isin([0, 30, 60, 90, 180])], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Trente jours prennent un sixième de la marge, cent quatre-vingts n'en laissent presque rien. On finance le TTC alors
# qu'on gagne sur le HT.
#
# ## 7. Ce que coûte un jour de DSO
#
# Passons de la facture à l'entreprise. Un jour de DSO est un jour de ventes TTC : le gagner libère cette trésorerie une
# fois, et épargne chaque année son financement. D'abord un jour, puis les jours de retard de la société d'exemple.
# %% [markdown] tags=["en"]
# **Reading.** Thirty days take a sixth of the margin, one hundred and eighty leave next to nothing of it. What is financed includes VAT,
# what is earned does not.
#
# ## 7. What a day of DSO costs
#
# From the invoice to the company. A day of DSO is a day of sales incl. VAT: gaining it sets that cash free once, and saves
# its financing each year. First one day, then the days delinquent of the sample company.
# %% tags=["nbval-check-output", "covers:002-04", "covers:003-04", "covers:003-05"]
ledger = cm.read_ledger(ledger_file)
parts = cm.dso_parts(ledger, as_of).iloc[0]
for days in (1, parts["average_days_delinquent"]):
    gain = cm.day_of_dso(parts["sales"], financing_rate, days)
    amounts = (money(amount, "EUR", language, decimals=0) for amount in (gain.cash, gain.yearly_saving))
    print(number(gain.days, 1, language), *amounts, sep=" | ")
# %% [markdown] tags=["fr"]
# Et les factures en retard ce jour-là, litiges compris : ce que leur attente a déjà coûté depuis leur échéance.
# %% [markdown] tags=["en"]
# And the invoices that are late on that day, disputed ones included: what waiting for them has cost since they fell due.
# %% tags=["nbval-check-output"]
items = cm.open_items(ledger, as_of)
overdue = items[(items["days_late"] > 0) & (items["open_book_amount"] > 0)]
pairs = zip(overdue["open_book_amount"], overdue["days_late"])
spent = sum(cm.cost_of_delay(amount, financing_rate, days) for amount, days in pairs)
print(len(overdue), money(overdue["open_book_amount"].sum(), "EUR", language), money(spent, "EUR", language), sep=" | ")
# %% tags=["nbval-check-output"]
print(forms_costs.compensation_sentence(cm.compensating_sales(spent, margin_rate), "EUR", language))
# %% [markdown] tags=["fr"]
# **Lecture.** Un jour vaut 23 717 € de trésorerie et 1 186 € par an. Les retards en cours ont déjà coûté plus de
# 5 500 € de financement, soit plus de 55 000 € de ventes à refaire. Ce chiffre ne contient ni le temps passé ni les pertes à
# venir, qui sont le gros du coût (partie 5).
#
# ## 8. Le prix d'un délai de paiement
#
# Un délai accordé est un prêt sans intérêts. Combien coûte-t-il dans le prix, et de combien faudrait-il augmenter celui-ci
# pour le payer ? La hausse dépasse un peu le coût, car le prix plus haut est financé lui aussi : c / (1 − c).
# %% [markdown] tags=["en"]
# **Reading.** One day is worth EUR 23,717 of cash and EUR 1,186 a year. What is late now has cost more than EUR 5,500 of
# financing already, that is more than EUR 55,000 of sales to make again. That figure holds neither the time spent nor the
# losses to come, which are most of the cost (part 5).
#
# ## 8. The price of a payment term
#
# A term that is granted is a loan without interest. What does it cost in the price, and by how much should the price rise
# to pay for it? The increase slightly exceeds the cost, for the higher price is financed too: c / (1 − c).
# %% tags=["nbval-check-output", "covers:000-08"]
for days in (30, 45, 60, 90):
    term = cm.cost_of_payment_term(days, financing_rate, vat_rate=vat_rate, margin_rate=margin_rate)
    print(forms_costs.term_sentence(term, days, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Soixante jours à 5 % coûtent près d'un point de prix, donc un dixième d'une marge de 10 %. Un commercial qui
# accorde trente jours de plus accorde une remise d'un demi-point : autant le savoir au moment de négocier.
#
# ## 9. Et si… ?
#
# Tout bouge : la créance, la marge, le sort de la TVA, le taux, les jours, les heures, la part assurée. La case encadrée de
# la matrice est le coût complet, à votre marge.
# %% [markdown] tags=["en"]
# **Reading.** Sixty days at 5% cost nearly one point of the price, hence a tenth of a margin of 10%. A salesperson who
# grants thirty more days grants a discount of half a point: better known while negotiating.
#
# ## 9. What if?
#
# All of it moves: the claim, the margin, what becomes of the VAT, the rate, the days, the hours, the insured share. The
# framed cell of the matrix is the full cost, at your margin.
# %%
cm.widgets_costs.hidden_cost(replace(invoice, insured_on="excl_vat"), language)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 10. Les pièges
#
# **Piège 1 : une autre marge.** Le taux sur le coût donne 25 000 € au lieu de 30 000 € ; la marge sur coûts variables prise pour
# la marge nette, 16 667 € au lieu de 125 000 € (partie 3). Un taux sans son nom ne vaut rien.
#
# **Piège 2 : TTC divisé par une marge HT.** Quand la TVA revient, la perte est HT. D'abord juste, puis faux :
# %% [markdown] tags=["en", "covers:002-20"]
# ## 10. The traps
#
# **Trap 1: another margin.** The rate on cost gives EUR 25,000 instead of EUR 30,000; the contribution margin taken for the
# net margin, EUR 16,667 instead of EUR 125,000 (part 3). A rate without its name is worth nothing.
#
# **Trap 2: an amount incl. VAT over a margin excl. VAT.** Where the VAT comes back, the loss is excl. VAT. First right,
# then wrong:
# %% tags=["nbval-check-output"]
for amount in (loss, amount_incl_vat):
    print(money(cm.compensating_sales(amount, margin_rate).sales, "EUR", language, decimals=0))
# %% [markdown] tags=["fr"]
# **Piège 3 : ajouter la provision à la perte.** L'année 1, on provisionne 70 % de 5 000 €. L'année 2, la créance est perdue :
# la perte passe en charge et la provision est reprise. Charges de l'année 1, de l'année 2, total ; puis le total faux, qui
# oublie la reprise.
# %% [markdown] tags=["en"]
# **Trap 3: adding the allowance to the loss.** In year 1 an allowance of 70% of EUR 5,000 is made. In year 2 the claim is
# lost: the loss is an expense and the allowance is reversed. Expenses of year 1, of year 2, total; then the wrong total,
# which forgets the reversal.
# %% tags=["nbval-check-output"]
allowance = 0.70 * loss
first, second = allowance, loss - allowance
print(*(number(value, 0, language) for value in (first, second, first + second, first + loss)), sep=" | ")
# %% [markdown] tags=["fr"]
# **Lecture.** 5 000 € sur deux ans, non 8 500 €. La provision avance la perte dans le temps ; elle ne l'augmente pas.
#
# **Piège 4 : la part assurée retirée deux fois.** On retient les 10 % non assurés comme perte, puis on retire encore
# l'indemnité. D'abord juste (perte moins indemnité), puis faux :
# %% [markdown] tags=["en"]
# **Reading.** EUR 5,000 over two years, not 8,500. The allowance brings the loss forward; it does not increase it.
#
# **Trap 4: the insured part taken off twice.** The 10% that are not insured are taken as the loss, and the indemnity is
# taken off again. First right (loss less indemnity), then wrong:
# %% tags=["nbval-check-output"]
indemnity = 0.90 * loss
for net in (loss - indemnity, 0.10 * loss - indemnity):
    print(number(net, 0, language))
# %% [markdown] tags=["fr"]
# **Piège 5 : 360 ou 365 jours.** La banque compte souvent 360 jours, et son taux paraît plus bas qu'il n'est. La base s'écrit
# à côté du taux.
# %% [markdown] tags=["en"]
# **Trap 5: 360 or 365 days.** Banks often count 360 days, and their rate looks lower than it is. The basis is written
# beside the rate.
# %% tags=["nbval-check-output"]
for base in (365, 360):
    print(base, money(cm.cost_of_delay(amount_incl_vat, financing_rate, 180, base), "EUR", language), sep=" | ")
# %% [markdown] tags=["fr"]
# **Piège 6 : la marge calculée sur le TTC.** Un [exemple publié](https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement)
# applique 10 % de marge à 15 000 € TTC, et trouve 1 425 € de marge après 45 jours, 1 358,34 € après 85. La marge se gagne sur
# 12 500 € HT. D'abord comme la source, puis sur le HT :
# %% [markdown] tags=["en"]
# **Trap 6: the margin computed on the amount incl. VAT.** A
# [published example](https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement) applies a margin of 10% to EUR 15,000
# incl. VAT, and finds EUR 1,425 of margin after 45 days, 1,358.34 after 85. The margin is earned on EUR 12,500 excl. VAT.
# First as the source has it, then on the amount excl. VAT:
# %% tags=["nbval-check-output"]
for base in ("incl_vat", "excl_vat"):
    found = cm.margin_after_delay(15_000, 0.10, 0.04, (45, 85), vat_rate=0.20, margin_on=base, day_base=360)
    print(*(money(left, "EUR", language) for left in found["margin_left"]), sep=" | ")
# %% [markdown] tags=["fr"]
# **Lecture.** 1 358,33 € et non 1 358,34 € : la source tronque le coût au lieu de l'arrondir. Et la vraie marge restante est
# d'environ 250 € plus basse.
#
# **Piège 7 : ce qu'on ignore compté pour zéro.** Une facture dont on ne sait ni le temps passé ni le taux de financement a un
# coût inconnu, non un coût bas :
# %% [markdown] tags=["en"]
# **Reading.** EUR 1,358.33 and not 1,358.34: the source truncates the cost instead of rounding it. And the margin that is
# really left is lower by EUR 250 or so.
#
# **Trap 7: counting as zero what is not known.** An invoice of which neither the time spent nor the financing rate is
# known has an unknown cost, not a low one:
# %% tags=["nbval-check-output"]
unknown = cm.unpaid_cost(replace(invoice, hours=None, financing_rate=None))
print(forms_costs.cost_sentence(unknown, language))
# %% [markdown] tags=["fr"]
# ## 11. Sur votre facture
#
# Mettez le montant, puis ce que vous savez ; laissez le reste à `None`. Le tableau dit ce qui manque.
# %% [markdown] tags=["en"]
# ## 11. On your own invoice
#
# Put the amount, then what you know; leave the rest at `None`. The table says what is missing.
# %%
my_amount = 0
my_facts = {"vat_rate": 0.20, "vat": None, "vat_regime": None, "days": None, "hours": None, "margin_rate": None}
if my_amount:
    mine = cm.unpaid_cost(cm.UnpaidInvoice(my_amount, **my_facts))
    display(cm.display.table(forms_costs.unpaid_cost(mine, language), language))
# %% [markdown] tags=["fr", "covers:004-09"]
# ## 12. Dans Excel
#
# Un classeur aux formules vivantes, la matrice et le coût complet : changez une case de couleur, tout suit. Donnez un nom de
# fichier ci-dessous, ou, au terminal : `cmtools template hidden_cost --output cout_impaye.xlsx`.
# %% [markdown] tags=["en", "covers:004-09"]
# ## 12. In Excel
#
# A workbook with live formulas, the matrix and the full cost: change a coloured cell, all follows. Give the name of a file
# below, or, in a terminal: `cmtools template hidden_cost --language en --output hidden_cost.xlsx`.
# %%
my_workbook = ""
if my_workbook:
    tools.write_tool("hidden_cost", my_workbook, language)
