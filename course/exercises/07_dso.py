# %% [markdown] tags=["fr", "exercise"]
# # Exercices 07. Le DSO
#
# **À chaque ouverture**, un seul geste : le bouton *Tout exécuter*, en haut à gauche de la page. Remontez ensuite ici : les
# cases de réponse apparaissent, avec vos réponses de la dernière fois. (Tant que ce n'est pas fait, JupyterLab écrit à leur
# place « Error displaying widget » ; rien n'est perdu. Si rien ne change, le calcul n'était pas encore prêt : attendez
# que le rond, en haut à droite, soit vide, puis appuyez de nouveau.)
#
# Le code est replié ; vous n'avez pas à le lire. Ce que vous répondez est gardé sur cet ordinateur, nulle part ailleurs.
#
# La leçon : [07 DSO](../../notebooks/fr/07_dso.ipynb).
# %% [markdown] tags=["en", "exercise"]
# # Exercises 07. DSO
#
# **Each time you open this page**, one gesture: the button *Tout exécuter* (run all), at the top left. Then scroll back up
# here: the boxes for your answers appear, with what you answered last time. (Until then JupyterLab says “Error displaying
# widget” in their place; nothing is lost. If nothing changes, the machine was not ready yet: wait until the circle at
# the top right is empty, then press again.)
#
# The code is folded; you need not read it. What you answer is kept on this computer and nowhere else.
#
# The lesson: [07 DSO](../../notebooks/en/07_dso.ipynb).
# %% [markdown] tags=["fr", "solution"]
# # Solutions 07. Le DSO
#
# Les exercices, la réponse et le calcul de chacun : une page à lire, **après** avoir essayé. Rien n'y est gardé.
#
# Les pages qui vont avec : [les exercices](../../exercises/fr/07_dso.ipynb), [la leçon](../../notebooks/fr/07_dso.ipynb).
# %% [markdown] tags=["en", "solution"]
# # Solutions 07. DSO
#
# The exercises, the answer to each and how it is found: a page to read **after** having tried. Nothing is kept here.
#
# What goes with it: [the exercises](../../exercises/en/07_dso.ipynb), [the lesson](../../notebooks/en/07_dso.ipynb).
# %% tags=["parameters"]
language = "fr"
variant = 0
record = True
# %%
import cmtools as cm

exercises = cm.open_exercises("07_dso", variant, language, record)
# %% [markdown] tags=["fr"]
# ## Calculer
#
# À la main ou à la calculatrice. Une réponse fausse est suivie d'un indice ; recommencez autant de fois que vous voulez.
# %% [markdown] tags=["en"]
# ## Compute
#
# By hand or with a calculator. A wrong answer brings a hint; try again as often as you like.
# %% tags=["check"]
from datetime import date

import cmtools as cm
from cmtools.exercises import Draw, Mistake, Task, exercise


@exercise(
    level="compute",
    kind="days",
    decimals=1,
    minutes=5,
    competence="reading",
    covers=["003-25", "004-04"],
    title=("Le DSO comptable", "The balance DSO"),
    statement=(
        "Au 30 juin, les clients doivent {owed:money} TTC. Les ventes du deuxième trimestre (91 jours) s'élèvent à "
        "{sold:money} **hors taxes**, toutes à 20 % de TVA.\n\n"
        "Quel est le DSO comptable, calculé sur ce trimestre ?",
        "On 30 June customers owe {owed:money} incl. VAT. Sales of the second quarter (91 days) were {sold:money} "
        "**excluding VAT**, all at 20% VAT.\n\n"
        "What is the balance DSO, computed over that quarter?",
    ),
    hint=(
        "Le DSO comptable est l'encours divisé par les ventes, multiplié par les jours de la période, avec la TVA en haut "
        "et en bas, ou nulle part.",
        "The balance DSO is the outstanding over sales, times the days of the period, with VAT both above and below, or in "
        "neither.",
    ),
    closer=(
        "L'encours est TTC : calculez d'abord les ventes TTC.",
        "The outstanding includes VAT: first work out sales including VAT.",
    ),
    method=(
        "Ventes TTC = {sold:money} × 1,20. DSO = {owed:money} / ventes TTC × 91.",
        "Sales incl. VAT = {sold:money} × 1.20. DSO = {owed:money} / sales incl. VAT × 91.",
    ),
    worked=(
        "Ventes TTC : {sold:money} × 1,20 = {sold_incl:money}. DSO : {owed:money} / {sold_incl:money} × 91 = "
        "{dso:1} jours.",
        "Sales incl. VAT: {sold:money} × 1.20 = {sold_incl:money}. DSO: {owed:money} / {sold_incl:money} × 91 = "
        "{dso:1} days.",
    ),
)
def balance(draw: Draw) -> Task:
    owed = draw.number(1_200_000, 1_000_000, 1_250_000, 10_000)
    sold = draw.number(1_500_000, 1_300_000, 1_600_000, 10_000)
    sold_incl = sold * 12 / 10
    dso = owed / sold_incl * 91
    return Task(
        {"owed": owed, "sold": sold, "sold_incl": sold_incl, "dso": dso},
        dso,
        [
            Mistake(
                "excl_vat",
                owed / sold * 91,
                "Vous avez divisé un encours TTC par des ventes HT : le DSO en sort trop long de 20 %.",
                "You divided an outstanding incl. VAT by sales excl. VAT: the DSO comes out 20% too long.",
            ),
            Mistake(
                "year",
                owed / sold_incl * 365,
                "Vous avez multiplié par 365 alors que les ventes sont celles d'un trimestre de 91 jours : le client "
                "moyen semblerait payer quatre fois plus tard.",
                "You multiplied by 365 while the sales are those of a quarter of 91 days: the average customer would seem "
                "to pay four times later.",
            ),
            Mistake(
                "thirty_days",
                owed / sold_incl * 90,
                "Vous avez compté trois mois de 30 jours. Les ventes couvrent 91 jours d'avril à juin : prenez les jours "
                "du calendrier.",
                "You counted three months of 30 days. The sales cover the 91 days from April to June: take the days of "
                "the calendar.",
            ),
            Mistake(
                "vat_taken_off",
                owed / (sold / 1.2) * 91,
                "Vous avez retiré la TVA des ventes au lieu de l'ajouter : elles sont déjà hors taxes.",
                "You took VAT off sales instead of adding it: they already exclude it.",
            ),
            Mistake(
                "upside_down",
                sold_incl / owed * 91,
                "La fraction est à l'envers : plus les clients doivent, plus le DSO doit être long. L'encours va en haut.",
                "The fraction is upside down: the more customers owe, the longer the DSO must be. The outstanding goes above.",
            ),
        ],
    )


# %%
exercises.ask("balance")
# %% tags=["solution"]
f = exercises.figures("balance")
answer = f["owed"] / (f["sold"] * 1.2) * 91
exercises.check("balance", answer)


