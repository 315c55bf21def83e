# %% [markdown] tags=["fr"]
# # Quiz. Le tableau de bord
#
# Douze questions, environ vingt minutes ; il faut neuf bonnes réponses sur douze (75 %). **Pour commencer** :
# le bouton *Tout exécuter*, en haut à gauche de la page. Une réponse qui est un nombre s'écrit comme sur papier :
# 1 234,56 ou 12,5 %.
#
# Vos réponses sont gardées sur cet ordinateur, nulle part ailleurs. On peut recommencer avec d'autres
# chiffres. *Tout exécuter* reprend le quiz à la première question.
# %% [markdown] tags=["en"]
# # Quiz. The dashboard
#
# Twelve questions, about twenty minutes; nine right answers of twelve are needed (75%). **To begin**: the
# button *Tout exécuter* (run all), at the top left of the page. An answer that is a number is written as on paper: 1,234.56 or 12.5%.
#
# Your answers are kept on this computer and nowhere else. You may start again with other figures.
# Running all again takes the quiz back to its first question.
# %% tags=["parameters"]
language = "fr"
variant = 0
record = True
# %%
import cmtools as cm

# %% tags=["exercise"]
cm.quiz("dashboard", language, variant)
# %% tags=["solution"]
cm.quiz_answers("dashboard", language, variant)
