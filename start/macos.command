#!/bin/sh
# Opens the lessons on a double click.
exec /bin/sh "$(dirname -- "$0")/linux.sh" "$@"
