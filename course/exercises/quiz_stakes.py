# %% [markdown] tags=["fr", "exercise"]
# # Quiz. Les enjeux du crédit client
#
# Douze questions, environ vingt minutes ; il faut neuf bonnes réponses sur douze (75 %). **Pour commencer** :
# le bouton *Tout exécuter*, en haut à gauche de la page. Une réponse qui est un nombre s'écrit comme sur papier :
# 1 234,56 ou 12,5 %.
#
# Vos réponses sont gardées sur cet ordinateur, nulle part ailleurs. Un quiz interrompu reprend où vous l'avez
# laissé ; terminé, il se recommence avec d'autres chiffres. Si rien n'apparaît, le calcul n'était pas encore prêt :
# attendez que le rond, en haut à droite, soit vide, puis appuyez de nouveau.
# %% [markdown] tags=["en", "exercise"]
# # Quiz. What is at stake in trade credit
#
# Twelve questions, about twenty minutes; nine right answers of twelve are needed (75%). **To begin**: the
# button *Tout exécuter* (run all), at the top left of the page. An answer that is a number is written as on paper:
# 1,234.56 or 12.5%.
#
# Your answers are kept on this computer and nowhere else. A quiz left half-way goes on where you left it; a finished
# one can be taken again with other figures. If nothing appears, the machine was not ready yet: wait until the circle
# at the top right is empty, then press again.
# %% [markdown] tags=["fr", "solution"]
# # Réponses du quiz. Les enjeux du crédit client
#
# Chaque question, sa réponse et pourquoi : une page à lire **après** avoir passé [le quiz](../../exercises/fr/quiz_stakes.ipynb).
# %% [markdown] tags=["en", "solution"]
# # Answers to the quiz. What is at stake in trade credit
#
# Each question, its answer and why: a page to read **after** having taken [the quiz](../../exercises/en/quiz_stakes.ipynb).
# %% tags=["parameters"]
language = "fr"
variant = 0
record = True
# %%
import cmtools as cm

# %% tags=["exercise"]
cm.quiz("stakes", language, variant)
# %% tags=["solution"]
cm.quiz_answers("stakes", language, variant)
