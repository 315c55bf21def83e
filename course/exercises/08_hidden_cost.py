# %% [markdown] tags=["fr", "exercise"]
# # Exercices 08. Le coût caché d'un impayé
#
# **À chaque ouverture**, un seul geste : le bouton *Tout exécuter*, en haut à gauche de la page. Remontez ensuite ici : les
# cases de réponse apparaissent, avec vos réponses de la dernière fois. (Tant que ce n'est pas fait, JupyterLab écrit à leur
# place « Error displaying widget » ; rien n'est perdu. Si rien ne change, le calcul n'était pas encore prêt : attendez
# que le rond, en haut à droite, soit vide, puis appuyez de nouveau.)
#
# Le code est replié ; vous n'avez pas à le lire. Ce que vous répondez est gardé sur cet ordinateur, nulle part ailleurs.
#
# La leçon : [08 Le coût caché](../../notebooks/fr/08_hidden_cost.ipynb). Une calculatrice suffit.
# %% [markdown] tags=["en", "exercise"]
# # Exercises 08. The hidden cost of an unpaid invoice
#
# **Each time you open this page**, one gesture: the button *Tout exécuter* (run all), at the top left. Then scroll back up
# here: the boxes for your answers appear, with what you answered last time. (Until then JupyterLab says “Error displaying
# widget” in their place; nothing is lost. If nothing changes, the machine was not ready yet: wait until the circle at
# the top right is empty, then press again.)
#
# The code is folded; you need not read it. What you answer is kept on this computer and nowhere else.
#
# The lesson: [08 The hidden cost](../../notebooks/en/08_hidden_cost.ipynb). A pocket calculator is enough.
# %% [markdown] tags=["fr", "solution"]
# # Solutions 08. Le coût caché d'un impayé
#
# Les exercices, la réponse et le calcul de chacun : une page à lire, **après** avoir essayé. Rien n'y est gardé.
#
# Les pages qui vont avec : [les exercices](../../exercises/fr/08_hidden_cost.ipynb), [la leçon](../../notebooks/fr/08_hidden_cost.ipynb).
# %% [markdown] tags=["en", "solution"]
# # Solutions 08. The hidden cost of an unpaid invoice
#
# The exercises, the answer to each and how it is found: a page to read **after** having tried. Nothing is kept here.
#
# What goes with it: [the exercises](../../exercises/en/08_hidden_cost.ipynb), [the lesson](../../notebooks/en/08_hidden_cost.ipynb).
# %% tags=["parameters"]
language = "fr"
variant = 0
record = True
# %%
import pandas as pd

import cmtools as cm
from cmtools import forms_costs

exercises = cm.open_exercises("08_hidden_cost", variant, language, record)
# %% [markdown] tags=["fr"]
# ## Calculer
# %% [markdown] tags=["en"]
# ## Compute
# %% tags=["check"]
from datetime import date

from cmtools.costs import UnpaidInvoice, cost_of_delay, day_of_dso, vat_cases
from cmtools.days_sales import dso_parts
from cmtools.exercises import Draw, Mistake, Task, exercise
from cmtools.receivables import open_items


@exercise(
    level="compute",
    kind="money",
    minutes=4,
    competence="cost",
    covers=["003-07", "004-40"],
    title=("Une facture perdue, combien vendre ?", "One invoice lost, how much to sell?"),
    statement=(
        "Un client en **liquidation judiciaire** laisse impayée une facture de {invoice:money} TTC (TVA à 20 %). Le duplicata "
        "rectificatif est envoyé : la TVA reviendra. La marge **nette** est de {margin:rate} du prix de vente HT.\n\n"
        "Quel chiffre d'affaires HT faut-il faire pour effacer toute la perte, bénéfice attendu compris ?",
        "A customer in **liquidation** leaves an invoice of {invoice:money} incl. VAT unpaid (VAT at 20%). The corrected "
        "duplicate is sent: the VAT will come back. The **net** margin is {margin:rate} of the price excl. VAT.\n\n"
        "What sales excl. VAT does it take to make up the whole loss, expected profit included?",
    ),
    hint=(
        "Le chiffre d'affaires compensatoire est la perte divisée par le taux de marge sur le prix de vente.",
        "Compensating sales are the loss divided by the margin rate on the selling price.",
    ),
    closer=(
        "La TVA revient : ce qui est perdu est le montant HT.",
        "The VAT comes back: what is lost is the amount excl. VAT.",
    ),
    method=(
        "Perte HT = {invoice:money} / 1,20. Chiffre d'affaires compensatoire = perte HT / {margin:rate}.",
        "Loss excl. VAT = {invoice:money} / 1.20. Compensating sales = loss excl. VAT / {margin:rate}.",
    ),
    worked=(
        "Perte HT : {invoice:money} / 1,20 = {lost:money}. Chiffre d'affaires compensatoire : {lost:money} / {margin:rate} = "
        "{sales:money}, soit {times} factures comme celle-ci, livrées et payées.",
        "Loss excl. VAT: {invoice:money} / 1.20 = {lost:money}. Compensating sales: {lost:money} / {margin:rate} = "
        "{sales:money}, that is {times} invoices like this one, delivered and paid.",
    ),
)
def loss(draw: Draw) -> Task:
    lost = draw.number(8_000, 4_000, 15_000, 500)
    margin = draw.one_of(0.10, 0.05, 0.025, 0.20)
    invoice = round(lost * 1.2, 2)
    sales = lost / margin
    return Task(
        {
            "invoice": invoice,
            "margin": margin,
            "lost": lost,
            "sales": sales,
            "times": 1 / margin,
            "earned": lost * margin,
        },
        sales,
        [
            Mistake(
                "incl_vat",
                invoice / margin,
                "Vous avez divisé le TTC par une marge qui se gagne sur le HT. La TVA reviendra : elle n'est pas perdue, il n'y a "
                "pas à la compenser.",
                "You divided the amount incl. VAT by a margin that is earned on prices excl. VAT. The VAT will come back: it is "
                "not lost and need not be made up.",
            ),
            Mistake(
                "vat_of_the_whole",
                invoice * 0.8 / margin,
                "Vous avez retiré 20 % du TTC. La TVA est de 20 % du HT : on passe du TTC au HT en divisant par 1,20.",
                "You took 20% off the amount incl. VAT. VAT is 20% of the amount excl. VAT: divide by 1.20 to take it off.",
            ),
            Mistake(
                "outlay",
                lost * (1 - margin) / margin,
                "Vous avez retiré la marge de la perte. Cela ne rend que l'argent dépensé ; le bénéfice attendu de cette vente "
                "est perdu lui aussi.",
                "You took the margin off the loss. That only brings back the money spent; the profit expected of that sale is "
                "lost too.",
            ),
            Mistake(
                "multiplied",
                lost * margin,
                "Vous avez multiplié par la marge : {earned:money}, c'est le bénéfice que promettait cette facture, non les ventes "
                "qui l'effacent.",
                "You multiplied by the margin: {earned:money} is the profit that this invoice promised, not the sales that make "
                "it up.",
            ),
            Mistake(
                "same_again",
                lost,
                "Revendre le même montant ne rapporte que sa marge, {earned:money}. Le reste de la perte n'est pas effacé.",
                "Selling the same amount again only brings its margin, {earned:money}. The rest of the loss is not made up.",
            ),
        ],
    )


