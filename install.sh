#!/bin/sh
# Installs hytte: the binary, a systemd service and an empty data folder. As root for the whole machine, else for the user
# who runs it. Running it again installs the new binary and keeps everything else.
#
#   sh install.sh [--binary FILE] [--user]   build (or take FILE) and install
#   sh install.sh --build                    only build the static binary, and print where it is
#   sh install.sh --uninstall [--user]       remove binary and service; the data stays
#
# DESTDIR=/some/root installs into that folder instead and starts nothing (for packagers).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
DESTDIR=${DESTDIR:-}
binary=
act=install
scope=system
[ "$(id -u)" = 0 ] || [ -n "$DESTDIR" ] || scope=user

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '5,9s/^# \{0,1\}//p' "$0"; }

while [ $# -gt 0 ]; do
  case $1 in
    --binary) [ $# -ge 2 ] || fail "--binary needs a file"; binary=$2; shift ;;
    --user) scope=user ;;
    --build) act=build ;;
    --uninstall) act=uninstall ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "there is no option $1" ;;
  esac
  shift
done

if [ "$scope" = system ]; then
  bin=/usr/local/bin
  units=/etc/systemd/system
  data=/var/lib/hytte
  systemctl="systemctl"
  running=/run/systemd/system
else
  : "${HOME:?install.sh: HOME is not set}"
  bin=$HOME/.local/bin
  units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
  data=${XDG_DATA_HOME:-$HOME/.local/share}/hytte
  systemctl="systemctl --user"
  running=${XDG_RUNTIME_DIR:-/nowhere}/systemd
fi

# Whether there is a systemd to talk to.
has_systemd() { [ -z "$DESTDIR" ] && [ -d "$running" ] && command -v systemctl >/dev/null 2>&1; }

# One file that needs nothing of the machine it runs on.
build() {
  command -v cargo >/dev/null 2>&1 || fail "cargo was not found: install Rust (https://rustup.rs), or give a binary with --binary FILE.
            As root after building as yourself: sh install.sh --build, then sudo sh install.sh --binary FILE"
  command -v cc >/dev/null 2>&1 || fail "a C compiler was not found: install gcc (Debian: apt install gcc libc6-dev)"
  host=$(rustc -vV | sed -n 's/^host: //p')
  (cd "$here" && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$host") >&2
  folder=${CARGO_TARGET_DIR:-$here/target}
  case $folder in /*) ;; *) folder=$here/$folder ;; esac
  binary=$folder/$host/release/hytte
}

make_user() {
  [ -n "$DESTDIR" ] && return
  id hytte >/dev/null 2>&1 && return
  if command -v useradd >/dev/null 2>&1; then
    useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin hytte
  elif command -v adduser >/dev/null 2>&1; then
    addgroup -S hytte
    adduser -S -D -H -h "$data" -s /sbin/nologin -G hytte hytte
  else
    fail "cannot make the user hytte: make it yourself, then run this again"
  fi
}

unit_head() {
  cat <<UNIT
# Written by hytte's install.sh, and again when it runs again: change settings with \`$systemctl edit hytte\`.
[Unit]
Description=hytte, a home of one's own on the fediverse
After=network-online.target
Wants=network-online.target
# Nothing to serve before \`hytte init\`.
ConditionPathExists=$1/hytte.db

[Service]
Type=notify
ExecStart="$2/hytte" serve
Environment="HYTTE_DATA=$1"
Environment=HYTTE_LISTEN=127.0.0.1:8080
# Caddy or nginx on this machine
Environment=HYTTE_TRUSTED_PROXY=127.0.0.1,::1
Restart=on-failure
RestartSec=2
WatchdogSec=60
TimeoutStopSec=30
MemoryHigh=384M
MemoryMax=512M
TasksMax=512
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UNIT
}

unit() {
  unit_head "$data" "$bin"
  if [ "$scope" = user ]; then
    printf '\n[Install]\nWantedBy=default.target\n'
    return
  fi
  cat <<'UNIT'
User=hytte
Group=hytte
StateDirectory=hytte
StateDirectoryMode=0700
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
DevicePolicy=closed
RemoveIPC=yes
KeyringMode=private
CapabilityBoundingSet=
AmbientCapabilities=

[Install]
WantedBy=multi-user.target
UNIT
}

# `put MODE FILE`: standard input becomes FILE, at once or not at all.
put() {
  cat >"$2.new"
  chmod "$1" "$2.new"
  mv -f "$2.new" "$2"
}

install_all() {
  [ -n "$binary" ] || build
  [ -f "$binary" ] || fail "there is no file $binary"
  [ -x "$binary" ] || fail "$binary is not a program: chmod +x it, or give another with --binary FILE"
  version=$("$binary" --version) || fail "$binary does not run on this machine: build one here, without --binary"
  case $version in hytte\ *) ;; *) fail "$binary is not hytte" ;; esac
  [ "$scope" = user ] || make_user

  mkdir -p "$DESTDIR$bin" "$DESTDIR$units"
  put 755 "$DESTDIR$bin/hytte" <"$binary"
  unit | put 644 "$DESTDIR$units/hytte.service"
  if [ ! -d "$DESTDIR$data" ]; then
    mkdir -p "$DESTDIR$data"
    chmod 700 "$DESTDIR$data"
    [ "$scope" = user ] || [ -n "$DESTDIR" ] || chown hytte:hytte "$data"
  fi

  say "$version is installed: $bin/hytte"
  say "Its data is in:       $data"
  case :${PATH}: in *":$bin:"*) ;; *) say "($bin is not in your PATH: add it, or write $bin/hytte)" ;; esac
  next_steps
}

next_steps() {
  as=
  [ "$scope" = user ] || as="sudo -u hytte "
  sudo=
  [ "$scope" = user ] || sudo="sudo "
  started=
  if has_systemd && $systemctl daemon-reload && $systemctl enable --quiet hytte; then
    started=yes
    if [ -f "$data/hytte.db" ]; then
      $systemctl restart hytte
      say "The service runs the new binary now."
      return
    fi
  fi
  [ -f "$DESTDIR$data/hytte.db" ] && return
  say
  say "Next, with the name you will keep for ever:"
  say "  ${as}$bin/hytte init NAME@DOMAIN --data $data"
  if [ -n "$started" ]; then
    say "  ${sudo}$systemctl start hytte"
    [ "$scope" = system ] || say "  loginctl enable-linger        (so that it runs while you are logged out)"
  else
    [ -n "$DESTDIR" ] || say "  ${as}$bin/hytte serve --data $data"
    [ -n "$DESTDIR" ] || say "There is no running systemd here: have your own service manager run that last line."
  fi
  say "Then put Caddy or nginx in front of 127.0.0.1:8080; README.md has both."
}

uninstall_all() {
  if has_systemd && [ -f "$units/hytte.service" ]; then
    $systemctl disable --quiet --now hytte || say "The service could not be stopped; look with: $systemctl status hytte"
  fi
  rm -f "$DESTDIR$units/hytte.service" "$DESTDIR$bin/hytte"
  if has_systemd; then $systemctl daemon-reload || true; fi
  say "hytte is uninstalled."
  if [ -d "$DESTDIR$data" ]; then
    say "Your posts, keys and pictures are still in $data."
    say "Other servers know your name by the keys in there: keep a copy before you delete it."
  fi
}

case $act in
  build) build; say "$binary" ;;
  install) install_all ;;
  uninstall) uninstall_all ;;
esac
