# %% [markdown] tags=["fr", "covers:004-76"]
# # 14. Le tableau de bord du crédit client
#
# **La question.** Le comité de crédit se réunit dans une heure. Il a vingt minutes et des décisions à prendre : que
# doit-il avoir sous les yeux, sur une page ?
#
# | Un tableau de bord sert à… | La question du comité |
# | --- | --- |
# | voir tôt ce qui dérive | Qu'est-ce qui a changé depuis le mois dernier, et est-ce grave ? |
# | décider | Que nous demande-t-on d'arbitrer aujourd'hui ? |
# | suivre | Ce que nous avons décidé la dernière fois a-t-il produit un effet ? |
# | rendre compte | Que dire à la direction, à l'auditeur, à l'assureur-crédit, à la banque ? |
#
# **L'outil** importe moins que la donnée. Tableur, progiciel de gestion (ERP), logiciel de recouvrement ou ce classeur
# font les mêmes sommes ; ce qui les distingue est le temps passé à les refaire chaque mois et la trace qu'ils laissent
# du calcul.
#
# Durée : une demi-heure. Les leçons 06 et 07 expliquent les deux chiffres de base, le taux d'échu et le DSO.
# %% [markdown] tags=["en", "covers:004-76"]
# # 14. The dashboard of client credit
#
# **The question.** The credit committee meets in an hour. It has twenty minutes and decisions to take: what must it
# have before its eyes, on one page?
#
# | A dashboard serves to… | The committee's question |
# | --- | --- |
# | see early what drifts | What has changed since last month, and is it serious? |
# | decide | What are we asked to settle today? |
# | follow up | Has what we decided last time had an effect? |
# | give account | What do we tell the management, the auditor, the credit insurer, the bank? |
#
# **The tool** matters less than the data. A spreadsheet, the management software (ERP), collection software or this
# workbook make the same sums; they differ by the time it takes to make them again each month and by the trace they
# leave of the calculation.
#
# Time: half an hour. Lessons 06 and 07 explain the two basic figures, the overdue rate and the DSO.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
targets_file = "../../data/objectifs.csv"
signals_file = "../../data/seuils.csv"
fec_file = "../../data/904172638FEC20260630.txt"
# %%
import pandas as pd
from IPython.display import display

import cmtools as cm
from cmtools.language import label, money, number, percent