@exercise(
    level="compute",
    kind="money",
    minutes=5,
    competence="cost",
    covers=["004-09", "003-07"],
    title=("Le logiciel affiche un taux de marge", "The software shows a margin rate"),
    statement=(
        "Un article acheté {cost:money} est revendu {price:money}, hors taxes. Le logiciel de gestion affiche « taux de marge : "
        "{on_cost:1} % », et c'est le seul taux que regarde le commercial. Un client vient de faire perdre {lost:money} HT.\n\n"
        "Pour quel montant HT faut-il vendre de tels articles avant d'avoir effacé toute la perte ?",
        "An article bought at {cost:money} is sold at {price:money}, excl. VAT. The software shows “taux de marge: "
        "{on_cost:1}%”, and that is the only rate the salesperson looks at. A customer has just made the company lose "
        "{lost:money} excl. VAT.\n\n"
        "What amount of such articles, excl. VAT, must be sold to make up the whole loss?",
    ),
    hint=(
        "Cherchez d'abord combien il reste sur un euro vendu.",
        "First find how much is left of one euro sold.",
    ),
    closer=(
        "En France, le « taux de marge » du commerce se calcule sur le coût. La formule veut la marge sur le prix, le taux "
        "de marque.",
        "In French trade the *taux de marge* is computed on cost. The formula wants the margin on the price.",
    ),
    method=(
        "Marge sur le prix = ({price:money} − {cost:money}) / {price:money}. Ventes = {lost:money} / cette marge.",
        "Margin on the price = ({price:money} − {cost:money}) / {price:money}. Sales = {lost:money} / that margin.",
    ),
    worked=(
        "Gain par article : {price:money} − {cost:money} = {gain:money}, soit {gain:money} / {price:money} = {margin:rate} du prix. "
        "Ventes : {lost:money} / {margin:rate} = {sales:money}.",
        "Gain per article: {price:money} − {cost:money} = {gain:money}, that is {gain:money} / {price:money} = {margin:rate} of "
        "the price. Sales: {lost:money} / {margin:rate} = {sales:money}.",
    ),
)
def price_margin(draw: Draw) -> Task:
    cost, price = draw.one_of((60, 75), (36, 40), (75, 100), (70, 80), (34, 40))
    lost = draw.number(6_000, 3_000, 12_000, 500)
    gain = price - cost
    margin = gain / price
    return Task(
        {
            "cost": cost,
            "price": price,
            "gain": gain,
            "on_cost": 100 * gain / cost,
            "lost": lost,
            "margin": margin,
            "sales": lost / margin,
        },
        lost / margin,
        [
            Mistake(
                "on_cost",
                lost * cost / gain,
                "Vous avez pris le taux affiché, qui est calculé sur le coût. Sur un euro vendu il reste moins : à ce niveau de "
                "ventes, une partie de la perte n'est pas effacée.",
                "You took the rate shown, which is computed on cost. Less is left of one euro sold: at that level of sales, part "
                "of the loss is not made up.",
            ),
            Mistake(
                "cost_share",
                lost * price / cost,
                "Vous avez divisé par la part du coût dans le prix. C'est ce qui reste une fois le coût payé qui efface la perte.",
                "You divided by the share of the cost in the price. What makes up the loss is what is left once the cost is paid.",
            ),
            Mistake(
                "articles",
                lost / gain,
                "C'est un nombre d'articles : la perte divisée par le gain sur un article. La question demande des euros de vente.",
                "That is a number of articles: the loss divided by the gain on one. The question asks for euros of sales.",
            ),
            Mistake(
                "multiplied",
                lost * margin,
                "Vous avez multiplié la perte par la marge au lieu de la diviser : on trouve moins de ventes que de perte.",
                "You multiplied the loss by the margin instead of dividing it: fewer sales than the loss come out.",
            ),
            Mistake(
                "same_again",
                lost,
                "Vendre autant que l'on a perdu ne suffit pas : il faut d'abord payer les articles vendus, seul le gain efface.",
                "Selling as much as was lost is not enough: the articles sold must be paid for first, the gain alone makes up.",
            ),
        ],
    )


@exercise(
    level="compute",
    kind="money",
    minutes=5,
    competence="cost",
    covers=["003-05", "002-04"],
    title=("Payée en retard, donc gratuite ?", "Paid late, hence free?"),
    statement=(
        "« Il a fini par payer, cela ne nous a rien coûté. » La facture de {invoice:money} TTC (TVA à 20 %, déjà versée à l'État) a "
        "été réglée avec {days} jours de retard. L'argent coûte {rate:rate} par an, année de 365 jours. Le suivi a pris {hours} "
        "heures à {hourly:money}. L'indemnité de 40 € a été réclamée, puis abandonnée.\n\n"
        "Qu'a coûté ce retard ?",
        "“He paid in the end, it cost us nothing.” The invoice of {invoice:money} incl. VAT (VAT 20%, already paid to the "
        "State) was settled {days} days late. Money costs {rate:rate} a year, of 365 days. Follow-up took {hours} hours at "
        "{hourly:money}. The indemnity of EUR 40 was claimed, then given up.\n\n"
        "What did that delay cost?",
    ),
    hint=(
        "Deux morceaux : le financement du montant avancé pendant le retard, et le temps passé.",
        "Two parts: financing the amount advanced during the delay, and the time spent.",
    ),
    closer=(
        "La TVA a été versée avant d'être reçue : on a financé le TTC. Ce qui n'est pas encaissé ne se déduit pas.",
        "The VAT was paid before it was received: the amount incl. VAT was financed. What is not received is not taken off.",
    ),
    method=(
        "Coût = {invoice:money} × {rate:rate} × {days} / 365 + {hours} × {hourly:money}.",
        "Cost = {invoice:money} × {rate:rate} × {days} / 365 + {hours} × {hourly:money}.",
    ),
    worked=(
        "Financement : {invoice:money} × {rate:rate} × {days} / 365 = {financing:2} EUR. Temps : {hours} × {hourly:money} = "
        "{time:money}. Ensemble : {total:2} EUR.",
        "Financing: {invoice:money} × {rate:rate} × {days} / 365 = {financing:2} EUR. Time: {hours} × {hourly:money} = "
        "{time:money}. Together: {total:2} EUR.",
    ),
)
def delay(draw: Draw) -> Task:
    invoice = draw.number(42_000, 36_000, 48_000, 1_200)
    rate = draw.one_of(0.06, 0.05, 0.055, 0.065, 0.07)
    days = draw.number(75, 60, 90, 1)
    hours = draw.number(4, 4, 6, 1)
    hourly = draw.one_of(45, 40)
    financing, time = invoice * rate * days / 365, hours * hourly
    return Task(
        {
            "invoice": invoice,
            "rate": rate,
            "days": days,
            "hours": hours,
            "hourly": hourly,
            "financing": financing,
            "time": time,
            "total": financing + time,
        },
        financing + time,
        [
            Mistake(
                "excl_vat",
                financing / 1.2 + time,
                "Vous avez financé le HT seul. La TVA était déjà versée à l'État : elle aussi a été avancée pendant tout le "
                "retard.",
                "You financed the amount excl. VAT only. The VAT was already paid to the State: it was advanced too, all through "
                "the delay.",
            ),
            Mistake(
                "bank_year",
                invoice * rate * days / 360 + time,
                "Vous avez compté une année de 360 jours. C'est l'usage des banques ; l'énoncé dit 365.",
                "You counted a year of 360 days. That is what banks do; the statement says 365.",
            ),
            Mistake(
                "no_time",
                financing,
                "Il manque le temps passé : {hours} heures de relances ont été payées, et rien ne les a remboursées.",
                "The time spent is missing: {hours} hours of chasing were paid for, and nothing paid them back.",
            ),
            Mistake(
                "indemnity",
                financing + time - 40,
                "Vous avez déduit les 40 € d'indemnité. Ils ont été abandonnés : seul l'argent encaissé réduit le coût.",
                "You took off the indemnity of EUR 40. It was given up: only money received lowers the cost.",
            ),
            Mistake(
                "whole_year",
                invoice * rate + time,
                "Vous avez compté une année entière d'intérêts ; le retard n'a duré que {days} jours.",
                "You counted a whole year of interest; the delay lasted {days} days only.",
            ),
        ],
    )


