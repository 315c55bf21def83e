# %% [markdown] tags=["fr"]
# # 03. Noter un client : renseignements, scores, grille
#
# **La question.** Ruzgivoquine Bâtiment demande toujours que l'on double sa limite. La leçon 02 a lu ses comptes : les ventes
# montent, la trésorerie fond. Un score le résume-t-il en un chiffre ? Et quand deux scores se contredisent, lequel croire ?
#
# Un score range les entreprises de la plus fragile à la plus solide ; il ne mesure pas une probabilité certaine et ne remplace pas
# la lecture du dossier. Ce qu'il apporte, c'est une deuxième opinion, toujours la même pour les mêmes chiffres.
# %% [markdown] tags=["en"]
# # 03. Rating a customer: information, scores, grid
#
# **The question.** Ruzgivoquine Bâtiment still asks for twice its limit. Lesson 02 read its accounts: sales rise, cash melts. Does
# a score sum this up in one figure? And when two scores disagree, which one should be believed?
#
# A score ranks firms from the weakest to the strongest; it measures no certain probability and does not replace reading the file.
# What it brings is a second opinion, always the same for the same figures.
# %% tags=["parameters"]
language = "fr"
accounts_file = "../../data/liasses_clients.csv"
ledger_file = "../../data/grand_livre.xlsx"
external_file = "../../data/informations.csv"
company = "000186"
as_of = "2026-06-30"
# %%
from IPython.display import display

import cmtools as cm

