# %% [markdown] tags=["fr", "covers:000-10"]
# # 04. La limite de crédit : combien, pour combien de temps, et qui décide
#
# **La question.** Ruzgivoquine Bâtiment demande 110 000 € d'encours à 60 jours ; sa limite est de 95 000 €. La leçon 02 a lu ses
# comptes, la leçon 03 l'a noté. Reste à répondre par un **montant** : oui, non, ou combien ?
#
# Pourquoi est-ce difficile ? Parce que le commercial voit la vente, le financier voit la perte, et que chacun a raison. Trop bas, on
# refuse du chiffre d'affaires à un bon client ; trop haut, une seule défaillance efface la marge de bien des ventes. Une limite est un
# compromis **écrit** : un montant, une raison, un responsable, une date de fin.
# %% [markdown] tags=["en", "covers:000-10"]
# # 04. The credit limit: how much, for how long, and who decides
#
# **The question.** Ruzgivoquine Bâtiment asks for EUR 110,000 of credit at 60 days; its limit is EUR 95,000. Lesson 02 read its
# accounts, lesson 03 rated it. What is left is to answer with an **amount**: yes, no, or how much?
#
# Why is it hard? Because the salesperson sees the sale, the finance person sees the loss, and both are right. Too low, and sales are
# refused to a good customer; too high, and one failure wipes out the margin of many sales. A limit is a compromise **in writing**: an
# amount, a reason, an owner, a last day.
# %% tags=["parameters"]
language = "fr"
accounts_file = "../../data/liasses_clients.csv"
ledger_file = "../../data/grand_livre.xlsx"
external_file = "../../data/informations.csv"
delegation_file = "../../data/delegations.csv"
company = "000186"
as_of = "2026-06-30"
asked = 110_000  # EUR incl. VAT
monthly_purchases = 21_500  # EUR incl. VAT
term_days = 60
seller_sales = 8_000_000  # our own budget excl. VAT
insured_share = 0.9  # an assumption: read it in the policy
# %%
from IPython.display import display

import cmtools as cm
from cmtools.limits import Activity, Insured, Need