@exercise(
    level="compute",
    kind="rate",
    decimals=1,
    minutes=6,
    competence="cost",
    covers=["000-08", "000-09"],
    title=("Trente jours de plus, sans rien dire", "Thirty more days, without a word"),
    statement=(
        "La marge d'un négociant est de {margin:rate} du prix HT. Un bon client paie à {agreed} jours ; le commercial lui accorde "
        "{granted} jours « puisque cela ne coûte rien ». L'argent coûte {rate:rate} par an (365 jours) ; la TVA de 20 % est due "
        "dès la livraison.\n\n"
        "Quelle part de la marge ces jours **supplémentaires** mangent-ils ?",
        "The margin of a wholesaler is {margin:rate} of the price excl. VAT. A good customer pays at {agreed} days; the salesperson "
        "grants it {granted} days, “since it costs nothing”. Money costs {rate:rate} a year (365 days); the VAT of 20% is due "
        "on delivery.\n\n"
        "What share of the margin do the **extra** days eat?",
    ),
    hint=(
        "Prenez 100 € de prix HT : ce que coûtent les jours de plus, divisé par ce que la vente rapporte.",
        "Take a price of EUR 100 excl. VAT: what the extra days cost, divided by what the sale brings.",
    ),
    closer=(
        "Pour 100 € HT, on finance 120 € TTC, et seulement pendant les jours qui s'ajoutent.",
        "For EUR 100 excl. VAT, EUR 120 incl. VAT are financed, and only for the days that are added.",
    ),
    method=(
        "Coût pour 100 € HT = 120 × {rate:rate} × {extra} / 365. Part de la marge = ce coût / {of_hundred}.",
        "Cost for EUR 100 excl. VAT = 120 × {rate:rate} × {extra} / 365. Share of the margin = that cost / {of_hundred}.",
    ),
    worked=(
        "Pour 100 € HT, on finance 120 € pendant {extra} jours de plus : 120 × {rate:rate} × {extra} / 365 = {spent:3} €. La vente "
        "rapporte {of_hundred} € : {spent:3} / {of_hundred} = {eaten:1} % de la marge. Une remise de {spent:2} % aurait coûté "
        "autant.",
        "For EUR 100 excl. VAT, EUR 120 are financed for {extra} more days: 120 × {rate:rate} × {extra} / 365 = EUR {spent:3}. "
        "The sale brings EUR {of_hundred}: {spent:3} / {of_hundred} = {eaten:1}% of the margin. A discount of {spent:2}% would "
        "have cost as much.",
    ),
)
def term(draw: Draw) -> Task:
    agreed = draw.one_of(30, 15, 20, 25)
    margin = draw.one_of(0.03, 0.025, 0.02)
    rate = draw.one_of(0.05, 0.055, 0.06, 0.07)
    granted, extra = agreed + 30, 30
    spent = rate * extra / 365 * 1.2
    return Task(
        {
            "margin": margin,
            "agreed": agreed,
            "granted": granted,
            "extra": extra,
            "rate": rate,
            "of_hundred": round(100 * margin, 10),
            "spent": 100 * spent,
            "eaten": 100 * spent / margin,
        },
        spent / margin,
        [
            Mistake(
                "excl_vat",
                spent / 1.2 / margin,
                "Vous avez financé le HT. La TVA est due dès la livraison : c'est le TTC que l'on attend, et que l'on finance.",
                "You financed the amount excl. VAT. The VAT is due on delivery: the amount incl. VAT is awaited, and financed.",
            ),
            Mistake(
                "whole_term",
                rate * granted / 365 * 1.2 / margin,
                "Vous avez compté les {granted} jours entiers. Les {agreed} premiers étaient déjà accordés : la décision ne "
                "coûte que ce qu'elle ajoute.",
                "You counted the whole {granted} days. The first {agreed} were granted already: the decision costs only what it "
                "adds.",
            ),
            Mistake(
                "of_the_price",
                spent,
                "C'est la part du prix, et elle paraît petite. La question porte sur la marge, qui l'est bien davantage.",
                "That is the share of the price, and it looks small. The question is about the margin, which is much smaller.",
            ),
            Mistake(
                "bank_year",
                rate * extra / 360 * 1.2 / margin,
                "Vous avez compté une année de 360 jours ; l'énoncé dit 365.",
                "You counted a year of 360 days; the statement says 365.",
            ),
            Mistake(
                "no_days",
                rate * 1.2 / margin,
                "Vous avez compté une année entière de financement : il manque les {extra} jours sur 365.",
                "You counted a whole year of financing: the {extra} days out of 365 are missing.",
            ),
        ],
    )


@exercise(
    level="compute",
    kind="money",
    minutes=6,
    competence="losses",
    covers=["003-06"],
    title=("La dépréciation n'est pas une perte de plus", "The allowance is not one more loss"),
    statement=(
        "| | |\n|---|--:|\n"
        "| Année 1 : créance douteuse, TTC (TVA à 20 %) | {claim:money} |\n"
        "| Année 1 : dépréciation, en part du HT | {share:rate} |\n"
        "| Année 2 : le liquidateur règle, TTC | {paid:money} |\n\n"
        "Le solde est alors perdu pour de bon ; sa TVA est récupérée et la dépréciation reprise. Combien cette créance aura-t-elle "
        "coûté **au résultat, sur les deux années ensemble** ?",
        "| | |\n|---|--:|\n"
        "| Year 1: doubtful claim, incl. VAT (20%) | {claim:money} |\n"
        "| Year 1: allowance, as a share of the amount excl. VAT | {share:rate} |\n"
        "| Year 2: the liquidator pays, incl. VAT | {paid:money} |\n\n"
        "The rest is then lost for good; its VAT is recovered and the allowance reversed. What will this claim have cost **the "
        "result, over the two years together**?",
    ),
    hint=(
        "Écrivez les charges et les produits des deux années : dotation, perte, reprise. Deux d'entre eux s'annulent.",
        "Write down the expenses and income of both years: allowance, loss, reversal. Two of them cancel out.",
    ),
    closer=(
        "La dotation de l'année 1 est reprise en année 2. Il reste la perte, pour son montant HT.",
        "The allowance of year 1 is reversed in year 2. What remains is the loss, for its amount excl. VAT.",
    ),
    method=(
        "Coût = ({claim:money} − {paid:money}) / 1,20.",
        "Cost = ({claim:money} − {paid:money}) / 1.20.",
    ),
    worked=(
        "Année 1 : dotation {allowance:money}. Année 2 : perte ({claim:money} − {paid:money}) / 1,20 = {lost:money}, reprise "
        "{allowance:money}. Sur les deux années : {allowance:money} + {lost:money} − {allowance:money} = {lost:money}. La "
        "dépréciation avance la perte ; elle ne l'augmente pas.",
        "Year 1: allowance {allowance:money}. Year 2: loss ({claim:money} − {paid:money}) / 1.20 = {lost:money}, reversal "
        "{allowance:money}. Over the two years: {allowance:money} + {lost:money} − {allowance:money} = {lost:money}. The "
        "allowance brings the loss forward; it does not increase it.",
    ),
)
def allowance(draw: Draw) -> Task:
    claim = draw.number(36_000, 37_200, 60_000, 1_200)
    share = draw.one_of(0.60, 0.50, 0.70)
    paid = draw.number(4_200, 1_800, 5_400, 600)
    net = claim / 1.2
    set_aside, lost = net * share, (claim - paid) / 1.2
    return Task(
        {
            "claim": claim,
            "share": share,
            "paid": paid,
            "allowance": round(set_aside, 2),
            "lost": round(lost, 2),
            "second": round(lost - set_aside, 2),
        },
        lost,
        [
            Mistake(
                "added",
                set_aside + lost,
                "Vous avez ajouté la dépréciation à la perte et oublié sa reprise : la même somme est comptée deux fois.",
                "You added the allowance to the loss and forgot its reversal: the same money is counted twice.",
            ),
            Mistake(
                "incl_vat",
                lost * 1.2,
                "Vous avez compté la perte TTC. La TVA du solde est récupérée : elle ne coûte rien au résultat.",
                "You counted the loss incl. VAT. The VAT of the rest is recovered: it costs the result nothing.",
            ),
            Mistake(
                "first_year",
                set_aside,
                "C'est la charge de la première année seule : elle estimait la perte. En année 2 la vraie perte la remplace.",
                "That is the expense of the first year alone: it estimated the loss. In year 2 the real loss takes its place.",
            ),
            Mistake(
                "second_year",
                lost - set_aside,
                "C'est la charge de la seconde année seule, reprise déduite. La première année a porté sa part.",
                "That is the expense of the second year alone, less the reversal. The first year bore its part.",
            ),
            Mistake(
                "nothing_paid",
                net,
                "Vous avez compté toute la créance. Ce que le liquidateur a versé n'est pas perdu.",
                "You counted the whole claim. What the liquidator paid is not lost.",
            ),
            Mistake(
                "paid_excl_vat",
                net - paid,
                "Vous avez retiré un règlement TTC d'un montant HT. Le liquidateur paie aussi la TVA : ramenez les deux au HT.",
                "You took a payment incl. VAT off an amount excl. VAT. The liquidator pays VAT too: bring both to excl. VAT.",
            ),
        ],
    )


