@echo off
rem Opens the lessons: finds Python 3.11 or later and hands over to start.py.
chcp 65001 >nul
setlocal
if not exist "%~dp0start.py" (
  echo Décompressez d'abord le dossier entier, puis ouvrez ce fichier dans le dossier décompressé.
  echo First extract the whole folder, then open this file in the extracted folder.
  pause
  exit /b 1
)
set "PYTHON=py -3"
py -3 -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul || set "PYTHON=python"
%PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if errorlevel 1 (
  echo Il faut Python 3.11 ou plus récent : installez-le depuis www.python.org/downloads, puis recommencez.
  echo Python 3.11 or later is needed: install it from www.python.org/downloads, then start again.
  pause
  exit /b 1
)
%PYTHON% "%~dp0start.py" %*
if errorlevel 1 pause
