#!/bin/sh
# Opens the lessons: finds Python 3.11 or later and hands over to start.py.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
for python in python3.13 python3.12 python3.11 python3.14 python3 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    "$python" "$here/start.py" "$@"
    done=$?
    break
  fi
done
if [ -z "$done" ]; then
  echo "Il faut Python 3.11 ou plus récent : installez-le depuis www.python.org/downloads, puis recommencez."
  echo "Python 3.11 or later is needed: install it from www.python.org/downloads, then start again."
  done=1
fi
if [ "$done" -ne 0 ] && [ -t 0 ]; then
  printf 'Entrée pour fermer / Enter to close '
  read -r _
fi
exit "$done"
