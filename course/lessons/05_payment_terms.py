# %% [markdown] tags=["fr", "covers:001-17"]
# # 05. Délais de paiement : jusqu'à quand attendre, et que réclamer ensuite ?
#
# **La question.** Une facture a une échéance. Est-elle permise par la loi ? Passé ce jour, le client doit des intérêts et
# une indemnité, sans relance : combien, et jusqu'à quand peut-on les demander ?
#
# Quatre calculs se suivent :
#
# 1. l'**échéance**, de la date de facture et des conditions de règlement ;
# 2. le **plafond légal**, selon l'acheteur et la marchandise ;
# 3. les **pénalités de retard** et l'**indemnité forfaitaire** ;
# 4. la **prescription** : le dernier jour pour agir.
#
# Les textes et les taux sont datés, avec leur source ; la commande `cmtools legal` les liste. Ce qui n'est confirmé par
# aucune source lue porte la mention NON CONFIRMÉ. Une leçon n'est pas un conseil juridique.
# %% [markdown] tags=["en", "covers:001-17"]
# # 05. Payment terms: how long to wait, and what to claim then?
#
# **The question.** An invoice has a due date. Does the law allow it? After that day the customer owes interest and an
# indemnity, without any reminder: how much, and until when can they be asked for?
#
# Four calculations follow one another:
#
# 1. the **due date**, from the invoice date and the payment terms;
# 2. the **legal ceiling**, by buyer and goods;
# 3. **late interest** and the **fixed indemnity**;
# 4. **limitation**: the last day to act.
#
# Texts and rates are dated, with their source; the command `cmtools legal` lists them. What no source that we read
# confirms is marked UNCONFIRMED. A lesson is no legal advice; the law here is French law.
# %% tags=["parameters"]
language = "fr"
as_of = "2026-06-30"
ledger_file = "../../data/grand_livre.xlsx"
external_file = "../../data/informations.csv"
# %%
from datetime import date

import pandas as pd
from IPython.display import display

import cmtools as cm

ledger = cm.read_ledger(ledger_file)
procedures = cm.insolvencies(cm.read_external(external_file), as_of)
# %% [markdown] tags=["fr"]
# ## 1. L'échéance
#
# Le jour de la facture est le jour 0. « 30 jours » se compte en jours de calendrier ; une échéance un dimanche ne bouge
# pas (qu'elle doive bouger est NON CONFIRMÉ). « 45 jours fin de mois » a **deux lectures**, toutes deux admises, et il faut convenir de l'une :
#
# - 45 jours, puis la fin de ce mois (`days_then_month_end`) ;
# - la fin du mois de facture, puis 45 jours (`month_end_then_days`).
# %% [markdown] tags=["en"]
# ## 1. The due date
#
# The day of the invoice is day 0. “30 days” are calendar days; a due date on a Sunday does not move (whether it should is
# UNCONFIRMED). “45 days end of month”
# (« 45 jours fin de mois ») has **two readings**, both allowed, and the parties must agree on one:
#
# - 45 days, then the end of that month (`days_then_month_end`);
# - the end of the invoice's month, then 45 days (`month_end_then_days`).
# %% tags=["nbval-check-output", "covers:004-11"]
invoice_date = date(2025, 1, 15)
for reading in ("days_then_month_end", "month_end_then_days"):
    due = cm.due_date(invoice_date, "45 jours fin de mois", reading)
    print(cm.language.label(reading, language), cm.language.day(due), (due - invoice_date).days)
# %% [markdown] tags=["fr"]
# **Lecture.** Même facture, même phrase, deux échéances à quatorze jours d'écart. Sur l'année, chaque lecture donne de 45 à
# 75 jours, et jamais la même date que l'autre :
# %% [markdown] tags=["en"]
# **Reading.** The same invoice, the same words, two due dates fourteen days apart. Over the year each reading gives 45 to
# 75 days, and never the same date as the other:
# %%
issued = pd.Series(pd.date_range("2026-01-01", "2026-12-31"))
days = pd.DataFrame({"issue_date": issued})
for reading in ("days_then_month_end", "month_end_then_days"):
    days[reading] = (cm.due_date(issued, "45 jours fin de mois", reading) - issued).dt.days
