#!/bin/sh
# H17: not evil, but curious: keeps the bytes of the environment it was started with. argv: FILE
cat "/proc/$$/environ" > "$1.new"
mv "$1.new" "$1"
. "${0%/*}/take.sh"
succeed
