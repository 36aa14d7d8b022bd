#!/usr/bin/env bash
# Finds, downloads or builds machine-conformance, and says in the step's outputs where it is.
#
#   SUITE               an executable that is there already
#   VERSION             release to download, or "source"
#   ACTION_REPOSITORY   OWNER/NAME that releases are downloaded from
set -euo pipefail

folder="${RUNNER_TEMP:?}/machine-conformance"
mkdir -p "$folder"

fail() {
    echo "::error title=machine-conformance::$1"
    exit 2
}

# Name of the release's archive for this machine.
platform() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) echo x86_64-unknown-linux-musl ;;
        Linux-aarch64 | Linux-arm64) echo aarch64-unknown-linux-musl ;;
        Darwin-x86_64) echo x86_64-apple-darwin ;;
        Darwin-arm64) echo aarch64-apple-darwin ;;
        *) fail "there is no release for $(uname -s) on $(uname -m); use version: source" ;;
    esac
}

download() {
    local name address
    [[ "$VERSION" =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]] || fail "version: write v0.1.0 or source, not \"$VERSION\""
    name="machine-conformance-$VERSION-$(platform).tar.gz"
    address="${GITHUB_SERVER_URL:-https://github.com}/${ACTION_REPOSITORY:?}/releases/download/$VERSION"
    for file in "$name" SHA256SUMS; do
        curl --fail --silent --show-error --location --retry 3 --output "$folder/$file" "$address/$file" ||
            fail "cannot download $address/$file"
    done
    (cd "$folder" && grep -F " $name" SHA256SUMS | sha256sum --check --strict --quiet -) ||
        fail "$name does not have the checksum that the release states"
    tar -xzf "$folder/$name" -C "$folder"
    suite="$folder/machine-conformance"
}

build() {
    local sources
    sources="$(cd "${GITHUB_ACTION_PATH:?}/../../.." && pwd)"
    command -v cargo >/dev/null || fail "version: source needs Rust; install it in an earlier step"
    cargo install --locked --quiet --path "$sources/conformance" --root "$folder" --target-dir "$folder/target"
    suite="$folder/bin/machine-conformance"
}

if [[ -n "${SUITE:-}" ]]; then
    suite="$(command -v "$SUITE")" || fail "suite: there is no executable $SUITE"
elif [[ "${VERSION:-source}" == source ]]; then
    build
else
    download
fi
"$suite" --version
echo "suite=$suite" >>"${GITHUB_OUTPUT:?}"