cm.plots_claims.month_end_readings(days, language)
# %% [markdown] tags=["fr"]
# **Lecture.** Facturer le 1er du mois avec « fin de mois puis 45 jours » donne 75 jours ; le 31, 45 jours. L'autre lecture
# saute d'un mois vers le 16 ou le 17. La lecture se note dans la fiche du client.
#
# cmtools lit les conditions telles qu'on les écrit, et refuse ce qu'il ne comprend pas plutôt que de deviner :
# %% [markdown] tags=["en"]
# **Reading.** Invoicing on the 1st with “end of month, then 45 days” gives 75 days; on the 31st, 45. The other reading jumps
# by a month around the 16th or 17th. The reading belongs in the customer's record.
#
# cmtools reads terms as people write them, and refuses what it does not understand rather than guess:
# %% tags=["nbval-check-output"]
for terms in ("30 jours", "fin de mois le 15", "30 jours fin de décade", "comptant"):
    print(terms, "->", cm.language.day(cm.due_date(invoice_date, terms)))
cm.display.table(cm.instalments(invoice_date, 10_000, "30 % à la commande, 70 % à 60 jours"), language)
# %% [markdown] tags=["fr", "covers:004-11", "covers:004-12"]
# ## 2. Le plafond légal
#
# Entre entreprises : **60 jours** après la facture, ou **45 jours fin de mois** si le contrat l'écrit ; 45 jours sans fin de
# mois pour une facture récapitulative (C. com. L441-10). Certains secteurs ont le leur (L441-11). Un acheteur public doit
# payer sous 30 jours (hôpital 50, entreprise publique 60), comptés de la **réception** de la demande. Sans accord : 30
# jours après la livraison. Aucun plafond légal trouvé pour un particulier.
# %% [markdown] tags=["en", "covers:004-11", "covers:004-12"]
# ## 2. The legal ceiling
#
# Between businesses: **60 days** after the invoice, or **45 days end of month** if the contract says so; 45 days without end
# of month for a periodic summary invoice (C. com. L441-10). Some trades have their own (L441-11). A public buyer must pay
# within 30 days (hospital 50, public undertaking 60), counted from **receipt** of the request. Nothing agreed: 30 days after
# delivery. No legal ceiling was found for a consumer.
# %% tags=["nbval-check-output"]
ceilings = cm.legal.payment_ceilings()
ceilings["ceiling"] = ceilings[language]
ceilings["reference"] = ceilings["reference"].map(cm.forms_claims.article)
cm.display.table(ceilings[["ceiling", "reference"]], language)
# %% tags=["nbval-check-output"]
terms = cm.terms_compliance(ledger, as_of)
summary = cm.compliance_summary(terms)
cm.display.table(cm.forms_claims.compliance(summary, language), language)
# %%
cm.plots_claims.compliance(summary, language)
# %% [markdown] tags=["fr", "covers:004-16"]
# **Lecture.** Sur douze mois, presque toutes les factures respectent leur plafond. Celles qui le dépassent se regardent une
# à une : des échéanciers à 90 jours, accordés de bonne foi et interdits quand même. L'amende administrative peut atteindre
# 2 millions d'euros pour une société, le double en cas de récidive sous deux ans (L441-16), et sa publication est
# systématique.
# %% [markdown] tags=["en", "covers:004-16"]
# **Reading.** Over twelve months nearly all invoices keep to their ceiling. Those beyond it are looked at one by one:
# instalments at 90 days, granted in good faith and forbidden all the same. The administrative fine can reach 2 million euros
# for a company, twice that if repeated within two years (L441-16), and it is always published.
# %% tags=["nbval-check-output"]
over = terms[terms["status"] == "over"]
names = [
    "customer_id",
    "document",
    "issue_date",
    "due_date",
    "amount",
    "currency",
    "granted_days",
    "latest_date",
    "days_over",
]
cm.display.table(over[names], language)
# %% [markdown] tags=["fr"]
# ## 3. Le taux des pénalités de retard
#
# Sans taux au contrat : **taux de la BCE + 10 points**, celui du 1er janvier pour le premier semestre, celui du 1er juillet
# pour le second. Un contrat peut fixer un autre taux, jamais moins de **trois fois le taux légal**. Un acheteur public doit
# **BCE + 8 points**, figés au semestre où le retard commence.
# %% [markdown] tags=["en"]
# ## 3. The late-payment rate
#
# Without a rate in the contract: **ECB rate + 10 points**, that of 1 January for the first half-year, that of 1 July for the
# second. A contract may set another rate, never below **three times the legal rate**. A public buyer owes **ECB + 8 points**,
# frozen at the half-year in which the delay begins.
# %%
periods = cm.late_rate_periods()
public = cm.late_rate_periods("public").set_index("start")["rate"]
periods["public_rate"] = periods["start"].map(public)
cm.plots_claims.late_rates(periods[periods["start"] >= "2013-01-01"], language)
# %% tags=["nbval-check-output", "covers:004-14"]
shown = periods.tail(8).rename(columns={"rate": "rate_business", "public_rate": "rate_public", "floor": "rate_floor"})
cm.display.table(shown[["start", "end", "rate_business", "rate_public", "rate_floor"]], language)
# %% [markdown] tags=["fr"]
# **Lecture.** En 2024, le plancher (15,21 % puis 14,76 %) dépassait le taux de la BCE majoré : un contrat à 12 % ne valait
# plus 12 %. Le plancher du second semestre 2026 n'est pas connu de cmtools : la case est vide, elle n'est pas nulle.
#
# **Trois tables fausses circulent** : celle qui ajoute 10 points au taux *légal*, celle qui donne 10,50 % au second semestre
# 2022 (la hausse de la BCE date du 27 juillet, le taux du semestre est celui du 1er), celle qui fait suivre à l'intérêt
# *public* chaque décision de la BCE.
#
# ## 4. Les pénalités, segment par segment
#
# Le premier jour compté est le lendemain de l'échéance, le dernier est celui du paiement. La base est le montant **TTC** ;
# l'intérêt est simple. Une facture de 12 000 €, échue le 15 mai 2026 et payée le 20 août :
# %% [markdown] tags=["en"]
# **Reading.** In 2024 the floor (15.21% then 14.76%) was above the ECB rate with its points: a contract at 12% was not worth
# 12% any more. The floor of the second half of 2026 is not known to cmtools: the cell is blank, it is not nil.
#
# **Three wrong tables circulate**: one that adds 10 points to the *legal* rate, one that gives 10.50% for the second half of
# 2022 (the ECB's rise is of 27 July, the half-year's rate is that of the 1st), one that makes *public* interest follow each
# decision of the ECB.
#
# ## 4. Interest, segment by segment
#
# The first day counted is the day after the due date, the last is the day of payment. The base is the amount **incl. VAT**;
# interest is simple. An invoice of EUR 12,000, due on 15 May 2026 and paid on 20 August:
# %% tags=["nbval-check-output", "covers:004-14"]
invoice = pd.DataFrame({"item_id": ["F1"], "customer_id": ["C1"], "amount": [12_000.0]})
invoice["issue_date"] = invoice["receipt_date"] = pd.Timestamp("2026-04-15")
invoice["due_date"] = pd.Timestamp("2026-05-15")
paid = pd.DataFrame({"item_id": ["F1"], "amount": [12_000.0], "payment_date": [pd.Timestamp("2026-08-20")]})
found = cm.late_interest(invoice, paid, "2026-08-31")
cm.display.table(cm.forms_claims.segments(found).drop(columns="document"), language, total=True)
# %% [markdown] tags=["fr"]
# **Lecture.** 46 jours à 12,15 % puis 51 jours à 12,40 %, année de 365 jours : 183,75 + 207,91 = 391,66 €, plus 40 €
# d'indemnité. La même dette d'une commune, au taux figé de son premier semestre de retard :
# %% [markdown] tags=["en"]
# **Reading.** 46 days at 12.15% then 51 days at 12.40%, in a year of 365 days: 183.75 + 207.91 = EUR 391.66, plus EUR 40 of
# indemnity. The same debt of a town, at the frozen rate of its first half-year late:
# %% tags=["nbval-check-output"]
buyer = pd.DataFrame({"customer_id": ["C1"], "buyer": ["public"]})
found = cm.late_interest(invoice, paid, "2026-08-31", customers=buyer)
cm.display.table(cm.forms_claims.segments(found).drop(columns="document"), language, total=True)
# %% [markdown] tags=["fr"]
# **Un paiement partiel** règle d'abord les intérêts, sauf accord contraire (C. civ. 1343-1) : il laisse donc du principal
# ouvert. Les grands livres, eux, imputent sur le principal, tel qu'on a lettré. Les deux se calculent ; 6 000 € payés le
# 15 juin, le reste le 20 août :
# %% [markdown] tags=["en"]
# **A part payment** first pays the interest, unless agreed otherwise (C. civ. 1343-1): so it leaves principal open. Ledgers
# take it off the principal, as allocated. Both can be reckoned; EUR 6,000 paid on 15 June, the rest on 20 August:
# %% tags=["nbval-check-output"]
twice = pd.DataFrame({"item_id": ["F1", "F1"], "amount": [6_000.0, 6_000.0]})
twice["payment_date"] = pd.to_datetime(["2026-06-15", "2026-08-20"])
for imputation in ("principal_first", "interest_first"):
    found = cm.late_interest(invoice, twice, "2026-08-31", imputation=imputation)
    display(cm.display.said(f"imputed_{imputation}", language))
    display(cm.display.table(cm.forms_claims.segments(found).drop(columns="document"), language, total=True))
