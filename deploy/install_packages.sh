#!/bin/sh
# Installs the Debian packages that the tests need, when it may; else says in one line which are missing.
set -eu
missing=
need() { # need PACKAGE FILE-OR-COMMAND…: the package is missing when none of these is there
    package=$1
    shift
    for thing in "$@"; do
        if command -v "$thing" >/dev/null 2>&1 || ls $thing >/dev/null 2>&1; then return; fi
    done
    missing="$missing $package"
}
need slapd /usr/sbin/slapd
need ldap-utils ldapsearch
need postgresql '/usr/lib/postgresql/*/bin/postgres'
need redis-server redis-server
need chromium chromium
need openssl openssl
need nginx-light /usr/sbin/nginx
need caddy /usr/bin/caddy
need apache2 /usr/sbin/apache2
need libapache2-mod-auth-openidc /usr/lib/apache2/modules/mod_auth_openidc.so
need libapache2-mod-auth-mellon /usr/lib/apache2/modules/mod_auth_mellon.so
if [ "${1:-}" = samba ]; then # a real Active Directory, for `make test-samba` alone
    need samba /usr/sbin/samba
    need samba-ad-provision /usr/share/samba/setup/provision.ldif
    need samba-dsdb-modules '/usr/lib/*/samba/ldb/acl.so'
    need samba-vfs-modules '/usr/lib/*/samba/vfs/acl_xattr.so'
    need winbind /usr/sbin/winbindd
    need python3-markdown /usr/lib/python3/dist-packages/markdown/__init__.py
fi
[ -z "$missing" ] && exit 0
install="env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends"
if [ "$(id -u)" = 0 ]; then
    sudo=
elif sudo -n true 2>/dev/null; then
    sudo=sudo
else
    echo "The tests need these Debian packages:$missing (apt-get install$missing)" >&2
    exit 1
fi
echo "Installing Debian packages:$missing …"
$sudo apt-get update -qq
# shellcheck disable=SC2086 # the list is words
$sudo $install $missing >/dev/null
