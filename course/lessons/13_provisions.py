# %% [markdown] tags=["fr"]
# # 13. Douteux, dépréciations et pertes : que valent encore ces créances ?
#
# **La question.** L'exercice se clôt le 30 juin 2026. Deux clients ne paient plus. Que vaut encore ce qu'ils doivent, que
# faut-il passer en dépréciation, qu'est-ce que le fisc admet, et quelle TVA reviendra ?
#
# Trois mots à ne pas mêler :
#
# - **douteux** : la créance passe de 411 à 416, pour son montant **TTC** ; le résultat ne bouge pas ;
# - **dépréciation** : la perte probable, sur le montant **HT** ; c'est une charge, que l'on peut reprendre ;
# - **perte** : la créance ne sera jamais payée ; la charge est définitive et la dépréciation est reprise.
#
# Durée : une heure. La leçon 06 explique la balance âgée.
# %% [markdown] tags=["en"]
# # 13. Doubtful claims, allowances and losses: what are these claims still worth?
#
# **The question.** The year closes on 30 June 2026. Two customers no longer pay. What is their debt still worth, what must
# be set aside, what does the tax office accept, and which VAT will come back?
#
# Three words not to be mixed up:
#
# - **doubtful**: the claim moves from 411 to 416, for its amount **incl. VAT**; the profit does not move;
# - **impairment**: the probable loss, on the amount **excl. VAT**; an expense that can be taken back;
# - **loss**: the claim will never be paid; the expense is final and the allowance is taken back.
#
# Time: one hour. Lesson 06 explains the aged balance.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
previous_closing = "2025-06-30"
year_start = "2025-07-01"
ledger_file = "../../data/grand_livre.xlsx"
external_file = "../../data/informations.csv"
fec_file, previous_fec_file = "../../data/904172638FEC20260630.txt", "../../data/904172638FEC20250630.txt"
taxed_on = "invoice"
ageing_shares = {"not_due": 0.0, "d1_30": 0.02, "d31_60": 0.10, "d61_90": 0.25, "d91_120": 0.50, "over_120": 1.0}
forward = 1.0
# %%
import pandas as pd
from IPython.display import display

import cmtools as cm
from cmtools import forms_provisions, plots_provisions, widgets_provisions
from cmtools.language import money, percent