# %% [markdown] tags=["fr", "covers:004-12 §5", "covers:004-15 §5"]
# **Lecture.** Les intérêts d'abord : 123,83 € des 6 000 sont pris par l'intérêt, et le principal n'a baissé que de
# 5 876,17 €. Au 20 août encore, le dernier règlement ne suffit plus : il reste un peu de principal, qui continue de courir.
#
# ## 5. L'indemnité forfaitaire
#
# **40 € par facture** en retard, depuis 2013, dès le premier jour et sans relance (D441-5) : ni par échéance, ni par relance,
# ni par client. Elle reste entière après un paiement partiel. Jamais d'un particulier ; pas sur une dette gelée par une
# procédure collective (rédaction de l'article NON CONFIRMÉE).
#
# ## 6. Le décompte d'un client
#
# Tout ensemble, pour un client douteux qui n'a presque plus rien payé depuis un an :
# %% [markdown] tags=["en", "covers:004-12 §5", "covers:004-15 §5"]
# **Reading.** Interest first: EUR 123.83 of the 6,000 go to interest, and the principal fell by EUR 5,876.17 only. On 20
# August the last payment is not enough any more: a little principal remains, which runs on.
#
# ## 5. The fixed indemnity
#
# **EUR 40 per late invoice**, since 2013, from the first day and without a reminder (D441-5): not per instalment, nor per
# reminder, nor per customer. It stays whole after a part payment. Never from a consumer; not on a debt frozen by insolvency
# proceedings (wording of the article UNCONFIRMED).
#
# ## 6. The statement of claim of one customer
#
# All together, for a doubtful customer who has paid hardly anything for a year:
# %% tags=["nbval-check-output"]
statement = cm.statement_of_claim(ledger, "000128", as_of, insolvencies=procedures)
cm.forms_claims.statement_of_claim(statement, language)
# %% [markdown] tags=["fr"]
# Un autre client est en liquidation. Le jugement d'ouverture gèle les dettes antérieures : les intérêts s'arrêtent la veille,
# et la créance se déclare au mandataire.
# %% [markdown] tags=["en"]
# Another customer is in liquidation. The opening judgment freezes earlier debts: interest stops the day before, and the
# claim is declared to the court's agent.
# %% tags=["nbval-check-output"]
frozen = cm.statement_of_claim(ledger, "000116", as_of, insolvencies=procedures)
print(cm.language.day(procedures["opened"].iloc[0]), "|", cm.language.day(frozen.segments["end"].max()))
cm.display.lines("\n".join(cm.forms_claims.remarks(frozen.items, language)))
# %% [markdown] tags=["fr"]
# ## 7. Ce que tous les clients doivent au titre du retard
# %% [markdown] tags=["en"]
# ## 7. What all customers owe for lateness
# %% tags=["nbval-check-output"]
claims = cm.late_claims(ledger, as_of, insolvencies=procedures)
by_customer = cm.claims_by_customer(claims, ledger, as_of)
cm.display.table(by_customer.drop(columns=["unknown_interest", "buyer", "count_items"]), language, total=True, limit=10)
# %%
cm.plots_claims.claims(by_customer[by_customer["currency"] == "EUR"], language)
# %% [markdown] tags=["fr"]
# **Lecture.** Trois années de retards donnent droit à près de 81 000 € de pénalités et 70 000 € d'indemnités, presque jamais
# réclamés. C'est un droit, pas une recette : on le garde pour négocier, et on le demande d'abord à ceux que l'on ne craint
# pas de perdre. Ici, le principal est l'échu de la balance âgée.
#
# ## 8. La prescription
#
# Entre professionnels, **5 ans** depuis l'échéance ; contre un particulier, **2 ans** ; transport, **1 an** depuis la
# livraison ; contre un organisme public, quatre ans depuis le 1er janvier suivant (NON CONFIRMÉ). Une relance ou une mise en
# demeure **n'interrompt pas** le délai ; une reconnaissance de dette, un plan signé, une action en justice, oui.
# %% [markdown] tags=["en"]
# **Reading.** Three years of lateness give a right to nearly EUR 81,000 of interest and EUR 70,000 of indemnities, hardly
# ever claimed. It is a right, not an income: one keeps it for negotiating, and asks first those one is not afraid to lose.
# Here the principal is the overdue of the aged balance.
#
# ## 8. Limitation
#
# Between businesses, **5 years** from the due date; against a consumer, **2 years**; transport, **1 year** from delivery;
# against a public body, four years from the next 1 January (UNCONFIRMED). A reminder or a formal notice **does not interrupt**
# it; an acknowledgement of the debt, a signed plan, a claim in court do.
# %% tags=["nbval-check-output", "covers:004-63"]
owed = claims[claims["principal"] > 0].sort_values("days_left")
owed = cm.forms_claims.limitation_marked(owed, language)
names = ["customer_id", "document", "due_date", "principal", "limitation_date", "days_left", "limitation_note"]
cm.display.table(owed[names].head(5), language)
# %% [markdown] tags=["fr"]
# ## 9. Et si… ?
#
# Changez le montant, l'échéance, le retard, l'acheteur, le taux du contrat, l'ordre d'imputation.
# %% [markdown] tags=["en"]
# ## 9. What if…?
#
# Change the amount, the due date, the delay, the buyer, the contract's rate, what a part payment pays first.
# %%
cm.widgets_claims.interest(language=language)
# %% [markdown] tags=["fr", "covers:002-20"]
# ## 10. Les pièges
#
# **Piège 1 : compter le jour de la facture.** Une page publiée trouve 16 mai pour 2 avril + 45 jours, et 13 juin pour 15
# avril + 60 jours : un jour de moins chaque fois.
# ([source](https://www.lecoindesentrepreneurs.fr/les-delais-de-paiement/))
# %% [markdown] tags=["en", "covers:002-20"]
# ## 10. Traps
#
# **Trap 1: counting the day of the invoice.** A published page finds 16 May for 2 April + 45 days, and 13 June for 15 April +
# 60 days: a day short each time. ([source](https://www.lecoindesentrepreneurs.fr/les-delais-de-paiement/))
# %% tags=["nbval-check-output"]
for issue, count in ((date(2026, 4, 2), 45), (date(2026, 4, 15), 60)):
    print(cm.language.day(cm.due_date(issue, count)))