# %% [markdown] tags=["fr", "covers:004-18 §1"]
# ## 1. Quand analyser un client
#
# On n'analyse pas tous les clients tout le temps. Le moment compte plus que la méthode :
#
# | moment | ce que l'on cherche |
# | --- | --- |
# | ouverture du compte, première commande | existe-t-il, qui signe, à quel délai, avec quelle garantie |
# | commande inhabituelle ou demande de relèvement de limite | la capacité de payer ce montant-là |
# | dépassement de limite, premier retard, chèque ou effet rejeté | un accident, ou un début |
# | nouveaux comptes publiés, ou comptes qui ne paraissent plus | ce qui a changé en un an |
# | changement de dirigeant, d'actionnaire, d'adresse, de banque | qui décide désormais |
# | avis de l'assureur réduit ou retiré, privilège inscrit, procédure | ce que d'autres savent déjà |
# | revue périodique, d'autant plus proche que la cotation est basse | rien n'a dérivé |
#
# ## 2. Où trouver l'information
#
# | source | ce qu'elle dit | sa limite |
# | --- | --- | --- |
# | **interne** : grand livre, relances | comment il nous paie, nous | seulement nous, seulement le passé |
# | interne : commerciaux, livreurs | activité du chantier, personnel, stocks, ambiance | des impressions, et un intérêt à vendre |
# | interne : litiges, avoirs | mécontentement, ou prétexte pour ne pas payer | à vérifier pièce par pièce |
# | **le client** : comptes, situation intermédiaire, plan de trésorerie | ce qui est récent | il choisit ce qu'il donne |
# | **publique** : comptes déposés, registre, annonces légales, privilèges | daté et opposable | ancien de 6 à 18 mois ; comptes parfois confidentiels |
# | agence, assureur-crédit | l'expérience de beaucoup de fournisseurs | une opinion, dont la méthode n'est pas publique |
# | confrères, banque, presse | rumeurs et confirmations | respecter le secret et le droit de la concurrence |
#
# Chaque renseignement se note **avec sa date et sa source**. Un avis d'assureur sans date ne vaut rien : on ne sait pas s'il tient encore.
# %% [markdown] tags=["en", "covers:004-18 §1"]
# ## 1. When to analyse a customer
#
# Not all customers, not all the time. The moment matters more than the method:
#
# | moment | what is looked for |
# | --- | --- |
# | opening of the account, first order | does it exist, who signs, on what terms, with what guarantee |
# | an unusual order or a request for a higher limit | the capacity to pay that very amount |
# | limit exceeded, first late payment, returned cheque or bill | an accident, or a beginning |
# | new accounts published, or accounts that no longer appear | what changed in a year |
# | a new manager, shareholder, address or bank | who decides from now on |
# | insurer's opinion reduced or withdrawn, lien, proceedings | what others know already |
# | periodic review, the sooner the lower the rating | nothing drifted |
#
# ## 2. Where to find information
#
# | source | what it says | its limit |
# | --- | --- | --- |
# | **internal**: ledger, dunning | how it pays us | us alone, the past alone |
# | internal: salespeople, drivers | activity on site, staff, stocks, mood | impressions, and an interest in selling |
# | internal: disputes, credit notes | discontent, or a pretext not to pay | to be checked item by item |
# | **the customer**: accounts, interim figures, cash plan | what is recent | it chooses what it gives |
# | **public**: filed accounts, register, legal notices, liens | dated, and can be relied on against others | 6 to 18 months old; accounts sometimes confidential |
# | agency, credit insurer | the experience of many suppliers | an opinion whose method is not public |
# | fellow suppliers, bank, press | rumours and confirmations | respect confidentiality and competition law |
#
# Each piece of information is noted **with its date and source**. An insurer's opinion without a date is worth nothing: nobody knows whether it still holds.
# %% tags=["nbval-check-output", "covers:001-10", "covers:004-19", "covers:004-20"]
told = cm.read_external(external_file)
display(cm.forms_credit.external_table(cm.external.shown(told, company, as_of), language))
# %% [markdown] tags=["fr", "covers:003-11 §3", "covers:003-12 §3"]
# **Lecture.** Ce qui n'a pas été fourni est écrit « non fourni », jamais deviné. Un fait sans date ou périmé reste visible et ne sert à
# aucun calcul.
#
# ## 3. Les points de risque que les comptes ne disent pas
#
# | critère | rassure | inquiète |
# | --- | --- | --- |
# | âge de l'entreprise | dix ans, un cycle complet traversé | moins de trois ans |
# | dirigeant | stable, du métier, répond au téléphone | change souvent, injoignable, a déjà déposé le bilan |
# | actionnaire | groupe qui soutient ses filiales | société écran, montage récent |
# | secteur | carnet plein, prix qui tiennent | surcapacité, clients qui font défaut |
# | place sur le marché | plusieurs clients, un savoir-faire | un seul donneur d'ordre |
# | dépendance envers nous | nous sommes un fournisseur parmi d'autres | nous finançons l'essentiel de ses achats |
# | transparence | donne ses comptes sans qu'on insiste | les rend confidentiels, les dépose en retard |
# | comportement | paie à l'échéance, prévient s'il ne peut pas | litiges tardifs, promesses non tenues |
#
# ## 4. Onze modèles publiés, côte à côte
#
# Un score est une somme pondérée de ratios. Chaque modèle a été estimé sur une population, dans une unité, avec ses seuils : les trois
# vont ensemble. Voici le seul de la liste qui vienne de PME françaises.
# %% [markdown] tags=["en", "covers:003-11 §3", "covers:003-12 §3"]
# **Reading.** What was not provided is written “not provided”, never guessed. A fact without a date or out of date stays visible and
# is used in no computation.
#
# ## 3. The points of risk that accounts do not tell
#
# | criterion | reassures | worries |
# | --- | --- | --- |
# | age of the firm | ten years, a whole cycle lived through | less than three years |
# | manager | stable, of the trade, answers the phone | changes often, out of reach, filed for insolvency before |
# | shareholder | a group that supports its subsidiaries | a shell company, a recent set-up |
# | sector | full order book, prices that hold | overcapacity, customers that fail |
# | place in the market | several customers, a know-how | one principal only |
# | dependence on us | we are one supplier among others | we finance most of its purchases |
# | transparency | gives its accounts without being pressed | keeps them confidential, files them late |
# | behaviour | pays when due, says so when it cannot | late disputes, broken promises |
#
# ## 4. Eleven published models, side by side
#
# A score is a weighted sum of ratios. Each model was estimated on a population, in a unit, with its cut-offs: the three go together.
# Here is the only one of the list that comes from French SMEs.
# %%
cm.forms_credit.model_card("conan_holder", language)
# %% tags=["nbval-check-output", "covers:001-13", "covers:004-31"]
accounts = cm.read_liasse(accounts_file).table
years = accounts[accounts["company_id"] == company]
scores = cm.score(years)
cm.forms_credit.score_table(scores, language)
# %%
cm.plots_credit.scores(scores, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Conan et Holder met notre client à 10,8 points, au-dessus du seuil de 9 : « sain ». Springate (0,95 pour un seuil de 0,862)
# et la Banque de France aussi. Z' (2,35) et Z'' (1,55) hésitent. Taffler (−1,9), Zmijewski (0,19) et Legault (−1,0) annoncent la
# défaillance. Personne ne se trompe de calcul.
#
# Deux modèles restent muets, et disent pourquoi : Altman 1968 demande un cours de bourse, Ohlson un indice des prix et une taille en
# dollars. On ne remplace pas ce qui manque par zéro, ni par les capitaux propres comptables.
#
# ## 5. Résultats contradictoires : regarder ce que chacun pèse
# %% [markdown] tags=["en"]
# **Reading.** Conan and Holder gives our customer 10.8 points, above the cut-off of 9: “sound”. So do Springate (0.95 for a cut-off of
# 0.862) and the Banque de France. Z' (2.35) and Z'' (1.55) hesitate. Taffler (−1.9), Zmijewski (0.19) and Legault (−1.0) announce
# failure. Nobody computed wrongly.
#
# Two models stay silent and say why: Altman 1968 asks for a share price, Ohlson for a price index and a size in dollars. What is
# missing is not replaced by zero, nor by book equity.
#
# ## 5. Mixed results: look at what each one weighs
# %% tags=["nbval-check-output", "covers:004-32"]
last = years[years["year_end"] == years["year_end"].max()]
parts = cm.contributions(last)
verdict = cm.disagreements(scores)
cm.forms_credit.disagreement(verdict.tail(1), parts, language)
# %%
cm.plots_credit.contributions(parts[parts["model"] == "conan_holder"], language)
# %%
cm.plots_credit.contributions(parts[parts["model"] == "taffler"], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Chez Conan et Holder, ce qui sauve le client est l'actif circulant hors stocks, 70 % de son actif : + 11,2 points. Or cet
# actif, ce sont des créances sur ses propres clients. Taffler retient l'autre face : des dettes à court terme égales à 72 % de l'actif
# (− 7,7). Même bilan, deux questions : « possède-t-il des créances ? » et « peut-il attendre qu'on les lui paie ? ».
#
# La réponse est dans la leçon 02 : le BFR mange la trésorerie. Si ses clients le paient, il est sain ; s'ils tardent, il ne l'est plus.
# **C'est le désaccord qui a montré où regarder.**
#
# ## 6. Le film vaut mieux que la photographie
# %% [markdown] tags=["en"]
# **Reading.** With Conan and Holder what saves the customer is its current assets less stocks, 70% of its assets: +11.2 points. But
# these assets are what its own customers owe it. Taffler takes the other side: current liabilities of 72% of assets (−7.7). One balance
# sheet, two questions: “does it own receivables?” and “can it wait until they are paid?”.
#
# The answer is in lesson 02: the working capital requirement eats the cash. If its customers pay, it is sound; if they delay, it no
# longer is. **The disagreement showed where to look.**
#
# ## 6. The film is worth more than the photograph
# %%
cm.plots_credit.scores_over_years(scores, language)
# %% [markdown] tags=["fr"]
# **Lecture.** En 2023, sept modèles sur sept disaient « sain ». Aucun n'est remonté depuis : 15,91 puis 13,16 puis 10,77 chez Conan et
# Holder, qui reste pourtant du bon côté de son seuil. La pente parle avant la classe.
#
# ## 7. La grille de cotation : les chiffres et le reste
#
# Un comité ne décide pas sur une formule de 1979. Il pèse aussi le comportement de paiement, la direction, le secteur, l'avis de
# l'assureur. La **grille** met ces critères dans un tableau que l'on discute et que l'on modifie (`data/grille.csv`) : un poids, des
# classes, des points de 0 à 10, et quelques règles qui plafonnent la note quoi que disent les autres critères.
# %% [markdown] tags=["en"]
# **Reading.** In 2023 seven models of seven said “sound”. None has risen since: 15.91, then 13.16, then 10.77 with Conan and Holder,
# which nevertheless stays on the right side of its cut-off. The slope speaks before the class.
#
# ## 7. The rating grid: the figures and the rest
#
# A committee does not decide on a formula of 1979. It also weighs payment behaviour, management, sector, the insurer's opinion. The
# **grid** puts these criteria in a table that is discussed and changed (`data/grille.csv`): a weight, classes, points from 0 to 10, and
# a few rules that cap the rating whatever the other criteria say.
# %% tags=["nbval-check-output", "covers:001-13", "covers:004-31", "covers:004-39"]
ledger = cm.read_ledger(ledger_file)
file = cm.credit_file.credit_file(company, as_of, ledger=ledger, statements=accounts, external=told)
rating = cm.credit_file.rate(file)
cm.forms_credit.grid_table(rating, language)
# %%
cm.plots_credit.grid(rating, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Cotation 5 sur 10. Les chiffres des comptes rapportent les deux tiers de leurs points ; le comportement de paiement n'en
# garde pas le quart : 100 % des règlements arrivent en retard, de 56,5 jours en moyenne. Quelques critères restent inconnus (8 % du poids) :
# ils ne comptent ni pour zéro ni pour la moyenne, et la fourchette dit ce qu'ils pourraient changer (5 à 6). La cotation donne un
# **niveau de risque**, C, que la leçon 04 traduit en parts, en délai et en garantie.
#
# ### Et si… ? Changer un chiffre des comptes
#
# Le réglage ci-dessous demande JupyterLab : choisissez une ligne, déplacez-la, regardez quels modèles changent d'avis.
# %% [markdown] tags=["en"]
# **Reading.** Rating 5 out of 10. The figures of the accounts earn two thirds of their points; payment behaviour keeps less than a
# quarter of them: 100% of payments come late, by 56.5 days on average. A few criteria stay unknown (8% of the weight): they count neither as nil
# nor as average, and the range says what they could change (5 to 6). The rating gives a **risk level**, C, which lesson 04 turns into
# shares, terms and a guarantee.
#
# ### What if…? Change a figure of the accounts
#
# The control below needs JupyterLab: choose a line, move it, watch which models change their mind.
# %%
cm.widgets_credit.scores(last, language)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 8. Les pièges
#
# **Piège 1 : l'unité.** La formule d'Altman s'écrit en pourcentages (0,012 X1…) ou en décimaux (1,2 X1…), jamais un mélange. cmtools
# refuse un ratio donné dans une autre unité que celle du modèle.
#
# **Piège 2 : la constante sans ses seuils.** Le score des pays émergents ajoute 3,25 à Z'' ; ses seuils montent d'autant. Un logiciel
# libre ajoute la constante et garde 1,10 et 2,60 : presque plus personne ne peut défaillir.
#
# **Piège 3 : les 53 % de Taffler.** 0,53 ; 0,13 ; 0,18 ; 0,16 sont la part de chaque ratio dans le pouvoir du modèle, pas des
# coefficients. Une « formule de Taffler » populaire les prend pour tels.
#
# **Piège 4 : le corrigé publié.** Un corrigé en ligne trouve Z = 2,062 en ajoutant 1,0 au lieu de 1,0 × ventes / actif, sur un bilan dont
# le passif dépasse l'actif de 21 000. Refaisons-le.
# %% [markdown] tags=["en", "covers:002-20"]
# ## 8. The traps
#
# **Trap 1: the unit.** Altman's formula is written in percent (0.012 X1…) or in decimals (1.2 X1…), never a mixture. cmtools refuses a
# ratio given in another unit than the model's.
#
# **Trap 2: the constant without its cut-offs.** The emerging-market score adds 3.25 to Z''; its cut-offs rise as much. An
# open-source program adds the constant and keeps 1.10 and 2.60: hardly anyone can then fail.
#
# **Trap 3: Taffler's 53%.** 0.53, 0.13, 0.18, 0.16 are the share of each ratio in the power of the model, not coefficients. A popular
# “Taffler formula” takes them for such.
#
# **Trap 4: the published answer.** An answer found online gives Z = 2.062 by adding 1.0 instead of 1.0 × sales / assets, on a balance
# sheet whose liabilities exceed its assets by 21,000. Let us do it again.
# %% tags=["nbval-check-output"]
import pandas as pd

lines = {
    "total_actif_net": 72000.0, "total_actif_circulant_net": 5100.0, "dettes_moins_1an": 0.0, "benefices_accumules": 16900.0,
    "resultat_exploitation": 8800.0, "total_produits_financiers": 0.0, "capitaux_propres": 27000.0, "total_dettes": 66000.0,
}  # fmt: skip
cm.forms_credit.score_table(cm.score(pd.DataFrame([lines]), ["altman_1968", "altman_private"]), language)
# %% [markdown] tags=["fr"]
# **Piège 5 : « sain » ne veut pas dire sans risque.** Au seuil de 9 points, la table de Conan et Holder (non confirmée) donne encore
# 38,5 % de défaillance. Un seuil sépare deux groupes d'un échantillon, il ne promet rien à une entreprise.
#
# **Piège 6 : le vieux modèle étranger.** Springate annonçait 92,5 % de bien classées sur 40 entreprises. Mesuré sur deux jeux de
# données publics (977 sociétés américaines, 7 027 polonaises), l'aire sous la courbe ROC des modèles va de 0,60 à 0,70 : 0,5
# serait un tirage au sort, 1 un classement parfait. `benchmarks/validation.py` refait la mesure ; `cm.roc_auc` la fait sur vos clients.
#
# **Ce que les chiffres peuvent cacher, et comment vendre quand même.** Clôture choisie au meilleur jour, créances cédées, garanties
# données aux banques, comptes courants d'associés bloqués pour un an seulement, litige important. Vendre quand même, c'est vendre moins,
# plus court, ou couvert : acompte, livraisons fractionnées, garantie, assurance, réserve de propriété. La leçon 04 en fait un montant.
#
# ## 9. Sur vos comptes
# %% [markdown] tags=["en"]
# **Trap 5: “sound” does not mean without risk.** At the cut-off of 9 points the table of Conan and Holder (unconfirmed) still gives 38.5%
# of failure. A cut-off separates two groups of a sample, it promises nothing to one firm.
#
# **Trap 6: the old foreign model.** Springate announced 92.5% rightly classed, of 40 companies. Measured on two public data sets
# (977 American companies, 7,027 Polish ones), the area under the ROC curve of the models goes from 0.60 to 0.70: 0.5 would be a draw
# of lots, 1 a perfect ranking. `benchmarks/validation.py` measures it again; `cm.roc_auc` does it on your customers.
#
# **What figures may hide, and how to sell all the same.** A closing date chosen on the best day, receivables sold, securities given to
# banks, associates' accounts blocked for a year only, a large dispute. To sell all the same is to sell less, on shorter terms, or covered:
# down payment, split deliveries, guarantee, insurance, retention of title. Lesson 04 makes an amount of it.
#
# ## 9. On your own accounts
# %%
my_file = ""
if my_file:
    mine = cm.read_liasse(my_file).table  # or read_statements, or read_trial_balance(...).statements().table
    display(cm.forms_credit.score_table(cm.score(mine), language))
# %% [markdown] tags=["fr"]
# Le dossier de crédit complet, page de décision comprise : `cmtools report customer --liasse comptes.csv --customer 000186`.
# %% [markdown] tags=["en"]
# The whole credit file, decision page included: `cmtools report customer --liasse accounts.csv --customer 000186`.
