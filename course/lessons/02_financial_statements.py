# %% [markdown] tags=["fr", "covers:001-08"]
# # 02. Lire les comptes d'un client
#
# **La question.** Ruzgivoquine Bâtiment est un bon client : ses commandes augmentent de 20 % par an, ses comptes sont
# bénéficiaires, et le commercial demande de doubler sa limite de crédit. Faut-il dire oui ?
#
# Une facture impayée ne dépend pas de la bonne volonté du client, mais de sa trésorerie. Ses comptes annuels disent
# d'où vient son argent, ce qu'il en fait, et combien il lui en reste pour nous payer.
#
# Trois mots à retenir, ils font tout le cours : **solidité** (à qui appartient l'entreprise), **rentabilité** (gagne-t-elle
# de l'argent), **trésorerie** (peut-elle payer ce mois-ci).
# %% [markdown] tags=["en", "covers:001-08"]
# # 02. Reading a customer's accounts
#
# **The question.** Ruzgivoquine Bâtiment is a good customer: its orders grow by 20% a year, its accounts show a profit,
# and the salesperson asks to double its credit limit. Should we say yes?
#
# An unpaid invoice does not depend on the customer's good will but on its cash. Its annual accounts say where its money
# comes from, what it does with it, and how much is left to pay us.
#
# Three words to keep, they make the whole course: **solvency** (who owns the firm), **profitability** (does it earn
# money), **cash** (can it pay this month).
# %% tags=["parameters"]
language = "fr"
accounts_file = "../../data/liasses_clients.csv"
company = "000186"
ledger_file = "../../data/grand_livre.xlsx"
as_of = "2026-06-30"
# %%
import pandas as pd
from IPython.display import display

import cmtools as cm

