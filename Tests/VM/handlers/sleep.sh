#!/bin/sh
# Spawned: writes to the ledger, and takes as long as its argument says.
echo "start $MARTLET_JID $$" >>"$HOME/ledger"
sleep "$1"
echo "end $MARTLET_JID $$" >>"$HOME/ledger"
