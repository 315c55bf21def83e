# %% [markdown] tags=["fr"]
# # Bienvenue
#
# Une entreprise peut vendre beaucoup et mourir d'être payée trop tard. Ce classeur apprend à lire un poste clients :
# qui doit, combien, depuis quand, et combien de jours de ventes dorment chez les clients.
#
# **Comment s'en servir.** Chaque page alterne du texte et des cellules de calcul. Pour tout recalculer : le
# bouton *Tout exécuter*, en haut à gauche de la page. Rien n'est à programmer : au plus, une date ou un nom de fichier à
# changer dans la cellule des paramètres, la première.
#
# Les exemples portent sur une menuiserie du bâtiment **fictive** : 36 mois de factures, environ 120 clients, dont
# certains paient de plus en plus tard (voir `data/README.md`).
# %% [markdown] tags=["en"]
# # Welcome
#
# A company can sell a lot and die of being paid too late. This workbook teaches how to read receivables: who owes, how
# much, since when, and how many days of sales lie asleep with the customers.
#
# **How to use it.** Every page alternates text and calculation cells. To compute everything again: the
# button *Tout exécuter* (run all), at the top left of the page. There is nothing to program: at most a date or a file
# name to change in the parameters cell, the first one.
#
# The examples are about a **fictional** building-joinery company: 36 months of invoices, about 120 customers, some of
# whom pay later and later (see `data/README.md`).
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
# %% [markdown] tags=["fr"]
# ## Où vous en êtes
#
# Les étapes du parcours, dans l'ordre ; un clic sur un titre ouvre la page. Exécutez la cellule (Maj + Entrée) à chaque
# retour : elle relit vos réponses, dit la suite, et montre les cases à cocher pour les leçons lues.
#
# Vos réponses sont gardées sur cette machine, dans un fichier à vous ; rien n'en sort. Pour savoir où, en avoir une copie
# ou tout effacer : `cmtools course where`, `cmtools course export`, `cmtools course erase`.
# %% [markdown] tags=["en"]
# ## Where you are
#
# The steps of the course, in order; a click on a title opens the page. Run the cell (Shift + Enter) each time you come
# back: it reads your answers again, says what is next, and shows the boxes to tick for the lessons you have read.
#
# Your answers are kept on this machine, in a file of your own; nothing of it goes out. To know where, to have a copy or
# to erase everything: `cmtools course where`, `cmtools course export`, `cmtools course erase`.
# %%
import cmtools as cm