@exercise(
    level="compute",
    kind="money",
    decimals=1,
    minutes=7,
    competence="data",
    covers=["003-05", "002-20"],
    title=("Cherchez l'erreur : une marge publiée", "Find the mistake: a published margin"),
    statement=(
        "Une page d'aide publiée montre ce que coûte un retard. Une facture de {invoice:money} **TTC** est payée avec 40 jours de "
        "retard, 85 jours après son émission ; le taux de marge moyen est de {margin:rate}, l'argent coûte {rate:rate} par an sur "
        "360 jours. La page écrit :\n\n"
        "| | calcul de la page | |\n|---|---|--:|\n"
        "| 1 | marge : {invoice:money} × {margin:rate} | {page_margin:money} |\n"
        "| 2 | coût financier : {invoice:money} × {rate:rate} × 85 / 360 | {page_cost:money} |\n"
        "| 3 | marge nette : ligne 1 − ligne 2 | {page_left:money} |\n\n"
        "Une des lignes part d'un mauvais montant. Corrigez-la (TVA à 20 %, toujours 360 jours) : **quelle marge reste-t-il ?**\n\n"
        "Source : [page publiée](https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement)",
        "A published help page shows what a delay costs. An invoice of {invoice:money} **incl. VAT** is paid 40 days late, 85 days "
        "after it was issued; the average margin rate is {margin:rate}, money costs {rate:rate} a year of 360 days. The page "
        "writes:\n\n"
        "| | calculation of the page | |\n|---|---|--:|\n"
        "| 1 | margin: {invoice:money} × {margin:rate} | {page_margin:money} |\n"
        "| 2 | cost of financing: {invoice:money} × {rate:rate} × 85 / 360 | {page_cost:money} |\n"
        "| 3 | net margin: line 1 − line 2 | {page_left:money} |\n\n"
        "One of the lines starts from a wrong amount. Correct it (VAT 20%, still 360 days): **what margin is left?**\n\n"
        "Source: [published page](https://leanpay.fr/blog/les-vrais-couts-des-retards-de-paiement)",
    ),
    hint=(
        "Demandez-vous, ligne par ligne, s'il s'agit d'argent que l'on attend (TTC) ou d'argent que l'on gagne (HT).",
        "Ask, line by line, whether it is money one waits for (incl. VAT) or money one earns (excl. VAT).",
    ),
    closer=(
        "La TVA n'est pas gagnée : elle est due à l'État. Une ligne la compte pourtant comme du chiffre d'affaires.",
        "VAT is not earned: it is owed to the State. Yet one line counts it as sales.",
    ),
    method=(
        "Marge = {invoice:money} / 1,20 × {margin:rate}. Coût financier : comme la page. Marge qui reste = la différence.",
        "Margin = {invoice:money} / 1.20 × {margin:rate}. Cost of financing: as on the page. Margin left = the difference.",
    ),
    worked=(
        "La ligne 1 applique la marge au TTC. Elle se gagne sur le HT : {invoice:money} / 1,20 = {net:money}, × {margin:rate} = "
        "{earned:money}. La ligne 2 est juste, on finance bien le TTC : {cost:2} EUR, que la page tronque. Il reste {earned:money} − "
        "{cost:2} = {left:2} EUR, et non {page_left:money} : la page promet {gap:0} EUR de trop.",
        "Line 1 applies the margin to the amount incl. VAT. It is earned on the amount excl. VAT: {invoice:money} / 1.20 = "
        "{net:money}, × {margin:rate} = {earned:money}. Line 2 is right, the amount incl. VAT is what is financed: {cost:2} EUR, "
        "which the page truncates. What is left is {earned:money} − {cost:2} = {left:2} EUR, not {page_left:money}: the page "
        "promises {gap:0} EUR too much.",
    ),
)
def published(draw: Draw) -> Task:
    invoice, margin, rate = 15_000, 0.10, 0.04
    net, cost = invoice / 1.2, invoice * rate * 85 / 360
    left = net * margin - cost
    return Task(
        {
            "invoice": invoice,
            "margin": margin,
            "rate": rate,
            "page_margin": 1_500,
            "page_cost": 141.66,
            "page_left": 1_358.34,
            "net": net,
            "earned": net * margin,
            "cost": cost,
            "left": left,
            "gap": 1_358.34 - left,
        },
        left,
        [
            Mistake(
                "as_published",
                invoice * margin - cost,
                "C'est le chiffre de la page. Sa ligne 1 compte la TVA comme une vente : on ne gagne rien sur la TVA.",
                "That is the figure of the page. Its line 1 counts the VAT as a sale: nothing is earned on VAT.",
            ),
            Mistake(
                "both_excl_vat",
                net * margin - cost / 1.2,
                "La marge est juste, mais vous avez aussi mis le financement au HT. Le client doit le TTC : c'est lui que l'on attend.",
                "The margin is right, but you brought the financing to excl. VAT too. The customer owes the amount incl. VAT: that "
                "is what one waits for.",
            ),
            Mistake(
                "wrong_line",
                invoice * margin - cost / 1.2,
                "Vous avez corrigé la ligne 2, qui est juste : on finance bien le TTC. L'erreur est dans une autre ligne.",
                "You corrected line 2, which is right: the amount incl. VAT is what is financed. The mistake is in another line.",
            ),
            Mistake(
                "year_of_365",
                net * margin - invoice * rate * 85 / 365,
                "La marge est juste. Mais 360 jours n'est pas une erreur, c'est une convention de banque, et l'énoncé la garde.",
                "The margin is right. But 360 days is no mistake, it is what banks do, and the statement keeps it.",
            ),
            Mistake(
                "vat_of_the_whole",
                invoice * 0.8 * margin - cost,
                "Bonne ligne, mais vous avez retiré 20 % du TTC. On passe du TTC au HT en divisant par 1,20.",
                "The right line, but you took 20% off the amount incl. VAT. Divide by 1.20 to take the VAT off.",
            ),
            Mistake(
                "delay_only",
                net * margin - invoice * rate * 40 / 360,
                "La marge est juste, mais vous n'avez financé que les 40 jours de retard. L'argent a manqué 85 jours.",
                "The margin is right, but you financed the 40 days of delay only. The money was missing for 85 days.",
            ),
        ],
    )


# %%
exercises.ask("loss")
# %% tags=["solution"]
f = exercises.figures("loss")
answer = f["invoice"] / 1.2 / f["margin"]
exercises.check("loss", answer)
# %%
exercises.ask("price_margin")
# %% tags=["solution"]
f = exercises.figures("price_margin")
answer = cm.compensating_sales(f["lost"], (f["price"] - f["cost"]) / f["price"]).sales
exercises.check("price_margin", answer)
# %%
exercises.ask("delay")
# %% tags=["solution"]
f = exercises.figures("delay")
answer = cm.cost_of_delay(f["invoice"], f["rate"], f["days"]) + f["hours"] * f["hourly"]
exercises.check("delay", answer)
# %%
exercises.ask("term")
# %% tags=["solution"]
f = exercises.figures("term")
more = f["granted"] - f["agreed"]
answer = cm.cost_of_payment_term(more, f["rate"], vat_rate=0.20, margin_rate=f["margin"]).margin_eaten
exercises.check("term", answer)
# %%
exercises.ask("allowance")
# %% tags=["solution"]
f = exercises.figures("allowance")
answer = (f["claim"] - f["paid"]) / 1.2
exercises.check("allowance", answer)
# %%
exercises.ask("published")
# %% tags=["solution"]
f = exercises.figures("published")
waited = cm.margin_after_delay(f["invoice"], f["margin"], f["rate"], 85, vat_rate=0.20, day_base=360)
answer = waited["margin_left"].iloc[0]
exercises.check("published", answer)
# %% [markdown] tags=["fr"]
# ## Utiliser
#
# Les trois exercices qui suivent lisent le grand livre de la société d'exemple. Le code est prêt ; vous répondez dans une
# cellule grise : cliquez dedans, remplacez les trois points par votre réponse, puis **Maj + Entrée**. Un nombre suffit ; un
# calcul aussi, avec `*` pour multiplier et `/` pour diviser.
# %% [markdown] tags=["en"]
# ## Use
#
# The next three exercises read the ledger of the sample company. The code is ready; you answer in a grey cell: click in it,
# replace the three dots by your answer, then **Shift + Enter**. A number is enough; so is a calculation, with `*` to multiply
# and `/` to divide.
# %%
ledger = cm.read_ledger("../../data/factures.csv", "../../data/reglements.csv", "../../data/clients.csv")
# %% tags=["check"]
MONTH_ENDS = [
    date(*day) for day in ((2026, 6, 30), (2025, 12, 31), (2026, 2, 28), (2026, 3, 31), (2026, 4, 30), (2026, 5, 31))
]