# %% [markdown] tags=["fr", "covers:004-21 §1"]
# ## 1. Le protocole
#
# L'analyse répond toujours aux mêmes questions, dans le même ordre. (Les délais « en jours » comptent une année de 360 jours.) On ne passe à la suivante qu'après avoir répondu.
#
# | | question | où regarder | partie |
# | --- | --- | --- | --- |
# | 1 | Ces comptes sont-ils complets, et justes ? | contrôles, date, durée, formulaire | 2 |
# | 2 | L'entreprise gagne-t-elle de l'argent par son métier ? | compte de résultat, SIG | 3 |
# | 3 | À qui appartient-elle : aux associés ou aux créanciers ? | passif | 4 |
# | 4 | Que fait-elle de ses ressources ? | actif | 5 |
# | 5 | Ses ressources stables paient-elles ce qui dure ? | fonds de roulement | 6 |
# | 6 | Combien d'argent son cycle immobilise-t-il ? | besoin en fonds de roulement | 7 |
# | 7 | Que reste-t-il en banque ? | trésorerie nette | 8 |
# | 8 | Peut-elle rembourser, et comment se compare-t-elle ? | CAF, ratios | 9 et 10 |
# | 9 | Que ces chiffres peuvent-ils cacher ? | annexe, dates, retraitements | 11 |
#
# ## 2. Ce qui a été lu
#
# Les comptes viennent de la liasse fiscale : chaque case y porte un code (BX : clients, DX : fournisseurs). La lecture dit
# ce qu'elle a trouvé ; une case vide n'y vaut zéro que si les totaux le prouvent.
# %% [markdown] tags=["en", "covers:004-21 §1"]
# ## 1. The protocol
#
# The analysis always answers the same questions in the same order. (Delays “in days” count a year of 360 days.) You go on to the next only once you have answered.
#
# | | question | where to look | part |
# | --- | --- | --- | --- |
# | 1 | Are these accounts complete and right? | controls, date, length, form | 2 |
# | 2 | Does the firm earn money by its trade? | income statement, SIG | 3 |
# | 3 | Who owns it: its shareholders or its creditors? | equity and liabilities | 4 |
# | 4 | What does it do with its resources? | assets | 5 |
# | 5 | Do its stable resources pay for what lasts? | working capital (FRNG) | 6 |
# | 6 | How much money does its cycle tie up? | working capital requirement (BFR) | 7 |
# | 7 | What is left in the bank? | net treasury (TN) | 8 |
# | 8 | Can it repay, and how does it compare? | CAF, ratios | 9 and 10 |
# | 9 | What may these figures hide? | notes, dates, restatements | 11 |
#
# ## 2. What was read
#
# The accounts come from the French tax forms: each cell bears a code (BX: customers, DX: suppliers). Reading says what it
# found; a blank is nil only where the totals prove it.
# %% tags=["nbval-check-output"]
found = cm.read_liasse(accounts_file)
print(found.report.text(language))
# %%
accounts = found.table
years = accounts[accounts["company_id"] == company]
last = years.iloc[[-1]]
# %% [markdown] tags=["fr"]
# Trois exercices de notre client. Les contrôles sont-ils vérifiés ? Actif égal au passif, résultat du bilan égal à celui
# du compte de résultat, chaque total égal à la somme de ses lignes :
# %% [markdown] tags=["en"]
# Three years of our customer. Do all controls hold? Assets equal to liabilities, the result of the balance sheet equal to
# that of the income statement, each total equal to the sum of its lines:
# %% tags=["nbval-check-output"]
controls = cm.controls(years)
display(cm.display.table(controls.groupby("result").size().reset_index(name="count"), language))
cm.forms.controls_table(controls[controls["year_end"] == controls["year_end"].max()].head(6), language)
# %% [markdown] tags=["fr"]
# **Lecture.** 114 contrôles sur trois exercices, tous vérifiés : on peut travailler. Un contrôle qui échoue serait montré avec
# son écart ; celui dont une case manque serait dit « non vérifiable ».
#
# ## 3. Le compte de résultat : gagne-t-elle de l'argent ?
#
# On le lit de haut en bas : ce que l'on vend, ce que cela coûte, ce qui reste. Le voici comme sur l'imprimé.
# %% [markdown] tags=["en"]
# **Reading.** 114 controls over three years, all of them hold: we can work. A control that fails would be shown with its gap; one
# of which a cell is missing would be called not checkable.
#
# ## 3. The income statement: does it earn money?
#
# It is read from top to bottom: what is sold, what it costs, what is left. Here it is as on the printed form.
# %% tags=["covers:004-22"]
cm.forms.income_statement(last, language)
# %% [markdown] tags=["fr"]
# Cinquante lignes, c'est trop pour juger. Les **soldes intermédiaires de gestion** (SIG) n'en gardent que les étapes :
#
# - la **valeur ajoutée** : ce que l'entreprise crée, une fois payés ses achats à l'extérieur ;
# - l'**EBE** (excédent brut d'exploitation) : ce qui reste après le personnel et les taxes. C'est la ressource du métier, avant
#   toute décision d'amortir, d'emprunter ou de vendre une machine ;
# - le **résultat d'exploitation**, après l'usure du matériel ;
# - le **résultat courant**, après les intérêts ;
# - le **résultat net**.
# %% [markdown] tags=["en"]
# Fifty lines are too many to judge by. The **intermediate balances** (SIG) keep the steps only:
#
# - **value added**: what the firm creates once its outside purchases are paid;
# - **EBE** (gross operating surplus): what is left after staff and taxes. It is what the trade yields, before any decision
#   on depreciation, loans or the sale of a machine;
# - the **operating result**, after the wear of the equipment;
# - the **current result**, after interest;
# - the **net result**.
# %% tags=["nbval-check-output", "covers:004-23", "covers:004-24"]
sig = cm.sig(years)
cm.forms.sig_table(sig, cm.changes(sig), language)
# %%
cm.plots_statements.sig_waterfall(cm.sig(last), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Les ventes ont pris 44 % en deux ans, de 14,2 à 20,5 millions ; l'EBE, lui, n'a presque pas bougé (738, 789,
# puis 778 milliers). Sur 100 € vendus, il en restait 5,2 en 2023 et 3,8 en 2025 : chaque chantier de plus rapporte de
# moins en moins. Le résultat net tombe de 186 à 9 milliers. « Bénéficiaire » est encore vrai, tout juste.
#
# **La rupture de 2025.** Les exercices ouverts depuis le 1er janvier 2025 suivent un autre plan comptable : le résultat
# exceptionnel s'est vidé de presque tout, ce qui est passé au-dessus. L'EBE et le résultat d'exploitation de 2025 ne se
# comparent donc pas tout à fait à ceux de 2024 ; le tableau le signale. Ici la baisse commence en 2024, avant la réforme.
#
# ## 4. Le passif : à qui appartient-elle ?
#
# Le passif, seconde partie du bilan imprimé, dit d'où vient l'argent : des associés (capitaux propres), des banques, des fournisseurs, de l'État.
# %% [markdown] tags=["en"]
# **Reading.** Sales rose by 44% in two years, from 14.2 to 20.5 million; the EBE hardly moved (738, 789, then 778 thousand).
# Out of EUR 100 sold, 5.2 were left in 2023 and 3.8 in 2025: each further job brings in less and less. The net result falls
# from 186 to 9 thousand. “Profitable” is still true, just.
#
# **The break of 2025.** Years opened since 1 January 2025 follow another chart of accounts: the exceptional result was
# emptied of nearly everything, which went above it. So the EBE and the operating result of 2025 do not quite compare with
# those of 2024; the table marks it. Here the fall begins in 2024, before the reform.
#
# ## 4. Equity and liabilities: who owns it?
#
# The liabilities, the second part of the printed balance sheet, say where the money comes from: shareholders (equity), banks, suppliers, the State.
# %% tags=["covers:004-22", "covers:004-25"]
cm.forms.balance_sheet(last, language)
# %% tags=["nbval-check-output", "covers:004-23", "covers:004-26"]
keys = ["autonomie_financiere", "gearing", "capitaux_propres_capital", "poids_dettes_fiscales_sociales"]
cm.forms.ratio_table(cm.ratios(years, keys), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Sur 100 € engagés, les associés n'en ont plus que 20,3, contre 26,4 un an plus tôt et 32,1 en 2023. L'entreprise
# n'a pas perdu d'argent : ses capitaux propres n'ont pas diminué. C'est le bilan qui a grossi, et ce sont les créanciers qui l'ont payé. Les
# fournisseurs, nous compris, sont passés de 1,6 à 3,8 millions : ses premiers banquiers, ce sont ses fournisseurs.
#
# ## 5. L'actif : qu'en fait-elle ?
#
# L'actif, première partie du bilan, dit où est passé l'argent : dans ce qui dure (immobilisations), dans ce qui tourne (stocks, clients), en
# banque. Quel poids y ont les créances sur ses propres clients ?
# %% [markdown] tags=["en"]
# **Reading.** Out of EUR 100 at work the shareholders hold only 20.3, against 26.4 the year before and 32.1 in 2023. The firm
# has not lost money: its equity did not fall. The balance sheet grew, and creditors paid for it. Suppliers, ourselves included, went
# from 1.6 to 3.8 million: its first bankers are its suppliers.
#
# ## 5. Assets: what does it do with it?
#
# The assets, its first part, say where the money went: into what lasts (fixed assets), into what turns (stocks, customers), into the
# bank. How much do the claims on its own customers weigh?
# %% tags=["nbval-check-output", "covers:004-06", "covers:004-25", "covers:004-27"]
keys = ["poids_creances", "vetuste", "creances_douteuses", "depreciation_clients"]
cm.forms.ratio_table(cm.ratios(years, keys), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Les créances clients font près des deux tiers du bilan : ce que ses clients lui doivent est sa principale
# richesse, et son principal risque. Les douteux y grandissent. Si un de ses donneurs d'ordre fait défaut, c'est nous qui
# ne serons pas payés : le risque passe de main en main.
#
# ## 6. Le fonds de roulement : ce qui dure est-il payé par ce qui dure ?
#
# Le **bilan fonctionnel** range les mêmes sommes par usage, à leur valeur d'origine : ce qui dure en haut, ce qui tourne au
# milieu, la banque en bas. Le **fonds de roulement** (FRNG) est ce que les ressources stables laissent, une fois payés les
# emplois stables. On le trouve par le haut du bilan ou par le bas : les deux doivent s'accorder.
# %% [markdown] tags=["en"]
# **Reading.** Claims on customers make nearly two thirds of the balance sheet: what its customers owe is its main wealth,
# and its main risk. Doubtful ones grow. If one of its clients defaults we are the ones who will not be paid: risk goes
# from hand to hand.
#
# ## 6. Working capital: is what lasts paid for by what lasts?
#
# The **functional balance sheet** sorts the same amounts by use, at their original value: what lasts at the top, what
# turns in the middle, the bank at the bottom. **Working capital** (FRNG) is what the stable resources leave once the stable
# uses are paid. It is found from the top of the balance sheet or from the bottom: both must agree.
# %%
balance = cm.functional_balance(years)
cm.plots_statements.great_masses(balance.iloc[[-1]], language)
# %% tags=["nbval-check-output"]
cm.forms.functional(balance.iloc[[-1]], language)
# %% tags=["nbval-check-output", "covers:004-28"]
top_bottom = balance[["year_end", "frng", "frng_bas"]]
cm.display.table(top_bottom, language)
# %% [markdown] tags=["fr"]
# **Lecture.** 1,7 million, et en hausse chaque année : les ressources stables couvrent les emplois stables, et au-delà. Si
# l'on s'arrêtait là, on dirait oui.
#
# ## 7. Le besoin en fonds de roulement : combien le cycle immobilise-t-il ?
#
# Entre le jour où l'entreprise paie ses ouvriers et ses fournisseurs et celui où ses clients la paient, quelqu'un doit avancer
# l'argent. Le **BFR** est cette avance : stocks et créances, moins dettes de même nature.
# %% [markdown] tags=["en"]
# **Reading.** 1.7 million, and growing each year: stable resources cover the stable uses, and more. If we stopped here we
# would say yes.
#
# ## 7. The working capital requirement: how much does the cycle tie up?
#
# Between the day when the firm pays its workers and suppliers and the day when its customers pay it, someone must advance
# the money. The **BFR** is that advance: stocks and claims, less debts of the same nature.
# %% tags=["nbval-check-output", "covers:004-29"]
need = balance[["year_end", "bfre", "bfrhe", "bfr", "bfre_days", "bfr_days"]]
cm.display.table(need, language)
# %% tags=["nbval-check-output"]
keys = ["delai_clients", "delai_fournisseurs", "rotation_stocks", "cycle_tresorerie"]
cm.forms.ratio_table(cm.ratios(years, keys), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Le BFR a plus que doublé, de 1,1 à 2,4 millions, alors que les ventes n'ont pris que 44 %. En jours de ventes il
# passe de 28 à 41 : l'entreprise grandit **et** se fait payer plus tard (75 jours en 2023, 88 puis 102). Elle fait attendre ses
# fournisseurs pour compenser : 60 jours en 2023, 92 à présent. La moyenne dépasse le plafond légal de 60 jours : cela ne prouve
# rien facture par facture, mais nous sommes dans la file.
#
# ## 8. La trésorerie nette : que reste-t-il en banque ?
#
# **TN = FRNG − BFR.** C'est aussi ce que l'on a en banque moins ce que l'on y doit : les deux calculs doivent donner la même
# somme, sinon une ligne a été perdue.
# %% [markdown] tags=["en"]
# **Reading.** The BFR more than doubled, from 1.1 to 2.4 million, while sales rose by 44% only. In days of sales it goes from
# 28 to 41: the firm grows **and** is paid later (75 days in 2023, 88 then 102). It makes its suppliers wait to make up for it:
# 60 days in 2023, 92 now. The average is above the legal ceiling of 60 days: that proves nothing
# invoice by invoice, but we stand in the queue.
#
# ## 8. Net treasury: what is left in the bank?
#
# **TN = FRNG − BFR.** It is also what there is in the bank less what is owed to it: both must give the same amount, or a line
# has been lost.
# %% tags=["nbval-check-output", "covers:004-23", "covers:004-30"]
cm.display.table(balance[["year_end", "frng", "bfr", "tn", "tn_difference", "ecart_tn", "tn_days"]], language)
# %%
cm.plots_statements.masses_over_years(balance, company, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Voilà la réponse. Le fonds de roulement a gagné 182 000 €, le besoin 1 239 000 € : la différence est sortie de
# la banque. De 376 000 € d'avance en 2023, l'entreprise est passée à 681 000 € de découvert net. Ce qui la menace
# n'est pas la perte, c'est la **croissance mal financée** : doubler notre limite, ce serait la financer à la place de sa banque.
#
# ## 9. La capacité d'autofinancement : peut-elle rembourser ?
#
# La **CAF** est ce que l'année a laissé en argent : le résultat, sans les écritures qui ne se paient pas (l'usure, les
# provisions). Deux chemins y mènent, et ils s'accordent.
# %% [markdown] tags=["en"]
# **Reading.** Here is the answer. Working capital gained EUR 182,000, the requirement EUR 1,239,000: the difference left the
# bank. From EUR 376,000 in hand in 2023 the firm went to a net overdraft of EUR 681,000. What threatens it is no loss, it is
# **growth without the money for it**: doubling our limit would be to finance it in place of its bank.
#
# ## 9. The self-financing capacity: can it repay?
#
# The **CAF** is what the year left in money: the result, without the entries that are not paid (wear, provisions). Two ways
# lead to it, and they agree.
# %% tags=["nbval-check-output"]
cash = cm.caf(years)
display(cm.display.table(cash[["year_end", "caf_additive", "caf_soustractive", "ecart_caf"]], language))
cm.forms.notes(cash["notes"].iloc[-1], language)
# %% tags=["nbval-check-output"]
keys = ["caf_ca", "capacite_remboursement", "couverture_interets"]
cm.forms.ratio_table(cm.ratios(years, keys), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Les dettes font 2,4 années de CAF : c'est peu, la banque pourrait prêter à moyen terme. Le remède existe donc :
# un emprunt ou un apport qui remplace le découvert, et des clients relancés plus tôt. La question à poser au dirigeant n'est
# pas « gagnez-vous de l'argent ? » mais « comment financez-vous vos prochains chantiers ? ».
#
# ## 10. Se comparer
#
# Un ratio seul ne dit rien. On le rapproche d'un seuil d'usage (une règle pratique, pas une loi), puis du secteur. Le fichier
# `secteur.csv` contient des quartiles **inventés** pour l'exercice : mettez-y ceux de votre profession.
# %% [markdown] tags=["en"]
# **Reading.** Debts make 2.4 years of CAF: that is little, the bank could lend at medium term. So there is a remedy: a loan or
# fresh equity in place of the overdraft, and customers chased earlier. The question to ask its manager is not “do you earn
# money?” but “how do you finance your next jobs?”.
#
# ## 10. Comparing
#
# A ratio alone says nothing. It is set beside a customary threshold (a rule of thumb, no law), then beside the sector. The file
# `secteur.csv` holds quartiles **invented** for the exercise: put in those of your trade.
# %%
ratios = cm.ratios(years)
cm.plots_statements.ratio_scale(ratios, language)
# %%
sector = cm.read_quartiles("../../data/secteur.csv")
mine = ratios[ratios["year_end"] == ratios["year_end"].max()]
cm.plots_statements.against_quartiles(cm.compare(mine, sector, "Bâtiment"), language)
# %% [markdown] tags=["fr"]
# Et parmi nos autres clients ? Voici ceux dont la trésorerie nette est négative au dernier exercice, du plus lourd au plus
# léger en jours de ventes, avec leur autonomie et leurs délais :
# %% [markdown] tags=["en"]
# And among our other customers? Here are those whose net treasury is negative in the last year, from the heaviest to the
# lightest in days of sales, with their autonomy and their delays:
# %% tags=["nbval-check-output"]
latest = cm.ratio_values(accounts).sort_values("year_end").drop_duplicates("company_id", keep="last")
columns = ["company_id", "company_name", "tn_jours", "autonomie_financiere", "delai_clients", "delai_fournisseurs"]
cm.display.table(latest[latest["tn_jours"] < 0].sort_values("tn_jours")[columns], language)
# %% [markdown] tags=["fr", "covers:004-32"]
# ## 11. Ce que les chiffres peuvent cacher
#
# **La date.** Ces comptes sont clos au 31 décembre 2025 : nous sommes fin juin. Que s'est-il passé depuis ? Notre
# propre grand livre le sait mieux que personne :
# %% [markdown] tags=["en", "covers:004-32"]
# ## 11. What the figures may hide
#
# **The date.** These accounts were closed on 31 December 2025: it is the end of June. What has happened since?
# Our own ledger knows better than anyone:
# %% tags=["nbval-check-output"]
ledger = cm.read_ledger(ledger_file)
items = cm.report_items(ledger, as_of)
owed = items[items["customer_id"] == company].sort_values("due_date")
cm.display.table(owed[["document", "due_date", "days_late", "open_amount"]], language, total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** 51 159 € dus, dont 34 083 € en retard, deux factures de plus de 40 jours. Les comptes annonçaient la tension, nos
# factures la confirment.
#
# **Les effets escomptés.** Une traite remise à l'escompte disparaît du bilan, mais la banque se retournera contre l'entreprise si
# elle revient impayée. Le retraitement la rajoute aux clients et au découvert. Pour Morgivurbel Façades :
# %% [markdown] tags=["en"]
# **Reading.** EUR 51,159 owed, of which EUR 34,083 late, two invoices by more than 40 days. The accounts announced the strain,
# our invoices confirm it.
#
# **Discounted bills.** A bill discounted with the bank leaves the balance sheet, yet the bank will turn to the firm if it comes
# back unpaid. The restatement adds it back to customers and to the overdraft. For Morgivurbel Façades:
# %% tags=["nbval-check-output"]
drawer = accounts[accounts["company_id"] == "000134"].iloc[[-1]]
bills = pd.concat([cm.functional_balance(drawer, discounted_bills=counted) for counted in (False, True)])
cm.display.table(bills[["frng", "bfr", "tn"]], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Première ligne, sans les traites ; seconde, avec. Le fonds de roulement ne bouge pas ; le besoin prend 195 000 €, et
# la trésorerie fond de 231 000 à 36 000 € : l'entreprise vit sur ses traites. C'est la seconde que cmtools retient.
#
# **Les comptes courants d'associés.** Ils figurent parmi les dettes stables ; si les associés peuvent les retirer demain, ce sont
# des dettes à vue. Pour Navgivultron Promotion, selon l'hypothèse (stables, hors exploitation, à vue) :
# %% [markdown] tags=["en"]
# **Reading.** First line without the bills, second with them. Working capital does not move; the requirement takes EUR 195,000, and
# treasury melts from EUR 231,000 to 36,000: the firm lives on its bills. The second is what cmtools keeps.
#
# **Associates' current accounts.** They stand among the stable debts; if the associates may take them out tomorrow they are
# debts at sight. For Navgivultron Promotion, by assumption (stable, off operation, at sight):
# %% tags=["nbval-check-output"]
lent = accounts[accounts["company_id"] == "000203"].iloc[[-1]]
places = [cm.functional_balance(lent, associates=place) for place in ("stable", "off_operation", "treasury")]
cm.display.table(pd.concat(places)[["frng", "bfr", "tn"]], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Dans l'ordre : laissés à demeure, ils font partie du fonds de roulement ; dus sous peu, ils le quittent et
# allègent le besoin d'autant ; exigibles à vue, ils pèsent sur la trésorerie. Le total n'a pas changé, le jugement oui.
#
# **Le crédit-bail.** Les machines louées ne sont pas à l'actif, leur dette n'est pas au passif ; la charge est dans les achats
# externes. Avec les formulaires seuls on ne connaît que les engagements restants : ils font le supplément de dette. Pour
# Kelbzioudre Agencement, emplois stables et ressources stables, sans puis avec :
# %% [markdown] tags=["en"]
# **Reading.** In order: left for good, they are part of working capital; due shortly, they leave it and lighten the
# requirement by as much; at sight, they weigh on the treasury. The total has not changed, the judgement has.
#
# **Leases.** Leased machines are not among the assets, their debt is not among the liabilities; the charge is within external
# purchases. From the forms alone only the remaining commitments are known: they make the additional debt. For Kelbzioudre
# Agencement, stable uses and stable resources, without then with:
# %% tags=["nbval-check-output"]
lessee = accounts[accounts["company_id"] == "000175"].iloc[[-1]]
leases = pd.concat([cm.functional_balance(lessee, leasing=leasing) for leasing in ("none", "restated")])
cm.display.table(leases[["emplois_stables", "ressources_stables", "frng"]], language)
# %% [markdown] tags=["fr"]
# **Lecture.** 692 000 € de plus de chaque côté : le fonds de roulement ne bouge pas, la dette si.
#
# **La durée.** Un exercice de 15 mois gonfle les ventes d'un quart. Les flux sont ramenés à douze mois avant tout calcul en
# jours ; le bilan, lui, ne change pas. Lurdaxultron Rénovation, ventes déposées puis sur douze mois :
# %% [markdown] tags=["en"]
# **Reading.** EUR 692,000 more on each side: working capital does not move, debt does.
#
# **The length.** A year of 15 months inflates sales by a quarter. Flows are brought to twelve months before any figure in days;
# the balance sheet does not change. Lurdaxultron Rénovation, sales as filed then over twelve months:
# %% tags=["nbval-check-output"]
long_year = accounts[(accounts["company_id"] == "000208") & (accounts["months"] == 15)]
both = pd.concat([long_year, cm.annualise(long_year)])
cm.display.table(both[["year_end", "months", "chiffre_affaires", "clients"]], language)
# %% [markdown] tags=["fr"]
# **Ce qui manque.** Une page non déposée n'est pas une page de zéros. Quizevurbel Rénovation n'a pas déposé son passif de 2024 ;
# Boutique Glazulurbel, sous le régime simplifié, garde son compte de résultat secret. Ce qui ne se calcule pas le dit :
# %% [markdown] tags=["en"]
# **What is missing.** A page that was not filed is not a page of zeros. Quizevurbel Rénovation did not file its liabilities of
# 2024; Boutique Glazulurbel, under the simplified regime, keeps its income statement secret. What cannot be computed says so:
# %% tags=["nbval-check-output"]
partial = accounts[(accounts["company_id"] == "000225") & ~accounts["complete"]]
cm.forms.ratio_table(cm.ratios(partial, ["autonomie_financiere", "gearing", "marge_ebe", "delai_clients"]), language)
# %% [markdown] tags=["fr"]
# **Comment vendre quand même.** Un dossier partagé n'est pas un refus. On peut : demander un acompte ou un paiement à la
# commande, livrer par tranches, raccourcir le délai, prendre une garantie (caution, réserve de propriété, assurance), fixer une
# limite plus basse et la revoir à la prochaine situation, obtenir les comptes intermédiaires et la balance. Pour Ruzgivoquine
# Bâtiment : pas de doublement ; la limite actuelle maintenue, les deux factures en retard réglées d'abord, et un rendez-vous
# sur le financement de ses chantiers.
#
# ## 12. Et si… ?
#
# Changez une ligne et regardez bouger les masses. Combien de trésorerie rendraient des clients qui paient dix jours plus tôt
# (6 673 240 € font 102 jours : dix jours valent environ 654 000 €) ? Un emprunt de 600 000 € changerait-il le fonds de roulement, ou le besoin ?
# %% [markdown] tags=["en"]
# **How to sell all the same.** A mixed file is not a refusal. You can: ask for a deposit or payment with the order, deliver in
# parts, shorten the terms, take a guarantee (surety, retention of title, insurance), set a lower limit and look at it again with
# the next accounts, obtain interim accounts and the trial balance. For Ruzgivoquine Bâtiment: no doubling; the present limit
# kept, the two late invoices paid first, and a meeting on how its jobs are financed.
#
# ## 12. What if?
#
# Change a line and watch the masses move. How much cash would customers who pay ten days sooner give back (EUR
# 6,673,240 make 102 days: ten days are about EUR 654,000)? Would a loan of EUR
# 600,000 change working capital, or the requirement?
# %%
cm.widgets_statements.functional_balance(last, language)
# %% [markdown] tags=["fr"]
# Le même jeu dans un tableur : `cmtools template functional_balance` écrit un classeur dont toutes les formules sont vivantes.
#
# ## 13. Les pièges
#
# **Piège 1 : compter deux fois le découvert.** Sur la liasse, le découvert (EH) est compris dans les dettes bancaires (DU). Il faut
# l'en retirer avant de le mettre en trésorerie passive.
#
# **Piège 2 : FJ n'est pas le chiffre d'affaires.** FJ est la France seule ; le total, exportations comprises, est FL.
#
# **Piège 3 : un délai clients sur des ventes hors taxes.** Les clients doivent la TVA : le dénominateur doit la contenir. Les
# ventes à l'exportation n'en portent pas : multiplier par 1,2 est donc faux pour un exportateur.
#
# **Piège 4 : le corrigé publié qui ne tombe pas juste.** Un cas publié annonce un BFR d'exploitation de 72 612. Refaites
# l'addition : 38 068 + 96 574 − 49 875 − 12 245. Le total imprimé ne suit pas des lignes imprimées, et les deux trésoreries
# diffèrent de 90 : une ligne manque ou est mal recopiée.
# ([source](https://my.numworks.com/python/matthieumorvant/afrngxbfrxbfrhextn))
# %% [markdown] tags=["en"]
# The same game in a spreadsheet: `cmtools template functional_balance` writes a workbook of which all formulas are live.
#
# ## 13. The traps
#
# **Trap 1: counting the overdraft twice.** On the forms the overdraft (EH) is within bank debts (DU). It must be taken out before
# it goes into passive treasury.
#
# **Trap 2: FJ is not the sales.** FJ is France alone; the total, exports included, is FL.
#
# **Trap 3: a customer delay on sales without VAT.** Customers owe the VAT: the denominator must hold it. Exports bear none: to
# multiply by 1.2 is wrong for an exporter.
#
# **Trap 4: the published answer that does not add up.** A published case gives an operating requirement of 72,612. Add it up again:
# 38,068 + 96,574 − 49,875 − 12,245. The printed total does not follow from the printed lines, and the two
# treasuries differ by 90: a line is missing or miscopied.
# ([source](https://my.numworks.com/python/matthieumorvant/afrngxbfrxbfrhextn))
# %% tags=["nbval-check-output", "covers:002-20"]
lines = {
    "total_actif_immobilise": 96728, "stock_marchandises": 38068, "clients": 96574, "autres_creances": 525, "vmp": 5753,
    "disponibilites": 1765, "capital": 100000, "autres_reserves": 7000, "total_actif_immobilise_amort": 9588,
    "emprunts_etab_credit": 59520, "concours_bancaires": 24520, "fournisseurs": 49875,
    "dettes_fiscales_sociales": 12245, "autres_dettes": 1275,
}  # fmt: skip
published = cm.functional_balance(cm.complete_lines(pd.DataFrame([lines]), blanks="nil"))
cm.display.table(published[["frng", "bfre", "bfr", "tn", "tn_difference", "ecart_tn"]], language)
# %% [markdown] tags=["fr"]
# **Piège 5 : une perte sur des capitaux propres négatifs.** −5 / −40 fait +12,5 % : une « rentabilité » flatteuse et absurde. cmtools
# refuse le calcul et dit pourquoi.
#
# **Piège 6 : un seul exercice.** Le bilan est une photographie, souvent prise le meilleur jour de l'année. Trois exercices font un
# film ; notre grand livre fait le direct.
#
# ## 14. Sur vos comptes
#
# Une liasse (CSV, XML de l'INPI, modèle Excel écrit par `cmtools template statements`), une balance générale, un FEC ou un
# tableau de lignes nommées : tous donnent la même table.
# %% [markdown] tags=["en"]
# **Trap 5: a loss over negative equity.** −5 / −40 makes +12.5%: a flattering and absurd “return”. cmtools refuses to compute it
# and says why.
#
# **Trap 6: a single year.** The balance sheet is a photograph, often taken on the best day of the year. Three years make a film;
# our own ledger is live.
#
# ## 14. On your own accounts
#
# Tax forms (CSV, XML of the INPI, the workbook written by `cmtools template statements`), a trial balance, a FEC or a table of
# named lines: all give the same table.
# %%
my_file = ""
if my_file:
    mine = cm.read_liasse(my_file)  # or cm.read_statements(my_file), or for a trial balance:
    # mine = cm.read_trial_balance(my_file, year_end="2025-12-31").statements()
    display(cm.forms.sig_table(cm.sig(mine.table), None, language))
    display(cm.forms.ratio_table(cm.ratios(mine.table), language))
