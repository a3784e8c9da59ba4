#!/bin/sh
# Makes the secrets of compose.yaml, each in a file of deploy/compose/secrets; those that are there stay. Needs openssl.
set -eu
umask 022
folder=${1:-$(dirname "$0")/secrets}
# The folder keeps everybody out. The files in it are readable, because a container's user meets them as they are here.
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

# once NAME COMMAND…: what the command prints, whole or not at all.
once() {
  name=$1
  shift
  [ -s "$name" ] && return
  "$@" > "$name.part"
  mv "$name.part" "$name"
}
store_url() {
  printf 'mongodb://countersign:%s@mongodb-1:27017,mongodb-2:27017,mongodb-3:27017/countersign?replicaSet=rs0' "$(cat mongodb-password)"
}

once ledger-key openssl rand -base64 32
once code-key-1 openssl rand -base64 32
once mongodb-keyfile openssl rand -base64 756
once mongodb-root-password openssl rand -hex 24
once mongodb-password openssl rand -hex 24
once grafana-password openssl rand -hex 12
once store-url store_url
[ -s mailpit-certificate ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=mailpit \
  -addext subjectAltName=DNS:mailpit -keyout mailpit-key -out mailpit-certificate 2> /dev/null
chmod 644 -- *
