#!/bin/sh
# Install the portal from this bundle, without any network: sh install.sh /opt/portal
# Run again from a newer bundle it replaces code and environment; data and settings lie elsewhere.
set -eu

target=${1:-}
[ -n "$target" ] || { echo "usage: sh install.sh FOLDER      (PYTHON=python3.12 sh install.sh FOLDER)" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

"$python" - "$here" <<'CHECK'
import hashlib, json, pathlib, platform, sys
here = pathlib.Path(sys.argv[1])
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(f"Python 3.11 to 3.13 is needed, this is {platform.python_version()}: PYTHON=python3.12 sh install.sh ...")
if platform.machine() not in ("x86_64", "aarch64"):
    sys.exit(f"no wheels for {platform.machine()}: x86_64 and aarch64 are here")
files = json.loads((here / "manifest.json").read_text())["files"]
found = {str(p.relative_to(here)) for p in here.rglob("*") if p.is_file()} - {"manifest.json"}
wrong = sorted(found ^ set(files))
wrong += [n for n in files if n in found and hashlib.sha256((here / n).read_bytes()).hexdigest() != files[n]]
if wrong:
    sys.exit(f"not as the manifest says, nothing was installed: {', '.join(wrong[:5])}")
print(f"{len(files)} files as the manifest says")
CHECK
# Debian packs it apart, and says so only after half of the work.
"$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$python makes no environments: install python3-venv" >&2; exit 1; }

mkdir -p "$target"
if [ -n "$(ls -A "$target")" ] && [ ! -f "$target/.bundle" ]; then
    echo "$target is not empty and no portal of a bundle: choose another folder" >&2
    exit 1
fi
# Ours from here on: what breaks off half way is done again by the same command.
: > "$target/.bundle"

# Beside the old one, and exchanged only when it is whole.
rm -rf "$target/.new"
mkdir "$target/.new"
cp -R "$here/source/." "$target/.new/"
"$python" -m venv "$target/.new/.venv"
PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_NO_CACHE_DIR=1 "$target/.new/.venv/bin/python" -m pip --isolated install \
    --quiet --disable-pip-version-check --no-index --find-links "$here/wheels" --no-deps --require-hashes \
    -r "$here/source/requirements.lock"

find "$target" -mindepth 1 -maxdepth 1 ! -name .new ! -name .bundle ! -name portal.toml ! -name var -exec rm -rf {} +
find "$target/.new" -mindepth 1 -maxdepth 1 -exec mv {} "$target/" \;
rmdir "$target/.new"
# The environment was made under another path: only its python is used, by this.
printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/.venv/bin/python" -m portal "$@"\n' "$target" "$target" > "$target/.venv/bin/portal"
chmod 755 "$target/.venv/bin/portal"
"$target/.venv/bin/portal" --version
echo "next: $target/.venv/bin/portal init      (or portal upgrade, over an older version)"