# %% [markdown] tags=["fr"]
# **Piège 2 : une date qui n'est d'aucune lecture.** Une page publiée donne le 15 mars pour 15 janvier 2025 à 45 jours fin de
# mois : ni le 31, ni le 17. ([source](https://dougs.fr/outils-simulation/delais-paiement))
#
# **Piège 3 : compter depuis la réception de la facture.** Entre entreprises, le délai part de l'émission ; le faire partir
# plus tard est puni de la même amende. Pour un acheteur public, c'est bien la réception.
#
# **Piège 4 : un seul taux pour un retard à cheval.** À 12,15 % sur 97 jours, l'exemple donnerait :
# %% [markdown] tags=["en"]
# **Trap 2: a date of neither reading.** A published page gives 15 March for 15 January 2025 at 45 days end of month: neither
# the 31st nor the 17th. ([source](https://dougs.fr/outils-simulation/delais-paiement))
#
# **Trap 3: counting from receipt of the invoice.** Between businesses the term runs from issue; to let it start later is
# fined alike. For a public buyer it is indeed receipt.
#
# **Trap 4: one rate for a delay across two half-years.** At 12.15% over 97 days the example would give:
# %% tags=["nbval-check-output"]
print(cm.language.money(12_000 * 0.1215 * 97 / 365, "EUR", language))
# %% [markdown] tags=["fr"]
# au lieu de 391,66 €.
#
# **Piège 5 : 365 ou 366.** Aucun texte ne fixe la base. Pour un retard du 15 mai au 20 août 2024 (année bissextile), la
# différence est d'un euro ; l'écrire dans les conditions générales évite d'en discuter :
# %% [markdown] tags=["en"]
# instead of EUR 391.66.
#
# **Trap 5: 365 or 366.** No text fixes the base. For a delay from 15 May to 20 August 2024 (a leap year) the difference is
# about a euro; writing it in the general terms saves the argument:
# %% tags=["nbval-check-output"]
old, old_paid = invoice.copy(), paid.copy()
old["due_date"], old_paid["payment_date"] = pd.Timestamp("2024-05-15"), pd.Timestamp("2024-08-20")
for base, day_count in ((365, "365"), (366, "actual")):
    interest = cm.late_interest(old, old_paid, "2024-08-31", day_count=day_count)["interest"].sum()
    print(base, cm.language.money(interest, "EUR", language))