ledger = cm.read_ledger(ledger_file)
external = cm.read_external(external_file)
# %% [markdown] tags=["fr"]
# ## 1. Le portefeuille douteux
#
# Dans l'ordre : TTC, HT, TVA comprise. Le HT vient des factures ; pour une facture payée en partie, de son taux. Quand rien
# ne le dit, il reste inconnu : on ne le devine pas.
# %% [markdown] tags=["en"]
# ## 1. The doubtful portfolio
#
# In order: incl. VAT, excl. VAT, VAT in it. Amounts excl. VAT come from the invoices; for an invoice paid in part, from its
# rate. Where nothing tells them they stay unknown: they are not guessed.
# %% tags=["nbval-check-output"]
claims = cm.doubtful_claims(ledger, as_of)
amounts = ["open_amount", "open_excl_vat", "vat_amount"]
by_customer = claims.groupby(["customer_id", "currency"], as_index=False)[amounts].sum()
by_customer = cm.display.with_names(by_customer, ledger)
cm.display.table(by_customer[["customer_id", "customer_name", *amounts]], language, total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** 42 566,94 € TTC, mais 36 862,21 € HT : c'est sur le second que se calcule la perte. Les 5 704,73 € de TVA sont
# une autre question (partie 7). Le premier client travaille surtout en autoliquidation : peu de TVA dans sa dette.
#
# ## 2. Créance par créance
#
# **Dépréciation = HT × part de perte probable.** Un cas publié : 12 000 € TTC à 20 %, risque de 70 %
# ([source](https://comptapprend.fr/les-provisions-pour-creances-douteuses/)).
# %% [markdown] tags=["en"]
# **Reading.** EUR 42,566.94 incl. VAT, but EUR 36,862.21 excl. VAT: the loss is computed on the second. The EUR 5,704.73 of
# VAT are another question (part 7). The first customer is mostly under reverse charge: little VAT in its debt.
#
# ## 2. Claim by claim
#
# **Allowance = excl. VAT × probable share of loss.** A published case: 12,000 incl. VAT at 20%, risk of 70%
# ([source](https://comptapprend.fr/les-provisions-pour-creances-douteuses/)).
# %% tags=["nbval-check-output"]
case = pd.DataFrame({"customer_id": ["A"], "currency": "EUR", "open_amount": [12_000.0], "vat_rate": [0.20]})
print(money(cm.individual_allowances(case, {"A": 0.70})["needed"].iloc[0], "EUR", language))
# %% [markdown] tags=["fr"]
# Quelle part perdra-t-on ? Personne ne peut le dire à votre place. La société de l'exemple suit un barème par procédure :
# c'est un **choix**, que l'on écrit et que l'on peut changer. Le fichier d'informations dit qui est en procédure.
# %% [markdown] tags=["en"]
# Which share will be lost? Nobody can say it for you. The sample company follows a table by procedure: a **choice**, written
# down, that can be changed. The file of external information tells who is under proceedings.
# %% tags=["nbval-check-output"]
insolvent = cm.insolvencies(external, as_of)
shares = cm.shares_by_procedure(claims, insolvent)
display(forms_provisions.shares_said(cm.provisions.default_loss_shares(), language))
display(cm.display.table(insolvent, language))
# %% [markdown] tags=["fr"]
# La dépréciation existante se lit au compte 491 de la clôture précédente. Nécessaire − existant = dotation si c'est positif,
# reprise sinon.
# %% [markdown] tags=["en"]
# The existing allowance stands on account 491 at the previous closing. Needed − existing = an allowance to book if
# positive, a reversal if not.
# %% tags=["nbval-check-output", "covers:003-06", "covers:004-83"]
books = cm.reports.read_source(fec=fec_file, previous_fec=previous_fec_file)
existing = cm.existing_allowances(books, previous_closing)
individual = cm.individual_allowances(claims, shares, existing)
names = ["customer_id", "open_amount", "open_excl_vat", "loss_share", "needed", "existing", "dotation", "reversal"]
cm.display.table(individual[names], language, total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** Le client 000116 est passé du redressement à la liquidation : on déprécie tout, et pourtant on **reprend**
# 186,48 €, car trois de ses factures sont sorties en perte pendant l'exercice. Le client 000128 n'est dans aucune
# procédure ; la moitié de son HT suffit, 11 030,76 €. Le bilan portera 25 831,46 € au compte 491.
#
# Le tableau est net par client. En comptabilité rien ne se compense : pour 000116, reprise de 7 586,79 € sur les trois
# factures perdues, dotation de 7 400,31 € sur les autres, soit le même net (`by="item_id"` détaille les pièces).
#
# ## 3. Les écritures, ancien et nouveau plan
# %% [markdown] tags=["en"]
# **Reading.** Customer 000116 went from receivership to liquidation: everything is written down, and yet EUR 186.48 is
# **taken back**, because three of its invoices left as losses during the year. Customer 000128 is under no proceedings;
# half of its amount excl. VAT is enough, EUR 11,030.76. The balance sheet will show EUR 25,831.46 on account 491.
#
# The table is net by customer. In the books nothing is set off: for 000116 EUR 7,586.79 are taken back on the three lost
# invoices and EUR 7,400.31 set aside on the others, the same net (`by="item_id"` gives the items).
#
# ## 3. The entries, old and new chart
# %% tags=["nbval-check-output"]
entries = cm.allowance_entries(cm.closing_events(individual), year_start, language)
cm.display.table(forms_provisions.events(entries, language), language, total=True)
# %% [markdown] tags=["fr"]
# Les pertes du 29 mai 2026, facture par facture : 6544 parce que les factures datent d'exercices antérieurs (6541 pour
# celles de l'année). La TVA n'est débitée que si elle est récupérable (partie 7).
# %% [markdown] tags=["en"]
# The losses of 29 May 2026, invoice by invoice: 6544 because the invoices are of earlier years (6541 for those of the
# year). VAT is debited only if it can be had back (part 7).
# %% tags=["nbval-check-output"]
lost = cm.written_off(ledger, as_of, since=previous_closing)
named = {"lost_amount": "amount_incl_vat", "lost_excl_vat": "amount_excl_vat"}
entries = cm.allowance_entries(lost.rename(columns=named).assign(event="loss"), year_start, language)
cm.display.table(forms_provisions.events(entries, language), language, total=True)
# %% [markdown] tags=["fr"]
# Le plan comptable a changé pour les exercices **ouverts** à partir du 1er janvier 2025 (ANC 2022-06). Une créance passée en
# perte puis payée : 7714 avant, 7583 depuis. Et 6714 n'existe plus.
# %% [markdown] tags=["en"]
# The chart of accounts changed for years that **begin** on 1 January 2025 or later (ANC 2022-06). A claim written off, then
# paid: 7714 before, 7583 since. And 6714 is gone.
# %% tags=["nbval-check-output"]
paid = pd.DataFrame([{"event": "paid_after_loss", "amount_incl_vat": 120.0, "amount_excl_vat": 100.0}])
for start in ("2024-07-01", "2025-07-01"):
    display(cm.display.table(forms_provisions.events(cm.allowance_entries(paid, start, language), language), language))
# %% tags=["nbval-check-output"]
try:
    cm.allowance_entries(paid.assign(event="exceptional_loss"), year_start)
except cm.InputError as error:
    print(error.text(language))
# %% [markdown] tags=["fr"]
# ## 4. Par âge : un chiffre de gestion
#
# Un pourcentage par tranche de retard. Les pourcentages du paramètre `ageing_shares` sont une **hypothèse** : mettez les
# vôtres. On l'applique à toutes les créances HT, sans regarder qui doit.
# %% [markdown] tags=["en"]
# ## 4. By age: a management figure
#
# A percentage for each bucket of lateness. Those of the parameter `ageing_shares` are an **assumption**: put yours. They
# apply to all claims excl. VAT, whoever owes them.
# %% tags=["nbval-check-output"]
under = insolvent["customer_id"].tolist()
balances = cm.balances_by_bucket(ledger, as_of, insolvent=under, incl_vat_up_to=0.01)
ageing = cm.ageing_allowances(balances, ageing_shares)
display(forms_provisions.taken_incl_vat_said(balances, "EUR", language))
display(cm.display.table(ageing.drop(columns="not_converted"), language, total=True))
# %% [markdown] tags=["fr"]
# **Lecture.** 94 276,06 €, presque quatre fois le chiffre de la partie 2. La dernière tranche en fait 80 % : elle déprécie à
# 100 % des litiges que l'on gagnera peut-être et des retenues de garantie libérées depuis longtemps. C'est utile pour
# surveiller ; ce n'est pas une preuve de perte probable.
#
# ## 5. La matrice d'IFRS 9
#
# Ici le taux ne se décrète pas : il se mesure. **Taux de perte d'une tranche = montant finalement perdu / montant qui est
# ARRIVÉ dans la tranche.** Un cas publié : 100 000 vendus, 50 000 impayés à l'échéance, 23 000 à 30 jours, 8 000 à 60,
# 2 000 jamais payés ([source](https://www.scribd.com/document/727588826/Ifrs-9-Example-Lifetime-ECL-Trade-Receivables-Provision-Matrix-01)).
# %% [markdown] tags=["en"]
# **Reading.** EUR 94,276.06, nearly four times the figure of part 2. The last bucket makes 80% of it: it writes down in full
# disputes that may be won and retention money released long ago. It is useful to watch; it does not show that a loss is
# probable.
#
# ## 5. The IFRS 9 matrix
#
# Here the rate is not decreed but measured. **Loss rate of a bucket = amount finally lost / amount that REACHED the
# bucket.** A published case: 100,000 sold, 50,000 unpaid when due, 23,000 after 30 days, 8,000 after 60, 2,000 never
# paid ([source](https://www.scribd.com/document/727588826/Ifrs-9-Example-Lifetime-ECL-Trade-Receivables-Provision-Matrix-01)).
# %% tags=["nbval-check-output"]
reached = {"not_due": 100_000, "d1_30": 50_000, "d31_60": 23_000, "d61_90": 8_000, "over_90": 2_000}
owed = {"not_due": 300_000, "d1_30": 140_000, "d31_60": 60_000, "d61_90": 23_000, "over_90": 5_000}
published = cm.provision_matrix(owed, cm.cohort_loss_rates(reached, lost=2_000))
names = ["bucket", "rest_exposure", "bucket_loss_rate", "expected_loss"]
cm.display.table(published[names], language, total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** La source imprime 27 567 ; avec des centimes, 27 567,39. Le taux affiché 8,7 % est appliqué sans arrondi
# (8,6957 %), sans quoi la tranche ferait 5 220 au lieu de 5 217,39.
#
# Le même calcul sur notre historique : ce qui est échu chaque mois, ce qui en restait quand chaque tranche commence, ce qui
# fut perdu. Un mois trop récent (moins de 365 jours de recul) n'a pas encore dit son dernier mot : il est laissé de côté.
# %% [markdown] tags=["en"]
# **Reading.** The source prints 27,567; with cents, 27,567.39. The rate shown as 8.7% is applied unrounded (8.6957%), or the
# bucket would make 5,220 instead of 5,217.39.
#
# The same on our own history: what fell due each month, what was left of it when each bucket begins, what was lost. A month
# too young (less than 365 days ago) has not said its last word: it is left out.
# %% tags=["nbval-check-output"]
history = cm.loss_history(ledger, as_of)
rates = cm.loss_rates(history)
display(forms_provisions.history_said(rates, "EUR", language))
display(cm.display.table(rates[["bucket", "reached", "lost", "bucket_loss_rate"]], language))
# %% [markdown] tags=["fr"]
# **Lecture.** Plus une créance a vieilli, plus la même perte pèse : 0,1 % de ce qui fut vendu, 10,6 % de ce qui a dépassé
# 120 jours. Mais tout repose sur **trois** factures d'**un** client : un taux aussi mince se lit avec prudence. Et
# 43 222,23 € anciens sont encore ouverts. Si les douteux parmi eux étaient perdus, les taux seraient :
# %% [markdown] tags=["en"]
# **Reading.** The older a claim, the more the same loss weighs: 0.1% of what was sold, 10.6% of what went beyond 120 days.
# But everything rests on **three** invoices of **one** customer: so thin a rate is read with care. And EUR 43,222.23 of old
# claims are still open. If the doubtful ones among them were lost, the rates would be:
# %% tags=["nbval-check-output"]
worse = cm.loss_rates(history, open_claims="doubtful_lost")
cm.display.table(worse[["bucket", "bucket_loss_rate"]], language)
# %% [markdown] tags=["fr"]
# Une autre route mène à un taux : le **produit des taux de passage** d'une tranche à la suivante, puis la part perdue de la
# dernière (prise ici dans l'historique).
# %% [markdown] tags=["en"]
# Another road leads to a rate: the **product of the roll rates** from a bucket to the next, then the share lost of the last
# one (taken here from the history).
# %%
last = rates.set_index("bucket").loc["d91_120", "bucket_loss_rate"]
rolled = cm.roll_loss_rates(cm.roll_rates(ledger, as_of), last)
plots_provisions.loss_rates(rates, language, rolled)
# %% [markdown] tags=["fr"]
# **Lecture.** Les deux routes donnent le même ordre de grandeur. Au-delà de 120 jours la seconde n'a plus de marche à
# monter : elle garde le taux de la tranche précédente, moins de la moitié de ce que montre l'historique.
#
# Reste à appliquer. D'abord les **cas particuliers sortent** : douteux, procédures, litiges, part assurée. Puis un
# jugement sur l'avenir, le **facteur prospectif** ; l'oublier est le reproche habituel des auditeurs. Ici 1, dit tout haut.
# %% [markdown] tags=["en"]
# **Reading.** Both roads give the same order of size. Beyond 120 days the second has no step left to climb: it keeps the
# rate of the bucket before, less than half of what history shows.
#
# Now to apply them. First the **specific cases come out**: doubtful, insolvent, disputed, insured part. Then a judgement on
# the future, the **forward-looking factor**; to forget it is what auditors usually object to. Here 1, said aloud.
# %% tags=["nbval-check-output"]
matrix = cm.provision_matrix(balances, rates, forward)
display(forms_provisions.forward_said(matrix, language))
names = ["bucket", "gross", "case_doubtful", "case_disputed", "rest_exposure"]
display(cm.display.table(balances[names], language, total=True))
names = ["bucket", "rest_exposure", "applied_rate", "expected_loss"]
display(cm.display.table(matrix[names], language, total=True))
# %% [markdown] tags=["fr"]
# ## 6. Les trois côte à côte
# %% [markdown] tags=["en"]
# ## 6. The three side by side
# %%
compared = cm.allowances_compared(individual, ageing, matrix, balances)
plots_provisions.three_methods(compared, language, "EUR")
# %% tags=["nbval-check-output", "covers:004-83"]
explained = cm.provisions.explain_compared(compared, language)
names = ["method", "allowance", "not_estimated", "may_book", "book_why", "may_deduct", "deduct_why"]
cm.display.table(explained[names], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Trois réponses à une question, jamais trois parts d'une somme. La matrice a laissé de côté 72 901,33 € de
# litiges : il faut encore les estimer un par un. Pour les comptes annuels français : 25 831,46 €.
# Déductible si chaque perte est nettement précisée, probable et due à des événements de l'exercice. Le dossier compte autant
# que le calcul : relances restées vaines, incidents, jugement.
#
# ## 7. La TVA
#
# Elle revient quand la créance est **définitivement irrécouvrable** : dès le jugement de **liquidation**, sans certificat ;
# pas à l'ouverture d'un redressement ou d'une sauvegarde ; ni pour un retard, ni pour une dépréciation. Encore faut-il
# qu'elle ait été versée : `taxed_on` dit si elle était due à la facture ou à l'encaissement (hypothèse des paramètres). Et
# rien ne revient sans **duplicata rectificatif** envoyé au client.
# ([BOFiP](https://bofip.impots.gouv.fr/bofip/1100-PGP.html))
# %% [markdown] tags=["en"]
# **Reading.** Three answers to one question, never three parts of a sum. The matrix left EUR 72,901.33 of disputes aside:
# they are still to be judged one by one. For the French annual accounts: EUR 25,831.46.
# Deductible if each loss is clearly specified, probable and due to events of the year. The file counts as much as the
# figure: reminders in vain, incidents, a judgment.
#
# ## 7. VAT
#
# It comes back when the claim is **definitively irrecoverable**: from the **liquidation** judgment, without any certificate;
# not on the opening of a receivership or safeguard; not for lateness, nor for an allowance. And it must have been paid over:
# `taxed_on` tells whether it was due on the invoice or when paid (an assumption of the parameters). Nothing comes back
# before a **corrected duplicate** is sent to the customer.
# ([BOFiP](https://bofip.impots.gouv.fr/bofip/1100-PGP.html))
# %% tags=["nbval-check-output"]
vat = cm.vat_recovery(claims, insolvent, as_of, taxed_on)
bearing = vat[vat["vat_amount"] > 0]
cm.display.table(bearing[["item_id", "customer_id", "vat_amount", "procedure", "vat_status", "vat_from"]], language)
# %% [markdown] tags=["fr"]
# **Lecture.** 1 292,42 € peuvent revenir depuis le 14 octobre 2025, dès que les duplicatas de quatre factures seront partis
# (deux pièces viennent de la même). Pas depuis le 25 mars 2025, date du redressement. Les 4 412,31 € de l'autre client
# attendent.
#
# ## 8. Flux et taux sur trois exercices
# %% [markdown] tags=["en"]
# **Reading.** EUR 1,292.42 can come back since 14 October 2025, once the duplicates of four invoices have left (two items
# come from the same one). Not since 25 March 2025, the date of the receivership. The EUR 4,412.31 of the other customer
# must wait.
#
# ## 8. Flows and rates over three years
# %%
periods = cm.doubtful_by_period(ledger, as_of, allowances={previous_closing: existing.sum(), as_of: 25_831.46})
plots_provisions.doubtful_flows(periods, language, "EUR")
# %% tags=["nbval-check-output", "covers:000-30", "covers:004-79", "covers:004-80", "covers:004-81", "covers:004-82"]
names = ["date", "doubtful_in", "loss_event_rate", "doubtful_recovery", "irrecoverable_rate", "provision_rate"]
cm.display.table(periods[names], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Le taux de sinistre (entrées en douteux / ventes) passe de rien à 0,4 %, puis 0,3 %. De ce qui était douteux
# dans l'année, 1,8 % a été encaissé : la relance d'un douteux arrive tard. Les douteux sont dépréciés à 50 %, puis à 70,1 %.
# La formule du taux de créances irrécouvrables n'est confirmée par aucune source lue : pertes HT / ventes HT.
#
# ## 9. Et si… ?
#
# Une autre part de perte, un avenir plus sombre : que deviennent les trois chiffres ?
# %% [markdown] tags=["en"]
# **Reading.** The loss event rate (new doubtful claims / sales) goes from nothing to 0.4%, then 0.3%. Of what was doubtful in
# the year 1.8% came in: chasing a doubtful claim comes late. Doubtful claims are written down by 50%, then by 70.1%. The
# formula of the irrecoverable rate is confirmed by no source read: losses excl. VAT / sales excl. VAT.
#
# ## 9. What if?
#
# Another share of loss, a darker future: what become of the three figures?
# %%
widgets_provisions.allowances(claims, insolvent, balances, rates, ageing_shares, language)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 10. Les pièges
#
# **Piège 1 : déprécier le TTC.** La TVA reviendra ou reste due à part ; la perte probable est HT. D'abord le juste, puis le
# faux, puis l'écart :
# %% [markdown] tags=["en", "covers:002-20"]
# ## 10. The traps
#
# **Trap 1: an allowance on amounts incl. VAT.** VAT will come back or is another matter; the probable loss excludes it.
# First the right figure, then the wrong one, then the difference:
# %% tags=["nbval-check-output"]
right = individual["needed"].sum()
wrong = (individual["open_amount"] * individual["loss_share"]).sum()
for amount in (right, wrong, wrong - right):
    print(money(amount, "EUR", language))
# %% [markdown] tags=["fr"]
# **Piège 2 : additionner la dépréciation et la perte.** Les trois factures perdues étaient dépréciées de moitié. En 2025 on a
# doté la moitié ; en 2026 on a passé toute la perte et **repris** la moitié. Sur deux ans : la perte, une fois. Dans
# l'ordre : la dotation, la perte, la reprise, le coût total.
# %% [markdown] tags=["en"]
# **Trap 2: adding the allowance to the loss.** The three invoices lost were written down by half. In 2025 half was booked; in
# 2026 the whole loss was booked and half **taken back**. Over two years: the loss, once. In order: the allowance, the loss,
# the reversal, the total cost.
# %% tags=["nbval-check-output"]
half = pd.DataFrame({"customer_id": lost["item_id"], "currency": "EUR", "open_amount": lost["lost_amount"]})
half["open_excl_vat"] = lost["lost_excl_vat"]
booked = cm.individual_allowances(half, dict.fromkeys(lost["item_id"], 0.5))["needed"].sum()
gone = lost["lost_excl_vat"].sum()
for amount in (booked, gone, -booked, booked + gone - booked):
    print(money(amount, "EUR", language))
# %% [markdown] tags=["fr"]
# **Piège 3 : 6714 et 7714.** Ils ne sont plus au plan des exercices ouverts depuis 2025 : tout va en 654 et 7583. Un exercice
# ouvert le 1er juillet 2024 garde l'ancien plan jusqu'à sa fin, en juin 2025.
#
# **Piège 4 : déduire une dépréciation statistique.** Un pourcentage général sur tous les clients est refusé. Une statistique
# assise sur de vrais retards de l'année, assez précise, n'est pas exclue ; elle est refusée quand elle anticipe de mauvais
# payeurs sans retard. ([BOFiP](https://bofip.impots.gouv.fr/bofip/6409-PGP.html),
# [CE, 17 février 2016, 377415](https://vivaldi-chronos.com/?p=4093))
#
# **Piège 5 : « aucune perte, donc aucun risque ».** Sans perte dans l'historique, le taux mesuré vaut 0. C'est une estimation,
# pas une garantie : deux clients qui ne paient plus, et le taux change. D'abord le taux de la dernière tranche mesuré fin
# avril 2026, avant les trois pertes ; puis fin juin.
# %% [markdown] tags=["en"]
# **Trap 3: 6714 and 7714.** They are no longer in the chart of years that begin since 2025: all goes to 654 and 7583. A year
# that began on 1 July 2024 keeps the old chart to its end, in June 2025.
#
# **Trap 4: deducting a statistical allowance.** A general percentage on all customers is refused. Statistics resting on real
# lateness of the year, precise enough, are not excluded; they are refused where they anticipate bad payers without
# arrears. ([BOFiP](https://bofip.impots.gouv.fr/bofip/6409-PGP.html),
# [CE, 17 February 2016, 377415](https://vivaldi-chronos.com/?p=4093))
#
# **Trap 5: “no loss, so no risk”.** Without a loss in the history the rate measured is 0. That is an estimate, no guarantee:
# two customers stop paying, and the rate changes. First the rate of the last bucket measured at the end of April 2026,
# before the three losses; then at the end of June.
# %% tags=["nbval-check-output"]
for day in ("2026-04-30", as_of):
    measured = cm.loss_rates(cm.loss_history(ledger, day)).iloc[-1]
    print(percent(measured["bucket_loss_rate"], 1, language))
# %% [markdown] tags=["fr"]
# **Piège 6 : diviser par ce qui est ouvert aujourd'hui.** Le dénominateur est ce qui est **arrivé** dans la tranche au fil des
# mois, pas ce qui s'y trouve à la clôture : ce qui y est passé et fut payé compte aussi.
#
# **Piège 7 : récupérer la TVA au redressement.** Trop tôt : la dette peut encore être payée par un plan. C'est la liquidation
# qui ouvre le droit, à sa date.
#
# ## 11. Sur votre fichier
# %% [markdown] tags=["en"]
# **Trap 6: dividing by what is open today.** The denominator is what **reached** the bucket over the months, not what stands
# there at closing: what went through it and was paid counts too.
#
# **Trap 7: having VAT back at the receivership.** Too early: the debt may still be paid under a plan. The liquidation gives
# the right, on its date.
#
# ## 11. On your own file
# %%
my_file = ""
my_date = "2026-06-30"
if my_file:
    mine = cm.read_ledger(my_file)
    display(cm.display.table(cm.doubtful_claims(mine, my_date), language, total=True))
    display(cm.display.table(cm.doubtful_by_period(mine, my_date), language))
    display(forms_provisions.history_said(cm.loss_rates(cm.loss_history(mine, my_date)), mine.book_currency, language))