@exercise(
    level="use",
    kind="money",
    minutes=6,
    in_cell=True,
    competence="cost",
    covers=["003-04", "003-05"],
    title=("Des jours de DSO gagnés", "Days of DSO gained"),
    statement=(
        "Au {as_of:date}, le directeur financier fixe un objectif : {days} jours de DSO de moins. La société emprunte à "
        "{rate:rate} par an. Le tableau donne ses ventes TTC des douze derniers mois et ce que vaut un jour.\n\n"
        "Combien cet objectif, une fois atteint, épargne-t-il **chaque année** ?",
        "On {as_of:date} the finance director sets a target: {days} days of DSO less. The company borrows at {rate:rate} a year. "
        "The table gives its sales incl. VAT of the last twelve months and what one day is worth.\n\n"
        "Once reached, how much does that target save **each year**?",
    ),
    hint=(
        "Un jour de DSO est un jour de ventes TTC. Le gagner libère cette somme ; l'épargne est ce que coûtait son financement.",
        "A day of DSO is a day of sales incl. VAT. Gaining it sets that sum free; the saving is what its financing cost.",
    ),
    closer=(
        "Trésorerie libérée = valeur d'un jour × nombre de jours ; l'épargne en est une part, au taux d'emprunt.",
        "Cash set free = value of one day × number of days; the saving is a part of it, at the borrowing rate.",
    ),
    method=(
        "Épargne = ventes / 365 × {days} × {rate:rate}, ou cm.day_of_dso(sales, {rate_cell}, {days}).yearly_saving",
        "Saving = sales / 365 × {days} × {rate:rate}, or cm.day_of_dso(sales, {rate_cell}, {days}).yearly_saving",
    ),
    worked=(
        "Un jour : {sales:money} / 365 = {one:2} EUR. {days} jours libèrent {cash:2} EUR, une fois. Chaque année : {cash:2} × "
        "{rate:rate} = {saving:2} EUR.",
        "One day: {sales:money} / 365 = {one:2} EUR. {days} days set free {cash:2} EUR, once. Each year: {cash:2} × {rate:rate} = "
        "{saving:2} EUR.",
    ),
)
def day_gained(draw: Draw) -> Task:
    as_of = draw.one_of(*MONTH_ENDS)
    days = draw.number(4, 3, 9, 1)
    rate = draw.one_of(0.05, 0.04, 0.045, 0.055, 0.06)
    sales = float(dso_parts(draw.ledger, as_of)["sales"].iloc[0])
    gain = day_of_dso(sales, rate, days)
    saving = sales / 365 * days * rate
    return Task(
        {
            "as_of": as_of,
            "days": days,
            "rate": rate,
            "rate_cell": str(rate),
            "sales": sales,
            "one": sales / 365,
            "cash": gain.cash,
            "saving": saving,
        },
        saving,
        [
            Mistake(
                "cash",
                sales / 365 * days,
                "C'est la trésorerie libérée, une seule fois. Elle n'est pas gagnée : l'épargne est l'intérêt qu'elle ne coûte "
                "plus.",
                "That is the cash set free, once. It is not earned: the saving is the interest that it costs no more.",
            ),
            Mistake(
                "one_day",
                sales / 365 * rate,
                "C'est l'épargne d'un seul jour ; l'objectif en vise {days}.",
                "That is the saving of a single day; the target is {days}.",
            ),
            Mistake(
                "one_day_cash",
                sales / 365,
                "C'est la valeur d'un jour de ventes : il manque le nombre de jours et le taux.",
                "That is the value of one day of sales: the number of days and the rate are missing.",
            ),
            Mistake(
                "bank_year",
                sales / 360 * days * rate,
                "Vous avez divisé les ventes d'une année de 365 jours par 360.",
                "You divided the sales of a year of 365 days by 360.",
            ),
            Mistake(
                "percent",
                saving * 100,
                "C'est cent fois trop : dans un calcul, {rate:rate} s'écrit {rate_cell}.",
                "That is a hundred times too much: in a calculation, {rate:rate} is written {rate_cell}.",
            ),
        ],
    )


def late_items(draw: Draw, as_of: date, segment: str):
    items = open_items(draw.ledger, as_of).merge(draw.ledger.customers[["customer_id", "segment"]], on="customer_id")
    items = items[items["segment"] == segment]
    return items, items[(items["days_late"] > 0) & (items["open_book_amount"] > 0)]


@exercise(
    level="use",
    kind="money",
    minutes=8,
    in_cell=True,
    competence="cost",
    covers=["003-05", "003-08", "002-04"],
    title=("Ce que l'attente a déjà coûté", "What waiting has cost so far"),
    statement=(
        "Au {as_of:date}, dans le segment « {segment} », des factures sont échues et impayées. L'argent coûte {rate:rate} par an "
        "(365 jours). Le tableau donne l'encours, l'échu, et deux moyennes des jours de retard.\n\n"
        "Qu'a coûté, jusqu'ici, le financement de ces factures **depuis leur échéance** ?",
        "On {as_of:date}, in the segment “{segment}”, invoices are past due and unpaid. Money costs {rate:rate} a year (365 days). "
        "The table gives the outstanding, the overdue, and two averages of the days late.\n\n"
        "What has financing these invoices cost so far, **since they fell due**?",
    ),
    hint=(
        "Montant en retard × taux × jours de retard / 365 : il faut le bon montant et la bonne moyenne.",
        "Late amount × rate × days late / 365: it takes the right amount and the right average.",
    ),
    closer=(
        "Une grosse facture coûte plus par jour qu'une petite : ses jours doivent peser davantage dans la moyenne.",
        "A large invoice costs more a day than a small one: its days must weigh more in the average.",
    ),
    method=(
        "Écrivez cm.cost_of_delay(overdue, {rate_cell}, weighted_days)",
        "Write cm.cost_of_delay(overdue, {rate_cell}, weighted_days)",
    ),
    worked=(
        "Échu {overdue:2} EUR × {rate:rate} × {weighted:2} jours / 365 = {spent:2} EUR. C'est exactement la somme des coûts facture "
        "par facture ; la moyenne simple ({simple:2} jours) aurait donné {by_simple:2} EUR.",
        "Overdue {overdue:2} EUR × {rate:rate} × {weighted:2} days / 365 = {spent:2} EUR. That is exactly the sum of the costs "
        "invoice by invoice; the plain average ({simple:2} days) would have given {by_simple:2} EUR.",
    ),
)
def waiting(draw: Draw) -> Task:
    as_of = draw.one_of(*MONTH_ENDS)
    segment = draw.one_of("Grand compte", "Secteur public", "PME")
    rate = draw.one_of(0.05, 0.04, 0.06)
    items, late = late_items(draw, as_of, segment)
    amounts, days = late["open_book_amount"], late["days_late"]
    overdue, simple = float(amounts.sum()), float(days.mean())
    weighted = float((amounts * days).sum()) / overdue
    outstanding = float(items["open_book_amount"].sum())
    spent = overdue * rate * weighted / 365
    return Task(
        {
            "as_of": as_of,
            "segment": segment,
            "rate": rate,
            "rate_cell": str(rate),
            "overdue": overdue,
            "weighted": weighted,
            "simple": simple,
            "spent": spent,
            "by_simple": overdue * rate * simple / 365,
        },
        spent,
        [
            Mistake(
                "simple_average",
                overdue * rate * simple / 365,
                "Vous avez pris la moyenne simple, où une facture de 500 € compte autant qu'une de 50 000 €. C'est l'argent qui "
                "coûte, non le nombre de factures.",
                "You took the plain average, where an invoice of EUR 500 counts as much as one of EUR 50,000. Money costs, not "
                "the number of invoices.",
            ),
            Mistake(
                "outstanding",
                outstanding * rate * weighted / 365,
                "Vous avez pris tout l'encours. Ce qui n'est pas échu n'attend pas encore : ce délai-là était convenu.",
                "You took the whole outstanding. What is not due does not wait yet: that term was agreed.",
            ),
            Mistake(
                "bank_year",
                overdue * rate * weighted / 360,
                "Vous avez compté une année de 360 jours ; l'énoncé dit 365.",
                "You counted a year of 360 days; the statement says 365.",
            ),
            Mistake(
                "percent",
                spent * 100,
                "C'est cent fois trop : dans un calcul, {rate:rate} s'écrit {rate_cell}.",
                "That is a hundred times too much: in a calculation, {rate:rate} is written {rate_cell}.",
            ),
            Mistake(
                "whole_year",
                overdue * rate,
                "Vous avez compté une année entière d'intérêts : il manque les jours de retard.",
                "You counted a whole year of interest: the days late are missing.",
            ),
            Mistake(
                "excl_vat",
                overdue * rate * weighted / 365 / 1.2,
                "Vous avez retiré la TVA. Elle a été versée à l'État et n'est pas rentrée : on la finance aussi.",
                "You took the VAT off. It was paid to the State and has not come in: it is financed too.",
            ),
        ],
    )


