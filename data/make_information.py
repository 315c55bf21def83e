"""Write what is known of customers of the sample company beyond their accounts and the ledger.

    python data/make_information.py [FOLDER]

Everything is invented, as the customers are. The facts agree with the ledger and
the accounts: limits of the credit insurer are those of clients.csv (0,00: refused),
bills and advances those of accounts 413 and 4191, expected purchases those of the
last twelve months, within some per cent.
"""

from __future__ import annotations

import sys
from pathlib import Path

from make_sample import write_csv

HEADINGS = ("N° client", "Nature", "Date", "Valeur", "Montant", "Valable jusqu'au", "Source", "Remarque")
KINDS = {
    "avis": "Avis de l'assureur-crédit",
    "note": "Note d'une agence",
    "procédure": "Procédure collective",
    "privilège": "Privilège",
    "incident": "Incident de paiement",
    "annonce": "Annonce légale",
    "fournisseur": "Limite d'un autre fournisseur",
    "création": "Création de l'entreprise",
    "actionnariat": "Actionnariat",
    "direction": "Direction",
    "position": "Position sur le marché",
    "secteur": "Perspectives du secteur",
    "comptes": "Communication des comptes",
    "garantie": "Garantie",
    "carnet": "Carnet de commandes",
    "à facturer": "Livré à facturer",
    "effets": "Effets non échus",
    "acomptes": "Acomptes reçus",
    "achats": "Achats mensuels prévus",
    "demande": "Encours demandé",
    "délai": "Délai demandé",
}
SOURCES = {
    "A": "Assureur-crédit",
    "R": "Agence de renseignement",
    "G": "Greffe",
    "C": "Commercial",
    "K": "Comptabilité",
}

