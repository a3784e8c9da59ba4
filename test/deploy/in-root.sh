#!/bin/sh
# in-root.sh ROOT ro|rw USER:GROUP FOLDER [SOURCE TARGET]… -- COMMAND…
# Runs a command as a container would: in a root of its own, whose programs are those of this machine. Inside of `unshare --mount --pid`.
set -eu
root=$1 mode=$2 user=$3 folder=$4
shift 4
mount --bind "$root" "$root"
mount --rbind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  shift 2
done
shift
[ "$mode" = rw ] || mount -o remount,bind,ro "$root"
# A network of its own begins with nothing up.
ip link set lo up 2>/dev/null || true
exec chroot "$root" setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs env -i -C "$folder" "$@"