ledger = cm.frames.in_polars(cm.read_ledger(ledger_file))  # same tables, same figures, a faster engine
items = cm.frames.in_pandas(cm.report_items(ledger, as_of))
currency = ledger.book_currency
# %% [markdown] tags=["fr", "covers:000-26", "covers:001-23", "covers:004-76"]
# ## 1. Huit indicateurs, chacun face à un objectif et à son passé
#
# Un indicateur mérite sa place sur la page s'il passe cinq questions :
#
# 1. Quelle **décision** change si ce chiffre change ?
# 2. Se calcule-t-il **chaque mois de la même façon**, à partir de données déjà là ?
# 3. Se comprend-il **sans explication** ?
# 4. A-t-il un **objectif** et quelqu'un pour en répondre ?
# 5. Peut-on l'**embellir** sans rien améliorer ? Alors lequel, à côté, le montrerait ?
# %% [markdown] tags=["en", "covers:000-26", "covers:001-23", "covers:004-76"]
# ## 1. Eight indicators, each against a target and its past
#
# An indicator deserves its place on the page if it passes five questions:
#
# 1. Which **decision** changes if this figure changes?
# 2. Is it computed **in the same way each month**, from data that are already there?
# 3. Is it understood **without explanation**?
# 4. Has it a **target**, and someone who answers for it?
# 5. Can it be **dressed up** while nothing improves? Which one beside it would then show that?
# %% tags=["nbval-check-output"]
goals = cm.read_targets(targets_file)
figures = cm.key_figures(ledger, as_of, targets=goals)
cm.display.key_figures(figures, language, cm.dashboard.COMMITTEE)
# %% tags=["nbval-check-output"]
reached = figures.loc[list(cm.dashboard.COMMITTEE), "attained"]
print(reached.eq(True).sum(), "/", reached.notna().sum())
# %% [markdown] tags=["fr", "covers:000-29"]
# **Lecture.** Un seul objectif est atteint : ce qui arrive à échéance est bien encaissé dans le mois qui suit. Parmi
# ceux qui ne le sont pas, l'échu de plus de 60 jours, les litiges et le retard moyen (échues ouvertes comprises)
# portent le poids du **passé**. La relance courante fonctionne ; ce sont les dossiers anciens qui pèsent. Aucun de ces
# chiffres ne l'aurait dit seul.
#
# ## 2. Les indicateurs et leurs liens
#
# **Résultat** : ce que l'on obtient. **Performance** (levier) : ce que font les équipes ; il bouge avant. **Stock** : à
# une date. **Flux** : sur une période.
#
# | Indicateur de résultat | Nature | Ce qu'il dit |
# | --- | --- | --- |
# | Encours, échu, échu de plus de 60 jours | stock | ce qui est dû, ce qui est en retard, depuis quand |
# | Taux d'échu | stock / stock | la qualité de l'encours |
# | DSO | stock / flux | le même encours en jours de ventes |
# | Encaissements, pertes | flux | l'argent rentré, l'argent perdu |
#
# Et ce qui les fait bouger :
#
# | Indicateur de performance | Nature | Il déplace… | Sous… |
# | --- | --- | --- | --- |
# | Délai accordé aux clients | flux | l'encours non échu, le DSO contractuel | 1 à 2 mois |
# | Retard moyen, échues ouvertes comprises | flux et stock | l'échu, le DSO de retard | 1 mois |
# | Taux de recouvrement à 30 jours | flux | la tranche de 1 à 30 jours, le taux d'échu | 1 mois |
# | Taux de recouvrement à 90 jours | flux | l'échu de plus de 60 jours, puis les douteux | 3 mois |
# | Indice d'efficacité du recouvrement (CEI) | flux | l'échu dans son ensemble | 1 mois |
# | Litiges réglés | flux | l'échu contesté, le taux d'échu | 1 à 3 mois |
# | Crédits lettrés | flux | l'encours brut et l'échu, pas l'encours net | aussitôt |
# | Ventes au-delà des limites | flux | l'encours à risque, puis les pertes | 6 mois et plus |
#
# Les délais du tableau sont des ordres de grandeur.
#
# **Un lien, calculé.** La valeur d'un jour de ventes multipliée par le DSO de retard donne la trésorerie que le retard
# immobilise. C'est, par construction, l'échu moins les crédits non lettrés (jours non arrondis dans le produit).
# %% [markdown] tags=["en", "covers:000-29"]
# **Reading.** Only one target is reached: what falls due is well collected within the month that follows. Among those
# that are not, overdue over 60 days, disputes and the average delay (with open items past due) bear the weight of the
# **past**. Everyday reminders work; it is the old files that weigh. None of these figures would have told it alone.
#
# ## 2. The indicators and their links
#
# **Result**: what is obtained. **Performance** (driver): what the teams do; it moves first. **Stock**: on a date.
# **Flow**: over a period.
#
# | Result indicator | Nature | What it tells |
# | --- | --- | --- |
# | Outstanding, overdue, overdue over 60 days | stock | what is owed, what is late, since when |
# | Overdue rate | stock / stock | the quality of the outstanding |
# | DSO | stock / flow | the same outstanding in days of sales |
# | Cash received, losses | flow | the money that came in, the money lost |
#
# And what moves them:
#
# | Performance indicator | Nature | It moves… | Within… |
# | --- | --- | --- | --- |
# | Terms granted to customers | flow | the outstanding not due, the best possible DSO | 1 to 2 months |
# | Average delay with open items past due | flow and stock | the overdue amount, the average days delinquent | 1 month |
# | Recovery rate at 30 days | flow | the bucket of 1 to 30 days, the overdue rate | 1 month |
# | Recovery rate at 90 days | flow | overdue over 60 days, then doubtful customers | 3 months |
# | Collection effectiveness index (CEI) | flow | the overdue amount as a whole | 1 month |
# | Disputes settled | flow | disputed overdue, the overdue rate | 1 to 3 months |
# | Credits allocated | flow | the gross outstanding and the overdue, not the net outstanding | at once |
# | Sales beyond the limits | flow | the exposure, then the losses | 6 months and more |
#
# The times of the table are orders of magnitude.
#
# **One link, computed.** The value of one day of sales times the average days delinquent gives the cash that lateness
# ties up. It is, by construction, the overdue amount less unallocated credits (the product takes the days unrounded).
# %% tags=["nbval-check-output"]
parts = cm.dso_parts(ledger, as_of).iloc[0]
late_days = parts["average_days_delinquent"]
tied_up = money(parts["day_value"] * late_days, currency, language)
print(f"{money(parts['day_value'], currency, language)} × {number(late_days, 1, language)} = {tied_up}")
print(money(figures.loc[["overdue", "unallocated"], "value"].sum(), currency, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Si plus personne n'était en retard, cette somme rentrerait **une fois** ; ce n'est pas un gain annuel. Ce
# que coûte sa mise en attente, c'est son taux de financement (leçon 07).
#
# **Et si les ventes baissaient ?** Même encours, même retard, ventes du trimestre plus faibles : changez les nombres.
# %% [markdown] tags=["en"]
# **Reading.** If nobody were late any more, that amount would come in **once**; it is not a yearly gain. What keeping
# it waiting costs is its financing rate (lesson 07).
#
# **What if sales fell?** The same outstanding, the same lateness, lower sales of the quarter: change the numbers.
# %% tags=["nbval-check-output"]
quarter = cm.dso(ledger, as_of, months=3)
for change in (0, -0.10, -0.20):
    days = cm.balance_dso(quarter.receivables, quarter.sales * (1 + change), quarter.period_days)
    print(percent(change, 0, language), "→", number(days, 1, language))
# %% [markdown] tags=["fr"]
# **Lecture.** Le DSO monte de plusieurs jours sans que personne paie plus tard. C'est pourquoi il voyage avec le taux
# d'échu et le retard moyen : si eux ne bougent pas, la cause est dans les ventes.
#
# ## 3. Les trois éléments d'un bon rapport sur le risque client
#
# Aucune liste ne fait autorité ; voici celle de ce classeur :
#
# 1. **un message et les décisions demandées**, en tête, avant tout tableau ;
# 2. **peu de chiffres**, chacun face à un objectif et à son passé (la page ci-dessus) ;
# 3. **des actions décidées**, avec un responsable et une date, reprises à la réunion suivante.
# %% [markdown] tags=["en"]
# **Reading.** The DSO rises by several days although nobody pays later. That is why it travels with the overdue rate
# and the average delay: if these do not move, the cause is in the sales.
#
# ## 3. The three elements of a good report on client risk
#
# No list has authority; this is the one of this workbook:
#
# 1. **a message and the decisions asked**, at the head, before any table;
# 2. **few figures**, each against a target and its past (the page above);
# 3. **actions decided**, with an owner and a date, taken up again at the next meeting.
# %% tags=["nbval-check-output"]
aged = cm.aged_balance(items, as_of)
debtors = int((aged["total"] > 0).sum())
cm.display.headline(figures, debtors, cm.as_day(as_of), ledger.report, language)
# %% tags=["nbval-check-output", "covers:000-27", "covers:004-76"]
asked = cm.decisions(items, ledger, as_of)
cm.display.table(asked, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Chaque ligne est une question à trancher, avec ce qu'elle pèse. Les seuils (60 jours, 90 jours) sont un
# choix de cmtools. Le reste du rapport ne sert qu'à y répondre.
#
# **Le tableau de bord par plans d'action.** À la sortie, chaque action décidée dit *quel indicateur* elle doit faire
# bouger : c'est avec lui qu'on la jugera le mois prochain. Une action par ligne ; responsable et date après des
# points-virgules.
# %% [markdown] tags=["en"]
# **Reading.** Each row is a question to settle, with what it weighs. The thresholds (60 days, 90 days) are a choice of
# cmtools. The rest of the report only serves to answer them.
#
# **The dashboard by action plans.** On the way out, each action decided says *which indicator* it must move: by that
# one it will be judged next month. One action a line; owner and date after semicolons.
# %% tags=["fr"]
actions = """Mettre en demeure 000186 avant que ses retards ne passent 60 jours ; Solvène Drapiquaz ; 10/07/2026
Arbitrer le litige de 000144 (bon de commande absent) ; direction commerciale ; 15/07/2026
Demander la libération des retenues de garantie échues ; Ysoline Brantoxe ; 31/07/2026
Rabaisser la limite de 000102, non couvert par l'assureur ; comité de crédit ; 10/07/2026"""
# %% tags=["en"]
actions = """Give formal notice to 000186 before its lateness passes 60 days; Solvène Drapiquaz; 10/07/2026
Settle the dispute of 000144 (no purchase order); sales management; 15/07/2026
Ask for the release of retention money past its date; Ysoline Brantoxe; 31/07/2026
Lower the limit of 000102, not covered by the insurer; credit committee; 10/07/2026"""
# %% tags=["nbval-check-output", "covers:000-28"]
followed = ["over_60", "card_disputed", "overdue_rate", "outstanding"]  # one indicator per action
plan = cm.display.actions(actions).assign(indicator=followed)
of_today = figures.rename(index={"disputed": "card_disputed"}).loc[followed, ["value", "target", "unit"]]
cm.display.table(plan.join(of_today.reset_index(drop=True)), language, columns=[*plan.columns, "value", "target"])
# %% [markdown] tags=["fr"]
# ## 4. Du chiffre à l'action
#
# ### Ce qui a fait bouger l'encours
# %% [markdown] tags=["en"]
# ## 4. From the figure to the action
#
# ### What moved the outstanding
# %%
bridge = cm.outstanding_bridge(ledger, as_of)
cm.plots.bridge(bridge, language)
# %% tags=["nbval-check-output"]
cm.display.table(bridge, language)
# %% [markdown] tags=["fr"]
# **Lecture.** L'encours monte parce qu'on a facturé plus qu'on n'a encaissé : c'est l'activité, pas une dérive. La
# dernière ligne est un contrôle : les deux encours sont calculés à part des mouvements, l'écart doit être nul.
#
# ### Ce qui est devenu échu, ce qui a cessé de l'être
# %% [markdown] tags=["en"]
# **Reading.** The outstanding rises because more was invoiced than collected: it is business, not a drift. The last
# line is a check: both balances are computed apart from the movements, the gap must be nil.
#
# ### What became overdue, what ceased to be
# %%
months = cm.overdue_by_month(ledger, as_of)
cm.plots.overdue_movements(months, language)
# %% tags=["nbval-check-output"]
shown = ["date", "opening_balance", "late_new", "late_paid", "late_other", "closing_balance", "collected_share"]
cm.display.table(months.tail(3), language, columns=shown)
# %% [markdown] tags=["fr"]
# **Lecture.** Sur douze mois il entre à peu près autant de retard qu'il en sort : l'échu est un bain dont le robinet et
# la bonde sont ouverts. Le vider demande moins de nouveaux retards (conditions, factures justes, rappel avant échéance)
# autant que plus de relances.
#
# ### Où vont les retards : la matrice de passage
#
# Ligne : où se trouvait un montant au début du mois. Colonne : ce qu'il est devenu un mois plus tard (douze mois,
# pondérés par les montants).
# %% [markdown] tags=["en"]
# **Reading.** Over twelve months about as much lateness comes in as goes out: the overdue amount is a bath with both
# tap and plug open. Emptying it takes fewer newly overdue amounts (terms, right invoices, a call before the due date)
# as much as more reminders.
#
# ### Where lateness goes: the migration matrix
#
# Row: where an amount stood at the start of the month. Column: what it became a month later (twelve months, weighted by
# amounts).
# %%
matrix = cm.migration_matrix(ledger, as_of, 12)
cm.plots.migration(matrix, language)
# %% tags=["nbval-check-output", "covers:004-10"]
paid = matrix.set_index("from_state")["paid"]
for state in cm.receivables.late_columns(paid.index):
    print(label(state, language), percent(paid[state], 0, language))
# %% [markdown] tags=["fr"]
# **Lecture.** La part payée dans le mois recule avec l'âge : au-delà de 120 jours il n'en rentre plus qu'un cinquième
# environ. Un litige rentre moins encore, et un douteux presque jamais. L'effort rapporte donc le plus **avant** 90
# jours, et sur les litiges le temps ne résout rien.
#
# ### Le taux de recouvrement à un mois et à trois mois
# %% [markdown] tags=["en"]
# **Reading.** The share paid within the month falls with age: beyond 120 days only about a fifth still comes in. A
# dispute brings even less, a doubtful customer next to nothing. So the effort pays most **before** 90 days, and time
# settles no dispute.
#
# ### The recovery rate at one month and at three months
# %% tags=["covers:003-24", "covers:003-26"]
cohorts = cm.recovery_rate(ledger, as_of)
cm.plots.recovery(cohorts, language)
# %% [markdown] tags=["fr"]
# **Lecture.** De ce qui arrive à échéance, neuf dixièmes environ sont encaissés en 30 jours, presque tout en 90. Les
# mois trop récents ne sont pas tracés : on ne sait pas encore (piège 3).
#
# L'indice d'efficacité du recouvrement (CEI) regarde le mois entier, retards anciens compris : de ce qui pouvait être
# encaissé dans le mois, part qui l'a été.
# %% [markdown] tags=["en"]
# **Reading.** Of what falls due about nine tenths is collected within 30 days, nearly all within 90. Months that are
# too recent are not drawn: it is not known yet (trap 3).
#
# The collection effectiveness index (CEI) looks at the whole month, old lateness included: of what could be collected in
# the month, the share that was.
# %% tags=["nbval-check-output", "covers:003-24"]
index = cm.collection_effectiveness(ledger, as_of)
shown = ["date", "receivables_begin", "sales", "receivables_end", "write_offs", "not_due_end"]
cm.display.table(index.tail(3), language, columns=[*shown, "collection_effectiveness"])
# %% [markdown] tags=["fr"]
# **Lecture.** L'indice est bien plus bas que le taux à 30 jours : son dénominateur porte aussi les vieux retards, et ce
# qui vient d'échoir n'y a eu que quelques jours pour rentrer. L'un suit chaque échéance 30 jours, l'autre fait le bilan
# du mois : ils n'ont pas le même objectif.
#
# ### Les signaux d'alerte
#
# Dix questions posées à chaque client, chacune avec un seuil que **vous** fixez. Les seuils sont dans un fichier,
# `data/seuils.csv` : ouvrez-le dans un tableur, changez la colonne *Seuil* (ou *Actif* : non), enregistrez-le sous un
# autre nom au format CSV, et donnez ce nom à `signals_file` dans la cellule des paramètres. Une faute est signalée avec
# sa ligne.
# %% [markdown] tags=["en"]
# **Reading.** The index is far below the 30-day rate: its denominator also bears old lateness, and what has just fallen
# due has had only a few days to come in. One follows each due date for 30 days, the other takes stock of the month: they
# do not have the same target.
#
# ### Warning signals
#
# Ten questions asked of each customer, each with a threshold that **you** set. The thresholds stand in a file,
# `data/seuils.csv`: open it in a spreadsheet, change the column *Seuil* (or *Actif*: non), save it under another name
# as CSV and give that name to `signals_file` in the parameters cell. A mistake is reported with its line.
# %% tags=["nbval-check-output"]
thresholds = cm.read_signals(signals_file)
in_force = cm.signal_rules(thresholds, currency, language).rename(columns={"said": "signal_rule"})
cm.display.table(in_force, language)
# %% tags=["nbval-check-output", "covers:004-78"]
found = cm.explain_signals(cm.warning_signals(ledger, as_of, thresholds), language)
shown = ["customer_id", "customer_name", "signal", "said", "outstanding", "overdue"]
cm.display.table(found[found["signals"] >= 4], language, columns=shown)
# %% [markdown] tags=["fr"]
# **Lecture.** Trois clients cumulent au moins quatre signaux de risque. Le premier de la liste n'est pas le plus en
# retard : il est gros, en hausse, au-delà de sa couverture, et il paie de plus en plus tard. C'est à cela que sert un
# signal : être vu **avant** l'échu.
#
# **Et si l'on changeait les seuils ?** Ci-dessous le nombre de clients signalés, et de ceux qui cumulent au moins trois
# signaux de risque : d'abord avec les seuils du fichier, puis avec une limite utilisée à 100 % au lieu de 90 % et plus
# de 10 000 au-delà de la limite de l'assureur.
# %% [markdown] tags=["en"]
# **Reading.** Three customers gather at least four signals of risk. The first of the list is not the one most overdue:
# it is large, rising, beyond its cover, and it pays later and later. That is what a signal is for: to be seen
# **before** the overdue amount.
#
# **What if the thresholds changed?** Below, how many customers are flagged, and how many gather at least three signals
# of risk: first with the thresholds of the file, then with a limit used at 100% instead of 90% and more than 10,000
# above the insurer's limit.
# %% tags=["nbval-check-output"]
higher = thresholds.set_index("signal")
higher.loc["limit_use", "threshold"] = 1.00
higher.loc["insurer_refused", "threshold"] = 10_000
for rules in (thresholds, higher.reset_index()):
    flagged = cm.warning_signals(ledger, as_of, rules).drop_duplicates("customer_id")
    print(len(flagged), "→", (flagged["signals"] >= 3).sum())
# %% [markdown] tags=["fr"]
# **Lecture.** Une liste de plus de quarante noms ne se lit pas, et relever deux seuils n'en retire que quelques-uns. Le
# comité regarde ceux qui cumulent les signaux ; les autres reviennent au chargé de recouvrement. Un signal que personne
# n'examine se désactive.
#
# ### Les limites dépassées
# %% [markdown] tags=["en"]
# **Reading.** A list of more than forty names is not read, and raising two thresholds takes only a few of them away.
# The committee looks at those that gather several signals; the others go to the collector. A signal that nobody
# examines is to be switched off.
#
# ### Limits exceeded
# %% tags=["nbval-check-output"]
over = cm.limits_exceeded(items, ledger)
display(cm.display.limits_coverage(cm.limits_coverage(items, ledger), language))
shown = ["customer_id", "customer_name", "outstanding", "credit_limit", "excess", "limit_use", "overdue"]
cm.display.table(over, language, columns=shown, limit=6)
# %% [markdown] tags=["fr"]
# **Lecture.** Deux dépassements de 30 000 environ pèsent la moitié du total. Les clients sans limite fixée ne sont
# **pas** jugés : absence de limite n'est pas absence de risque. Et le grand livre ignore les commandes en cours : le
# risque réel est plus élevé.
#
# ### La concentration
# %% [markdown] tags=["en"]
# **Reading.** Two excesses of about 30,000 make half of the total. Customers for whom no limit was set are **not**
# judged: no limit does not mean no risk. And the ledger knows nothing of orders in hand: the true exposure is higher.
#
# ### Concentration
# %%
groups = cm.concentration(items, ledger)
cm.plots.concentration(groups, language)
# %% tags=["nbval-check-output"]
measures = cm.concentration_measures(groups)
cm.display.table(measures, language, columns=["top_1", "top_5", "top_10", "hhi_points", "effective_number"])
# %% [markdown] tags=["fr"]
# **Lecture.** Dix groupes doivent près de la moitié de l'encours. L'indice de Herfindahl dit la même chose en un
# nombre : le portefeuille est aussi concentré que s'il comptait environ 25 clients égaux. La défaillance du premier coûterait
# plus d'un dixième de l'encours.
#
# ## 5. Peut-on croire ces chiffres ?
#
# Une page fausse coûte plus cher que pas de page. Avant la réunion, cinq contrôles sur les données sources :
#
# | Contrôle | Attendu |
# | --- | --- |
# | Total des pièces = comptes 411 et 416 | écart nul |
# | Pièces d'âge inconnu (sans échéance) | rien, ou un montant annoncé en première page |
# | Crédits non lettrés | faibles et récents ; sinon l'échu est gonflé d'autant |
# | Mois dernier recalculé aujourd'hui | le même chiffre que le mois dernier |
# | Fichier clients | un nom par client, une limite, des conditions ; échéance = date + conditions |
#
# La comptabilité (FEC) dit le solde ; le grand livre dit les échéances. On lit les deux.
# %% [markdown] tags=["en"]
# **Reading.** Ten groups owe nearly half of the outstanding. The Herfindahl index says the same in one number: the
# portfolio is as concentrated as if it held about 25 equal customers. The failure of the first one would cost more than
# a tenth of the outstanding.
#
# ## 5. Can these figures be trusted?
#
# A wrong page costs more than no page. Before the meeting, five checks of the source data:
#
# | Check | Expected |
# | --- | --- |
# | Total of the items = accounts 411 and 416 | no gap |
# | Items of unknown age (no due date) | none, or an amount told on the first page |
# | Unallocated credits | small and recent; else the overdue amount is swollen by as much |
# | Last month computed again today | the same figure as last month |
# | Customer file | one name per customer, a limit, terms; due date = date + terms |
#
# The books (FEC) tell the balance; the ledger tells the due dates. Both are read.
# %% tags=["nbval-check-output", "covers:004-77"]
books = cm.read_fec(fec_file).ledger(terms=45)
accounts = cm.reconciliation(books, as_of)
cm.display.table(accounts, language)
# %% tags=["nbval-check-output"]
rates = pd.concat([cm.overdue_rate(cm.report_items(source, as_of), as_of) for source in (ledger, books)])
rates = rates.rename(columns={"outstanding": "outstanding_gross", "rate": "overdue_rate"})
rates["file"] = [path.rsplit("/", 1)[-1] for path in (ledger_file, fec_file)]
shown = ["file", "outstanding_gross", "overdue", "overdue_rate", "unknown_age", "unallocated"]
cm.display.table(rates, language, columns=shown)
# %% [markdown] tags=["fr"]
# **Lecture.** Le solde est le même au centime : l'encours de la page 1 est celui du bilan. Le taux d'échu, lui, diffère
# selon le fichier : un FEC n'a pas d'échéances, on les a supposées à 45 jours, et ses à-nouveaux sans détail sont d'âge
# inconnu. **Un total juste ne prouve pas un âge juste.**
#
# Ce que la lecture du grand livre a trouvé :
# %% [markdown] tags=["en"]
# **Reading.** The balance is the same to the cent: the outstanding of page 1 is that of the balance sheet. The overdue
# rate differs with the file: a FEC has no due dates, 45 days were assumed, and its opening balances without detail are
# of unknown age. **A right total does not prove a right age.**
#
# What reading the ledger found:
# %% tags=["nbval-check-output"]
cm.display.table(cm.display.defects(ledger.report, language), language)
# %% [markdown] tags=["fr"]
# ## 6. Douteux et pertes
#
# Entrées et sorties des clients douteux, mois par mois. Virer une créance de 411 à 416 ne change pas le résultat ; la
# dépréciation, oui.
# %% [markdown] tags=["en"]
# ## 6. Doubtful customers and losses
#
# What entered and left the doubtful customers, month by month. Moving a claim from 411 to 416 does not change the
# profit; impairment does.
# %% tags=["nbval-check-output", "covers:004-79"]
doubtful = cm.doubtful_movements(ledger, as_of)
shown = ["date", "opening_balance", "doubtful_in", "doubtful_paid", "doubtful_lost", "closing_balance"]
cm.display.table(doubtful.tail(6), language, columns=shown)
# %% [markdown] tags=["fr"]
# Sur un mois ces taux ne veulent rien dire : un dossier fait tout. On les lit **par exercice**, sur plusieurs
# exercices.
#
# - Taux de sinistre = entrées en douteux / chiffre d'affaires, TTC des deux côtés.
# - Taux de créances irrécouvrables = pertes / chiffre d'affaires, TTC des deux côtés. **Formule exacte non confirmée
#   (UNCONFIRMED)** : d'autres la calculent hors taxes. Écrivez la vôtre à côté du chiffre.
# %% [markdown] tags=["en"]
# Over one month these rates mean nothing: one file makes it all. They are read **by financial year**, over several
# years.
#
# - Loss event rate = new doubtful claims / sales, both incl. VAT.
# - Loss rate = losses / sales, both incl. VAT. **Exact formula UNCONFIRMED**: others compute it excluding VAT. Write yours
#   beside the figure.
# %% tags=["nbval-check-output", "covers:000-30", "covers:004-80", "covers:004-82"]
years = pd.DataFrame({"date": pd.to_datetime(["2024-06-30", "2025-06-30", "2026-06-30"])})
years["sales"] = [cm.dso(ledger, end).sales for end in years["date"]]  # twelve months incl. VAT
years["doubtful_in"] = [cm.doubtful_movements(ledger, end)["doubtful_in"].sum() for end in years["date"]]
years["loss_event_rate"] = years["doubtful_in"] / years["sales"]
years["losses"] = [-cm.bridge_by_month(ledger, end)["losses"].sum() for end in years["date"]]
cm.display.table(years.assign(loss_rate=years["losses"] / years["sales"]), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Aucun sinistre le premier exercice, puis un dossier par an ; la première perte arrive plus d'un an après
# l'entrée en douteux. Le taux de sinistre annonce donc le taux de perte. Le zéro du premier exercice tient aussi à un
# grand livre qui commence cette année-là.
#
# **Le taux de dépréciation** : compte 491 / créances douteuses **hors taxes**, car la TVA se récupère. Ci-dessous,
# juste, puis faux (divisé par le TTC).
# %% [markdown] tags=["en"]
# **Reading.** No loss event in the first year, then one file a year; the first loss comes more than a year after the
# entry into doubtful customers. So the loss event rate announces the loss rate. The nil of the first year also comes
# from a ledger that begins that year.
#
# **The impairment rate**: account 491 / doubtful claims **excluding VAT**, since VAT is recovered. Below, right, then
# wrong (over amounts incl. VAT).
# %% tags=["nbval-check-output", "covers:004-81"]
untaxed = cm.frames.in_pandas(ledger.invoices)[["item_id", "amount_excl_vat"]]
claims = items[items["doubtful"]].merge(untaxed, on="item_id")
excl_vat = claims["open_amount"] * claims["amount_excl_vat"] / claims["amount"]
for base in (excl_vat, claims["open_amount"]):
    print(percent(-accounts.set_index("line").loc["account_491", "balance"] / base.sum(), 1, language))
# %% [markdown] tags=["fr"]
# ## 7. Objectifs par chargé de recouvrement, et une prime simple
#
# Les objectifs sont dans `data/objectifs.csv`, modifiable comme les seuils. Taux d'atteinte : valeur / objectif quand
# plus est mieux, objectif / valeur quand moins est mieux. Prime : moyenne des taux d'atteinte pondérée par les poids,
# nulle sous 80 %, plafonnée à 120 %. Aucun barème n'est publié : celui-ci est un choix.
# %% [markdown] tags=["en"]
# ## 7. Targets by collector, and a simple bonus
#
# The targets stand in `data/objectifs.csv`, to be changed like the thresholds. Attainment: value / target where more is
# better, target / value where less is. Bonus: average of the attainments weighted by the weights, nil below 80%, at
# most 120%. No scale is published: this one is a choice.
# %% tags=["nbval-check-output", "covers:002-10", "covers:002-19"]
by_collector = cm.figures_by(ledger, as_of, "collector")
met = cm.attainment(cm.indicator_values(figures, by_collector), goals)
mine = met[met["collector"].notna()]
shown = ["collector", "indicator", "value", "target", "attained", "attainment", "weight"]
cm.display.table(mine, language, columns=shown)
# %% tags=["nbval-check-output"]
cm.display.table(cm.incentives(met), language)
# %% [markdown] tags=["fr"]
# **Lecture.** Sous le plancher un indicateur ne rapporte rien : un échu de plus de 60 jours loin de l'objectif coûte
# presque un tiers de la prime à deux personnes sur trois. Un seul montant suffit à le faire : regardez *lequel* avant
# de juger.
#
# **Et si… ?** Le plancher à 60 % au lieu de 80 % ; puis une prime sur **un seul** indicateur, le recouvrement à 30
# jours.
# %% [markdown] tags=["en"]
# **Reading.** Below the floor an indicator earns nothing: overdue over 60 days far from its target costs two people out
# of three nearly a third of the bonus. One single amount can do that: look *which* before judging.
#
# **What if?** A floor of 60% instead of 80%; then a bonus on **one** indicator alone, the recovery at 30 days.
# %% tags=["nbval-check-output"]
display(cm.display.table(cm.incentives(met, floor=0.6), language))
alone = mine[mine["indicator"] == "recovery_30"].assign(weight=1.0)
cm.display.table(cm.incentives(alone), language)
# %% [markdown] tags=["fr", "covers:002-20"]
# **Lecture.** Payés sur le seul recouvrement à 30 jours, les trois dépassent 100 %, alors que l'échu ancien est hors
# objectif pour deux d'entre eux. On obtient ce que l'on paie : les dossiers faciles d'abord, les vieux jamais, des
# factures passées « en litige » ou des échéances repoussées pour sortir du calcul. D'où trois poids, un indicateur de
# vieux stock parmi eux, et un contrôle des changements d'échéance et de statut.
#
# ## 8. Les pièges
#
# **Piège 1 : le CEI avec les ventes d'un mois.** La page la plus citée divise les ventes du trimestre par trois alors
# que ses encours couvrent le trimestre. Ci-dessous, d'abord avec les ventes de toute la période, puis le chiffre
# publié.
# ([source](https://www.creditguru.com/index.php/collection-management/collection-metrics/collection-effectiveness-index-cei))
# %% [markdown] tags=["en", "covers:002-20"]
# **Reading.** Paid on recovery at 30 days alone, all three exceed 100%, while old overdue amounts miss the target for
# two of them. You get what you pay for: easy files first, old ones never, invoices turned “disputed” or due dates put
# off to leave the sum. Hence three weights, one of them on old stock, and a check of changes of due date and status.
#
# ## 8. The traps
#
# **Trap 1: the CEI with one month of sales.** The page quoted most divides the sales of the quarter by three while its
# balances span the quarter. Below, first with the sales of the whole period, then the published figure.
# ([source](https://www.creditguru.com/index.php/collection-management/collection-metrics/collection-effectiveness-index-cei))
# %% tags=["nbval-check-output"]
for sales in (10_890, 10_890 / 3):
    print(percent(cm.cei(begin=6_200, sales=sales, end=6_340, end_not_due=3_590), 1, language))
# %% [markdown] tags=["fr"]
# **Piège 2 : le retard des seuls payeurs.** Celui qui ne paie jamais n'entre dans aucune moyenne de règlements.
# Ci-dessous le retard moyen sur les seules pièces réglées, puis avec les échues encore ouvertes ; enfin le client qui
# n'a rien réglé.
# %% [markdown] tags=["en"]
# **Trap 2: the delay of payers alone.** Whoever never pays is in no average of payments. Below, the average delay on
# paid items alone, then with the open items past due; lastly the customer who paid nothing.
# %% tags=["nbval-check-output"]
for name in ("delay_paid", "delay_with_open"):
    print(label(name, language), number(figures.loc[name, "value"], 1, language))
payers = cm.payment_delays(ledger, as_of, 6, by="customer_id")
silent = payers[payers["n_paid"] == 0]
cm.display.table(silent, language, columns=["customer_id", "delay_paid", "n_open", "amount_open", "delay_with_open"])
# %% [markdown] tags=["fr"]
# **Piège 3 : un mois trop jeune compté pour zéro.** Le taux à 90 jours des échéances de juin n'existe pas encore.
# Ci-dessous le taux moyen des mois connus, puis le même si les mois trop jeunes valaient zéro.
# %% [markdown] tags=["en"]
# **Trap 3: a month too young counted as zero.** The 90-day rate of what fell due in June does not exist yet. Below, the
# average rate of the months known, then the same if months too young were worth zero.
# %% tags=["nbval-check-output"]
known = cohorts.dropna(subset="recovery_90")
print(percent(known["collected_90"].sum() / known["due_90"].sum(), 1, language))
print(percent(known["collected_90"].sum() / cohorts["due_90"].fillna(cohorts["amount_due"]).sum(), 1, language))
# %% [markdown] tags=["fr"]
# **Piège 4 : le taux sans le montant.** De septembre à octobre 2025 le taux d'échu ne bouge presque pas ; l'échu, si.
# %% [markdown] tags=["en"]
# **Trap 4: the rate without the amount.** From September to October 2025 the overdue rate hardly moves; the overdue
# amount does.
# %% tags=["nbval-check-output"]
autumn = cm.outstanding_by_date(ledger, ["2025-09-30", "2025-10-31"])
cm.display.table(autumn, language, columns=["date", "overdue_rate", "overdue", "outstanding_gross"])
# %% [markdown] tags=["fr"]
# **Piège 5 : la moyenne des taux des clients.** Un petit client y pèse autant qu'un grand. Ci-dessous le taux d'échu de
# l'entreprise (somme sur somme), puis la moyenne des taux de ses clients.
# %% [markdown] tags=["en"]
# **Trap 5: the average of the customers' rates.** A small customer weighs as much as a large one. Below, the company's
# overdue rate (sum over sum), then the average of its customers' rates.
# %% tags=["nbval-check-output"]
by_customer = cm.outstanding_by_date(ledger, [as_of], by="customer_id")
for rate in (figures.loc["overdue_rate", "value"], by_customer["overdue_rate"].mean()):
    print(percent(rate, 1, language))
# %% [markdown] tags=["fr"]
# **Piège 6 : les lettrages d'aujourd'hui sur le mois d'hier.** Un règlement de mai lettré en juin n'était, fin mai,
# rattaché à rien. Ci-dessous le taux d'échu du 31 mai tel qu'il était connu, puis recalculé avec les lettrages faits
# depuis : le passé s'embellit tout seul.
# %% [markdown] tags=["en"]
# **Trap 6: today's allocations on last month.** A receipt of May allocated in June was attached to nothing at the end
# of May. Below, the overdue rate of 31 May as it was known, then computed again with the allocations made since: the
# past improves by itself.
# %% tags=["nbval-check-output"]
for basis in ("allocated", "paid"):
    may = cm.outstanding_by_date(ledger, ["2026-05-31"], basis=basis)
    print(percent(may.loc[0, "overdue_rate"], 1, language))
# %% [markdown] tags=["fr", "covers:001-23 §9", "covers:003-28 §9"]
# ## 9. Autodiagnostic : concevoir les indicateurs de votre organisation
#
# Double-cliquez sur cette cellule pour écrire dans la dernière colonne, puis Maj + Entrée.
#
# | N° | Question | Ce qu'il faut regarder | Chez nous |
# | --- | --- | --- | --- |
# | 1 | Qui lit la page, et que peut-il décider ? | un lecteur nommé, un pouvoir réel (limites, blocages, avoirs) | … |
# | 2 | À quelle date, en combien de jours après l'arrêté ? | moins de cinq jours ouvrés ; au-delà, on décide sur du passé | … |
# | 3 | Quels sont nos trois plus gros risques ? | concentration, un secteur, un pays, des dossiers anciens | … |
# | 4 | Quels indicateurs de résultat, deux ou trois ? | encours, échu de plus de 60 jours, DSO ; un montant à côté de chaque taux | … |
# | 5 | Quels indicateurs de performance, trois ou quatre ? | ce que l'équipe peut changer en un mois | … |
# | 6 | Quel lien entre 4 et 5 ? | pour chaque levier, le résultat qu'il doit déplacer | … |
# | 7 | Quelle formule, écrite ? | HT ou TTC, période, base d'échéance, litiges, douteux, non lettré | … |
# | 8 | Quel objectif, fixé comment ? | le passé de l'équipe, pas un chiffre rond ; révisé une fois par an | … |
# | 9 | Qui répond de chaque indicateur ? | une personne, pas un service | … |
# | 10 | Comment pourrait-on l'embellir ? | échéances repoussées, litiges de complaisance, avoirs puis refacturation | … |
# | 11 | Quels contrôles avant diffusion ? | les cinq de la partie 5, avec une trace | … |
# | 12 | Que sont devenues les actions du mois dernier ? | responsable, date, effet sur l'indicateur visé | … |
#
# **Comptez vos réponses.** Moins de six : commencez par 1, 7 et 11, sans quoi le reste se discute à chaque réunion.
# Plus de neuf : rayez un indicateur par mois jusqu'à ce que quelqu'un proteste.
#
# ## 10. Sur votre fichier
#
# Votre grand livre et, si vous en avez, vos objectifs et vos seuils.
# %% [markdown] tags=["en", "covers:001-23 §9", "covers:003-28 §9"]
# ## 9. Self-diagnosis: design the indicators of your own organisation
#
# Double-click this cell to write in the last column, then Shift + Enter.
#
# | No. | Question | What to look for | In our company |
# | --- | --- | --- | --- |
# | 1 | Who reads the page, and what can he or she decide? | a named reader, real power (limits, holds, credit notes) | … |
# | 2 | On which date, how many days after closing? | fewer than five working days; later, one decides on the past | … |
# | 3 | What are our three largest risks? | concentration, a sector, a country, old files | … |
# | 4 | Which result indicators, two or three? | outstanding, overdue over 60 days, DSO; an amount beside each rate | … |
# | 5 | Which performance indicators, three or four? | what the team can change within a month | … |
# | 6 | Which link between 4 and 5? | for each driver, the result it must move | … |
# | 7 | Which formula, in writing? | with or without VAT, period, due-date basis, disputes, doubtful, unallocated | … |
# | 8 | Which target, set how? | the team's own past, no round figure; reviewed once a year | … |
# | 9 | Who answers for each indicator? | a person, not a department | … |
# | 10 | How could it be dressed up? | due dates put off, disputes of convenience, credit note then new invoice | … |
# | 11 | Which checks before it goes out? | the five of part 5, with a trace | … |
# | 12 | What became of last month's actions? | owner, date, effect on the indicator aimed at | … |
#
# **Count your answers.** Fewer than six: begin with 1, 7 and 11, or the rest will be argued about at each meeting.
# More than nine: strike out one indicator a month until someone protests.
#
# ## 10. On your own file
#
# Your ledger and, if you have them, your targets and thresholds.
# %%
my_file, my_targets, my_signals = "", "", ""
my_date = "2026-06-30"
if my_file:
    own = cm.read_ledger(my_file)
    own_figures = cm.key_figures(own, my_date, targets=cm.read_targets(my_targets) if my_targets else None)
    display(cm.display.key_figures(own_figures, language, cm.dashboard.COMMITTEE))
    for one in cm.asked_currencies(own, my_date).values():
        alerts = cm.warning_signals(own, my_date, cm.read_signals(my_signals or None), currency=one)
        alerts = cm.explain_signals(alerts, language)
        display(cm.display.table(alerts[["customer_id", "customer_name", "said", "overdue"]], language, limit=20))
# %% [markdown] tags=["fr"]
# ## 11. Pour cent sociétés, chaque mois
#
# Un cabinet comptable ou un centre de services partagés suit cent sociétés. Personne ne remplit cent fois une cellule de
# paramètres : un **portefeuille** nomme les sociétés et leurs fichiers. Voici celui de `data/portefeuille.yaml`.
# %% [markdown] tags=["en"]
# ## 11. For a hundred companies, every month
#
# An accounting firm or a shared service centre follows a hundred companies. Nobody fills in a parameters cell a hundred
# times: a **portfolio** names the companies and their files. This is the one in `data/portefeuille.yaml`.
# %%
from pathlib import Path

print(Path("../../data/portefeuille.yaml").read_text(encoding="utf-8"))
# %% [markdown] tags=["fr"]
# Il est lu en entier avant que rien ne parte : un paramètre inconnu, un fichier absent, deux sociétés dans un même dossier
# arrêtent tout, et tous les défauts sont dits ensemble. Ici, tout est bon :
# %% [markdown] tags=["en"]
# It is read whole before anything starts: an unknown parameter, a missing file, two companies in one folder stop
# everything, and all defects are told together. Here all is well:
# %% tags=["nbval-check-output"]
for job in cm.read_portfolio("../../data/portefeuille.yaml", as_of):
    print(f"{job.name:12}  {job.company}")
# %% [markdown] tags=["fr"]
# Et si un nom de fichier est mal écrit, et une date impossible :
# %% [markdown] tags=["en"]
# And if a file's name is misspelt, and a date impossible:
# %% tags=["nbval-check-output"]
import tempfile

wrong = """companies:
  - {company_name: Alpha, ledger: facture.csv, output: alpha}
  - {company_name: Beta, fec: FEC.txt, as_of: 31/06/2026, output: beta}
"""
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "portefeuille.yaml").write_text(wrong, encoding="utf-8")
    try:
        cm.read_portfolio(Path(folder, "portefeuille.yaml"), as_of)
    except cm.InputError as error:
        print(error.text(language))
# %% [markdown] tags=["fr"]
# **Le soir de la clôture**, dans un terminal :
#
# ```
# cmtools batch data/portefeuille.yaml --as-of 2026-06-30 --output reports/juin
# ```
#
# Chaque société reçoit son dossier (page à lire, classeur, carnet exécuté qui garde la trace du calcul). `index.html` les
# liste avec leurs indicateurs, les échecs en tête avec leur raison : une société qui échoue n'arrête pas les autres.
# Interrompu ou corrigé, on relance avec `--resume` : ce qui est complet et inchangé n'est pas refait.
#
# **Ce qui reste à la main.** Lire les échecs, comparer les totaux à la balance de chaque société, et ne transmettre que ce
# qui s'accorde (partie 5).
# %% [markdown] tags=["en"]
# **On closing night**, in a terminal:
#
# ```
# cmtools batch data/portefeuille.yaml --as-of 2026-06-30 --output reports/june
# ```
#
# Each company gets its folder (page to read, workbook, executed notebook that keeps the trace of the calculation).
# `index.html` lists them with their indicators, failures first with their reason: a company that fails does not stop the
# others. Interrupted or mended, it goes on with `--resume`: what is complete and unchanged is not made again.
#
# **What stays with you.** Read the failures, compare the totals with the trial balance of each company, and pass on only
# what agrees (part 5).