ledger = cm.read_ledger(ledger_file)
statements = cm.read_liasse(accounts_file)
told = cm.read_external(external_file)
# %% [markdown] tags=["fr"]
# ## 1. De la cotation au risque acceptable
#
# La cotation de la leçon 03 ne dit pas un montant. Elle désigne un **niveau de risque**, et le niveau dit quelle part de la solidité du
# client nous acceptons d'engager. Ces parts sont des choix : elles se discutent et se modifient dans `data/niveaux_risque.csv`.
# %% [markdown] tags=["en"]
# ## 1. From the rating to the acceptable risk
#
# The rating of lesson 03 is no amount. It points to a **risk level**, and the level says which share of the customer's strength we
# accept to commit. These shares are choices: they are discussed and changed in `data/niveaux_risque.csv`.
# %% tags=["nbval-check-output", "covers:000-11", "covers:004-39"]
file = cm.credit_file.credit_file(company, as_of, ledger=ledger, statements=statements, external=told)
rating = cm.credit_file.rate(file)
level = cm.risk_level(rating)
print(rating.rating, level.risk_level)
cm.display.table(cm.read_risk_levels(), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Cotation 5 sur 10, niveau C : 3 % de son chiffre d'affaires, 6 % de ses capitaux propres, et 0,6 fois son besoin. Au
# niveau E, rien : paiement d'avance.
#
# ## 2. Ce dont le client a besoin
#
# Avant de demander « combien pouvons-nous risquer ? », demandons « combien lui faut-il ? ». Le **besoin**, c'est ce qu'il nous devra s'il
# achète comme prévu et paie comme d'habitude : achats mensuels × jours jusqu'au règlement / 30. Le retard habituel se lit dans notre
# grand livre.
# %% [markdown] tags=["en"]
# **Reading.** Rating 5 of 10, level C: 3% of its sales, 6% of its equity, and 0.6 times its need. At level E, nothing: payment in
# advance.
#
# ## 2. What the customer needs
#
# Before asking “how much can we risk?”, ask “how much does it need?”. The **need** is what it will owe us if it buys as planned and pays
# as usual: monthly purchases × days until payment / 30. The usual delay is read in our own ledger.
# %% tags=["nbval-check-output"]
paid = cm.payment_delays(ledger, as_of, by="customer_id").set_index("customer_id").loc[company]
need = Need(monthly_purchases, term_days, usual_delay_days=round(paid["delay_with_open"]))
for days in (0, need.usual_delay_days):
    total = monthly_purchases * (term_days + days) / 30
    print(days, cm.language.money(total, "EUR", language, decimals=0))
# %% [markdown] tags=["fr"]
# **Lecture.** À l'heure, 60 jours d'achats feraient 43 000 € d'encours. Il paie avec 53 jours de retard : il en fait 80 983 €. Près de
# la moitié de ce besoin ne finance pas nos ventes, elle finance son retard. Et il demande 110 000 €, plus que son besoin.
#
# ## 3. Les méthodes, côte à côte
#
# Chaque méthode part d'une idée simple : ne pas dépasser une petite part de ce que le client possède, vend, ou doit déjà à ses autres
# fournisseurs ; ne pas dépendre de lui nous-mêmes ; écouter ceux qui le connaissent.
# %% [markdown] tags=["en"]
# **Reading.** On time, 60 days of purchases would make EUR 43,000. It pays 53 days late: that makes EUR 80,983. Nearly half of this need
# does not finance our sales, it finances its lateness. And it asks for EUR 110,000, more than its need.
#
# ## 3. The methods, side by side
#
# Each method starts from a simple idea: not to exceed a small share of what the customer owns, sells, or owes its other suppliers
# already; not to depend on it ourselves; to listen to those who know it.
# %%
accounts = statements.table[statements.table["company_id"] == company].sort_values("year_end").tail(1)
insured = Insured(85_000, insured_share, dated="2026-02-12", until="2026-12-31")
activity = Activity(orders=52_000, open_invoices=51_159.19, behaviour_coefficient=level.behaviour_coefficient)
context = {"seller_sales": seller_sales, "activity": activity, "insured": insured}
found = cm.limits.methods(accounts, as_of, need=need, level=level, **context)
# %% tags=["nbval-check-output", "covers:000-12", "covers:003-10"]
told_methods = cm.limits.explain(found, language)
cm.display.table(told_methods, language, columns=["method", "limit_amount", "lim_inputs", "lim_vat", "lim_remark"])
# %%
proposal = cm.limits.proposal(found, as_of, asked, owner="Credit manager")
cm.plots_credit.limits(found, proposal, language)
# %% [markdown] tags=["fr"]
# **Lecture.** De 48 590 € à 614 477 € : un rapport de un à plus de douze pour le même client, le même jour. Aucune méthode n'est fausse ; chacune
# répond à une autre question. Les parts du chiffre d'affaires ou des capitaux propres disent ce qu'il pourrait supporter ; le besoin dit
# ce qui sert ; le score dit ce que nous osons.
#
# Deux méthodes n'ont pas de montant, et disent pourquoi. Pour la base de l'AFDCC, il manque le « livré à facturer » et le coefficient de
# délai : **manquant n'est pas zéro**, un total incomplet aurait l'air d'une petite limite prudente.
#
# ## 4. La proposition
#
# Le plus prudent par défaut : le plus bas du besoin et des plafonds, jamais au-delà de ce que nos propres ventes permettent, jamais
# au-delà de la demande, arrondi vers le bas.
# %% [markdown] tags=["en"]
# **Reading.** From EUR 48,590 to 614,477: one to more than twelve for the same customer on the same day. No method is wrong; each answers another
# question. Shares of sales or equity say what it could bear; the need says what is of use; the score says what we dare.
#
# Two methods have no amount and say why. For the AFDCC's base, deliveries to invoice and the terms coefficient are missing: **missing is
# not zero**, an incomplete sum would look like a small and prudent limit.
#
# ## 4. The proposal
#
# The most prudent by default: the lowest of the need and the caps, never beyond what our own sales allow, never beyond the request,
# rounded down.
# %% tags=["nbval-check-output"]
for sentence in cm.limits.sentences(proposal, language):
    print("-", sentence)
# %% [markdown] tags=["fr"]
# **Lecture.** 48 500 € : moins de la moitié de la demande, et moins que la limite actuelle. C'est au délai demandé, 60 jours ; le dossier
# de crédit, lui, calcule au délai que permet le niveau C, 45 jours, et propose 42 000 €. Le programme rappelle ce qui manque à une
# vraie décision : les mots de l'analyste. La moyenne des méthodes est parfois préférée ; la voici, avec la plus prudente.
# %% [markdown] tags=["en"]
# **Reading.** EUR 48,500: less than half of the request, and less than the present limit. That is with the terms asked, 60 days; the
# credit file computes with those that level C allows, 45 days, and proposes EUR 42,000. The program recalls what a true decision still
# lacks: the analyst's own words. Some prefer the mean of the methods; here it is, beside the most prudent.
# %% tags=["nbval-check-output"]
average = cm.limits.proposal(found, as_of, asked, combine="mean")
for amount in (proposal.most_prudent, proposal.mean, average.amount):
    print(cm.language.money(amount, "EUR", language, decimals=0))
# %% [markdown] tags=["fr"]
# **Lecture.** La moyenne, 223 963 €, est tirée par la part du chiffre d'affaires ; ramenée au besoin, elle donnerait 80 500 €. Une moyenne
# de méthodes qui ne répondent pas à la même question n'est pas un avis : c'est pourquoi le minimum est le choix par défaut.
#
# ## 5. Couvrir l'écart
#
# Il reste 32 483 € de besoin. Refuser n'est pas la seule réponse :
# %% [markdown] tags=["en"]
# **Reading.** The mean, EUR 223,963, is drawn by the share of sales; brought down to the need it would give EUR 80,500. A mean of methods
# that do not answer one question is no opinion: that is why the minimum is the default.
#
# ## 5. Covering the gap
#
# A need of EUR 32,483 is left. To refuse is not the only answer:
# %% tags=["nbval-check-output", "covers:000-08"]
cm.display.table(cm.limits.cover_gap(proposal, need, insured), language)
# %% [markdown] tags=["fr", "covers:000-14"]
# **Lecture.** Un délai de 14 jours suffirait, ce qu'aucun client n'acceptera ; mais payer à l'heure vaudrait mieux encore : sans retard,
# le besoin tomberait à 43 000 €. C'est la première chose à négocier. Avec l'assurance, si tout le besoin était dû, il nous resterait
# 8 098 € de risque : l'assureur paierait 90 % de la créance, dans la limite de ses 85 000 €.
#
# **Une décision défendable** : 48 500 €, assurance-crédit en place ; ou 70 000 € à 45 jours (le besoin à ce délai), pour six mois, tant que
# l'assureur couvre, et à condition que l'échu soit réglé. Devant le comité, la même phrase commence par la demande et finit par la date de revue.
# %% [markdown] tags=["en", "covers:000-14"]
# **Reading.** A term of 14 days would do, which no customer will accept; yet paying on time would do better: without lateness the need
# would fall to EUR 43,000. That is the first thing to negotiate. With insurance, were the whole need owed, EUR 8,098 would stay at our
# own risk: the insurer would pay 90% of the claim, within its EUR 85,000.
#
# **A decision that can be defended**: EUR 48,500 with credit insurance in place; or EUR 70,000 at 45 days (the need with that term), for six months,
# as long as the insurer covers and on condition that what is overdue is paid. Before the committee the same sentence begins with the request and ends with the review
# date.
# %% [markdown] tags=["fr"]
# ### Et si… ? Déplacer le besoin, ou le niveau
#
# Ramenez le retard à zéro, ou passez le niveau à B : quelle méthode borne alors la limite ? (Le réglage demande JupyterLab.)
# %% [markdown] tags=["en"]
# ### What if…? Move the need, or the level
#
# Bring the delay down to nil, or the level to B: which method bounds the limit then? (The control needs JupyterLab.)
# %%
start = {"risk_level": level.risk_level, "seller_sales": seller_sales, "asked": asked}
cm.widgets_credit.limit(accounts, as_of, need, language, **start)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 6. Les pièges
#
# **Piège 1 : ajouter la limite de l'assureur.** Notre limite et la sienne portent sur les **mêmes** premiers euros. Les additionner,
# c'est croire que la perte sera payée deux fois.
# %% [markdown] tags=["en", "covers:002-20"]
# ## 6. The traps
#
# **Trap 1: adding the insurer's limit.** Our limit and the insurer's are about the **same** first euros. To add them is to believe that
# the loss will be paid twice.
# %% tags=["nbval-check-output"]
for amount in (proposal.amount, proposal.insurer_limit, proposal.double_count):
    print(cm.language.money(amount, "EUR", language, decimals=0))
# %% [markdown] tags=["fr"]
# **Lecture.** 133 500 € serait faux : pour 133 500 € d'encours, l'assureur ne paie que 90 % de 85 000 €, soit 76 500 € ; 57 000 € seraient
# perdus, plus que notre limite.
#
# **Piège 2 : HT ou TTC.** L'encours est TTC, le chiffre d'affaires du client est HT, les capitaux propres n'ont pas de TVA. La colonne
# « Taxe » le dit ligne à ligne. La limite proposée se compare à un encours TTC.
#
# **Piège 3 : 35 pour 35 %.** Une part s'écrit 0.35. Écrite 35, elle accorderait 35 fois le chiffre d'affaires : elle est refusée.
# %% [markdown] tags=["en"]
# **Reading.** EUR 133,500 would be wrong: on an outstanding of EUR 133,500 the insurer pays 90% of 85,000 only, that is EUR 76,500; EUR
# 57,000 would be lost, more than our limit.
#
# **Trap 2: with or without VAT.** The outstanding includes VAT, the customer's sales do not, equity has none. The column “VAT” says so row
# by row. The limit proposed is compared with an outstanding incl. VAT.
#
# **Trap 3: 35 for 35%.** A share is written 0.35. Written 35 it would grant 35 times the sales: it is refused.
# %% tags=["nbval-check-output"]
try:
    cm.limits.methods(accounts, as_of, level={"share_turnover": 35})
except cm.InputError as error:
    print(error.text(language))
# %% [markdown] tags=["fr"]
# **Piège 4 : des capitaux propres négatifs.** 10 % d'un nombre négatif n'est pas une limite négative : c'est zéro, et c'est dit. Trois
# clients de l'exemple sont dans ce cas :
# %% [markdown] tags=["en"]
# **Trap 4: negative equity.** 10% of a negative number is no negative limit: it is nil, and said. Three customers of the sample are in
# that case:
# %% tags=["nbval-check-output"]
latest = statements.table.sort_values("year_end").drop_duplicates("company_id", keep="last")
for number in ("000116", "000128", "000139"):
    theirs = cm.limits.methods(latest[latest["company_id"] == number], as_of).query("method == 'lim_net_worth'")
    print(number, cm.limits.explain(theirs, language)["lim_remark"].iloc[0])
# %% [markdown] tags=["fr"]
# Attention à l'inverse : un commerce payé comptant vit très bien avec un fonds de roulement négatif. Pour lui, cette méthode ne veut rien
# dire ; on l'écarte en le disant : `proposal(..., leave_out=["lim_working_capital"])`.
#
# **Piège 5 : de vieux comptes.** Au-delà de 18 mois, chaque ligne qui s'en sert le signale. **Piège 6 : une limite sans date.** Un agrément
# non daté est montré, jamais utilisé : qui sait s'il tient encore ?
#
# ## 7. Chaque matin : limite, utilisation, disponible
#
# Une limite qu'on ne suit pas ne protège personne. L'**encours à risque** dépasse la balance âgée : factures ouvertes, plus effets non
# échus, plus livré à facturer, plus commandes fermes, moins acomptes et règlements non lettrés.
# %% [markdown] tags=["en"]
# Beware of the opposite: a shop that is paid cash lives very well with a negative working capital. For it this method has no meaning; it
# is left out, and that is said: `proposal(..., leave_out=["lim_working_capital"])`.
#
# **Trap 5: old accounts.** Beyond 18 months every row that uses them says so. **Trap 6: a limit without a date.** An insurer's agreement
# that is not dated is shown, never used: who knows whether it still holds?
#
# ## 7. Every morning: limit, use, headroom
#
# A limit that nobody follows protects nobody. The **exposure** goes beyond the aged balance: open invoices, plus bills not due, plus
# deliveries to invoice, plus firm orders, less advances and unallocated receipts.
# %% tags=["nbval-check-output", "covers:000-13", "covers:000-15", "covers:001-14", "covers:003-10"]
today = cm.daily_follow_up(ledger, as_of, told)
columns = ["customer_id", "customer_name", "exposure_amount", "credit_limit", "headroom", "limit_use", "insurer_limit"]
cm.display.table(today.head(10), language, columns=[*columns, "overdue", "limit_state"])
# %%
cm.plots_credit.exposure(today[today["customer_id"] == company].iloc[0], language)
# %% tags=["nbval-check-output"]
for followed in (cm.daily_follow_up(ledger, as_of), today):
    over = followed[followed["limit_state"] == "limit_over"]
    print(len(over), cm.language.money(over["excess"].sum(), "EUR", language, decimals=0))
# %% [markdown] tags=["fr"]
# **Lecture.** Sur le seul grand livre, 15 clients dépassent leur limite, de 120 392 € en tout. Avec les commandes et le livré à facturer,
# ils sont 18, pour 328 778 € : presque trois fois plus. Notre client en fait partie : 51 159 € de factures et 52 000 € de commandes,
# soit 103 159 € pour une limite de 95 000 €.
#
# Un client peut respecter sa limite quand son **groupe** dépasse la sienne ; c'est le groupe qui fait défaut, on le juge donc aussi :
# %% [markdown] tags=["en"]
# **Reading.** On the ledger alone 15 customers exceed their limit, by EUR 120,392 in all. With orders and deliveries to invoice they are
# 18, for EUR 328,778: nearly three times as much. Our customer is one of them: EUR 51,159 of invoices and EUR 52,000 of orders, that is
# EUR 103,159 under a limit of EUR 95,000.
#
# A customer may keep within its limit while its **group** exceeds the group's; groups fail together, so they are judged too:
# %% tags=["nbval-check-output"]
groups = cm.daily_follow_up(ledger, as_of, told, by="group_id")
cm.display.table(
    groups[groups["members"] > 1], language,
    columns=["group_id", "members", "exposure_amount", "credit_limit", "headroom", "limit_state"],
)  # fmt: skip
# %% [markdown] tags=["fr"]
# ## 8. La limite est dépassée : pourquoi, et que faire ?
#
# Un dépassement n'est pas une faute, c'est un signal. Avant de bloquer, chercher la cause : la bonne action en dépend.
# %% [markdown] tags=["en"]
# ## 8. The limit is exceeded: why, and what to do?
#
# An overrun is no offence, it is a signal. Before holding anything, look for the cause: the right action depends on it.
# %% tags=["nbval-check-output", "covers:001-14", "covers:004-41"]
cm.forms_credit.overrun_table(language=language)
# %% [markdown] tags=["fr"]
# Pour notre client, les chiffres désignent deux causes, et chacune explique à elle seule les 8 159 € :
# %% [markdown] tags=["en"]
# For our customer the figures point to two causes, and each explains the EUR 8,159 on its own:
# %% tags=["nbval-check-output"]
mine = today[today["customer_id"] == company].iloc[0]
cm.forms_credit.overrun_table(cm.follow_up.overrun_causes(mine, language), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Le carnet de commandes est le plus lourd, et rien n'en est livré : tout se négocie encore. Mais les 34 083 € en retard
# suffiraient aussi ; les encaisser ramène sous la limite sans perdre une vente.
#
# ## 9. Bloquer une commande
#
# On contrôle à la **commande** et à la **livraison**, jamais à la facturation : retenir la facture d'une marchandise livrée ne fait que
# retarder le règlement. Les règles sont des paramètres ; un échu ancien se juge sur un montant **et** un âge, litiges exclus.
# %% [markdown] tags=["en"]
# **Reading.** The order book weighs most and nothing of it is delivered: all can still be negotiated. Yet the EUR 34,083 overdue would be
# enough too; collecting them brings the customer below its limit without losing a sale.
#
# ## 9. Holding an order
#
# The check is made at the **order** and at **delivery**, never at invoicing: to hold back the invoice of delivered goods only delays
# payment. The rules are parameters; old overdue amounts are judged by an amount **and** an age, disputes left out.
# %% tags=["nbval-check-output"]
items = cm.report_items(ledger, as_of)
state = {
    "exposure": mine["exposure_amount"],
    "limit": mine["credit_limit"],
    "items": items[items["customer_id"] == company],
    "proceedings": file.facts.value("insolvency_proceedings"),
}
for prepaid in (0, 30_000):
    checked = cm.check_order(30_000, as_of, prepaid=prepaid, insurer_limit=mine["insurer_limit"], **state)
    print("\n".join(cm.orders.order_sentences(checked, "EUR", language)), end="\n\n")
# %% [markdown] tags=["fr"]
# **Lecture.** Trois issues : accepter, retenir pour examen, livrer contre paiement d'avance. « Retenir » est un état que l'on annonce au
# client et au commercial, pas un refus silencieux. Payée d'avance, la même commande passe. Ce qui n'a pas pu être vérifié est dit.
#
# Débloquer est une décision : elle s'écrit, avec son auteur, sa fonction, sa raison et sa fin.
# %% [markdown] tags=["en"]
# **Reading.** Three outcomes: accept, hold for review, deliver against prepayment. “Hold” is a state that the customer and the salesperson
# are told, not a silent refusal. Prepaid, the same order passes. What could not be checked is said.
#
# To unblock is a decision: it is written, with its author, function, reason and end.
# %% tags=["nbval-check-output"]
kept = cm.orders.Unblocking(company, "CMD-2607", "M. Dupuy", "cfo", "acompte de 20 000 EUR", as_of, "2026-07-15")
released = cm.check_order(30_000, as_of, order="CMD-2607", unblocking=kept, **state)
print(cm.orders.order_sentences(released, "EUR", language)[0])
cm.display.table(
    kept.table(), language, columns=["customer_id", "order", "decided_by", "unblocking_reason", "decided_on", "until"]
)
# %% [markdown] tags=["fr"]
# ## 10. Qui peut décider de combien ?
#
# Qui fixe, qui refuse, qui débloque : la **délégation** le dit d'avance, par montant et par niveau de risque. Celle-ci est un exemple à
# remplacer (`data/delegations.csv`).
# %% [markdown] tags=["en"]
# ## 10. Who may decide how much?
#
# Who sets, who refuses, who unblocks: the **delegation** says so beforehand, by amount and by risk level. This one is an example to be
# replaced (`data/delegations.csv`).
# %% tags=["nbval-check-output", "covers:004-38"]
delegation = cm.read_delegation(delegation_file)
display(cm.display.table(cm.delegation.delegation_table(delegation, language=language), language))
for amount in (proposal.amount, average.amount, asked):
    who = cm.decider(amount, level.risk_level, delegation)
    print(cm.language.money(amount, "EUR", language, decimals=0), "|", cm.language.label(who, language))
# %% [markdown] tags=["fr"]
# **Lecture.** 48 500 € relèvent de la direction financière ; 80 500 € ou 110 000 € passent devant le comité de crédit. Un
# client non coté est traité comme le niveau le plus faible. À écrire aussi, car aucun calcul ne le vérifie : qui a vendu ne débloque pas.
#
# Les chiffres ne décident pas seuls. Les critères subjectifs (dirigeant, marché, confiance) sont entrés par la grille de la leçon 03, où
# on les voit, avec leur poids ; ils n'ont pas à revenir en cachette au moment du montant.
#
# ## 11. Sur vos clients
# %% [markdown] tags=["en"]
# **Reading.** EUR 48,500 is for the CFO to decide; EUR 80,500 or 110,000 go before the credit committee. A customer
# without a rating is treated as the worst level. To be written down too, as no computation checks it: who sold does not unblock.
#
# Figures do not decide alone. Subjective criteria (manager, market, trust) came in through the grid of lesson 03, where they are seen with
# their weight; they need not come back by stealth when the amount is set.
#
# ## 11. On your own customers
# %%
my_ledger, my_accounts = "", ""
if my_ledger:
    display(cm.display.table(cm.daily_follow_up(cm.read_ledger(my_ledger), as_of), language, limit=20))
if my_accounts:
    my_year = cm.read_liasse(my_accounts).table.sort_values("year_end").tail(1)
    display(cm.display.table(cm.limits.explain(cm.limits.methods(my_year, as_of, need=need), language), language))