@exercise(
    level="use",
    kind="money",
    decimals=2,
    minutes=8,
    in_cell=True,
    competence="law",
    covers=["004-09", "003-08"],
    title=("Quelle colonne pour la TVA ?", "Which column for the VAT?"),
    statement=(
        "Au {as_of:date}, {customer} doit la facture {item} : {amount:money} TTC (TVA à 20 %), échue depuis {days} jours. On "
        "apprend l'ouverture de son **redressement judiciaire**. La TVA a été payée à la facturation. Pas d'assurance ; "
        "{hours} heures de suivi à {hourly:money}, {letters:money} de courriers, financement à {rate:rate}.\n\n"
        "Le comité veut le coût complet si toute la facture est perdue, avec une règle prudente : **une TVA dont le retour n'est "
        "pas encore prouvé compte comme perdue**. Quel total lui donnez-vous ?",
        "On {as_of:date}, {customer} owes invoice {item}: {amount:money} incl. VAT (20%), {days} days past due. News comes that its "
        "**receivership** (*redressement judiciaire*) is opened. The VAT was paid on invoicing. No insurance; {hours} hours of follow-up at "
        "{hourly:money}, {letters:money} of letters, financing at {rate:rate}.\n\n"
        "The committee wants the full cost if the whole invoice is lost, under a prudent rule: **VAT whose return is not proved yet "
        "counts as lost**. Which total do you give?",
    ),
    hint=(
        "Une seule question choisit la colonne : est-il prouvé aujourd'hui que la TVA reviendra ?",
        "One question picks the column: is it proved today that the VAT will come back?",
    ),
    closer=(
        "L'ouverture d'une liquidation judiciaire ouvre le droit ; un redressement ne prouve pas que la créance est perdue.",
        "The opening of a liquidation opens the right; a receivership does not prove that the claim is lost.",
    ),
    method=(
        'Recopiez le coût complet de la colonne « Pas encore récupérable », ou écrivez cases["vat_not_yet"].total',
        'Copy the full cost of the column “Not yet recoverable”, or write cases["vat_not_yet"].total',
    ),
    worked=(
        "En redressement rien n'est prouvé : la TVA compte comme perdue, donc {amount:money} TTC. S'y ajoutent le financement, "
        "{amount:money} × {rate:rate} × {days} / 365 = {financing:2} EUR, {hours} × {hourly:money} = {time:money} de temps et "
        "{letters:money} de courriers : {total:2} EUR. Si une liquidation suit, la TVA reviendra et le coût tombera à {later:2} EUR, 90 jours d'avance de TVA compris.",
        "In receivership nothing is proved: the VAT counts as lost, hence {amount:money} incl. VAT. Add financing, {amount:money} × "
        "{rate:rate} × {days} / 365 = {financing:2} EUR, {hours} × {hourly:money} = {time:money} of time and {letters:money} of "
        "letters: {total:2} EUR. If a liquidation follows, the VAT will come back and the cost will fall to {later:2} EUR, 90 days of advancing the VAT included.",
    ),
)
def vat_case(draw: Draw) -> Task:
    as_of, item = draw.one_of(
        (date(2026, 4, 30), "FA2600088"),
        (date(2026, 3, 31), "FA2600041"),
        (date(2025, 12, 31), "FA2500826"),
        (date(2025, 11, 30), "FA2500555"),
        (date(2026, 5, 31), "FA2600099"),
    )
    hours, hourly = draw.number(8, 6, 12, 1), draw.one_of(40, 45)
    rate = draw.one_of(0.05, 0.04, 0.06)
    margin, letters = 0.10, 60
    items = open_items(draw.ledger, as_of).merge(
        draw.ledger.customers[["customer_id", "customer_name"]], on="customer_id"
    )
    owed = items[items["item_id"] == item].iloc[0]
    amount, days = float(owed["open_amount"]), int(owed["days_late"])
    invoice = UnpaidInvoice(
        amount, 0.20, insured_share=0, guarantee=0, financing_rate=rate, days=days, hours=hours, hourly_cost=hourly,
        other_handling=letters, legal_costs=0, vat_days=90, lost_bonus=0, late_interest=0, fixed_indemnity=0, margin_rate=margin,
    )  # fmt: skip
    totals = {name: cost.total for name, cost in vat_cases(invoice).items()}
    financing = cost_of_delay(amount, rate, days)
    return Task(
        {
            "as_of": as_of,
            "customer": owed["customer_name"],
            "item": item,
            "amount": amount,
            "days": days,
            "hours": hours,
            "hourly": hourly,
            "letters": letters,
            "rate": rate,
            "margin": margin,
            "financing": financing,
            "time": hours * hourly,
            "total": totals["vat_not_yet"],
            "later": totals["vat_recoverable"],
        },
        totals["vat_not_yet"],
        [
            Mistake(
                "recoverable",
                totals["vat_recoverable"],
                "C'est la colonne d'une liquidation. En redressement, l'entreprise peut encore payer : rien ne prouve que la "
                "TVA reviendra.",
                "That is the column of a liquidation. In receivership the company may still pay: nothing proves that the VAT will "
                "come back.",
            ),
            Mistake(
                "receipts",
                totals["vat_receipts"],
                "C'est la colonne de la TVA sur les encaissements. Ici la TVA a été payée dès la facturation : elle est sortie "
                "de la caisse.",
                "That is the column of VAT due on receipts. Here the VAT was paid on invoicing: the money is gone.",
            ),
            Mistake(
                "loss_alone",
                amount,
                "C'est la facture seule. Il a fallu la financer, la suivre, écrire : le coût complet compte tout.",
                "That is the invoice alone. It had to be financed, followed up, written about: the full cost counts it all.",
            ),
            Mistake(
                "sales",
                totals["vat_not_yet"] / margin,
                "C'est la dernière ligne, les ventes qui effacent le coût. Le comité demande le coût lui-même.",
                "That is the last line, the sales that make up the cost. The committee asks for the cost itself.",
            ),
            Mistake(
                "excl_vat",
                round(amount / 1.2, 2),
                "C'est la perte HT seule : il manque la TVA, qui compte comme perdue, et tous les frais.",
                "That is the loss excl. VAT alone: the VAT, which counts as lost, and all the expenses are missing.",
            ),
        ],
    )


# %%
exercises.ask("day_gained")
goal = exercises.figures("day_gained")
parts = cm.dso_parts(ledger, goal["as_of"])
sales = parts["sales"].iloc[0]
cm.display.table(parts[["sales", "period_days", "day_value"]], language)
# %% [markdown] tags=["fr"]
# **À vous.** La fonction `cm.day_of_dso(sales, taux, jours)` donne deux chiffres, que l'on appelle en ajoutant `.cash` (la
# trésorerie) ou `.yearly_saving` (l'épargne annuelle). Par exemple `cm.day_of_dso(sales, 0.10, 1).cash`. Un taux de 10 %
# s'écrit ici `0.10`.
# %% [markdown] tags=["en"]
# **Your turn.** The function `cm.day_of_dso(sales, rate, days)` gives two figures, which are named by adding `.cash` or
# `.yearly_saving`. For example `cm.day_of_dso(sales, 0.10, 1).cash`. A rate of 10% is written `0.10` here.
# %% tags=["answer"]
answer = cm.day_of_dso(sales, goal["rate"], goal["days"]).yearly_saving  # solution
exercises.check("day_gained", answer)
# %%
exercises.ask("waiting")
wait = exercises.figures("waiting")
items = cm.open_items(ledger, wait["as_of"]).merge(ledger.customers[["customer_id", "segment"]], on="customer_id")
items = items[items["segment"] == wait["segment"]]
late = items[(items["days_late"] > 0) & (items["open_book_amount"] > 0)]
outstanding, overdue = items["open_book_amount"].sum(), late["open_book_amount"].sum()
simple_days = late["days_late"].mean()
weighted_days = (late["open_book_amount"] * late["days_late"]).sum() / overdue
columns = ["outstanding", "overdue", "simple_days", "weighted_days"]
cm.display.table(pd.DataFrame([[outstanding, overdue, simple_days, weighted_days]], columns=columns), language)
# %% [markdown] tags=["fr"]
# **À vous.** Les quatre chiffres du tableau s'appellent, dans l'ordre, `outstanding`, `overdue`, `simple_days` et `weighted_days`. La
# fonction `cm.cost_of_delay(montant, taux, jours)` calcule un coût de financement : mettez-y les bons, et le taux (10 % s'écrit
# `0.10`).
# %% [markdown] tags=["en"]
# **Your turn.** The four figures of the table are named, in order, `outstanding`, `overdue`, `simple_days` and `weighted_days`. The
# function `cm.cost_of_delay(amount, rate, days)` computes a cost of financing: give it the right ones, and the rate (10% is
# written `0.10`).
# %% tags=["answer"]
answer = cm.cost_of_delay(overdue, wait["rate"], weighted_days)  # solution
exercises.check("waiting", answer)
# %%
exercises.ask("vat_case")
case = exercises.figures("vat_case")
items = cm.open_items(ledger, case["as_of"]).set_index("item_id")
owed = items.loc[case["item"]]
invoice = cm.UnpaidInvoice(
    owed["open_amount"], 0.20, insured_share=0, guarantee=0, financing_rate=case["rate"], days=owed["days_late"],
    hours=case["hours"], hourly_cost=case["hourly"], other_handling=case["letters"], legal_costs=0, vat_days=90, lost_bonus=0,
    late_interest=0, fixed_indemnity=0, margin_rate=case["margin"],
)  # fmt: skip
cases = cm.costs.vat_cases(invoice)
compared = forms_costs.costs_side_by_side(cases, language)
cm.display.table(compared[(compared.iloc[:, 1:] != 0).any(axis=1)], language)
# %% [markdown] tags=["fr"]
# **À vous.** Choisissez la colonne, puis recopiez son coût complet.
# %% [markdown] tags=["en"]
# **Your turn.** Choose the column, then copy its full cost.
# %% tags=["answer"]
answer = cases["vat_not_yet"].total  # solution
exercises.check("vat_case", answer)


