"""A small expert grid, as a user writes it: three criteria, one veto rule."""

HEAD = "Critère;Poids;De;À moins de;Réponse;Points;Cotation au plus;Remarque\n"
SMALL = (
    HEAD
    + """Part du poids connue, au moins;60 %;;;;;;
Autonomie financière;3;;20 %;;0;;
Autonomie financière;;20 %;40 %;;5;;
Autonomie financière;;40 %;;;10;;
Autonomie financière;;;0 %;;;3;Fonds propres perdus
Taux d'échu;2;;10 %;;10;;
Taux d'échu;;10 %;30 %;;4;;
Taux d'échu;;30 %;;;0;;
Direction;1;;;bon;10;;
Direction;;;;moyen;5;;
Direction;;;;mauvais;0;;
"""
)
GIVEN = {"autonomie_financiere": 0.25, "overdue_rate": 0.2, "management": "poor"}