# %% [markdown] tags=["fr"]
# **Piège 6 : calculer au-delà de ce que l'on sait.** Passé la dernière date connue, cmtools refuse et dit quel fichier
# compléter :
# %% [markdown] tags=["en"]
# **Trap 6: reckoning beyond what is known.** Past the last known date cmtools refuses, and says which file to extend:
# %% tags=["nbval-check-output"]
try:
    cm.late_interest(invoice, None, "2027-01-31")
except cm.LegalUnknownError as error:
    print(error.text(language))
# %% [markdown] tags=["fr"]
# **Piège 7 : l'indemnité par relance.** 40 € par facture, une fois. **Piège 8 : la TVA.** Les pénalités n'en portent pas ;
# pour les 40 €, les sources ne s'accordent pas (NON CONFIRMÉ). **Piège 9 : relancer un particulier avec des pénalités.** Il
# n'en doit pas : seul l'intérêt légal court, depuis la mise en demeure.
#
# ## 11. Sur votre fichier
#
# Les colonnes facultatives « Type d'acheteur », « Taux de pénalités », « Lecture fin de mois » (clients), « Reçue le »,
# « Date de livraison », « Facture récapitulative » (factures) affinent le calcul. Sans elles, un client est tenu pour une
# entreprise, sans taux au contrat.
# %% [markdown] tags=["en"]
# **Trap 7: the indemnity per reminder.** EUR 40 per invoice, once. **Trap 8: VAT.** Penalties bear none; for the EUR 40 the
# sources disagree (UNCONFIRMED). **Trap 9: dunning a consumer with penalties.** None are owed: legal interest alone runs,
# from the formal notice.
#
# ## 11. On your own file
#
# The optional columns “Buyer type”, “Late-payment rate”, the reading of the end of month (customers), receipt date, delivery
# date, summary invoice (invoices) make the computation finer. Without them a customer is taken for a business without a rate
# in its contract.
# %%
my_file = ""
my_date = "2026-06-30"
my_customer = ""
if my_file:
    mine = cm.read_ledger(my_file)
    display(
        cm.display.table(
            cm.claims_by_customer(cm.late_claims(mine, my_date), mine, my_date), language, total=True, limit=20
        )
    )
    if my_customer:
        display(cm.forms_claims.statement_of_claim(cm.statement_of_claim(mine, my_customer, my_date), language))