# %% [markdown] tags=["fr"]
# ## Décider
#
# Choisissez, vérifiez, puis écrivez quelques lignes comme à un comité. Le modèle s'affiche après ; vous cochez vous-même ce que
# votre texte contient.
# %% [markdown] tags=["en"]
# ## Decide
#
# Choose, check, then write a few lines as you would to a committee. The model comes after; you tick yourself what your text
# holds.
# %% tags=["check"]
@exercise(
    level="decide",
    kind="choice",
    minutes=10,
    competence="decision",
    covers=["000-10", "003-07"],
    title=("Accepter la commande ?", "Accept the order?"),
    statement=(
        "Un client mal noté commande pour {order:money} HT. Parmi de telles commandes, une sur {one_in} n'est jamais payée. La marge "
        "est de {margin:rate} du prix, sur coûts variables : les charges fixes ne bougeront pas. La TVA revient en cas de perte. "
        "Le client accepte de verser un acompte de {share:rate} à la commande.\n\n"
        "| pour une commande, HT | |\n|---|--:|\n"
        "| marge, si elle est payée | {gain:money} |\n"
        "| argent dépensé pour la livrer | {spent:money} |\n"
        "| acompte possible | {deposit:money} |\n\n"
        "Que proposez-vous au comité de crédit, et pourquoi ?",
        "A customer with a poor rating orders for {order:money} excl. VAT. Of such orders, one in {one_in} is never paid. The "
        "margin is {margin:rate} of the price, over variable costs: fixed costs will not move. The VAT comes back if it is lost. "
        "The customer agrees to pay a deposit of {share:rate} with the order.\n\n"
        "| for one order, excl. VAT | |\n|---|--:|\n"
        "| margin, if it is paid | {gain:money} |\n"
        "| money spent to deliver it | {spent:money} |\n"
        "| possible deposit | {deposit:money} |\n\n"
        "What do you propose to the credit committee, and why?",
    ),
    choices={
        "as_asked": ("Accepter sans acompte", "Accept without a deposit"),
        "deposit": ("Accepter, l'acompte encaissé d'abord", "Accept, once the deposit is received"),
        "refuse": ("Refuser la commande", "Refuse the order"),
    },
    hint=(
        "Prenez {one_in} commandes pareilles : ce que rapportent celles qui sont payées, ce que coûte celle qui ne l'est pas.",
        "Take {one_in} such orders: what those that are paid bring, what the one that is not costs.",
    ),
    closer=(
        "L'acompte ne change pas la marge ; il change ce que coûte la commande impayée.",
        "The deposit does not change the margin; it changes what the unpaid order costs.",
    ),
    method=(
        "Comparez {paid} × {gain:money} à {spent:money} sans acompte, puis à {spent:money} − {deposit:money} avec.",
        "Compare {paid} × {gain:money} with {spent:money} without a deposit, then with {spent:money} − {deposit:money} with it.",
    ),
    worked=(
        "Sur {one_in} commandes, {paid} sont payées et rapportent {gains:money}. Sans acompte, la dernière coûte {spent:money} : "
        "résultat {alone:money}. Avec l'acompte, elle ne coûte que {spent:money} − {deposit:money} = {left:money} : résultat "
        "{result:money}.",
        "Of {one_in} orders, {paid} are paid and bring {gains:money}. Without a deposit, the last one costs {spent:money}: result "
        "{alone:money}. With the deposit it costs {spent:money} − {deposit:money} = {left:money} only: result {result:money}.",
    ),
    model=(
        "Je propose d'accepter, à condition que l'acompte de {deposit:money} HT soit encaissé avant le lancement. Sans lui, les "
        "{paid} commandes payées sur {one_in} rapportent {gains:money}, et celle qui ne l'est pas coûte {spent:money} d'achats et "
        "de main-d'œuvre : l'opération perd de l'argent. Avec lui, cette commande ne coûte plus que {left:money} et l'ensemble "
        "gagne {result:money}. Ce calcul tient à la marge sur coûts variables, donc à un atelier qui a de la place, et à un risque "
        "d'une sur {one_in} ; s'il monte, l'acompte doit monter aussi. Pas d'autre commande avant le paiement du solde.",
        "I propose to accept, provided that the deposit of {deposit:money} excl. VAT is received before work starts. Without it, the "
        "{paid} orders paid out of {one_in} bring {gains:money}, and the one that is not costs {spent:money} of purchases and "
        "labour: the operation loses money. With it, that order costs {left:money} only and the whole earns {result:money}. This "
        "rests on the margin over variable costs, hence on a workshop that has room, and on a risk of one in {one_in}; if it "
        "rises, the deposit must rise too. No other order before the balance is paid.",
    ),
    grid=(
        (
            "Je compare, en euros, ce que rapportent les commandes payées à ce que coûte celle qui ne l'est pas.",
            "I compare, in euros, what the paid orders bring with what the unpaid one costs.",
        ),
        (
            "Je compte comme perte l'argent dépensé ({spent:money}), non le prix de vente, et je nomme la marge.",
            "I count as the loss the money spent ({spent:money}), not the selling price, and I name the margin.",
        ),
        (
            "Je montre que l'acompte fait passer l'opération de la perte au gain.",
            "I show that the deposit turns the operation from a loss into a gain.",
        ),
        (
            "Je pose une condition que l'on peut vérifier : acompte encaissé avant de lancer.",
            "I set a condition that can be checked: deposit received before work starts.",
        ),
        (
            "Je dis ce qui ferait changer d'avis, ou ce que l'on surveille ensuite.",
            "I say what would change the decision, or what is watched afterwards.",
        ),
    ),
)
def order(draw: Draw) -> Task:
    price = draw.number(40_000, 20_000, 60_000, 2_000)
    margin = draw.one_of(0.15, 0.16, 0.18)
    one_in = draw.one_of(5, 4)
    share = 0.5
    gain, spent, deposit = round(price * margin, 2), round(price * (1 - margin), 2), price * share
    gains, left = (one_in - 1) * gain, spent - deposit
    return Task(
        {
            "order": price,
            "margin": margin,
            "one_in": one_in,
            "paid": one_in - 1,
            "share": share,
            "gain": gain,
            "spent": spent,
            "deposit": deposit,
            "gains": gains,
            "left": left,
            "alone": gains - spent,
            "result": gains - left,
        },
        "deposit",
        [
            Mistake(
                "as_asked",
                "as_asked",
                "Sur {one_in} commandes, les {paid} payées rapportent {gains:money} et la dernière coûte {spent:money} : on perd "
                "de l'argent à vendre.",
                "Of {one_in} orders, the {paid} paid ones bring {gains:money} and the last one costs {spent:money}: selling loses "
                "money.",
            ),
            Mistake(
                "refuse",
                "refuse",
                "Ne rien risquer, c'est aussi ne rien gagner. Regardez ce que coûte la commande impayée une fois l'acompte encaissé.",
                "Risking nothing is also earning nothing. Look at what the unpaid order costs once the deposit is received.",
            ),
        ],
    )