# %% tags=["check"]
@exercise(
    level="compute",
    kind="days",
    decimals=1,
    minutes=7,
    competence="reading",
    covers=["003-25"],
    title=("Le DSO par épuisement", "The count-back DSO"),
    statement=(
        "Au 30 juin, les clients doivent {owed:money} TTC. Voici les ventes des quatre derniers mois :\n\n"
        "| Mois | Jours | Ventes TTC |\n| --- | ---: | ---: |\n"
        "| mars | 31 | {march:money} |\n| avril | 30 | {april:money} |\n"
        "| mai | 31 | {may:money} |\n| juin | 30 | {june:money} |\n\n"
        "Quel est le DSO **par épuisement** ?",
        "On 30 June customers owe {owed:money} incl. VAT. These are the sales of the last four months:\n\n"
        "| Month | Days | Sales incl. VAT |\n| --- | ---: | ---: |\n"
        "| March | 31 | {march:money} |\n| April | 30 | {april:money} |\n"
        "| May | 31 | {may:money} |\n| June | 30 | {june:money} |\n\n"
        "What is the **count-back** DSO?",
    ),
    hint=(
        "Imputez l'encours sur les ventes de juin, puis sur celles du mois d'avant, jusqu'à ce qu'il n'en reste rien. Comptez "
        "les jours des mois épuisés et une part du dernier.",
        "Use the outstanding up on the sales of June, then of the month before, until nothing is left. Count the days of "
        "the months used up and a part of the last one.",
    ),
    closer=(
        "Après juin et mai, il reste une somme plus petite que les ventes d'avril : avril ne compte qu'en partie.",
        "After June and May what is left is less than the sales of April: April counts only in part.",
    ),
    method=(
        "Reste = {owed:money} − {june:money} − {may:money}. DSO = 30 + 31 + reste / {april:money} × 30.",
        "Rest = {owed:money} − {june:money} − {may:money}. DSO = 30 + 31 + rest / {april:money} × 30.",
    ),
    worked=(
        "On note ce qui reste après chaque mois.\n\n"
        "| Mois | Avant | Ventes TTC | Après | Jours comptés |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| juin | {owed:money} | {june:money} | {after_june:money} | 30 |\n"
        "| mai | {after_june:money} | {may:money} | {rest:money} | 31 |\n"
        "| avril | {rest:money} | {april:money} | {nothing:money} | {part:1} |\n\n"
        "En avril : {rest:money} / {april:money} × 30 = {part:1} jours. DSO : 30 + 31 + {part:1} = {dso:1} jours.",
        "Write down what is left after each month.\n\n"
        "| Month | Before | Sales incl. VAT | After | Days counted |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| June | {owed:money} | {june:money} | {after_june:money} | 30 |\n"
        "| May | {after_june:money} | {may:money} | {rest:money} | 31 |\n"
        "| April | {rest:money} | {april:money} | {nothing:money} | {part:1} |\n\n"
        "In April: {rest:money} / {april:money} × 30 = {part:1} days. DSO: 30 + 31 + {part:1} = {dso:1} days.",
    ),
)
def count_back(draw: Draw) -> Task:
    march = draw.number(280_000, 260_000, 300_000, 10_000)
    april = draw.number(360_000, 330_000, 360_000, 10_000)
    may = draw.number(480_000, 470_000, 500_000, 10_000)
    june = draw.number(560_000, 540_000, 600_000, 10_000)
    rest = draw.number(120_000, 90_000, 190_000, 10_000)
    owed = june + may + rest
    part = rest / april * 30
    dso = 30 + 31 + part
    left = owed - march - april  # walked forward from March
    forward = 61 + left / may * 31 if left <= may else 92 + (left - may) / june * 30
    return Task(
        {
            "owed": owed, "march": march, "april": april, "may": may, "june": june, "rest": rest,
            "after_june": owed - june, "nothing": 0, "part": part, "dso": dso,
        },
        dso,
        [
            Mistake(
                "forward",
                forward,
                "Vous êtes parti du mois le plus ancien. Ce qui est dû aujourd'hui vient d'abord des dernières ventes : on "
                "commence par juin et on remonte le temps.",
                "You started with the oldest month. What is owed today comes first from the latest sales: begin with June "
                "and walk back in time.",
            ),
            Mistake(
                "whole_month",
                91,
                "Vous avez compté avril en entier. Il ne reste pas de quoi épuiser ses ventes : ses jours comptent en "
                "proportion.",
                "You counted the whole of April. What is left does not use up its sales: its days count in proportion.",
            ),
            Mistake(
                "rest_not_computed_again",
                61 + (owed - june) / april * 30,
                "Pour avril, vous avez repris le solde d'avant mai : l'argent imputé sur mai serait compté deux fois.",
                "For April you took the balance before May: the money used up on May would be counted twice.",
            ),
            Mistake(
                "other_month",
                61 + rest / may * 31,
                "Vous avez divisé le reste par les ventes de mai. Il vient des ventes d'avril : c'est à elles, et aux jours "
                "d'avril, qu'il se rapporte.",
                "You divided the rest by the sales of May. It comes from the sales of April: those, and the days of April, "
                "are what it relates to.",
            ),
            Mistake(
                "thirty_days",
                60 + part,
                "Vous avez compté mai pour 30 jours ; il en a 31.",
                "You counted May as 30 days; it has 31.",
            ),
            Mistake(
                "balance_method",
                owed / (june + may + april) * 91,
                "C'est le DSO comptable sur trois mois : il divise par des ventes moyennes. Par épuisement, chaque mois "
                "compte à son tour.",
                "That is the balance DSO over three months: it divides by average sales. By count-back each month counts in "
                "its turn.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("count_back")
# %% tags=["solution"]
f = exercises.figures("count_back")
rest = f["owed"] - f["june"] - f["may"]
answer = 30 + 31 + rest / f["april"] * 30
exercises.check("count_back", answer)


# %% tags=["check"]
@exercise(
    level="compute",
    kind="days",
    decimals=1,
    minutes=6,
    competence="data",
    covers=["003-25"],
    title=("Trouvez l'erreur", "Find the mistake"),
    statement=(
        "Une page d'aide publiée calcule ainsi le DSO par épuisement d'un solde de {owed:0}. "
        "(Tous les montants sont TTC, dans la même monnaie.)\n\n"
        "| Mois | Ventes | Jours du mois | Part comptée | Jours comptés |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| septembre | {september:0} | 30 | 100 % | 30 |\n| août | {august:0} | 31 | 100 % | 31 |\n"
        "| juillet | {july:0} | 31 | 100 % | 31 |\n| juin | {june:0} | 30 | 100 % | 30 |\n"
        "| mai | {may:0} | 31 | 100 % | 31 |\n| avril | {april:0} | 30 | {wrong_rest:0} / {april:0} | {wrong_part:1} |\n"
        "| **Total** | | | | **{printed:1}** |\n\n"
        "Une ligne est fausse. Quel est le bon DSO ?\n\n"
        "([voir la page d'origine](https://docs.oracle.com/en/applications/enterprise-performance-management/11.2/hfmam/dso_-_days_sales_outstanding.html))",
        "A published help page works out the count-back DSO of a balance of {owed:0} like this. "
        "(All amounts include VAT and are in the same currency.)\n\n"
        "| Month | Sales | Days of the month | Share counted | Days counted |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| September | {september:0} | 30 | 100% | 30 |\n| August | {august:0} | 31 | 100% | 31 |\n"
        "| July | {july:0} | 31 | 100% | 31 |\n| June | {june:0} | 30 | 100% | 30 |\n"
        "| May | {may:0} | 31 | 100% | 31 |\n| April | {april:0} | 30 | {wrong_rest:0} / {april:0} | {wrong_part:1} |\n"
        "| **Total** | | | | **{printed:1}** |\n\n"
        "One line is wrong. What is the right DSO?\n\n"
        "([see the original page](https://docs.oracle.com/en/applications/enterprise-performance-management/11.2/hfmam/dso_-_days_sales_outstanding.html))",
    ),
    hint=(
        "Écrivez à côté de chaque mois ce qui reste du solde après lui ; la page ne le montre pas.",
        "Beside each month write what is left of the balance after it; the page does not show it.",
    ),
    closer=(
        "Additionnez les ventes de mai à septembre et retirez-les de {owed:0} : voilà ce qui reste pour avril.",
        "Add up the sales from May to September and take them off {owed:0}: that is what is left for April.",
    ),
    method=(
        "Reste = {owed:0} − ({september:0} + {august:0} + {july:0} + {june:0} + {may:0}). DSO = 153 + reste / {april:0} × 30.",
        "Rest = {owed:0} − ({september:0} + {august:0} + {july:0} + {june:0} + {may:0}). DSO = 153 + rest / {april:0} × 30.",
    ),
    worked=(
        "De mai à septembre, 153 jours et {used:0} de ventes : il reste {owed:0} − {used:0} = {rest:0} pour avril, et non "
        "{wrong_rest:0}. Avril compte {rest:0} / {april:0} × 30 = {part:1} jours. DSO : 153 + {part:1} = {dso:1} jours, "
        "et non {printed:1}. Une colonne « reste » aurait montré l'erreur.",
        "May to September: 153 days and {used:0} of sales, so {owed:0} − {used:0} = {rest:0} is left for April, not "
        "{wrong_rest:0}. April counts {rest:0} / {april:0} × 30 = {part:1} days. DSO: 153 + {part:1} = {dso:1} days, not "
        "{printed:1}. A column “what is left” would have shown the mistake.",
    ),
)
def published(draw: Draw) -> Task:
    sales = {"september": 2500, "august": 1750, "july": 2250, "june": 2500, "may": 2000, "april": 2250}
    owed, april, wrong_rest = 12_000, sales["april"], 2000
    used = sum(sales.values()) - april
    rest = owed - used
    part = rest / april * 30
    dso = 153 + part
    printed = 153 + wrong_rest / april * 30
    walked = april + sales["may"] + sales["june"] + sales["july"] + sales["august"]
    return Task(
        sales
        | {"owed": owed, "used": used, "rest": rest, "part": part, "dso": dso}
        | {"wrong_rest": wrong_rest, "wrong_part": wrong_rest / april * 30, "printed": printed},
        dso,
        [
            Mistake(
                "printed",
                printed,
                "C'est le total imprimé, mais une ligne y est fausse : le reste n'a pas été recalculé après chaque mois.",
                "That is the printed total, but one of its lines is wrong: what is left was not computed again after each "
                "month.",
            ),
            Mistake(
                "april_left_out",
                153,
                "Vous avez retiré avril. Les cinq autres mois n'épuisent pas tout le solde : ce qui reste compte aussi.",
                "You took April out. The other five months do not use up the whole balance: what is left counts too.",
            ),
            Mistake(
                "whole_month",
                183,
                "Vous avez compté avril en entier. Il reste moins que ses ventes : il ne compte qu'en proportion.",
                "You counted the whole of April. Less than its sales is left: it counts only in proportion.",
            ),
            Mistake(
                "forward",
                153 + (owed - walked) / sales["september"] * 30,
                "Vous êtes parti d'avril. Ce qui est dû vient d'abord des dernières ventes : commencez par septembre.",
                "You started with April. What is owed comes first from the latest sales: begin with September.",
            ),
            Mistake(
                "thirty_days",
                150 + part,
                "Le reste est bon, mais chaque mois compte ses jours du calendrier : 30 ou 31.",
                "What is left is right, but each month counts its days of the calendar: 30 or 31.",
            ),
            Mistake(
                "balance_method",
                owed / sum(sales.values()) * 183,
                "C'est le DSO comptable sur six mois. La page épuise le solde mois par mois : gardez sa méthode, corrigez "
                "sa ligne.",
                "That is the balance DSO over six months. The page uses the balance up month by month: keep its method, "
                "correct its line.",
            ),
        ],
    )


# %%
exercises.ask("published")
# %% tags=["solution"]
f = exercises.figures("published")
rest = f["owed"] - (f["september"] + f["august"] + f["july"] + f["june"] + f["may"])
answer = 30 + 31 + 31 + 30 + 31 + rest / f["april"] * 30
exercises.check("published", answer)


# %% tags=["check"]
@exercise(
    level="compute",
    kind="days",
    decimals=1,
    minutes=6,
    competence="reading",
    covers=["003-25"],
    title=("La part du retard", "What lateness adds"),
    statement=(
        "Les clients ont en moyenne {terms} jours pour payer. À la clôture (montants TTC) :\n\n"
        "| | |\n| --- | ---: |\n"
        "| Non échu | {not_due:money} |\n| Échu | {overdue:money} |\n"
        "| Règlements et avoirs non lettrés | {unallocated:money} |\n| **Encours** | **{owed:money}** |\n"
        "| Ventes des douze derniers mois (365 jours) | {sales:money} |\n\n"
        "Quel est le **DSO de retard**, c'est-à-dire le DSO comptable moins le DSO contractuel ?",
        "Customers have {terms} days to pay on average. At closing (amounts incl. VAT):\n\n"
        "| | |\n| --- | ---: |\n"
        "| Not due | {not_due:money} |\n| Overdue | {overdue:money} |\n"
        "| Receipts and credit notes not allocated | {unallocated:money} |\n| **Outstanding** | **{owed:money}** |\n"
        "| Sales of the last twelve months (365 days) | {sales:money} |\n\n"
        "What are the **average days delinquent**, that is, the balance DSO less the best possible DSO?",
    ),
    hint=(
        "Il faut deux DSO, sur les mêmes ventes et les mêmes jours : celui de l'encours et celui du seul non échu.",
        "Two DSO are needed, on the same sales and days: that of the outstanding and that of what is not due alone.",
    ),
    closer=(
        "Le DSO contractuel se calcule : non échu / ventes × 365. Ce n'est pas le délai accordé de {terms} jours.",
        "The best possible DSO is worked out: not due / sales × 365. It is not the agreed term of {terms} days.",
    ),
    method=(
        "DSO = {owed:money} / {sales:money} × 365. DSO contractuel = {not_due:money} / {sales:money} × 365. Retirez le second "
        "du premier.",
        "DSO = {owed:money} / {sales:money} × 365. Best possible DSO = {not_due:money} / {sales:money} × 365. Take the second "
        "off the first.",
    ),
    worked=(
        "DSO : {owed:money} / {sales:money} × 365 = {dso:1} jours. DSO contractuel : {not_due:money} / {sales:money} × 365 = "
        "{best:1} jours. DSO de retard : {dso:1} − {best:1} = {late:1} jours. Les crédits non lettrés viennent en moins : "
        "l'échu seul ferait {overdue_days:1} jours.",
        "DSO: {owed:money} / {sales:money} × 365 = {dso:1} days. Best possible DSO: {not_due:money} / {sales:money} × 365 = "
        "{best:1} days. Average days delinquent: {dso:1} − {best:1} = {late:1}. Unallocated credits come off: the overdue "
        "alone would make {overdue_days:1} days.",
    ),
)
def late_days(draw: Draw) -> Task:
    day = draw.number(20_000, 18_000, 25_000, 1_000)
    best = draw.number(44, 42, 48, 0.5)
    overdue_days = draw.number(16, 15, 19, 0.5)
    credit_days = draw.number(2, 1, 3, 0.5)
    terms = draw.number(30, 28, 32, 1)
    late = overdue_days - credit_days
    dso = best + late
    return Task(
        {
            "terms": terms, "not_due": day * best, "overdue": day * overdue_days, "unallocated": -day * credit_days,
            "owed": day * dso, "sales": day * 365, "dso": dso, "best": best, "late": late, "overdue_days": overdue_days,
        },
        late,
        [
            Mistake(
                "terms",
                dso - terms,
                "Vous avez retiré le délai accordé. Le DSO contractuel est ce qui n'est pas échu, en jours de ventes : retenues "
                "de garantie et saison l'éloignent du délai des factures.",
                "You took off the agreed term. The best possible DSO is what is not due, in days of sales: retention money and "
                "the season take it away from the term of the invoices.",
            ),
            Mistake(
                "gross",
                overdue_days,
                "C'est le DSO échu. Les règlements et avoirs non lettrés sont déjà reçus : ils viennent en moins du retard.",
                "That is the overdue DSO. Receipts and credit notes not allocated have already come in: they come off what is "
                "late.",
            ),
            Mistake(
                "credits_added",
                overdue_days + credit_days,
                "Vous avez ajouté les crédits non lettrés ; ils réduisent ce que les clients doivent.",
                "You added the unallocated credits; they reduce what customers owe.",
            ),
            Mistake(
                "best_possible",
                best,
                "C'est le DSO contractuel, celui que l'on aurait si personne n'était en retard. On demande l'autre part.",
                "That is the best possible DSO, the one we would have if nobody were late. The other part is asked for.",
            ),
            Mistake(
                "whole",
                dso,
                "C'est le DSO entier : il contient aussi ce qui n'est pas encore échu, que la relance ne peut pas réduire.",
                "That is the whole DSO: it also holds what is not due yet, which reminders cannot reduce.",
            ),
            Mistake(
                "base_360",
                late * 360 / 365,
                "Vous avez compté 360 jours ; les ventes couvrent douze mois, soit 365 jours.",
                "You counted 360 days; the sales cover twelve months, that is 365 days.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("late_days")
# %% tags=["solution"]
f = exercises.figures("late_days")
answer = f["owed"] / f["sales"] * 365 - f["not_due"] / f["sales"] * 365
exercises.check("late_days", answer)


# %% tags=["check"]
@exercise(
    level="compute",
    kind="money",
    minutes=7,
    competence="cost",
    covers=["003-04", "003-05"],
    title=("Ce que rapportent quelques jours gagnés", "What a few days gained are worth"),
    statement=(
        "Objectif du comité : ramener le DSO de {before} à {after} jours. Les ventes de l'année (365 jours) s'élèvent à "
        "{home:money} HT en France, avec 20 % de TVA, et à {abroad:money} à l'export, sans TVA. Le découvert coûte {rate:rate} "
        "par an.\n\n"
        "Combien d'intérêts l'entreprise économise-t-elle **par an** une fois l'objectif atteint ?",
        "Target of the committee: to bring the DSO from {before} to {after} days. Sales of the year (365 days) were {home:money} "
        "excl. VAT in France, with 20% VAT, and {abroad:money} of exports, without VAT. The overdraft costs {rate:rate} a "
        "year.\n\n"
        "How much interest does the company save **per year** once the target is met?",
    ),
    hint=(
        "Trois étapes : la valeur d'un jour de ventes TTC, la trésorerie que libèrent les jours gagnés, puis les intérêts d'un "
        "an sur cette trésorerie.",
        "Three steps: the value of one day of sales incl. VAT, the cash that the days gained set free, then one year's interest "
        "on that cash.",
    ),
    closer=(
        "La TVA ne s'ajoute qu'aux ventes en France. Et la trésorerie libérée n'est pas le gain : le gain, ce sont ses intérêts.",
        "VAT is added to the sales in France only. And the cash set free is not the gain: its interest is.",
    ),
    method=(
        "Ventes TTC = {home:money} × 1,20 + {abroad:money}. Économie = ventes TTC / 365 × {gained} jours × {rate:rate}.",
        "Sales incl. VAT = {home:money} × 1.20 + {abroad:money}. Saving = sales incl. VAT / 365 × {gained} days × {rate:rate}.",
    ),
    worked=(
        "Ventes TTC : {home:money} × 1,20 + {abroad:money} = {sales:money}, soit {day_value:money} par jour. "
        "{gained} jours de moins libèrent {cash:money}, une seule fois. Intérêts économisés chaque année : {cash:money} × "
        "{rate:rate} = {saved:money}.",
        "Sales incl. VAT: {home:money} × 1.20 + {abroad:money} = {sales:money}, or {day_value:money} a day. {gained} days "
        "fewer set free {cash:money}, once only. Interest saved every year: {cash:money} × {rate:rate} = {saved:money}.",
    ),
)
def gain(draw: Draw) -> Task:
    home = draw.number(6_000_000, 5_000_000, 6_500_000, 100_000)
    abroad = draw.number(800_000, 800_000, 1_400_000, 100_000)
    before = draw.number(62, 58, 66, 1)
    gained = draw.number(7, 5, 9, 1)
    rate = draw.number(0.05, 0.04, 0.07, 0.005)
    sales = home * 12 / 10 + abroad
    day_value = sales / 365
    saved = day_value * gained * rate
    return Task(
        {
            "home": home, "abroad": abroad, "before": before, "after": before - gained, "gained": gained, "rate": rate,
            "sales": sales, "day_value": day_value, "cash": day_value * gained, "saved": saved,
        },
        saved,
        [
            Mistake(
                "cash",
                day_value * gained,
                "C'est la trésorerie libérée : elle rentre une seule fois, et ce n'est pas un gain. Le gain, ce sont les intérêts "
                "qu'elle évite.",
                "That is the cash set free: it comes in once and is no profit. The gain is the interest that it avoids.",
            ),
            Mistake(
                "excl_vat",
                (home + abroad) / 365 * gained * rate,
                "Vous avez pris les ventes HT. L'encours que la banque finance comprend la TVA : un jour vaut un jour de ventes "
                "TTC.",
                "You took sales excl. VAT. The receivables that the bank finances include VAT: one day is worth one day of sales "
                "incl. VAT.",
            ),
            Mistake(
                "vat_on_all",
                (home + abroad) * 1.2 / 365 * gained * rate,
                "Vous avez ajouté 20 % à toutes les ventes ; l'export est facturé sans TVA.",
                "You added 20% to all sales; exports are invoiced without VAT.",
            ),
            Mistake(
                "whole_dso",
                day_value * before * rate,
                "Vous avez compté tout le DSO : c'est ce que coûte l'encours entier. Seuls les jours gagnés font économiser des intérêts.",
                "You counted the whole DSO: that is what all the receivables cost. Only the days gained save interest.",
            ),
            Mistake(
                "base_360",
                sales / 360 * gained * rate,
                "Vous avez divisé par 360 jours ; l'énoncé compte 365 jours de ventes.",
                "You divided by 360 days; the statement counts 365 days of sales.",
            ),
            Mistake(
                "per_day",
                saved / 365,
                "Vous avez calculé les intérêts d'un seul jour ; le taux est annuel et la question aussi.",
                "You worked out one day's interest; the rate is yearly and so is the question.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("gain")
# %% tags=["solution"]
f = exercises.figures("gain")
sales = f["home"] * 1.2 + f["abroad"]
answer = sales / 365 * f["gained"] * f["rate"]
exercises.check("gain", answer)
# %% [markdown] tags=["fr"]
# ## Utiliser
#
# Les trois exercices qui suivent lisent le grand livre de l'exemple, celui de la leçon. Sous chaque question, une cellule
# reste ouverte : cliquez dedans, remplacez les trois points par votre réponse, puis appuyez sur Maj + Entrée.
# `answer = 57,4` convient ; `answer = 57.4` aussi.
# %% [markdown] tags=["en"]
# ## Use
#
# The next three exercises read the ledger of the example, the one of the lesson. Under each question one cell stays open:
# click in it, put your answer in the place of the three dots, then press Shift + Enter: `answer = 57.4`.
# %%
from IPython.display import display

ledger = cm.read_ledger("../../data/factures.csv", "../../data/reglements.csv", "../../data/clients.csv")


# %% tags=["check"]
@exercise(
    level="use",
    kind="days",
    decimals=1,
    minutes=5,
    in_cell=True,
    competence="reading",
    covers=["003-25"],
    title=("La bonne période", "The right period"),
    statement=(
        "L'objectif du comité est un DSO comptable de {target} jours **sur trois mois glissants**. Où en est l'entreprise au "
        "{as_of:date} ?",
        "The committee's target is a balance DSO of {target} days **over three rolling months**. Where does the company stand on "
        "{as_of:date}?",
    ),
    hint=(
        "Mettez dans la cellule la période que vise l'objectif, exécutez, lisez le nombre de jours au bout de la ligne.",
        "Put into the cell the period that the target is for, run it, and read the days at the end of the line.",
    ),
    closer=(
        "Seul le nombre qui suit « months = » est à changer : c'est le nombre de mois de ventes.",
        "Only the number after “months =” has to change: it is the number of months of sales.",
    ),
    method=(
        "Écrivez « months = 3 », exécutez avec Maj + Entrée, puis recopiez le dernier nombre à la place des trois points.",
        "Write “months = 3”, run with Shift + Enter, then copy the last number into the place of the three dots.",
    ),
    worked=(
        "Avec « months = 3 » : {owed:money} / {sales:money} × {days} = {dso:1} jours, soit {above:1} de plus que l'objectif. À "
        "{day_value:money} de ventes TTC par jour, l'écart immobilise environ {cash:money}. Avec les douze mois écrits au "
        "départ, on lirait {year:1} jours : un autre indicateur, que l'on ne compare pas à cet objectif.",
        "With “months = 3”: {owed:money} / {sales:money} × {days} = {dso:1} days, {above:1} more than the target. At "
        "{day_value:money} of sales incl. VAT a day, the gap ties up about {cash:money}. With the twelve months written at "
        "first, one would read {year:1} days: another indicator, not to be compared with this target.",
    ),
)
def rolling(draw: Draw) -> Task:
    dates = (
        date(2026, 6, 30), date(2026, 4, 30), date(2026, 2, 28), date(2026, 1, 31), date(2025, 10, 31), date(2025, 9, 30),
        date(2025, 6, 30),
    )  # fmt: skip
    as_of = dates[draw.number(0, 1, len(dates) - 1, 1)]  # the first date is for the printed variant alone
    target = draw.one_of(52, 50, 54)
    found = {months: cm.dso(draw.ledger, as_of, months=months) for months in (1, 3, 6, 12)}
    three, year = found[3], found[12]
    day_value = three.sales / three.period_days
    above = three.days - target
    return Task(
        {
            "as_of": as_of, "target": target, "owed": three.receivables, "sales": three.sales, "days": three.period_days,
            "dso": three.days, "above": above, "day_value": round(day_value), "cash": round(day_value * above, -3),
            "year": year.days,
        },
        three.days,
        [
            Mistake(
                "year",
                year.days,
                "C'est le DSO sur douze mois, resté tel quel dans la cellule. Comparé à un objectif sur trois mois, il mélange toutes "
                "les saisons.",
                "That is the DSO over twelve months, left as it was in the cell. Set against a target over three months it mixes "
                "all the seasons.",
            ),
            Mistake(
                "month",
                found[1].days,
                "C'est le DSO sur un seul mois de ventes : un bon ou un mauvais mois suffit à le faire sauter.",
                "That is the DSO over one month of sales: one good or bad month is enough to make it jump.",
            ),
            Mistake(
                "half_year",
                found[6].days,
                "C'est le DSO sur six mois ; l'objectif en vise trois.",
                "That is the DSO over six months; the target is for three.",
            ),
            Mistake(
                "count_back",
                cm.dso(draw.ledger, as_of, method="count_back").days,
                "C'est le DSO par épuisement ; l'objectif est un DSO comptable.",
                "That is the count-back DSO; the target is a balance DSO.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("rolling")
# %%
as_of = exercises.figures("rolling")["as_of"]


def show(result):
    owed, sold = (cm.language.money(value, result.currency, language) for value in (result.receivables, result.sales))
    print(f"{owed} / {sold} × {result.period_days} = {cm.language.number(result.days, 1, language)}")


# %% [markdown] tags=["fr"]
# La cellule calcule le DSO sur douze mois. Remplacez 12 par le nombre de mois voulu, exécutez (Maj + Entrée) et lisez la ligne
# affichée : encours / ventes × jours = DSO. Écrivez ensuite le DSO à la place des trois points et exécutez de nouveau.
# %% [markdown] tags=["en"]
# The cell works out the DSO over twelve months. Put the number of months you want in the place of 12, run it (Shift + Enter)
# and read the line shown: outstanding / sales × days = DSO. Then write the DSO in the place of the three dots and run again.
# %% tags=["answer"]
months = 12
show(cm.dso(ledger, as_of, months=months))

answer = cm.dso(ledger, as_of, months=3).days  # solution
exercises.check("rolling", answer)


# %% tags=["check"]
@exercise(
    level="use",
    kind="days",
    decimals=1,
    minutes=6,
    in_cell=True,
    competence="reading",
    covers=["003-02", "003-25"],
    title=("Un an plus tard", "One year later"),
    statement=(
        "La direction demande si les clients paient moins vite qu'il y a un an. De combien de jours le DSO **par épuisement** du "
        "{as_of:date} dépasse-t-il celui du {year_before:date} ?\n\n"
        "Sous la question, le graphique montre les douze derniers mois ; le tableau commence un mois plus tôt.",
        "Management asks whether customers pay more slowly than a year ago. By how many days is the **count-back** DSO of "
        "{as_of:date} above that of {year_before:date}?\n\n"
        "Under the question the chart shows the last twelve months; the table begins one month earlier.",
    ),
    hint=(
        "Lisez le DSO par épuisement à deux dates seulement : la dernière ligne du tableau et la même fin de mois un an plus tôt.",
        "Read the count-back DSO on two dates only: the last line of the table and the same month-end a year before.",
    ),
    closer=(
        "Prenez la première et la dernière ligne de la colonne « DSO épuisement », puis retirez l'ancien DSO du nouveau.",
        "Take the first and the last line of the column “Count-back DSO”, then take the old DSO off the new one.",
    ),
    method=(
        "DSO du {as_of:date} − DSO du {year_before:date}, tous deux dans la colonne « DSO épuisement ».",
        "DSO of {as_of:date} − DSO of {year_before:date}, both in the column “Count-back DSO”.",
    ),
    worked=(
        "{now:1} − {before:1} = {rise:1} jours de plus. À {day_value:money} de ventes TTC par jour (douze mois), cela immobilise "
        "environ {cash:money} de plus. On compare le même mois d'une année à l'autre : d'un mois au suivant, la saison "
        "suffit à faire bouger le DSO. Si ce sont des retards, l'échu le dira.",
        "{now:1} − {before:1} = {rise:1} days more. At {day_value:money} of sales incl. VAT a day (twelve months), that ties up "
        "about {cash:money} more. The same month is compared from year to year: from one month to the next the season is "
        "enough to move the DSO. Whether this is lateness, the overdue will tell.",
    ),
)
def year_on_year(draw: Draw) -> Task:
    dates = (
        date(2026, 6, 30), date(2026, 3, 31), date(2026, 1, 31), date(2025, 10, 31), date(2025, 9, 30), date(2025, 8, 31),
        date(2025, 7, 31),
    )  # fmt: skip
    as_of = dates[draw.number(0, 1, len(dates) - 1, 1)]
    history = cm.dso_by_month(draw.ledger, as_of, months=13)
    first, previous, last = (history.iloc[place] for place in (0, -2, -1))
    now, before = last["dso_count_back"], first["dso_count_back"]
    year = cm.dso(draw.ledger, as_of)
    day_value = year.sales / year.period_days
    return Task(
        {
            "as_of": as_of, "year_before": first["date"].date(), "now": now, "before": before, "rise": now - before,
            "day_value": round(day_value), "cash": round(day_value * (now - before), -3),
        },
        now - before,
        [
            Mistake(
                "balance_method",
                last["dso_balance"] - first["dso_balance"],
                "Vous avez lu la colonne du DSO comptable ; on demande le DSO par épuisement.",
                "You read the column of the balance DSO; the count-back DSO is asked for.",
            ),
            Mistake(
                "month_before",
                now - previous["dso_count_back"],
                "Vous avez comparé au mois d'avant : l'écart montre la saison, pas les clients. Comparez au même mois de l'an dernier.",
                "You compared with the month before: the gap shows the season, not the customers. Compare with the same month of "
                "last year.",
            ),
            Mistake(
                "level",
                now,
                "C'est le DSO lui-même ; on demande de combien il a augmenté.",
                "That is the DSO itself; the question is by how much it rose.",
            ),
            Mistake(
                "relative",
                (now / before - 1) * 100,
                "Vous avez calculé une hausse en % ; on la demande en jours, car un jour a une valeur en euros.",
                "You worked out a rise in %; it is asked for in days, since a day has a value in euros.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("year_on_year")
# %%
history = cm.dso_by_month(ledger, exercises.figures("year_on_year")["as_of"], months=13)
display(cm.plots.dso_by_month(history.tail(12), language))
cm.display.table(history[["date", "receivables", "sales", "dso_balance", "dso_count_back"]], language)
# %% [markdown] tags=["fr"]
# Écrivez l'écart en jours à la place des trois points, puis Maj + Entrée.
# %% [markdown] tags=["en"]
# Write the gap in days in the place of the three dots, then Shift + Enter.
# %% tags=["answer"]
answer = history["dso_count_back"].iloc[-1] - history["dso_count_back"].iloc[0]  # solution
exercises.check("year_on_year", answer)


# %% tags=["check"]
@exercise(
    level="use",
    kind="days",
    decimals=1,
    minutes=8,
    in_cell=True,
    competence="reading",
    covers=["003-25", "003-16"],
    title=("Le gain d'une relance", "What collecting one segment gives"),
    statement=(
        "Au {as_of:date}, vous proposez au comité une campagne de relance sur le segment **{segment}**. Si ces clients réglaient tout "
        "leur échu ce jour-là, de combien de jours baisserait le DSO **de toute l'entreprise** ? Le tableau est sous la question ; "
        "chaque DSO y est calculé sur les ventes de son segment, douze derniers mois.",
        "On {as_of:date} you propose to the committee a collection campaign on the segment **{segment}**. If these customers paid all "
        "their overdue that day, by how many days would the DSO **of the whole company** fall? The table is under the question; each "
        "DSO in it is worked out on the sales of its segment, last twelve months. (Grand compte: key account; PME: small and medium firm; Secteur "
        "public: public sector; TPE: very small firm.)",
    ),
    hint=(
        "Le DSO échu du segment compte des jours de ses propres ventes ; ramenez-le aux ventes de toute l'entreprise.",
        "The overdue DSO of the segment counts days of its own sales; bring it to the sales of the whole company.",
    ),
    closer=(
        "Les jours d'un segment pèsent comme sa part des ventes TTC : ventes du segment / total des ventes.",
        "The days of a segment weigh as its share of sales incl. VAT: sales of the segment / total sales.",
    ),
    method=(
        "Gain = DSO échu du segment × ventes du segment / total des ventes. Dans la cellule, un calcul convient aussi : "
        "answer = 10.5 * 2000000 / 8000000, avec le point et sans espaces dans les nombres.",
        "Gain = overdue DSO of the segment × sales of the segment / total sales. In the cell a calculation will do as well: "
        "answer = 10.5 * 2000000 / 8000000, with a point and no spaces inside the numbers.",
    ),
    worked=(
        "{own:1} jours × {sales:money} / {total:money} = {days:1} jours pour l'entreprise. L'échu du segment est de {overdue:money} : "
        "c'est la trésorerie que la campagne peut faire rentrer au plus.",
        "{own:1} days × {sales:money} / {total:money} = {days:1} days for the company. The overdue of the segment is {overdue:money}: "
        "the most cash that the campaign can bring in.",
    ),
)
def segment(draw: Draw) -> Task:
    cases = (
        (date(2026, 6, 30), "PME"), (date(2026, 6, 30), "Grand compte"), (date(2026, 5, 31), "Grand compte"),
        (date(2026, 4, 30), "PME"), (date(2026, 1, 31), "Secteur public"), (date(2025, 12, 31), "Secteur public"),
        (date(2025, 12, 31), "PME"), (date(2025, 11, 30), "Grand compte"), (date(2025, 6, 30), "PME"),
    )  # fmt: skip
    as_of, name = cases[draw.number(0, 1, len(cases) - 1, 1)]
    segments = cm.dso_parts(draw.ledger, as_of, by="segment").set_index("segment")
    row, total = segments.loc[name], segments["sales"].sum()
    share = row["sales"] / total
    days = row["overdue_dso"] * share
    return Task(
        {
            "as_of": as_of, "segment": name, "own": row["overdue_dso"], "sales": row["sales"], "total": total, "days": days,
            "overdue": row["overdue_dso"] * row["sales"] / row["period_days"],
        },
        days,
        [
            Mistake(
                "own_sales",
                row["overdue_dso"],
                "Ce sont des jours de ventes du segment. L'entreprise vend bien davantage par jour : pour elle, la même somme fait "
                "moins de jours.",
                "Those are days of the segment's own sales. The company sells far more a day: for it the same sum makes fewer days.",
            ),
            Mistake(
                "fifth",
                row["overdue_dso"] / len(segments),
                "Vous avez divisé par le nombre de segments, comme s'ils vendaient tous autant. Pesez chacun par ses ventes.",
                "You divided by the number of segments as if they all sold as much. Weigh each by its sales.",
            ),
            Mistake(
                "whole_segment",
                row["dso"] * share,
                "Vous avez pris tout le DSO du segment. La relance ne fait rentrer que l'échu ; le reste n'est pas encore dû.",
                "You took the whole DSO of the segment. Reminders bring in the overdue only; the rest is not due yet.",
            ),
            Mistake(
                "share_of_receivables",
                row["overdue_dso"] * row["receivables"] / segments["receivables"].sum(),
                "Vous avez pesé le segment par son encours. Un DSO se rapporte aux ventes : ce sont elles qui donnent le poids.",
                "You weighed the segment by its receivables. A DSO relates to sales: they give the weight.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("segment")
# %%
segments = cm.dso_parts(ledger, exercises.figures("segment")["as_of"], by="segment")
chosen = segments["segment"] == exercises.figures("segment")["segment"]
columns = ["segment", "receivables", "sales", "dso", "best_possible_dso", "overdue_dso"]
cm.display.table(segments[columns], language, total=True)
# %% [markdown] tags=["fr"]
# Écrivez le gain en jours à la place des trois points, puis Maj + Entrée.
# %% [markdown] tags=["en"]
# Write the gain in days in the place of the three dots, then Shift + Enter.
# %% tags=["answer"]
answer = (segments["overdue_dso"] * segments["sales"])[chosen].sum() / segments["sales"].sum()  # solution
exercises.check("segment", answer)


# %% [markdown] tags=["fr"]
# ## Décider
#
# Choisissez d'abord. Écrivez ensuite quelques lignes pour le comité, comparez-les au modèle, cochez ce qu'elles contiennent.
# %% [markdown] tags=["en"]
# ## Decide
#
# Choose first. Then write a few lines for the committee, compare them with the model and tick what they hold.
# %% tags=["check"]
@exercise(
    level="decide",
    kind="choice",
    minutes=8,
    competence="priorities",
    covers=["003-16", "003-25"],
    title=("Par qui commencer ?", "Whom to begin with?"),
    statement=(
        "Vous avez une semaine d'appels devant vous. Tous les clients achètent régulièrement (montants TTC).\n\n"
        "| Segment | Encours | DSO (jours) | Échu | dont en litige |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| Grands comptes | {key_owed:money} | {key_dso} | {key_late:money} | {key_disputed:money} |\n"
        "| PME | {sme_owed:money} | {sme_dso} | {sme_late:money} | {sme_disputed:money} |\n"
        "| Secteur public | {public_owed:money} | {public_dso} | {public_late:money} | {public_disputed:money} |\n\n"
        "Par quel segment commencez-vous ? Dites ensuite, en quelques lignes, ce que vous faites pour chacun.",
        "You have a week of calls before you. All customers buy regularly (amounts incl. VAT).\n\n"
        "| Segment | Outstanding | DSO (days) | Overdue | of which disputed |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| Key accounts | {key_owed:money} | {key_dso} | {key_late:money} | {key_disputed:money} |\n"
        "| Small and medium firms | {sme_owed:money} | {sme_dso} | {sme_late:money} | {sme_disputed:money} |\n"
        "| Public sector | {public_owed:money} | {public_dso} | {public_late:money} | {public_disputed:money} |\n\n"
        "Which segment do you begin with? Then say in a few lines what you do for each.",
    ),
    choices={
        "key_accounts": ("Les grands comptes", "Key accounts"),
        "sme": ("Les PME", "Small and medium firms"),
        "public": ("Le secteur public", "The public sector"),
        "all": ("Les trois à parts égales", "All three in equal parts"),
    },
    hint=(
        "Cherchez où un appel fait rentrer le plus d'argent maintenant.",
        "Look for where a call brings in most money now.",
    ),
    closer=(
        "Pour chaque segment, calculez l'échu qui n'est pas en litige.",
        "For each segment work out the overdue that is not disputed.",
    ),
    method=(
        "Échu moins litiges : {key_clear:money} pour les grands comptes, {sme_clear:money} pour les PME, {public_clear:money} pour "
        "le secteur public.",
        "Overdue less disputes: {key_clear:money} for key accounts, {sme_clear:money} for small and medium firms, "
        "{public_clear:money} for the public sector.",
    ),
    worked=(
        "Les PME. Échu moins litiges : {key_clear:money} pour les grands comptes, {sme_clear:money} pour les PME, {public_clear:money} "
        "pour le secteur public. Le segment au DSO le plus haut n'est pas celui qui a le plus d'échu.",
        "Small and medium firms. Overdue less disputes: {key_clear:money} for key accounts, {sme_clear:money} for small and medium "
        "firms, {public_clear:money} for the public sector. The segment with the highest DSO is not the one with most overdue.",
    ),
    model=(
        "Je commence par les PME : sur {sme_late:money} échus, {sme_clear:money} ne sont contestés par personne et peuvent rentrer "
        "dès maintenant. J'appelle les plus gros montants d'abord et je note une date de règlement promise pour chacun.\n\n"
        "Les grands comptes ont le DSO le plus haut ({key_dso} jours), mais l'essentiel n'est pas encore échu : cela se négocie avec les "
        "commerciaux à la signature des contrats. Leurs {key_late:money} échus suivent la relance ordinaire.\n\n"
        "Dans le secteur public, {public_disputed:money} sur {public_late:money} sont en litige. Je fais d'abord régler la cause "
        "(bon de livraison, réserve, prix) par le chargé d'affaires, avec une date. Je rends compte au comité des sommes encaissées à "
        "la fin de la semaine.",
        "I begin with small and medium firms: of {sme_late:money} overdue nobody disputes {sme_clear:money}, which can come in now. I "
        "call the largest amounts first and note a promised payment date for each.\n\n"
        "Key accounts have the highest DSO ({key_dso} days), but most of it is not due yet: that is negotiated with sales when "
        "contracts are signed. Their {key_late:money} overdue follow the ordinary reminders.\n\n"
        "In the public sector {public_disputed:money} out of {public_late:money} are disputed. I first have the cause (delivery note, "
        "reservation, price) settled by the account manager, by a set date. I report to the committee what came in by the end of the "
        "week.",
    ),
    grid=(
        (
            "Je compare des montants échus hors litiges, pas des DSO.",
            "I compare overdue amounts without disputes, not DSO.",
        ),
        (
            "Je dis qu'un DSO haut peut tenir à ce qui n'est pas échu, que la relance ne réduit pas.",
            "I say that a high DSO may come from what is not due, which reminders do not reduce.",
        ),
        (
            "Les litiges ont une autre action que la relance, un responsable et une date.",
            "Disputes get another action than reminders, someone in charge and a date.",
        ),
        (
            "Aucun échu n'est oublié : les autres segments gardent leur relance ordinaire.",
            "No overdue is forgotten: the other segments keep their ordinary reminders.",
        ),
        (
            "Je dis quand et par quel chiffre on verra le résultat.",
            "I say when, and by which figure, the result will be seen.",
        ),
    ),
)
def first(draw: Draw) -> Task:
    parts = {
        "key": (8_000, draw.number(72, 70, 76, 1), draw.number(72_000, 60_000, 90_000, 1_000), 0),
        "sme": (
            8_500,
            draw.number(64, 60, 67, 1),
            draw.number(196_000, 180_000, 230_000, 1_000),
            draw.number(30_000, 20_000, 45_000, 1_000),
        ),
        "public": (
            5_000,
            draw.number(55, 52, 58, 1),
            draw.number(60_000, 56_000, 75_000, 1_000),
            draw.number(45_000, 40_000, 50_000, 1_000),
        ),
    }
    figures: dict[str, float] = {}
    for name, (day, dso, late, disputed) in parts.items():
        figures |= {f"{name}_owed": day * dso, f"{name}_dso": dso, f"{name}_late": late}
        figures |= {f"{name}_disputed": disputed, f"{name}_clear": late - disputed}
    return Task(
        figures,
        "sme",
        [
            Mistake(
                "highest_dso",
                "key_accounts",
                "Leur DSO est le plus haut, mais {key_late:money} seulement sont échus : on ne relance pas ce qui n'est pas encore dû.",
                "Their DSO is the highest, but only {key_late:money} are overdue: what is not due yet is not chased.",
            ),
            Mistake(
                "disputes",
                "public",
                "{public_disputed:money} sur {public_late:money} échus sont en litige : un appel de relance n'y fait rien tant que la cause n'est pas réglée.",
                "{public_disputed:money} of {public_late:money} overdue are disputed: a reminder changes nothing there until the cause is settled.",
            ),
            Mistake(
                "equal_parts",
                "all",
                "Une heure d'appels ne rapporte pas autant partout : la même semaine passée où il y a de l'argent à encaisser rend plus.",
                "An hour of calls does not bring in as much everywhere: the same week spent where money can be collected gives more.",
            ),
        ],
    )


# %%
exercises.ask("first")
# %% tags=["solution"]
exercises.check("first", "sme")


# %% tags=["check"]
@exercise(
    level="decide",
    kind="choice",
    minutes=10,
    competence="decision",
    covers=["003-25", "003-27"],
    title=("Le DSO monte : durcir les relances ?", "The DSO rises: firmer reminders?"),
    statement=(
        "En trois mois, le DSO comptable (sur trois mois, 92 jours) est passé de {dso_before:1} à {dso_after:1} jours. La directrice "
        "générale veut durcir dès demain les relances de tous les clients. Les conditions de règlement n'ont pas changé (montants "
        "TTC).\n\n"
        "| | 31 juillet | 31 octobre |\n| --- | ---: | ---: |\n"
        "| Encours | {owed_before:money} | {owed_after:money} |\n"
        "| dont échu | {late_before:money} | {late_after:money} |\n"
        "| Ventes de mai, d'août | {may:money} | {august:money} |\n"
        "| Ventes de juin, de septembre | {june:money} | {september:money} |\n"
        "| Ventes de juillet, d'octobre | {july:money} | {october:money} |\n"
        "| Ventes des trois mois | {sold_before:money} | {sold_after:money} |\n\n"
        "Que recommandez-vous au comité ? Justifiez en quelques lignes, avec des chiffres.",
        "In three months the balance DSO (over three months, 92 days) went from {dso_before:1} to {dso_after:1} days. The managing "
        "director wants firmer reminders for all customers from tomorrow. Payment terms have not changed (amounts incl. VAT).\n\n"
        "| | 31 July | 31 October |\n| --- | ---: | ---: |\n"
        "| Outstanding | {owed_before:money} | {owed_after:money} |\n"
        "| of which overdue | {late_before:money} | {late_after:money} |\n"
        "| Sales of May, of August | {may:money} | {august:money} |\n"
        "| Sales of June, of September | {june:money} | {september:money} |\n"
        "| Sales of July, of October | {july:money} | {october:money} |\n"
        "| Sales of the three months | {sold_before:money} | {sold_after:money} |\n\n"
        "What do you recommend to the committee? Give your reasons in a few lines, with figures.",
    ),
    choices={
        "firmer": (
            "Durcir les relances de tous les clients, qui paient plus tard",
            "Firmer reminders for all customers, who pay later",
        ),
        "limits": ("Baisser les limites de crédit de tous les clients", "Lower the credit limits of all customers"),
        "explain": (
            "Garder les relances telles quelles et expliquer au comité d'où vient la hausse",
            "Keep reminders as they are and explain to the committee where the rise comes from",
        ),
        "other_measure": (
            "Présenter désormais le DSO sur douze mois, sans autre explication",
            "Show the DSO over twelve months from now on, without further explanation",
        ),
    },
    hint=(
        "Regardez si l'échu a monté, puis par quelles ventes on divise l'encours.",
        "Look whether the overdue rose, then at the sales by which the outstanding is divided.",
    ),
    closer=(
        "Calculez aux deux dates le taux d'échu (échu / encours) et le DSO par épuisement.",
        "On both dates work out the overdue rate (overdue / outstanding) and the count-back DSO.",
    ),
    method=(
        "Taux d'échu : {rate_before:rate} puis {rate_after:rate}. DSO par épuisement : {back_before:1} puis {back_after:1} jours. "
        "Personne ne paie plus tard : on ne durcit rien, on explique.",
        "Overdue rate: {rate_before:rate}, then {rate_after:rate}. Count-back DSO: {back_before:1}, then {back_after:1} days. Nobody "
        "pays later: nothing is made firmer, the rise is explained.",
    ),
    worked=(
        "Garder les relances et expliquer. Taux d'échu : {late_before:money} / {owed_before:money} = {rate_before:rate}, puis "
        "{late_after:money} / {owed_after:money} = {rate_after:rate} : il baisse. Par épuisement, le DSO passe de 31 + "
        "{rest_before:money} / {june:money} × 30 = {back_before:1} à 31 + {rest_after:money} / {september:money} × 30 = "
        "{back_after:1} jours. Le DSO comptable monte parce qu'il divise par des ventes qui comprennent le creux d'août.",
        "Keep reminders and explain. Overdue rate: {late_before:money} / {owed_before:money} = {rate_before:rate}, then "
        "{late_after:money} / {owed_after:money} = {rate_after:rate}: it falls. By count-back the DSO goes from 31 + "
        "{rest_before:money} / {june:money} × 30 = {back_before:1} to 31 + {rest_after:money} / {september:money} × 30 = "
        "{back_after:1} days. The balance DSO rises because it divides by sales that include the August trough.",
    ),
    model=(
        "Je recommande de garder les relances telles quelles. L'échu baisse de {late_before:money} à {late_after:money}, le taux "
        "d'échu de {rate_before:rate} à {rate_after:rate} : les clients ne paient pas plus tard.\n\n"
        "Le DSO comptable monte parce que le creux d'août ({august:money}) entre dans les ventes par lesquelles on divise, alors que "
        "l'encours vient des fortes ventes de septembre et d'octobre : {not_due_after:money} ne sont pas échus. Par épuisement, "
        "le DSO passe de {back_before:1} à {back_after:1} jours.\n\n"
        "Les {late_after:money} échus suivent leur relance habituelle. Je montrerai désormais le taux d'échu et le DSO par "
        "épuisement à côté du DSO comptable. Si l'échu remonte au prochain arrêté, je proposerai de durcir, client par client.",
        "I recommend keeping reminders as they are. The overdue falls from {late_before:money} to {late_after:money}, the overdue rate "
        "from {rate_before:rate} to {rate_after:rate}: customers do not pay later.\n\n"
        "The balance DSO rises because the August trough ({august:money}) enters the sales by which we divide, while the outstanding "
        "comes from the strong sales of September and October: {not_due_after:money} are not due. By count-back the DSO goes from "
        "{back_before:1} to {back_after:1} days.\n\n"
        "The {late_after:money} overdue follow their usual reminders. From now on I shall show the overdue rate and the count-back DSO "
        "beside the balance DSO. If the overdue rises by the next closing, I shall propose firmer reminders, customer by customer.",
    ),
    grid=(
        (
            "Je dis que l'échu, ou le taux d'échu, a baissé, avec les chiffres.",
            "I say that the overdue, or the overdue rate, fell, with the figures.",
        ),
        (
            "Je nomme la cause : le creux d'août entre dans les ventes par lesquelles on divise.",
            "I name the cause: the August trough enters the sales by which we divide.",
        ),
        (
            "Je propose de montrer à côté une mesure que ce creux ne fausse pas : taux d'échu, DSO par épuisement.",
            "I propose to show beside it a measure that this trough does not distort: overdue rate, count-back DSO.",
        ),
        (
            "Les factures échues restent relancées comme d'habitude.",
            "Overdue invoices are still chased as usual.",
        ),
        (
            "Je dis à quel signe je changerais d'avis.",
            "I say what sign would change my mind.",
        ),
    ),
)
def why_up(draw: Draw) -> Task:
    may = draw.number(610_000, 590_000, 630_000, 10_000)
    june = draw.number(620_000, 600_000, 640_000, 10_000)
    july = draw.number(640_000, 600_000, 660_000, 10_000)
    august = draw.number(250_000, 220_000, 260_000, 10_000)
    september = draw.number(700_000, 680_000, 720_000, 10_000)
    october = draw.number(800_000, 780_000, 840_000, 10_000)
    rest_before = draw.number(
        600_000, 570_000, 600_000, 10_000
    )  # left after the last month; less than the month before
    rest_after = draw.number(500_000, 470_000, 510_000, 10_000)
    late_before = draw.number(250_000, 230_000, 270_000, 10_000)
    late_after = late_before - draw.number(20_000, 10_000, 30_000, 10_000)
    owed_before, owed_after = july + rest_before, october + rest_after
    sold_before, sold_after = may + june + july, august + september + october
    return Task(
        {
            "may": may, "june": june, "july": july, "august": august, "september": september, "october": october,
            "owed_before": owed_before, "owed_after": owed_after, "late_before": late_before, "late_after": late_after,
            "sold_before": sold_before, "sold_after": sold_after, "rest_before": rest_before, "rest_after": rest_after,
            "rate_before": round(late_before / owed_before, 3), "rate_after": round(late_after / owed_after, 3),
            "dso_before": owed_before / sold_before * 92, "dso_after": owed_after / sold_after * 92,
            "back_before": 31 + rest_before / june * 30, "back_after": 31 + rest_after / september * 30,
            "not_due_after": owed_after - late_after,
        },
        "explain",
        [
            Mistake(
                "later",
                "firmer",
                "L'échu a baissé de {late_before:money} à {late_after:money} : les clients ne paient pas plus tard. Durcir fâcherait "
                "de bons clients sans rien faire rentrer de plus.",
                "The overdue fell from {late_before:money} to {late_after:money}: customers do not pay later. Firmer reminders would "
                "annoy good customers and bring in nothing more.",
            ),
            Mistake(
                "risk",
                "limits",
                "Rien ne montre plus de risque : l'échu a baissé. Des limites plus basses freineraient des ventes qui repartent.",
                "Nothing shows more risk: the overdue fell. Lower limits would slow down sales that are picking up again.",
            ),
            Mistake(
                "hidden",
                "other_measure",
                "Changer de mesure sans le dire cache la question : le comité ne saurait ni pourquoi le DSO a monté, ni si quelqu'un "
                "paie plus tard.",
                "Another measure, without a word, hides the question: the committee would not know why the DSO rose, nor whether "
                "anyone pays later.",
            ),
        ],
    )  # fmt: skip


# %%
exercises.ask("why_up")
# %% tags=["solution"]
exercises.check("why_up", "explain")
# %% [markdown] tags=["fr", "exercise"]
# ## Où en suis-je ?
# %% [markdown] tags=["en", "exercise"]
# ## Where am I?
# %% tags=["exercise"]
exercises.summary()