cm.course_board(language)
# %% [markdown] tags=["fr"]
# ## 1. Lire un fichier
#
# Le grand livre clients est lu d'un classeur Excel. La lecture dit ce qu'elle a lu, ce qu'elle a refusé et ce qu'elle a
# supposé : c'est la première chose à regarder.
# %% [markdown] tags=["en"]
# ## 1. Read a file
#
# The customer ledger is read from an Excel workbook. Reading says what it read, what it refused and what it assumed:
# that is the first thing to look at.
# %% tags=["nbval-check-output", "covers:002-11", "covers:004-77"]
ledger = cm.read_ledger(ledger_file)
print(ledger.report.text(language))
# %% [markdown] tags=["fr"]
# ## 2. Poser une question
#
# Combien nous doit-on à la date d'arrêté, et quelle part est en retard ? Chaque chiffre se déplie : formule, données,
# exclusions.
# %% [markdown] tags=["en"]
# ## 2. Ask a question
#
# How much are we owed at the closing date, and what share of it is late? Each figure unfolds: formula, inputs, what is
# left out.
# %% tags=["nbval-check-output"]
figures = cm.key_figures(ledger, as_of)
cm.display.key_figures(figures, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Environ un quart de l'encours est en retard. Ce seul taux ne dit ni *qui* ni *depuis quand* : c'est l'objet
# de la leçon 06. Le DSO traduit le même encours en jours de ventes : leçon 07.
#
# ## 3. Voir
# %% [markdown] tags=["en"]
# **Reading.** About a quarter of the outstanding is late. This rate alone says neither *who* nor *since when*: that is
# lesson 06. The DSO turns the same outstanding into days of sales: lesson 07.
#
# ## 3. See
# %%
aged = cm.aged_balance(cm.report_items(ledger, as_of), as_of, by=None)
cm.plots.aged_balance(aged, language)
# %% [markdown] tags=["fr"]
# ## 4. La suite
#
# | page | question |
# | --- | --- |
# | [02 Comptes d'un client](02_financial_statements.ipynb) | Ce client pourra-t-il nous payer ? |
# | [03 Noter un client](03_solvency_scoring.ipynb) | Que disent les renseignements, les scores, la grille, et pourquoi se contredisent-ils ? |
# | [04 Limite de crédit](04_credit_limit.ipynb) | Combien lui accorder, pour combien de temps, et qui décide ? |
# | [05 Délais de paiement](05_payment_terms.ipynb) | Jusqu'à quand attendre, et que réclamer ensuite ? |
# | [06 Balance âgée](06_aged_balance.ipynb) | Qui doit quoi, et depuis combien de temps ? |
# | [07 DSO](07_dso.ipynb) | Combien de jours de ventes attendons-nous ? |
# | [08 Coût caché](08_hidden_cost.ipynb) | Que coûte vraiment un impayé, et combien faut-il vendre pour s'en remettre ? |
# | [13 Dépréciations](13_provisions.ipynb) | Que valent encore les créances douteuses, et que passer en charge ? |
# | [14 Tableau de bord](14_dashboard.ipynb) | Que montrer au comité de crédit, et que lui demander de décider ? |
# | [Rapport mensuel](report_monthly.ipynb) | Le rapport complet, à remettre au comité |
# | [Dossier de crédit](report_customer.ipynb) | Tout sur un client, décision demandée en première page |
#
# ## 5. Sur votre fichier
#
# Indiquez ci-dessous le chemin de votre grand livre (CSV, Excel, ODS, Parquet) puis exécutez la cellule. Si quelque chose
# ne va pas, le message dit le fichier, la ligne, la colonne et ce qui était attendu. Vos données ne quittent pas votre
# ordinateur.
# %% [markdown] tags=["en"]
# ## 4. What next
#
# | page | question |
# | --- | --- |
# | [02 A customer's accounts](02_financial_statements.ipynb) | Will this customer be able to pay us? |
# | [03 Rating a customer](03_solvency_scoring.ipynb) | What do information, scores and grid say, and why do they disagree? |
# | [04 Credit limit](04_credit_limit.ipynb) | How much to grant, for how long, and who decides? |
# | [05 Payment terms](05_payment_terms.ipynb) | How long to wait, and what to claim then? |
# | [06 Aged balance](06_aged_balance.ipynb) | Who owes what, and for how long? |
# | [07 DSO](07_dso.ipynb) | How many days of sales are we waiting for? |
# | [08 Hidden cost](08_hidden_cost.ipynb) | What does an unpaid invoice really cost, and how much must be sold to get over it? |
# | [13 Provisions](13_provisions.ipynb) | What are doubtful claims still worth, and what must be set aside? |
# | [14 Dashboard](14_dashboard.ipynb) | What do we show the credit committee, and what do we ask it to decide? |
# | [Monthly report](report_monthly.ipynb) | The whole report, for the committee |
# | [Credit file](report_customer.ipynb) | All about one customer, the decision asked on the first page |
#
# ## 5. On your own file
#
# Give below the path of your ledger (CSV, Excel, ODS, Parquet) and run the cell. If something is wrong, the message says
# the file, the line, the column and what was expected. Your data do not leave your computer.
# %%
my_file = ""
my_date = "2026-06-30"
if my_file:
    mine = cm.read_ledger(my_file)
    print(mine.report.text(language))
    print(cm.overdue_rate(cm.open_items(mine, my_date), my_date))