@exercise(
    level="decide",
    kind="choice",
    minutes=10,
    competence="decision",
    covers=["004-74", "003-08"],
    title=("Une petite créance : qui la recouvre ?", "A small claim: who recovers it?"),
    statement=(
        "Un client en activité ne répond plus et doit {claim:money} TTC, sans contestation. Une heure de votre service coûte "
        "{hourly:money}. Voici ce qu'ont donné, **en moyenne**, vos dossiers de cette taille :\n\n"
        "| voie | part recouvrée | frais | votre temps |\n|---|--:|--:|--:|\n"
        "| abandonner | 0 % | 0 | 0 h |\n"
        "| relancer encore vous-mêmes | {own_share:rate} | 0 | {own_hours} h |\n"
        "| société de recouvrement | {agency_share:rate} | {fee:rate} de ce qu'elle recouvre | 1 h |\n"
        "| procédure en justice, menée par vous | {court_share:rate} | {costs:money} | {court_hours} h |\n\n"
        "Quelle voie choisissez-vous, et pourquoi ?",
        "A customer still in business no longer answers and owes {claim:money} incl. VAT, undisputed. An hour of your department "
        "costs {hourly:money}. This is what your files of that size gave, **on average**:\n\n"
        "| way | share recovered | expenses | your time |\n|---|--:|--:|--:|\n"
        "| give up | 0% | 0 | 0 h |\n"
        "| go on chasing yourselves | {own_share:rate} | 0 | {own_hours} h |\n"
        "| collection agency | {agency_share:rate} | {fee:rate} of what it recovers | 1 h |\n"
        "| court procedure, run by you | {court_share:rate} | {costs:money} | {court_hours} h |\n\n"
        "Which way do you choose, and why?",
    ),
    choices={
        "give_up": ("Abandonner la créance", "Give the claim up"),
        "ourselves": ("Relancer encore nous-mêmes", "Go on chasing ourselves"),
        "agency": ("La confier à une société de recouvrement", "Hand it to a collection agency"),
        "court": ("Aller en justice nous-mêmes", "Go to court ourselves"),
    },
    hint=(
        "Pour chaque voie : l'argent qui rentre en moyenne, moins les frais, moins le temps.",
        "For each way: the money that comes in on average, less the expenses, less the time.",
    ),
    closer=(
        "Sur une petite créance, les frais et les heures ne baissent pas avec le montant ; une commission, si.",
        "On a small claim, expenses and hours do not fall with the amount; a commission does.",
    ),
    method=(
        "Société : {claim:money} × {agency_share:rate} × {kept:rate} − {hourly:money}. Justice : {claim:money} × {court_share:rate} − "
        "{costs:money} − {court_hours} × {hourly:money}.",
        "Agency: {claim:money} × {agency_share:rate} × {kept:rate} − {hourly:money}. Court: {claim:money} × {court_share:rate} − "
        "{costs:money} − {court_hours} × {hourly:money}.",
    ),
    worked=(
        "Abandonner : 0. Vous-mêmes : {claim:money} × {own_share:rate} − {own_hours} × {hourly:money} = {own:money}. Société : "
        "{claim:money} × {agency_share:rate} × {kept:rate} − {hourly:money} = {agency:money}. Justice : {claim:money} × "
        "{court_share:rate} − {costs:money} − {court_hours} × {hourly:money} = {court:money}.",
        "Give up: 0. Yourselves: {claim:money} × {own_share:rate} − {own_hours} × {hourly:money} = {own:money}. Agency: "
        "{claim:money} × {agency_share:rate} × {kept:rate} − {hourly:money} = {agency:money}. Court: {claim:money} × "
        "{court_share:rate} − {costs:money} − {court_hours} × {hourly:money} = {court:money}.",
    ),
    model=(
        "Je confie le dossier à la société de recouvrement. Elle nous rapporte en moyenne {agency:money}, frais et temps déduits, "
        "contre {court:money} en justice et {own:money} en relançant encore. La justice recouvre davantage, mais ses {costs:money} de "
        "frais et ses {court_hours} heures sont les mêmes pour une petite créance que pour une grosse : au-delà de "
        "{threshold:0} EUR environ, si les mêmes parts s'y retrouvent, c'est elle qu'il faudrait choisir. Abandonner laisserait aussi la TVA perdue, faute de "
        "poursuites pour prouver la perte. Nous suivons le taux réel de la société, qui n'est ici qu'une moyenne, et le client ne "
        "commande plus qu'au comptant.",
        "I hand the file to the collection agency. It brings us {agency:money} on average, after expenses and time, against "
        "{court:money} in court and {own:money} by chasing again. The court recovers more, but its {costs:money} of expenses and its "
        "{court_hours} hours are the same for a small claim as for a large one: above some {threshold:0} EUR, if "
        "the same shares hold there, it would be the one to choose. Giving up would also leave the VAT lost, for want of pursuit to prove the loss. We watch the agency's "
        "real rate, which is only an average here, and the customer orders for cash only.",
    ),
    grid=(
        (
            "Je compare les voies par ce qu'elles rapportent net, en euros.",
            "I compare the ways by what they bring net, in euros.",
        ),
        (
            "Je compte notre temps : {court_hours} heures en justice, {own_hours} à relancer.",
            "I count our own time: {court_hours} hours in court, {own_hours} of chasing.",
        ),
        (
            "Je dis que la réponse change avec le montant : frais fixes contre commission.",
            "I say that the answer changes with the amount: fixed expenses against a commission.",
        ),
        (
            "Je signale que les parts recouvrées sont des moyennes, à vérifier sur nos dossiers.",
            "I point out that the shares recovered are averages, to be checked on our files.",
        ),
        (
            "Je décide de la suite pour le client (au comptant, blocage), ou je parle de la TVA.",
            "I decide what follows for the customer (cash only, account on hold), or I mention the VAT.",
        ),
    ),
)
def recovery(draw: Draw) -> Task:
    claim = draw.number(1_800, 1_200, 2_100, 100)
    hourly, court_hours, own_hours = draw.one_of(45, 40), draw.one_of(8, 7, 9), 5
    own_share, agency_share, court_share, fee, costs = 0.30, 0.50, 0.60, 0.20, 300
    own = round(claim * own_share - own_hours * hourly, 2)
    agency = round(claim * agency_share * (1 - fee) - hourly, 2)
    court = round(claim * court_share - costs - court_hours * hourly, 2)
    return Task(
        {
            "claim": claim,
            "hourly": hourly,
            "own_share": own_share,
            "own_hours": own_hours,
            "agency_share": agency_share,
            "fee": fee,
            "kept": 1 - fee,
            "court_share": court_share,
            "costs": costs,
            "court_hours": court_hours,
            "own": own,
            "agency": agency,
            "court": court,
            "threshold": (costs + (court_hours - 1) * hourly) / (court_share - agency_share * (1 - fee)),
        },
        "agency",
        [
            Mistake(
                "give_up",
                "give_up",
                "Abandonner ne coûte rien de plus, mais une autre voie laisse {agency:money} nets. Et sans poursuites, la TVA ne "
                "revient pas non plus.",
                "Giving up costs nothing more, but another way leaves {agency:money} net. And without pursuit the VAT does not come "
                "back either.",
            ),
            Mistake(
                "ourselves",
                "ourselves",
                "Il n'y a pas de facture à payer, mais vos {own_hours} heures se paient : il reste {own:money} seulement.",
                "There is no bill to pay, but your {own_hours} hours are paid for: {own:money} is left only.",
            ),
            Mistake(
                "court",
                "court",
                "La justice recouvre le plus, mais ses frais et ses {court_hours} heures mangent l'avantage : il reste "
                "{court:money}.",
                "The court recovers the most, but its expenses and its {court_hours} hours eat the advantage: {court:money} is left.",
            ),
        ],
    )


# %%
exercises.ask("order")
# %% tags=["solution"]
answer = "deposit"
exercises.check("order", answer)
# %%
exercises.ask("recovery")
# %% tags=["solution"]
answer = "agency"
exercises.check("recovery", answer)
# %% [markdown] tags=["fr", "exercise"]
# ## Où en suis-je ?
# %% [markdown] tags=["en", "exercise"]
# ## Where am I?
# %% tags=["exercise"]
exercises.summary()