# kind ; date ; value ; amount ; valid until ; source ; remark: one line per fact, below its customer
INFORMATION = """
000101
avis;12/02/2026;accordé;35000,00;31/12/2026;A;
création;09/05/2008;;;;R;
direction;18/05/2026;bon;;;C;
achats;15/06/2026;;11900,00;;C;
000102
avis;14/04/2026;refusé;0,00;;A;cumul atteint sur le groupe Zarvolinque
note;03/06/2026;7/10;;;R;
procédure;03/06/2026;aucune;;;G;
privilège;03/06/2026;;0,00;;G;aucune inscription
création;16/03/1987;;;;R;
actionnariat;03/06/2026;bon;;;R;groupe familial
direction;19/05/2026;bon;;;C;
position;19/05/2026;bon;;;C;
secteur;03/06/2026;moyen;;;R;
comptes;22/05/2026;oui;;;C;
carnet;22/06/2026;;68000,00;;C;deux chantiers commandés
à facturer;30/06/2026;;12400,00;;K;
achats;22/06/2026;;36500,00;;C;
demande;23/06/2026;;150000,00;;C;
délai;23/06/2026;45 jours fin de mois;;;C;
fournisseur;11/05/2026;;90000,00;;Fournisseur A;
fournisseur;18/05/2026;;120000,00;;Fournisseur B;
000106
avis;12/02/2026;accordé;15000,00;31/12/2026;A;
création;04/10/2001;;;;R;
direction;19/05/2026;bon;;;C;
achats;22/06/2026;;6300,00;;C;
000108
avis;14/04/2026;refusé;0,00;;A;cumul atteint sur le groupe Zarvolinque
création;21/01/2011;;;;R;
achats;22/06/2026;;4000,00;;C;
000112
avis;20/01/2026;refusé;0,00;;A;
note;05/05/2026;4/10;;;R;
création;11/09/1995;;;;R;
direction;12/05/2026;moyen;;;C;
achats;15/06/2026;;2600,00;;C;
000114
avis;12/02/2026;réduit;10000,00;31/12/2026;A;20 000 demandés
création;02/07/2004;;;;R;
comptes;12/05/2026;non;;;C;
achats;15/06/2026;;14100,00;;C;
000115
création;26/06/2015;;;;R;
comptes;12/05/2026;oui;;;C;
achats;15/06/2026;;1200,00;;C;
000116
avis;18/03/2024;accordé;20000,00;31/03/2025;A;non renouvelé
note;07/10/2025;1/10;;;R;
procédure;25/03/2025;redressement judiciaire;;;G;
procédure;14/10/2025;liquidation judiciaire;;;G;
privilège;12/12/2024;Urssaf;48200,00;;G;
privilège;21/01/2025;Trésor public;26900,00;;G;
annonce;21/10/2025;jugement de liquidation, créances à déclarer;;;G;
création;08/02/1999;;;;R;
000119
avis;12/02/2026;réduit;80000,00;31/12/2026;A;115 000 demandés
note;03/06/2026;7/10;;;R;
procédure;03/06/2026;aucune;;;G;
création;13/11/1992;;;;R;
direction;19/05/2026;bon;;;C;
position;19/05/2026;bon;;;C;
comptes;22/05/2026;oui;;;C;
achats;22/06/2026;;31000,00;;C;croissance attendue
demande;23/06/2026;;120000,00;;C;
délai;23/06/2026;45 jours fin de mois;;;C;
000123
avis;12/02/2026;accordé;10000,00;31/12/2026;A;
création;03/03/2009;;;;R;
direction;12/05/2026;bon;;;C;
achats;15/06/2026;;4000,00;;C;
000128
avis;09/09/2025;accordé;10000,00;;A;à revoir : l'assureur n'a pas été prévenu des retards
note;24/02/2026;2/10;;;R;
procédure;24/02/2026;aucune;;;G;
privilège;18/02/2026;Urssaf;31400,00;;G;
incident;03/02/2026;effet rejeté;7850,00;;R;
création;17/06/2010;;;;R;
direction;27/05/2026;mauvais;;;C;injoignable depuis janvier
comptes;27/05/2026;en partie;;;C;
achats;15/06/2026;;2100,00;;C;
demande;16/06/2026;;15000,00;;C;
délai;16/06/2026;30 jours;;;C;
000134
avis;12/02/2026;accordé;10000,00;31/12/2026;A;
création;29/09/2003;;;;R;
effets;30/06/2026;;6472,63;;K;compte 413
achats;15/06/2026;;2200,00;;C;
000136
avis;12/02/2026;réduit;50000,00;31/12/2026;A;65 000 demandés
note;03/06/2026;8/10;;;R;
création;07/04/1979;;;;R;
position;19/05/2026;bon;;;C;
carnet;22/06/2026;;45000,00;;C;
achats;22/06/2026;;34700,00;;C;
demande;23/06/2026;;70000,00;;C;
délai;23/06/2026;30 jours;;;C;
000138
avis;12/02/2026;réduit;10000,00;31/12/2026;A;20 000 demandés
note;;4/10;;;R;fiche reçue sans date
procédure;11/05/2026;aucune;;;G;
privilège;27/03/2026;Urssaf;42300,00;;G;
privilège;11/05/2026;Trésor public;18600,00;;G;
création;15/01/2007;;;;R;
direction;27/05/2026;moyen;;;C;
comptes;27/05/2026;oui;;;C;
achats;15/06/2026;;6200,00;;C;
demande;16/06/2026;;35000,00;;C;
délai;16/06/2026;60 jours;;;C;
000139
incident;20/03/2025;prélèvement rejeté;3039,79;;R;
création;12/12/2016;;;;R;
direction;27/05/2026;moyen;;;C;
comptes;27/05/2026;oui;;;C;
achats;15/06/2026;;1900,00;;C;
000142
avis;12/02/2026;réduit;5000,00;30/09/2026;A;
note;05/05/2026;3/10;;;R;
privilège;05/05/2026;Urssaf;9700,00;;G;
création;22/05/2012;;;;R;
direction;27/05/2026;moyen;;;C;
achats;15/06/2026;;2700,00;;C;
demande;16/06/2026;;10000,00;;C;
délai;16/06/2026;60 jours;;;C;
000144
avis;12/02/2026;accordé;30000,00;31/12/2026;A;
note;03/06/2026;7/10;;;R;
création;18/09/1984;;;;R;
direction;19/05/2026;bon;;;C;
achats;22/06/2026;;9500,00;;C;
demande;23/06/2026;;30000,00;;C;
délai;23/06/2026;45 jours fin de mois;;;C;
000146
avis;12/02/2026;accordé;20000,00;31/12/2026;A;
note;05/05/2026;5/10;;;R;
création;06/06/1998;;;;R;
garantie;15/09/2025;compensation avec ses factures de fournisseur;8000,00;31/12/2026;K;
achats;15/06/2026;;7700,00;;C;
demande;16/06/2026;;30000,00;;C;
délai;16/06/2026;60 jours;;;C;
000152
avis;14/04/2026;refusé;0,00;;A;trésorerie trop tendue
note;05/05/2026;4/10;;;R;
incident;24/04/2026;chèque sans provision;4120,00;;R;
création;10/03/2014;;;;R;
direction;27/05/2026;moyen;;;C;croît plus vite que ses moyens
position;27/05/2026;bon;;;C;
comptes;27/05/2026;oui;;;C;
carnet;22/06/2026;;21000,00;;C;
achats;15/06/2026;;6700,00;;C;
demande;16/06/2026;;45000,00;;C;
délai;16/06/2026;60 jours;;;C;
garantie;11/06/2026;caution du dirigeant;15000,00;30/06/2027;C;
000153
avis;12/02/2026;réduit;90000,00;31/12/2026;A;160 000 demandés
note;03/06/2026;9/10;;;R;
procédure;03/06/2026;aucune;;;G;
privilège;03/06/2026;;0,00;;G;aucune inscription
création;25/02/1971;;;;R;
actionnariat;03/06/2026;bon;;;R;
direction;19/05/2026;bon;;;C;
position;19/05/2026;bon;;;C;
secteur;03/06/2026;moyen;;;R;
comptes;22/05/2026;oui;;;C;
achats;22/06/2026;;36000,00;;C;
demande;23/06/2026;;100000,00;;C;
délai;23/06/2026;30 jours;;;C;
fournisseur;18/05/2026;;110000,00;;Fournisseur B;
fournisseur;20/05/2026;;80000,00;;Fournisseur C;
000164
avis;;accordé;10000,00;;A;accord par téléphone, sans date
note;05/05/2026;4/10;;;R;
création;14/04/2013;;;;R;
achats;15/06/2026;;3000,00;;C;
000175
avis;12/02/2026;réduit;20000,00;31/12/2026;A;25 000 demandés
note;05/05/2026;7/10;;;R;
création;01/07/2005;;;;R;
direction;12/05/2026;bon;;;C;
achats;15/06/2026;;6800,00;;C;
000178
avis;14/04/2026;refusé;0,00;;A;
création;30/10/1990;;;;R;
achats;15/06/2026;;4900,00;;C;
demande;16/06/2026;;40000,00;;C;
délai;16/06/2026;30 jours;;;C;
000181
avis;12/02/2026;accordé;20000,00;31/12/2026;A;
note;03/06/2026;9/10;;;R;
création;12/05/1989;;;;R;
actionnariat;03/06/2026;bon;;;R;
achats;15/06/2026;;8900,00;;C;
000185
création;19/03/2010;;;;R;
direction;12/05/2026;bon;;;C;
comptes;12/05/2026;oui;;;C;
achats;15/06/2026;;1600,00;;C;
000186
avis;12/02/2026;réduit;85000,00;31/12/2026;A;95 000 demandés
note;03/06/2026;4/10;;;R;
procédure;03/06/2026;aucune;;;G;
création;20/11/2000;;;;R;
direction;19/05/2026;moyen;;;C;
position;19/05/2026;bon;;;C;
secteur;03/06/2026;moyen;;;R;
comptes;22/05/2026;oui;;;C;
garantie;31/03/2025;caution bancaire;25000,00;31/03/2026;C;non renouvelée
carnet;22/06/2026;;52000,00;;C;
achats;22/06/2026;;21500,00;;C;
demande;23/06/2026;;110000,00;;C;
délai;23/06/2026;60 jours;;;C;
000189
avis;12/02/2026;réduit;10000,00;31/12/2026;A;15 000 demandés
création;28/08/1996;;;;R;
direction;12/05/2026;bon;;;C;
achats;15/06/2026;;4900,00;;C;
000191
création;02/04/2012;;;;R;
comptes;12/05/2026;oui;;;C;
achats;15/06/2026;;1500,00;;C;
000197
avis;12/02/2026;réduit;15000,00;31/12/2026;A;20 000 demandés
note;05/05/2026;8/10;;;R;
création;23/06/1993;;;;R;
acomptes;30/06/2026;;4666,80;;K;compte 4191, TVA comprise
achats;15/06/2026;;6700,00;;C;
000203
avis;12/02/2026;réduit;35000,00;31/12/2026;A;65 000 demandés
note;10/06/2025;4/10;;31/12/2025;R;
création;05/05/1988;;;;R;
direction;19/05/2026;bon;;;C;nouvelle direction depuis 2023
achats;22/06/2026;;19300,00;;C;
demande;23/06/2026;;70000,00;;C;
délai;23/06/2026;30 jours;;;C;
000208
avis;12/02/2026;accordé;15000,00;31/12/2026;A;
création;16/02/2006;;;;R;
acomptes;30/06/2026;;4694,40;;K;compte 4191, TVA comprise
achats;15/06/2026;;4800,00;;C;
000211
avis;12/02/2026;réduit;5000,00;30/09/2026;A;10 000 demandés
note;05/05/2026;5/10;;;R;
annonce;11/06/2024;augmentation de capital;;;G;
création;09/09/2009;;;;R;
direction;12/05/2026;bon;;;C;
achats;15/06/2026;;4800,00;;C;
demande;16/06/2026;;15000,00;;C;
délai;16/06/2026;30 jours;;;C;
000213
avis;12/02/2026;accordé;25000,00;31/12/2026;A;
création;27/01/1982;;;;R;
achats;15/06/2026;;5700,00;;C;
000219
avis;12/02/2026;réduit;80000,00;31/12/2026;A;160 000 demandés
note;03/06/2026;6/10;;;R;
procédure;03/06/2026;aucune;;;G;
privilège;03/06/2026;;0,00;;G;aucune inscription
création;11/10/1994;;;;R;
actionnariat;03/06/2026;moyen;;;R;cession à l'étude
direction;19/05/2026;bon;;;C;
position;19/05/2026;bon;;;C;
secteur;03/06/2026;moyen;;;R;
comptes;22/05/2026;oui;;;C;
carnet;22/06/2026;;74000,00;;C;
à facturer;30/06/2026;;15800,00;;K;
achats;22/06/2026;;38000,00;;C;
demande;23/06/2026;;180000,00;;C;
délai;23/06/2026;60 jours;;;C;
fournisseur;18/05/2026;;130000,00;;Fournisseur B;
000221
création;06/09/2014;;;;R;
comptes;12/05/2026;en partie;;;C;compte de résultat confidentiel
000225
avis;12/02/2026;réduit;30000,00;31/12/2026;A;35 000 demandés
création;24/03/2002;;;;R;
comptes;27/05/2026;en partie;;;C;passif de 2024 jamais reçu
achats;15/06/2026;;4900,00;;C;
000227
avis;12/02/2026;réduit;30000,00;31/12/2026;A;40 000 demandés
note;05/05/2026;8/10;;;R;
création;30/04/1985;;;;R;
achats;15/06/2026;;8100,00;;C;
000231
avis;12/02/2026;réduit;20000,00;30/09/2026;A;25 000 demandés
note;03/06/2026;3/10;;;R;
création;13/06/1997;;;;R;
direction;;mauvais;;;C;propos rapportés, sans date
secteur;03/06/2026;moyen;;;R;
achats;15/06/2026;;4700,00;;C;
demande;16/06/2026;;25000,00;;C;
délai;16/06/2026;30 jours;;;C;
000233
avis;12/02/2026;réduit;15000,00;31/12/2026;A;25 000 demandés
note;05/05/2026;7/10;;;R;
création;08/11/2017;;;;R;
direction;12/05/2026;bon;;;C;
achats;15/06/2026;;12800,00;;C;
demande;16/06/2026;;30000,00;;C;
délai;16/06/2026;60 jours;;;C;
"""


def information_rows() -> list[list[str]]:
    """One row per fact, in the order of the customers."""
    made, number = [], ""
    for line in INFORMATION.strip().splitlines():
        if ";" not in line:
            number = line
            continue
        kind, day, value, amount, until, source, remark = line.split(";")
        made.append([number, KINDS[kind], day, value, amount, until, SOURCES.get(source, source), remark])
    return made


def main(folder: Path) -> None:
    """Write the one file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "informations.csv", HEADINGS, information_rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
